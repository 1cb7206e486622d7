"""AWS Signature Version 4 in its header form, verified for real.

Canonical paths and queries come from botocore's own signer; here are the checks around it and a cache of
derived signing keys. Presigned URLs are not verified: a request without an Authorization header is unsigned.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; texts as
observed.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from urllib.parse import SplitResult

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from shared.aws.http import HttpRequest
from shared.errors import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_SKEW = timedelta(minutes=5)
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"

_AMZ_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SCOPE_DATE = re.compile(r"[0-9]{8}")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_MAX_SIGNING_KEYS = 1024
_botocore = SigV4Auth(Credentials("", ""), "", "")

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Credential:
    """Who signed, and for what: the credential scope of a request."""

    access_key_id: str
    date: str
    region: str
    service: str
    session_token: str | None = None


@dataclass(frozen=True)
class _Authorization:
    """The Authorization header, taken apart and not yet believed."""

    access_key_id: str
    date: str
    region: str
    service: str
    terminator: str
    signed_headers: str
    signature: str


class SignatureVerifier:
    """Verifies requests against the secrets of simulated principals.

    secret_of: access key id -> its secret, or None if there is no such key in use.
    now: the time to hold requests against; aware.
    """

    def __init__(self, secret_of: Callable[[str], str | None], now: Callable[[], datetime]) -> None:
        self._secret_of = secret_of
        self._now = now
        # The verifier owns its derived keys: they are secrets, and must not outlive the world they belong to.
        self._signing_keys: dict[tuple[str, str, str, str], bytes] = {}

    def verify(self, request: HttpRequest) -> Credential:
        """Check a request's signature.

        Raises: ServiceError MissingAuthenticationTokenException (unsigned), IncompleteSignatureException (the
        header is broken), UnrecognizedClientException (unknown access key), InvalidSignatureException
        (anything that does not match: secret, body, header, date, scope).
        """
        authorization = _authorization_of(request)
        amz_date = request.headers["x-amz-date"]
        _check_scope(authorization, amz_date)
        _check_signed_headers(authorization)
        secret = self._secret_of(authorization.access_key_id)
        if secret is None:
            raise unknown_credential()
        self._check_date(amz_date)
        self._check_signature(authorization, amz_date, secret, request)
        return _credential(authorization, request)

    def _check_date(self, amz_date: str) -> None:
        now = self._now().astimezone(UTC)
        signed_at = _moment(amz_date)
        earliest, latest = now - ALLOWED_SKEW, now + ALLOWED_SKEW
        if signed_at < earliest.replace(microsecond=0):
            raise _invalid(f"Signature expired: {amz_date} is now earlier than {_amz(earliest)} ({_amz(now)} - 5 min.)")
        if signed_at > latest:
            raise _invalid(
                f"Signature not yet current: {amz_date} is still later than {_amz(latest)} ({_amz(now)} + 5 min.)"
            )

    def _check_signature(self, authorization: _Authorization, amz_date: str, secret: str, request: HttpRequest) -> None:
        canonical = canonical_request(request, authorization.signed_headers, _payload_hash(authorization, request))
        scope = f"{authorization.date}/{authorization.region}/{authorization.service}/{TERMINATOR}"
        text = f"{ALGORITHM}\n{amz_date}\n{scope}\n{sha256(_header_bytes(canonical)).hexdigest()}"
        expected = hmac.new(self._signing_key(secret, authorization), text.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
            raise _invalid(MISMATCH)

    def _signing_key(self, secret: str, authorization: _Authorization) -> bytes:
        known = (secret, authorization.date, authorization.region, authorization.service)
        key = self._signing_keys.get(known)
        if key is None:
            if len(self._signing_keys) >= _MAX_SIGNING_KEYS:
                self._signing_keys.clear()
            key = self._signing_keys[known] = derive_signing_key(*known)
        return key


def unknown_credential() -> ServiceError:
    """An access key that nobody has, or one with a session token that is not its own."""
    return ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")


def expired_credential() -> ServiceError:
    """Temporary credentials after their time. Source: observed."""
    return ServiceError("ExpiredTokenException", "The security token included in the request is expired")


def derive_signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that signs for one day, Region and service: 32 bytes."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key


def canonical_request(request: HttpRequest, signed_headers: str, payload_hash: str) -> str:
    """The text that is hashed and signed, of the raw path and query as they stood on the wire.

    signed_headers: names in lower case, joined with semicolons; one that is absent counts as empty.
    """
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers.split(";")
    )
    query = _canonical_query(request.query_string) if request.query_string else ""
    path = _canonical_path(request.raw_path)
    return f"{request.method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{payload_hash}"


def claimed_credential(request: HttpRequest) -> Credential | None:
    """What a request says about its signer, believed by nobody yet; None if it is unsigned or malformed."""
    try:
        return _credential(_authorization_of(request), request)
    except ServiceError:
        return None


@lru_cache(maxsize=1024)
def _canonical_path(raw_path: str) -> str:
    path: str = _botocore._normalize_url_path(raw_path)
    return path


def _canonical_query(query_string: str) -> str:
    query: str = _botocore._canonical_query_string_url(SplitResult("", "", "", query_string, ""))
    return query


def _authorization_of(request: HttpRequest) -> _Authorization:
    """Take the Authorization header apart. Raises: ServiceError."""
    header = request.headers.get("authorization", "")
    algorithm, _, rest = header.strip().partition(" ")
    if not algorithm.startswith("AWS4-"):
        raise ServiceError("MissingAuthenticationTokenException", "Missing Authentication Token")
    if algorithm != ALGORITHM:
        raise _incomplete(f"Unsupported AWS 'algorithm': '{algorithm}'.", header)
    parameters = _parameters(rest)
    amz_date = request.headers.get("x-amz-date", "")
    missing = [f"Authorization header requires '{name}' parameter." for name in _PARAMETERS if not parameters.get(name)]
    if not amz_date:
        missing.append("Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header.")
    if missing:
        raise _incomplete(" ".join(missing), header)
    scope = parameters["Credential"].split("/")
    if len(scope) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            header,
        )
    access_key_id, date, region, service, terminator = scope
    return _Authorization(
        access_key_id, date, region, service, terminator, parameters["SignedHeaders"], parameters["Signature"]
    )


def _parameters(rest: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, _, value in pairs}


def _check_scope(authorization: _Authorization, amz_date: str) -> None:
    if _AMZ_DATE.fullmatch(amz_date) is None:
        raise _incomplete(
            f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'. See http://en.wikipedia.org/wiki/ISO_8601."
        )
    if _SCOPE_DATE.fullmatch(authorization.date) is None:
        raise _invalid(f"Credential should be scoped to a valid date in YYYYMMDD format, not '{authorization.date}'.")
    if authorization.date != amz_date[:8]:
        raise _invalid(
            "Credential should be scoped to the date of the request: Date in Credential scope does not match "
            f"YYYYMMDD from ISO-8601 version of date from HTTP: '{authorization.date}' != '{amz_date[:8]}', "
            f"from '{amz_date}'."
        )
    if _REGION.fullmatch(authorization.region) is None:
        raise _invalid("Credential should be scoped to a valid region.")
    if authorization.terminator != TERMINATOR:
        raise _invalid(
            f"Credential should be scoped with a valid terminator: '{TERMINATOR}', not '{authorization.terminator}'."
        )


def _check_signed_headers(authorization: _Authorization) -> None:
    signed = authorization.signed_headers.split(";")
    if "host" not in signed:
        raise _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if "x-amz-date" not in signed:
        raise _invalid("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")


def _payload_hash(authorization: _Authorization, request: HttpRequest) -> str:
    """The hash of the body as it stands; a stated hash must be of this very body. Raises: ServiceError."""
    stated = request.headers.get("x-amz-content-sha256")
    if stated == UNSIGNED_PAYLOAD and authorization.service == "s3":
        return stated
    computed = sha256(request.body).hexdigest()
    if stated is not None and stated != computed:
        raise _invalid(MISMATCH)
    return computed


def _credential(authorization: _Authorization, request: HttpRequest) -> Credential:
    return Credential(
        authorization.access_key_id,
        authorization.date,
        authorization.region,
        authorization.service,
        request.headers.get("x-amz-security-token"),
    )


def _moment(amz_date: str) -> datetime:
    try:
        # Faster than strptime by an order of magnitude, and as strict once the form is checked.
        return datetime(
            int(amz_date[:4]), int(amz_date[4:6]), int(amz_date[6:8]),
            int(amz_date[9:11]), int(amz_date[11:13]), int(amz_date[13:15]), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        raise _incomplete(f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'.") from None


def _amz(moment: datetime) -> str:
    return moment.strftime(_AMZ_DATE_FORMAT)


def _header_bytes(text: str) -> bytes:
    """The bytes that were on the wire: servers hand headers over as Latin-1, whatever they held."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


def _invalid(message: str) -> ServiceError:
    return ServiceError("InvalidSignatureException", message)


def _incomplete(message: str, header: str = "") -> ServiceError:
    """The header itself is told by its hash only: it may hold what its sender wants kept."""
    if header:
        digest = base64.b64encode(sha256(header.encode("utf-8", "replace")).digest()).decode("ascii")
        message += f" (Hashed with SHA-256 and encoded with Base64) Authorization={digest}"
    return ServiceError("IncompleteSignatureException", message)
