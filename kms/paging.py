"""Pages with opaque markers that survive inserts and deletions: a marker names the last item, not its number."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Mapping
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
    default, most = tables.limit("listLimits")[call.name]
    limit = default if limit is None else limit
    if limit > most:
        raise errors.InvalidRequest(
            f"1 validation error detected: Value '{limit}' at 'limit' failed to satisfy constraint: "
            f"Member must have value less than or equal to {most}"
        )
    where = dict(where)
    if marker is not None:
        where[f"{key_column}__gt"] = _decode(call.name, marker)
    rows = call.engine.database.select(table, where, order=[key_column], limit=limit + 1)
    items = [make(**row) for row in rows[:limit]]
    more = len(rows) > limit
    return Page(items, _encode(call.name, rows[limit - 1][key_column]) if more else None)


def _encode(operation_name: str, last: str) -> str:
    return base64.urlsafe_b64encode(f"{operation_name}\n{last}".encode()).decode()


def _decode(operation_name: str, marker: str) -> str:
    try:
        name, separator, last = base64.urlsafe_b64decode(marker.encode()).decode().partition("\n")
    except (binascii.Error, UnicodeError) as error:
        raise errors.InvalidMarker("The marker is not valid.") from error
    if name != operation_name or not separator:
        raise errors.InvalidMarker("The marker is not valid.")
    return last
