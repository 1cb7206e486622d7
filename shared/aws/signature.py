"""AWS Signature Version 4 in its header form and in its query form (presigned URLs), verified for real.

Canonical paths and queries come from botocore's own signer; here are the checks around it and a cache of derived
signing keys. S3 signs its paths as they stand, names its refusals in its own way, takes presigned URLs of version 2 as
well (`shared.aws.signature_v2`), and states what it hashed of the body in a header.
Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html; for S3
https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-authenticating-requests.html; texts as observed.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from hashlib import sha256
from urllib.parse import SplitResult

from botocore.auth import SigV4Auth
from botocore.credentials import Credentials

from shared.aws import signature_v2
from shared.aws.authorization import (
    ALGORITHM,
    TERMINATOR,
    Authorization,
    authorization_of,
    check_scope,
    check_signed_headers,
    without_signature,
)
from shared.aws.credential import S3, Credential, mismatch, s3_mismatch, unknown_access_key
from shared.aws.hosts import bucket_of_host
from shared.aws.http import HttpRequest
from shared.aws.signed_dates import check_date
from shared.aws.signed_payload import signed_payload
from shared.errors import ServiceError

_MAX_SIGNING_KEYS = 1024
_botocore = SigV4Auth(Credentials("", ""), "", "")


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
        authorization = authorization_of(request)
        check_scope(authorization)
        check_signed_headers(authorization, request)
        secret = self._secret_of(authorization.access_key_id)
        if secret is None:
            raise unknown_access_key(authorization.service, authorization.access_key_id)
        check_date(authorization, self._now())
        self._check_signature(authorization, secret, request)
        return authorization.credential

    def chunk_signer(self, request: HttpRequest) -> ChunkSigner:
        """What signs the chunks of a request that `verify` has accepted."""
        authorization = authorization_of(request)
        secret = self._secret_of(authorization.access_key_id)
        if secret is None:
            raise unknown_access_key(authorization.service, authorization.access_key_id)
        key = self._signing_key(secret, authorization)
        return ChunkSigner(key, authorization.amz_date, authorization.scope, authorization.signature)

    def _check_signature(self, authorization: Authorization, secret: str, request: HttpRequest) -> None:
        canonical = _canonical(authorization, request)
        text = (
            f"{ALGORITHM}\n{authorization.amz_date}\n{authorization.scope}\n"
            f"{sha256(_header_bytes(canonical)).hexdigest()}"
        )
        expected = hmac.new(self._signing_key(secret, authorization), text.encode(), sha256).hexdigest()
        if not hmac.compare_digest(expected.encode(), authorization.signature.encode()):
            if authorization.service == S3:
                raise s3_mismatch(authorization.access_key_id, authorization.signature, text, canonical)
            raise mismatch()

    def _signing_key(self, secret: str, authorization: Authorization) -> bytes:
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
        return authorization_of(request).credential
    except ServiceError:
        return None


def _is_of_version_2(request: HttpRequest) -> bool:
    return "authorization" not in request.headers and signature_v2.is_signed(request.query_string)


def _canonical(authorization: Authorization, request: HttpRequest) -> str:
    query = None if authorization.expires is None else without_signature(request.query_string)
    hashed = signed_payload(authorization, request)
    is_s3 = authorization.service == S3
    return canonical_request(request, authorization.signed_headers, hashed, query_string=query, s3=is_s3)


@lru_cache(maxsize=1024)
def _canonical_path(raw_path: str) -> str:
    path: str = _botocore._normalize_url_path(raw_path)
    return path


def _canonical_query(query_string: str) -> str:
    query: str = _botocore._canonical_query_string_url(SplitResult("", "", "", query_string, ""))
    return query


def _header_bytes(text: str) -> bytes:
    """The bytes that were on the wire: servers hand headers over as Latin-1, whatever they held."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
