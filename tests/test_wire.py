"""The wire as a stranger meets it: signatures, unknown services and operations, broken bodies, the AWS CLI."""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from shared.pipeline import MAX_BODY_BYTES
from tests.support import REGION, Account, Server, account_policy, refused

JSON_11 = "application/x-amz-json-1.1"


def send(server: Server, request: AWSRequest, body: bytes | None = None) -> tuple[int, dict[str, str], Any]:
    """Send a request as it was signed, with another body if one is given; answer: status, headers, JSON body."""
    prepared = request.prepare()
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    target = urlsplit(prepared.url)
    path = target.path + (f"?{target.query}" if target.query else "")
    connection.request(prepared.method, path, body if body is not None else prepared.body, dict(prepared.headers))
    answer = connection.getresponse()
    content = answer.read()
    connection.close()
    headers = {name.lower(): value for name, value in answer.getheaders()}
    return answer.status, headers, json.loads(content) if content[:1] == b"{" else content


def kms_request(
    account: Account,
    operation: str = "GenerateRandom",
    body: bytes = b'{"NumberOfBytes": 8}',
    *,
    secret: str | None = None,
    access_key: str | None = None,
    service: str = "kms",
    content_type: str = JSON_11,
    when: datetime | None = None,
) -> AWSRequest:
    headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": content_type}
    request = AWSRequest("POST", f"{account.server.url}/", data=body, headers=headers)
    credentials = Credentials(access_key or account.access_key_id, secret or account.secret_access_key)
    signer = SigV4Auth(credentials, service, REGION)
    signer.add_auth(request)
    if when is not None:
        resign(signer, request, when)
    return request


def resign(signer: SigV4Auth, request: AWSRequest, when: datetime) -> None:
    """Sign again as if it were another time."""
    request.context["timestamp"] = when.strftime("%Y%m%dT%H%M%SZ")
    for name in ("Authorization", "X-Amz-Date"):
        del request.headers[name]
    request.headers["X-Amz-Date"] = request.context["timestamp"]
    canonical = signer.canonical_request(request)
    signature = signer.signature(signer.string_to_sign(request, canonical), request)
    signer._inject_signature_to_request(request, signature)


class TestSignatures:
    def test_a_good_one_is_answered_with_a_request_id(self, server: Server, account: Account) -> None:
        status, headers, _ = send(server, kms_request(account))
        assert status == 200
        assert headers["x-amzn-requestid"]

    def test_a_wrong_secret(self, server: Server, account: Account) -> None:
        status, _, body = send(server, kms_request(account, secret="x" * 40))
        assert (status, body["__type"]) == (400, "InvalidSignatureException")

    def test_a_changed_body(self, server: Server, account: Account) -> None:
        status, _, body = send(server, kms_request(account), b'{"NumberOfBytes": 9}')
        assert (status, body["__type"]) == (400, "InvalidSignatureException")

    def test_an_unknown_access_key(self, server: Server, account: Account) -> None:
        status, _, body = send(server, kms_request(account, access_key="AKIAUNKNOWN123456789"))
        assert (status, body["__type"]) == (400, "UnrecognizedClientException")

    @pytest.mark.parametrize("minutes", [-6, 6], ids=["stale", "from-the-future"])
    def test_a_date_that_is_not_now(self, server: Server, account: Account, minutes: int) -> None:
        when = datetime.now(UTC) + timedelta(minutes=minutes)
        status, _, body = send(server, kms_request(account, when=when))
        assert (status, body["__type"]) == (400, "InvalidSignatureException")
        assert "Signature" in body["message"]

    def test_the_virtual_clock_does_not_age_signatures(self, server: Server, account: Account) -> None:
        server.advance("PT1H")
        assert send(server, kms_request(account))[0] == 200

    def test_no_signature_at_all(self, server: Server, account: Account) -> None:
        request = kms_request(account)
        del request.headers["Authorization"]
        status, _, body = send(server, request)
        assert (status, body["__type"]) == (400, "MissingAuthenticationTokenException")


class TestRouting:
    def test_an_unknown_operation(self, server: Server, account: Account) -> None:
        status, _, body = send(server, kms_request(account, operation="MakeCoffee"))
        assert (status, body["__type"]) == (400, "UnknownOperationException")

    def test_an_operation_that_is_not_simulated_is_named(self, server: Server, account: Account) -> None:
        with refused("NotImplementedException") as refusal:
            account.client("cloudtrail").list_trails()
        assert refusal.status == 501
        assert "ListTrails" in refusal.message

    def test_an_unknown_service(self, server: Server, account: Account) -> None:
        status, headers, body = send(server, kms_request(account, service="teleport"))
        assert status == 404
        assert body["__type"] == headers["x-amzn-errortype"] == "UnknownOperationException"
        assert headers["x-amzn-requestid"]

    def test_the_same_path_belongs_to_the_service_that_signed(self, account: Account) -> None:
        """POST /domains is Cases', GET /domains Customer Profiles': the credential scope decides."""
        assert account.client("connectcases").create_domain(name="desk")["domainId"]
        assert account.client("customer-profiles").list_domains()["Items"] == []


