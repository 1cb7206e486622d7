"""Pages with opaque markers that survive inserts and deletions: a marker names the last item, not its number."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from kms import errors, tables
from kms.operation import KmsCall

T = TypeVar("T")


@dataclass(frozen=True)
class Page(Generic[T]):
    """next_marker: None on the last page."""

    items: list[T]
    next_marker: str | None


def page_of(
    call: KmsCall,
    table: str,
    where: Mapping[str, Any],
    key_column: str,
    limit: int | None,
    marker: str | None,
    make: Callable[..., T],
) -> Page[T]:
    """One page of rows in the order of `key_column`, which is unique among them.

    limit: items a page; None takes the operation's default; more than its maximum is refused.
    Raises: InvalidMarker, InvalidRequest.
    """
    size = _page_size(call, limit)
    where = dict(where)
    if marker is not None:
        where[f"{key_column}__gt"] = last_seen(call, marker)
    rows = call.engine.database.select(table, where, order=[key_column], limit=size + 1)
    page = first_page(call, rows, lambda row: row[key_column], limit)
    return Page([make(**row) for row in page.items], page.next_marker)


def first_page(call: KmsCall, items: Sequence[T], name_of: Callable[[T], str], limit: int | None) -> Page[T]:
    """The first page of the items behind a marker, where they are at hand anyway.

    name_of: what a marker remembers of an item. Raises: InvalidRequest.
    """
    size = _page_size(call, limit)
    page = list(items[:size])
    return Page(page, _encode(call.name, name_of(page[-1])) if len(items) > size else None)


def last_seen(call: KmsCall, marker: str) -> str:
    """The name of the item that a marker remembers. Raises: InvalidMarker if this operation never gave it out."""
    try:
        name, separator, last = base64.urlsafe_b64decode(marker.encode()).decode().partition("\n")
    except (binascii.Error, UnicodeError) as error:
        raise errors.InvalidMarker("The marker is not valid.") from error
    if name != call.name or not separator:
        raise errors.InvalidMarker("The marker is not valid.")
    return last


def _page_size(call: KmsCall, limit: int | None) -> int:
    default: int
    default, most = tables.limit("listLimits")[call.name]
    if limit is None:
        return default
    if limit > most:
        raise errors.InvalidRequest(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}"
        )
    return limit


def _encode(operation_name: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{operation_name}\n{last}".encode()).decode()
