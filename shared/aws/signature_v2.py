"""AWS Signature Version 2 in its query form: what boto3 and the AWS CLI still presign S3's URLs with unless told other.

The text that is signed: method, Content-MD5, Content-Type and Expires, a line each; then the x-amz- headers; then the
path with its bucket, and those query parameters that choose what is asked for. Headers named x-amz- may stand in the
query. Only S3 takes it, and only in a query.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/RESTAuthentication.html; the list of parameters is botocore's.
"""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from urllib.parse import parse_qsl, unquote

from botocore.auth import HmacV1Auth

from shared.aws.credential import S3, Credential, s3_mismatch, unknown_access_key
from shared.aws.http import HttpRequest
from shared.errors import ServiceError

_SIGNED_PARAMETERS = frozenset(HmacV1Auth.QSAOfInterest)
_AUTHENTICATION = frozenset({"AWSAccessKeyId", "Signature", "Expires"})
_FREE_PARAMETERS = frozenset(
    {
        "content-md5",
        "content-type",
        "continuation-token",
        "delimiter",
        "encoding-type",
        "fetch-owner",
        "key-marker",
        "list-type",
        "marker",
        "max-keys",
        "max-parts",
        "max-uploads",
        "part-number-marker",
        "prefix",
        "start-after",
        "upload-id-marker",
    }
)
"""Parameters that are not signed: they choose no more than which part of a list is shown, or repeat a header."""


def is_signed(query_string: str) -> bool:
    """Whether a query carries a signature of this version."""
    return "AWSAccessKeyId=" in query_string and _parameters(query_string).keys() >= _AUTHENTICATION


def headers_in(query_string: str) -> dict[str, str]:
    """The x-amz- headers that stand in a signed query, names in lower case."""
    if not is_signed(query_string):
        return {}
    named = _parameters(query_string).items()
    return {name.lower(): value for name, value in named if name.lower().startswith("x-amz-")}


def claimed_credential(request: HttpRequest) -> Credential:
    """What a signed request says about its signer, believed by nobody yet."""
    access_key_id = _parameters(request.query_string)["AWSAccessKeyId"]
    return Credential(access_key_id, "", "", S3, request.headers.get("x-amz-security-token"))


def verify(
    request: HttpRequest, bucket: str | None, secret_of: Callable[[str], str | None], now: datetime
) -> Credential:
    """Check the signature of a request that has one.

    bucket: the one that the host name begins with; it is signed as if it stood in the path.
    Raises: ServiceError UnrecognizedClientException, InvalidSignatureException, AccessDenied.
    """
    credential, parameters = claimed_credential(request), _parameters(request.query_string)
    secret = secret_of(credential.access_key_id)
    if secret is None:
        raise unknown_access_key(S3, credential.access_key_id)
    _check_expiry(parameters["Expires"], now)
    _check_words(parameters)
    path = request.raw_path if bucket is None else f"/{bucket}{request.raw_path}"
    if path != "/" and path.count("/") == 1:
        path += "/"  # a bucket is signed with its slash. Source: botocore's signer
    text = _string_to_sign(request, parameters["Expires"], path)
    expected = base64.b64encode(hmac.digest(secret.encode(), text.encode(), "sha1"))
    if not hmac.compare_digest(expected, parameters["Signature"].encode()):
        raise s3_mismatch(credential.access_key_id, parameters["Signature"], text)
    return credential


def _check_expiry(expires: str, now: datetime) -> None:
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 12):
        raise ServiceError("AccessDenied", f"Invalid date (should be seconds since epoch): {expires}", status=403)
    if now.timestamp() > int(expires):
        raise ServiceError(
            "AccessDenied",
            "Request has expired",
            status=403,
            Expires=datetime.fromtimestamp(min(int(expires), now.timestamp()), UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            ServerTime=now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        )


def _check_words(parameters: Mapping[str, str]) -> None:
    """Refuse a parameter that would choose another operation and that this form of signature does not cover."""
    known = _SIGNED_PARAMETERS | _FREE_PARAMETERS | _AUTHENTICATION
    added = [name for name in parameters if name not in known and not name.lower().startswith("x-amz-")]
    if added:
        raise ServiceError(
            "AccessDenied", f"The query parameter {added[0]} needs a signature of version 4.", status=403
        )


def _string_to_sign(request: HttpRequest, expires: str, path: str) -> str:
    headers = request.headers
    lines = [request.method, headers.get("content-md5", ""), headers.get("content-type", ""), expires]
    lines += [f"{name}:{headers[name].strip()}" for name in sorted(headers) if name.startswith("x-amz-")]
    words = sorted(
        (name, value)
        for name, _, value in (word.partition("=") for word in request.query_string.split("&"))
        if name in _SIGNED_PARAMETERS
    )
    resource = "&".join(f"{name}={unquote(value)}" if value else name for name, value in words)
    return "\n".join([*lines, path + (f"?{resource}" if resource else "")])


def _parameters(query_string: str) -> dict[str, str]:
    return dict(parse_qsl(query_string, keep_blank_values=True))
