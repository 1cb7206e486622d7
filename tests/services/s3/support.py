"""What the tests of S3 share."""

from __future__ import annotations

import http.client
import json
import uuid
from typing import Any
from urllib.parse import urlsplit

from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.support import REGION, Account

MIB = 1024 * 1024
UNSIGNED = "UNSIGNED-PAYLOAD"


class _AsStated(S3SigV4Auth):
    """Signs the payload hash that the request states."""

    def payload(self, request: AWSRequest) -> str:
        return str(request.headers["X-Amz-Content-SHA256"])

    def _should_sha256_sign_payload(self, request: AWSRequest) -> bool:
        return False

    def _modify_request_before_signing(self, request: AWSRequest) -> None:
        stated = request.headers["X-Amz-Content-SHA256"]
        super()._modify_request_before_signing(request)
        del request.headers["X-Amz-Content-SHA256"]
        request.headers["X-Amz-Content-SHA256"] = stated


def new_bucket(client: Any, region: str = REGION) -> str:
    name = f"bucket-{uuid.uuid4().hex}"
    where = {} if region == "us-east-1" else {"CreateBucketConfiguration": {"LocationConstraint": region}}
    client.create_bucket(Bucket=name, **where)
    return name


def put(client: Any, bucket: str, *keys: str, body: bytes = b"content", **others: Any) -> None:
    for key in keys:
        client.put_object(Bucket=bucket, Key=key, Body=body, **others)


def read(client: Any, bucket: str, key: str, **others: Any) -> bytes:
    content: bytes = client.get_object(Bucket=bucket, Key=key, **others)["Body"].read()
    return content


def keys_of(client: Any, bucket: str) -> list[str]:
    return [one["Key"] for one in client.list_objects_v2(Bucket=bucket).get("Contents", [])]


def signed_headers(
    account: Account, method: str, path: str, *, payload: str = UNSIGNED, headers: dict[str, str] | None = None
) -> dict[str, str]:
    """The headers of a request that is signed for a payload hash, whatever will be sent."""
    given = {"X-Amz-Content-SHA256": payload, **(headers or {})}
    host = given.pop("Host", None)
    url = account.server.url if host is None else f"http://{host}"
    request = AWSRequest(method, f"{url}{path}", headers=given)
    secrets = Credentials(account.access_key_id, account.secret_access_key, account.session_token)
    _AsStated(secrets, "s3", REGION).add_auth(request)
    return {**dict(request.headers.items()), **({} if host is None else {"Host": host})}


def connect(account: Account) -> http.client.HTTPConnection:
    parts = urlsplit(account.server.url)
    return http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)


def send(
    account: Account,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    payload: str = UNSIGNED,
    headers: dict[str, str] | None = None,
) -> tuple[int, dict[str, str], bytes]:
    """Send a request as signed; answer: status, headers in lower case, body."""
    connection = connect(account)
    signed = signed_headers(account, method, path, payload=payload, headers=headers)
    connection.request(method, path, body=body, headers=signed)
    response = connection.getresponse()
    answered = response.status, {name.lower(): value for name, value in response.headers.items()}, response.read()
    connection.close()
    return answered


def policy(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def allow(actions: Any, resource: Any, principal: Any = None, **condition: Any) -> dict[str, Any]:
    return _statement("Allow", actions, resource, principal, condition)


def deny(actions: Any, resource: Any, principal: Any = None, **condition: Any) -> dict[str, Any]:
    return _statement("Deny", actions, resource, principal, condition)


def _statement(effect: str, actions: Any, resource: Any, principal: Any, condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": effect, "Action": actions, "Resource": resource}
    if principal is not None:
        statement["Principal"] = principal
    return {**statement, "Condition": condition} if condition else statement


def identity(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def arn(bucket: str, key: str | None = None) -> str:
    return f"arn:aws:s3:::{bucket}" + ("" if key is None else f"/{key}")
