"""AWS Signature Version 4 in its header form and in its query form (presigned URLs), verified for real.

Canonical paths and queries come from botocore's own signer; here are the checks around it and a cache of derived
signing keys. S3 signs its paths as they stand, names its refusals in its own way, takes presigned URLs of version 2 as
well (`shared.aws.signature_v2`), and states what it hashed of the body in a header: a body that is yet to come is
checked by `shared.aws.payload` as it arrives.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; for S3
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html; texts as observed.
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
from typing import Any
from urllib.parse import SplitResult, parse_qsl

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from shared.aws import signature_v2
from shared.aws.credential import Credential, mismatch, unknown_credential
from shared.aws.hosts import bucket_of_host
from shared.aws.http import HttpRequest
from shared.errors import ServiceError

ALGORITHM = "AWS4-HMAC-SHA256"
ALLOWED_SKEW = timedelta(minutes=5)
TERMINATOR = "aws4_request"
UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX = "STREAMING-"
S3 = "s3"
LONG_SKEW = timedelta(minutes=15)
_WITH_LONG_SKEW = frozenset({S3, "sts", "iam"})
"""Services that take a clock to be wrong for longer. Source: observed for S3 and STS; inferred for IAM."""
LONGEST_EXPIRY = timedelta(days=7)

_AMZ_DATE_FORMAT = "%Y%m%dT%H%M%SZ"
_AMZ_DATE = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_SCOPE_DATE = re.compile(r"[0-9]{8}")
_REGION = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
_HASH = re.compile(r"[0-9a-f]{64}")
_QUERY_SIGNATURE = re.compile(r"(?:^|&)X-Amz-Signature=[^&]*")
_QUERY_CLAIM = re.compile(r"(?:^|&)(?:X-Amz-(?:Algorithm|Credential|Signature)|AWSAccessKeyId|Signature)=")
_PARAMETERS = ("Credential", "Signature", "SignedHeaders")
_MAX_SIGNING_KEYS = 1024
_botocore = SigV4Auth(Credentials("", ""), "", "")


@dataclass(frozen=True)
class _Authorization:
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


@dataclass(frozen=True)
class ChunkSigner:
    """Signs the chunks of a body that is signed piece by piece, each with the signature before it.

    Source: "Signature calculations for the Authorization header: Transferring payload in multiple chunks".
    """

    key: bytes
    amz_date: str
    scope: str
    seed: str

    def signature(self, kind: str, previous: str, *hashes: str) -> str:
        """kind: PAYLOAD or TRAILER. hashes: what is signed, in hex."""
        text = "\n".join((f"{ALGORITHM}-{kind}", self.amz_date, self.scope, previous, *hashes))
        return hmac.new(self.key, text.encode(), sha256).hexdigest()


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
        if _is_of_version_2(request):
            bucket = bucket_of_host(request.headers.get("host", ""))
            return signature_v2.verify(request, bucket, self._secret_of, self._now())
        authorization = _authorization_of(request)
        _check_scope(authorization)
        _check_signed_headers(authorization, request)
        secret = self._secret_of(authorization.access_key_id)
        if secret is None:
            raise unknown_credential()
        self._check_date(authorization)
        self._check_signature(authorization, secret, request)
        return _credential(authorization)

    def chunk_signer(self, request: HttpRequest) -> ChunkSigner:
        """What signs the chunks of a request that `verify` has accepted."""
        authorization = _authorization_of(request)
        secret = self._secret_of(authorization.access_key_id)
        if secret is None:
            raise unknown_credential()
        key = self._signing_key(secret, authorization)
        return ChunkSigner(key, authorization.amz_date, authorization.scope, authorization.signature)

    def _check_date(self, authorization: _Authorization) -> None:
        now = self._now().astimezone(UTC)
        amz_date = authorization.amz_date
        signed_at = _moment(amz_date)
        skew = LONG_SKEW if authorization.service in _WITH_LONG_SKEW else ALLOWED_SKEW
        lifetime = skew if authorization.expires is None else _lifetime(authorization.expires)
        earliest, latest = now - lifetime, now + skew
        minutes = skew // timedelta(minutes=1)
        if signed_at < earliest.replace(microsecond=0):
            if authorization.service == S3:
                raise _too_old(authorization, now)
            limit = f"{_amz(earliest)} ({_amz(now)} - {minutes} min.)"
            raise _invalid(f"Signature expired: {amz_date} is now earlier than {limit}")
        if signed_at > latest:
            if authorization.service == S3:
                raise _skewed(authorization, now)
            limit = f"{_amz(latest)} ({_amz(now)} + {minutes} min.)"
            raise _invalid(f"Signature not yet current: {amz_date} is still later than {limit}")

    def _check_signature(self, authorization: _Authorization, secret: str, request: HttpRequest) -> None:
        canonical = _canonical(authorization, request)
        text = (
            f"{ALGORITHM}\n{authorization.amz_date}\n{authorization.scope}\n"
            f"{sha256(_header_bytes(canonical)).hexdigest()}"
        )
        expected = hmac.new(self._signing_key(secret, authorization), text.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
            raise mismatch()

    def _signing_key(self, secret: str, authorization: _Authorization) -> bytes:
        known = (secret, authorization.date, authorization.region, authorization.service)
        key = self._signing_keys.get(known)
        if key is None:
            if len(self._signing_keys) >= _MAX_SIGNING_KEYS:
                self._signing_keys.clear()
            key = self._signing_keys[known] = derive_signing_key(*known)
        return key


def derive_signing_key(secret: str, date: str, region: str, service: str) -> bytes:
    """The key that signs for one day, Region and service: 32 bytes."""
    key = f"AWS4{secret}".encode()
    for part in (date, region, service, TERMINATOR):
        key = hmac.new(key, part.encode(), sha256).digest()
    return key


def canonical_request(
    request: HttpRequest, signed_headers: str, payload_hash: str, *, query_string: str | None = None, s3: bool = False
) -> str:
    """The text that is hashed and signed, of the raw path and query as they stood on the wire.

    signed_headers: names in lower case, joined with semicolons; one that is absent counts as empty.
    query_string: where it is not the request's own. s3: the path is signed as it stands.
    """
    query_string = request.query_string if query_string is None else query_string
    headers = "".join(
        f"{name}:{' '.join(request.headers.get(name, '').split())}\n" for name in signed_headers.split(";")
    )
    query = _canonical_query(query_string) if query_string else ""
    path = request.raw_path if s3 else _canonical_path(request.raw_path)
    return f"{request.method}\n{path}\n{query}\n{headers}\n{signed_headers}\n{payload_hash}"


def claimed_credential(request: HttpRequest) -> Credential | None:
    """What a request says about its signer, believed by nobody yet; None if it is unsigned or malformed."""
    if _is_of_version_2(request):
        return signature_v2.claimed_credential(request)
    try:
        return _credential(_authorization_of(request))
    except ServiceError:
        return None


def is_unsigned(request: HttpRequest) -> bool:
    """Whether a request says nothing at all of a signer."""
    return "authorization" not in request.headers and _QUERY_CLAIM.search(request.query_string) is None


def is_presigned(request: HttpRequest) -> bool:
    """Whether a request carries its signature in its query."""
    if "authorization" in request.headers:
        return False
    return _QUERY_SIGNATURE.search(request.query_string) is not None or signature_v2.is_signed(request.query_string)


def _is_of_version_2(request: HttpRequest) -> bool:
    return "authorization" not in request.headers and signature_v2.is_signed(request.query_string)


def _canonical(authorization: _Authorization, request: HttpRequest) -> str:
    is_s3 = authorization.service == S3
    query = None if authorization.expires is None else _QUERY_SIGNATURE.sub("", request.query_string).removeprefix("&")
    hashed = _s3_payload_hash(authorization, request) if is_s3 else _payload_hash(request)
    return canonical_request(request, authorization.signed_headers, hashed, query_string=query, s3=is_s3)


@lru_cache(maxsize=1024)
def _canonical_path(raw_path: str) -> str:
    path: str = _botocore._normalize_url_path(raw_path)
    return path


def _canonical_query(query_string: str) -> str:
    query: str = _botocore._canonical_query_string_url(SplitResult("", "", "", query_string, ""))
    return query


def _authorization_of(request: HttpRequest) -> _Authorization:
    """Take the Authorization header, or what stands in the query for it, apart. Raises: ServiceError."""
    if is_presigned(request):
        return _authorization_of_query(request)
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
    return _authorization(
        parameters["Credential"],
        header,
        signed_headers=parameters["SignedHeaders"],
        signature=parameters["Signature"],
        amz_date=amz_date,
        session_token=request.headers.get("x-amz-security-token"),
    )


def _authorization_of_query(request: HttpRequest) -> _Authorization:
    """Raises: ServiceError."""
    parameters = dict(parse_qsl(request.query_string, keep_blank_values=True))
    algorithm = parameters.get("X-Amz-Algorithm", "")
    if algorithm != ALGORITHM:
        raise _bad_query(f'X-Amz-Algorithm only supports "{ALGORITHM}"')
    names = ("X-Amz-Credential", "X-Amz-Signature", "X-Amz-Date", "X-Amz-SignedHeaders", "X-Amz-Expires")
    if not all(parameters.get(name) for name in names):
        raise _bad_query(
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


def _authorization(credential: str, header: str, **others: Any) -> _Authorization:
    scope = credential.split("/")
    if len(scope) != 5:
        raise _incomplete(
            "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term.",
            header,
        )
    return _Authorization(*scope, **others)


def _parameters(rest: str) -> dict[str, str]:
    pairs = (part.strip().partition("=") for part in rest.split(","))
    return {name: value for name, _, value in pairs}


def _check_scope(authorization: _Authorization) -> None:
    amz_date = authorization.amz_date
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


def _check_signed_headers(authorization: _Authorization, request: HttpRequest) -> None:
    signed = authorization.signed_headers.split(";")
    if "host" not in signed:
        raise _invalid("'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.")
    if "x-amz-date" not in signed and authorization.expires is None:
        raise _invalid("'X-Amz-Date' must be a 'SignedHeader' in the AWS Authorization.")
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


def _payload_hash(request: HttpRequest) -> str:
    """The hash of the body as it stands; a stated hash must be of this very body. Raises: ServiceError."""
    stated = request.headers.get("x-amz-content-sha256")
    computed = sha256(request.body).hexdigest()
    if stated is not None and stated != computed:
        raise mismatch()
    return computed


def _s3_payload_hash(authorization: _Authorization, request: HttpRequest) -> str:
    """What S3 signs in the place of the body's hash: the stated one, which a body that is here must have.

    Raises: ServiceError.
    """
    stated = request.headers.get("x-amz-content-sha256")
    if authorization.expires is not None:
        return (
            UNSIGNED_PAYLOAD if stated is None or "x-amz-content-sha256" not in authorization.signed_headers else stated
        )
    if stated is None:
        raise ServiceError(
            "InvalidRequest", "Missing required header for this request: x-amz-content-sha256", status=400
        )
    if request.streams or stated == UNSIGNED_PAYLOAD:
        return stated
    if stated.startswith(STREAMING_PREFIX):
        raise ServiceError("NotImplementedException", f"{stated} is not simulated for this operation.", status=501)
    if _HASH.fullmatch(stated) is None:
        raise ServiceError(
            "InvalidArgument",
            "x-amz-content-sha256 must be UNSIGNED-PAYLOAD, STREAMING-AWS4-HMAC-SHA256-PAYLOAD, "
            "or a valid sha256 value.",
            status=400,
        )
    computed = sha256(request.body).hexdigest()
    if computed != stated:
        raise other_payload(stated, computed)
    return stated


def other_payload(stated: str, computed: str) -> ServiceError:
    """A body that is not the one whose hash was signed."""
    return ServiceError(
        "XAmzContentSHA256Mismatch",
        "The provided 'x-amz-content-sha256' header does not match what was computed.",
        status=400,
        ClientComputedContentSHA256=stated,
        S3ComputedContentSHA256=computed,
    )


def _credential(authorization: _Authorization) -> Credential:
    return Credential(
        authorization.access_key_id,
        authorization.date,
        authorization.region,
        authorization.service,
        authorization.session_token,
    )


def _lifetime(expires: str) -> timedelta:
    """Raises: ServiceError."""
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 10):
        raise _bad_query("X-Amz-Expires should be a number")
    lifetime = timedelta(seconds=int(expires))
    if lifetime > LONGEST_EXPIRY:
        raise _bad_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds"
        )
    return lifetime


def _too_old(authorization: _Authorization, now: datetime) -> ServiceError:
    if authorization.expires is None:
        return _skewed(authorization, now)
    return ServiceError(
        "AccessDenied",
        "Request has expired",
        status=403,
        **{"X-Amz-Expires": authorization.expires, "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ")},
    )


def _skewed(authorization: _Authorization, now: datetime) -> ServiceError:
    return ServiceError(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        status=403,
        RequestTime=authorization.amz_date,
        ServerTime=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        MaxAllowedSkewMilliseconds=str(LONG_SKEW // timedelta(milliseconds=1)),
    )


def _bad_query(message: str) -> ServiceError:
    return ServiceError("AuthorizationQueryParametersError", message, status=400)


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
