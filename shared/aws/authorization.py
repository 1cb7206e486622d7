"""What a request says of its signature, in its Authorization header or in its query, taken apart and not yet believed.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; for S3
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html; texts as observed.
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl

from shared.aws import signature_v2
from shared.aws.credential import S3, Credential
from shared.aws.http import HttpRequest
from shared.errors import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
TERMINATOR = "aws4_request"

_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SCOPE_DATE = re.compile(r"[0-9]{8}")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_QUERY_SIGNATURE = re.compile(r"(?:^|&)X-Amz-Signature=[^&]*")
_QUERY_CLAIM = re.compile(r"(?:^|&)(?:X-Amz-(?:Algorithm|Credential|Signature)|AWSAccessKeyId|Signature)=")
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")


@dataclass(frozen=True)
class Authorization:
    """What a request says of its signature, in its header or its query, taken apart and not yet believed.

    expires: seconds for which a presigned URL works, as text; None for the header form.
    """

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: str
    signature: str
    amz_date: str
    session_token: str | None
    expires: str | None = None

    @property
    def scope(self) -> str:
        return f"{self.date}/{self.region}/{self.service}/{TERMINATOR}"

    @property
    def credential(self) -> Credential:
        return Credential(self.access_key_id, self.date, self.region, self.service, self.session_token)


def authorization_of(request: HttpRequest) -> Authorization:
    """Take the Authorization header, or what stands in the query for it, apart. Raises: ServiceError."""
    if is_presigned(request):
        return _authorization_of_query(request)
    header = request.headers.get("authorization", "")
    algorithm, _, rest = header.strip().partition(" ")
    if not algorithm.startswith("AWS4-"):
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if algorithm != ALGORITHM:
        raise incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.", header)
    parameters = _parameters(rest)
    amz_date = request.headers.get("x-amz-date", "")
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARAMETERS if not parameters.get(name)]
    if not amz_date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise incomplete(" ".join(missing), header)
    return _authorization(
        parameters["Credential"],
        header,
        signed_headers=parameters["SignedHeaders"],
        signature=parameters["Signature"],
        amz_date=amz_date,
        session_token=request.headers.get("x-amz-security-token"),
    )


def _authorization_of_query(request: HttpRequest) -> Authorization:
    """Raises: ServiceError."""
    parameters = dict(parse_qsl(request.query_string, keep_blank_values=True))
    algorithm = parameters.get("X-Amz-Algorithm", "")
    if algorithm != ALGORITHM:
        raise bad_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
    if not all(parameters.get(name) for name in names):
        raise bad_query(
            "Query-string authentication version 4 requires the X-Amz-Algorithm, X-Amz-Credential, X-Amz-Signature, "
            "X-Amz-Date, X-Amz-SignedHeaders, and X-Amz-Expires parameters."
        )
    return _authorization(
        parameters["X-Amz-Credential"],
        "",
        signed_headers=parameters["X-Amz-SignedHeaders"],
        signature=parameters["X-Amz-Signature"],
        amz_date=parameters["X-Amz-Date"],
        session_token=parameters.get("X-Amz-Security-Token"),
        expires=parameters["X-Amz-Expires"],
    )


def _authorization(credential: str, header: str, **others: Any) -> Authorization:
    scope = credential.split("/")
    if len(scope) != 5:
        raise incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            header,
        )
    return Authorization(*scope, **others)


def _parameters(rest: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, _, value in pairs}


def is_unsigned(request: HttpRequest) -> bool:
    """Whether a request says nothing at all of a signer."""
    return "authorization" not in request.headers and _QUERY_CLAIM.search(request.query_string) is None


def is_presigned(request: HttpRequest) -> bool:
    """Whether a request carries its signature in its query."""
    if "authorization" in request.headers:
        return False
    return _QUERY_SIGNATURE.search(request.query_string) is not None or signature_v2.is_signed(request.query_string)


def check_scope(authorization: Authorization) -> None:
    """Raises: ServiceError if date, Region or end of the credential's scope cannot be."""
    amz_date = authorization.amz_date
    if _AMZ_DATE.fullmatch(amz_date) is None:
        raise incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601."
        )
    if _SCOPE_DATE.fullmatch(authorization.date) is None:
        raise invalid(f"Credential should be scoped to a valid date in YYYYMMDD format, not '{authorization.date}'.")
    if authorization.date != amz_date[:8]:
        raise invalid(
            "Credential should be scoped to the date of the request: Date in Credential scope does not match "
            f"YYYYMMDD from ISO-8601 version of date from HTTP: '{authorization.date}' != '{amz_date[:8]}', "
            f"from '{amz_date}'."
        )
    if _REGION.fullmatch(authorization.region) is None:
        raise invalid("Credential should be scoped to a valid region.")
    if authorization.terminator != TERMINATOR:
        raise invalid(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{authorization.terminator}'."
        )


def check_signed_headers(authorization: Authorization, request: HttpRequest) -> None:
    """Raises: ServiceError if a header is not signed that must be."""
    signed = authorization.signed_headers.split(";")
    if "host" not in signed:
        raise invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if "x-amz-date" not in signed and authorization.expires is None:
        raise invalid("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
    if authorization.service == S3:
        # Such a header changes what the request does: whoever was handed a presigned URL must not add one.
        added = [name for name in request.headers if name.startswith("x-amz-") and name not in signed]
        if [name for name in added if name != "x-amz-content-sha256"]:
            raise ServiceError(
                "AccessDenied",
                "There were headers present in the request which were not signed",
                status=403,
                HeadersNotSigned=", ".join(added),
            )


def without_signature(query_string: str) -> str:
    """The query of a presigned URL as it was signed."""
    return _QUERY_SIGNATURE.sub("", query_string).removeprefix("&")


def invalid(message: str) -> ServiceError:
    """A signature that does not hold."""
    return ServiceError("InvalidSignatureException", message)


def incomplete(message: str, header: str = "") -> ServiceError:
    """A signature that cannot be read. Its header is told by its hash only: it may hold what its sender wants kept."""
    if header:
        digest = base64.b64encode(sha256(header.encode("utf-8", "replace")).digest()).decode("ascii")
        message += f" (Hashed with SHA-256 and encoded with Base64) Authorization={digest}"
    return ServiceError("IncompleteSignatureException", message)


def bad_query(message: str) -> ServiceError:
    """A presigned URL that cannot be read."""
    return ServiceError("AuthorizationQueryParametersError", message, status=400)
