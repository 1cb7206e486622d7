"""GetObject and HeadObject."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kms.ownership import AwsOwned
from services.s3 import errors, objects
from services.s3.access import Access
from services.s3.conditions import check_read, range_of
from services.s3.encryption import members_of
from services.s3.object import pieces_of

if TYPE_CHECKING:
    from services.call import ServiceCall

_OVERRIDES = {
    "ResponseCacheControl": "CacheControl",
    "ResponseContentDisposition": "ContentDisposition",
    "ResponseContentEncoding": "ContentEncoding",
    "ResponseContentLanguage": "ContentLanguage",
    "ResponseContentType": "ContentType",
}


def get_object(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The content, or a range or part of it, sent as it is opened. KMS is asked before anything is answered."""
    access = Access.of(call)
    found, start, end, members = _found(access, parameters)
    return {**members, "Body": objects.open_range(access, found, start, end)}


def head_object(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """What GetObject would tell. KMS is not asked, unless it is a checksum that is to be told.

    Source: ChecksumMode of HeadObject in the S3 API reference.
    """
    access = Access.of(call)
    found, _, _, members = _found(access, parameters)
    if "ChecksumType" in members and found.content.ownership != AwsOwned.kind:
        access.open_content(found.stored.content_id)
    return members


def _found(access: Access, parameters: Mapping[str, Any]) -> tuple[objects.Found, int, int, dict[str, Any]]:
    """An object, the range of it that is asked for, and what is told of both."""
    if "SSECustomerAlgorithm" in parameters or "SSECustomerKey" in parameters:
        raise errors.not_simulated("Server-side encryption with customer-provided keys (SSE-C)")
    found = objects.find(access, parameters["Bucket"], parameters["Key"], parameters)
    stored = found.stored
    check_read(stored, parameters)
    part_number = parameters.get("PartNumber")
    if part_number is None:
        wanted = range_of(parameters.get("Range"), stored.size)
        more: dict[str, Any] = {}
    elif "Range" in parameters:
        raise errors.invalid_request("Cannot specify both Range header and partNumber query parameter")
    else:
        wanted, more = _part(access, found, part_number)
    start, end = wanted or (0, stored.size)
    members: dict[str, Any] = {
        **stored.properties.as_members(),
        **_overridden(parameters),
        **members_of(found.content),
        **more,
        "AcceptRanges": "bytes",
        "ContentLength": end - start,
        "ETag": stored.quoted_etag,
        "LastModified": int(stored.modified),
        "StorageClass": None if stored.properties.storage_class == "STANDARD" else stored.properties.storage_class,
        "TagCount": len(stored.properties.tags) or None,
    }
    if wanted is not None:
        members["ContentRange"] = f"bytes {start}-{end - 1}/{stored.size}"
    elif parameters.get("ChecksumMode") == "ENABLED":
        members |= stored.checksum_members()
    return found, start, end, members


def _part(access: Access, found: objects.Found, part_number: int) -> tuple[tuple[int, int] | None, dict[str, Any]]:
    """The range of a part. An object that came in one piece is its own first part."""
    pieces = pieces_of(access, found.bucket, found.stored)
    if not 1 <= part_number <= len(pieces):
        raise errors.invalid_part_number(part_number, len(pieces))
    start = sum(piece.length for piece in pieces[: part_number - 1])
    length = pieces[part_number - 1].length
    more = {"PartsCount": len(pieces)} if found.stored.in_parts else {}
    return ((start, start + length) if length else None), more


def _overridden(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Headers of the answer that the request chooses."""
    members = {member: _as_header(name, parameters[name]) for name, member in _OVERRIDES.items() if name in parameters}
    if "ResponseExpires" in parameters:
        members["Expires"] = parameters["ResponseExpires"]
    return members


def _as_header(name: str, value: str) -> str:
    """Text of a query as a header can carry it: its UTF-8 bytes, and no line of its own. Raises: ServiceError."""
    if any(ord(character) < 32 for character in value):
        raise errors.invalid_argument("A header cannot hold control characters.", ArgumentName=name)
    return value.encode().decode("latin-1")
