"""What is signed of a request's body: its hash, or at S3 what a header states in its place.

A body that is yet to come is checked by `shared.aws.payload` as it arrives.
Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sig-v4-header-based-auth.html; texts as observed.
"""

from __future__ import annotations

import re
from hashlib import sha256

from shared.aws.authorization import Authorization
from shared.aws.credential import S3, mismatch
from shared.aws.http import HttpRequest
from shared.errors import ServiceError

UNSIGNED_PAYLOAD = "UNSIGNED-PAYLOAD"
STREAMING_PREFIX = "STREAMING-"

_HASH = re.compile(r"[0-9a-f]{64}")


def signed_payload(authorization: Authorization, request: HttpRequest) -> str:
    """What stands for the body in the text that is signed. Raises: ServiceError if the body is another one."""
    return _s3_payload_hash(authorization, request) if authorization.service == S3 else _payload_hash(request)


def _payload_hash(request: HttpRequest) -> str:
    """The hash of the body as it stands; a stated hash must be of this very body. Raises: ServiceError."""
    stated = request.headers.get("x-amz-content-sha256")
    computed = sha256(request.body).hexdigest()
    if stated is not None and stated != computed:
        raise mismatch()
    return computed


def _s3_payload_hash(authorization: Authorization, request: HttpRequest) -> str:
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
