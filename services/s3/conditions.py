"""Preconditions of reads, writes and copies, and the ranges of reads.

Source: GetObject, PutObject and CopyObject of the S3 API reference; RFC 9110, sections 13 and 14.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from services.s3 import errors
from services.s3.object import StoredObject
from shared.aws.values import timestamp_to_wire
from shared.errors import ServiceError

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})", re.ASCII)


def check_read(stored: StoredObject, parameters: Mapping[str, Any]) -> None:
    """Raises: ServiceError PreconditionFailed (412), NotModified (304)."""
    _check_match(stored, parameters, "")
    if_none_match, since = parameters.get("IfNoneMatch"), parameters.get("IfModifiedSince")
    if if_none_match is not None:
        if _names(if_none_match, stored):
            raise _not_modified(stored)
    elif since is not None and not _changed_since(stored, since):
        raise _not_modified(stored)


def _not_modified(stored: StoredObject) -> ServiceError:
    return errors.not_modified(stored.quoted_etag, str(timestamp_to_wire(stored.modified, "rfc822")))


def check_copy_source(stored: StoredObject, parameters: Mapping[str, Any]) -> None:
    """Raises: ServiceError PreconditionFailed."""
    _check_match(stored, parameters, "CopySource")
    if_none_match, since = parameters.get("CopySourceIfNoneMatch"), parameters.get("CopySourceIfModifiedSince")
    if if_none_match is not None:
        if _names(if_none_match, stored):
            raise errors.precondition_failed("x-amz-copy-source-If-None-Match")
    elif since is not None and not _changed_since(stored, since):
        raise errors.precondition_failed("x-amz-copy-source-If-Modified-Since")


def _check_match(stored: StoredObject, parameters: Mapping[str, Any], prefix: str) -> None:
    wire = "x-amz-copy-source-" if prefix else ""
    if_match, since = parameters.get(f"{prefix}IfMatch"), parameters.get(f"{prefix}IfUnmodifiedSince")
    if if_match is not None:
        if not _names(if_match, stored):
            raise errors.precondition_failed(f"{wire}If-Match")
    elif since is not None and _changed_since(stored, since):
        raise errors.precondition_failed(f"{wire}If-Unmodified-Since")


def check_write(existing: StoredObject | None, key: str, parameters: Mapping[str, Any]) -> None:
    """A write on condition of what is there. Raises: ServiceError PreconditionFailed, NoSuchKey, NotImplemented."""
    if_none_match, if_match = parameters.get("IfNoneMatch"), parameters.get("IfMatch")
    if if_none_match is not None and if_match is not None:
        raise errors.not_implemented(
            "If-Match,If-None-Match", "Multiple conditional request headers present in the request"
        )
    if if_none_match is not None:
        if if_none_match != "*":
            raise errors.not_implemented(
                "If-None-Match", "We don't accept the provided value of If-None-Match header for this API"
            )
        if existing is not None:
            raise errors.precondition_failed("If-None-Match")
    if if_match is not None:
        if existing is None:
            raise errors.no_such_key(key)
        if not _names(if_match, existing):
            raise errors.precondition_failed("If-Match")


def _names(condition: str, stored: StoredObject) -> bool:
    wanted = {word.strip().removeprefix("W/").strip('"') for word in condition.split(",")}
    return "*" in wanted or stored.etag in wanted


def _changed_since(stored: StoredObject, since: datetime) -> bool:
    # HTTP dates have whole seconds.
    return int(stored.modified) > since.timestamp()


def range_of(text: str | None, size: int) -> tuple[int, int] | None:
    """The range of a read, its end exclusive; None for the whole, which a range that is none stands for too.

    Raises: ServiceError InvalidRange if it begins behind the end.
    """
    found = None if text is None else _RANGE.fullmatch(text.strip())
    if found is None or text is None or found.groups() == ("", ""):
        return None
    first, last = found.groups()
    if first == "":
        start, end = max(size - int(last), 0), size
        if int(last) == 0:
            raise errors.invalid_range(text, size)
    else:
        start, end = int(first), size if last == "" else min(int(last) + 1, size)
        if last and int(last) < start:
            return None
    if start >= size:
        raise errors.invalid_range(text, size)
    return start, end