class TestBodies:
    @pytest.mark.parametrize(
        ("body", "code"),
        [
            (b"{", "SerializationException"),
            (b"[1]", "SerializationException"),
            (b'{"NumberOfBytes": "eight"}', "SerializationException"),
            (b"\xff\xfe", "SerializationException"),
            (b'{"NumberOfBytes": 2000}', "ValidationException"),
        ],
        ids=["broken", "no-object", "wrong-type", "no-utf-8", "out-of-range"],
    )
    def test_what_cannot_be_read_is_refused(self, server: Server, account: Account, body: bytes, code: str) -> None:
        status, _, answer = send(server, kms_request(account, body=body))
        assert (status, answer["__type"]) == (400, code)

    def test_a_body_over_the_limit(self, server: Server, account: Account) -> None:
        status, _, answer = send(server, kms_request(account, body=b" " * (MAX_BODY_BYTES + 1)))
        assert (status, answer["__type"]) == (413, "RequestEntityTooLargeException")

    def test_a_wrong_content_type(self, server: Server, account: Account) -> None:
        status, _, _ = send(server, kms_request(account, content_type="text/plain"))
        assert 400 <= status < 500


class TestIdentity:
    def test_everyone_may_ask_who_they_are(self, account: Account) -> None:
        nobody = account.user("nobody")
        assert nobody.client("sts").get_caller_identity()["Arn"] == nobody.arn

    def test_without_a_policy_nothing_else_is_allowed(self, account: Account) -> None:
        with refused("AccessDeniedException") as refusal:
            account.user("nobody").client("cloudtrail").lookup_events()
        assert "because no identity-based policy allows the cloudtrail:LookupEvents action" in refusal.message

    def test_an_explicit_deny_wins(self, account: Account) -> None:
        allow = {"Effect": "Allow", "Action": "*", "Resource": "*"}
        deny = {"Effect": "Deny", "Action": "cloudtrail:*", "Resource": "*"}
        user = account.user("half", {"Version": "2012-10-17", "Statement": [allow, deny]})
        with refused("AccessDeniedException") as refusal:
            user.client("cloudtrail").lookup_events()
        assert "with an explicit deny in an identity-based policy" in refusal.message

    def test_the_aws_cli_knows_its_caller(self, account: Account) -> None:
        executable = Path(sys.executable).parent / "aws"
        result = subprocess.run(
            [executable, "sts", "get-caller-identity"],
            env={**os.environ, **account.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=True,
        )
        assert json.loads(result.stdout)["Account"] == account.account_id


class TestRoles:
    def test_a_session_is_known_by_its_role_and_name(self, account: Account) -> None:
        role = account.role("Admin", session="alice")
        told = role.client("sts").get_caller_identity()
        assert told["Arn"] == f"arn:aws:sts::{account.account_id}:assumed-role/Admin/alice"
        assert told["UserId"].startswith("AROA")
        assert told["UserId"].endswith(":alice")

    @pytest.mark.parametrize("token", [None, "no such token"])
    def test_its_key_is_worth_nothing_without_its_token(self, account: Account, token: str | None) -> None:
        role = account.role("Admin")
        role.session_token = token
        with refused("InvalidClientTokenId"):
            role.client("sts").get_caller_identity()
        with refused("UnrecognizedClientException"):
            role.client("kms").list_keys()

    def test_a_users_key_takes_no_token(self, account: Account) -> None:
        account.session_token = "made up"
        with refused("UnrecognizedClientException"):
            account.client("kms").list_keys()

    def test_the_roles_policies_are_the_sessions(self, account: Account) -> None:
        listing = {"Effect": "Allow", "Action": "kms:ListKeys", "Resource": "*"}
        client = account.role("Lister", {"Version": "2012-10-17", "Statement": [listing]}).client("kms")
        client.list_keys()
        with refused("AccessDeniedException"):
            client.create_key()

    def test_a_key_policy_and_a_grant_name_the_role_for_its_sessions(self, account: Account) -> None:
        kms, role = account.client("kms"), account.role("Reader")
        role_arn = f"arn:aws:iam::{account.account_id}:role/Reader"
        statement = {"Effect": "Allow", "Principal": {"AWS": role_arn}, "Action": "kms:Encrypt", "Resource": "*"}
        key = kms.create_key(Policy=account_policy(account.account_id, statement))["KeyMetadata"]["KeyId"]
        blob = role.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        with refused("AccessDeniedException"):
            role.client("kms").decrypt(CiphertextBlob=blob)
        kms.create_grant(KeyId=key, GranteePrincipal=role_arn, Operations=["Decrypt"])
        assert role.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
