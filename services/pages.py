"""Pages of the services' lists: the token names the last item shown, so it survives inserts and deletions."""

from __future__ import annotations

import base64
import binascii
from bisect import bisect_right
from collections.abc import Callable, Iterable

from kms.encrypted_store import Record
from shared.errors import ServiceError

Fetch = Callable[[str, int], list[Record]]
"""Takes the id behind which the page begins, and how many records are wanted."""


def page(fetch: Fetch, token: str | None, size: int, refusal: ServiceError) -> tuple[list[Record], str | None]:
    """One page and the token of the next, None behind the last.

    Raises: `refusal`, for a token that was not given out.
    """
    records = fetch(decode(token, refusal), size + 1)
    if len(records) <= size:
        return records, None
    return records[:size], encode(records[size - 1].record_id)


def among(ids: Iterable[str], get: Callable[[str], Record]) -> Fetch:
    """Pages through records whose ids are known already, in the order of their ids."""
    ordered = sorted(ids)

    def fetch(after: str, limit: int) -> list[Record]:
        start = bisect_right(ordered, after)
        return [get(record_id) for record_id in ordered[start : start + limit]]

    return fetch


def encode(last_id: str) -> str:
    return base64.urlsafe_b64encode(b"after:" + last_id.encode()).decode()


def decode(token: str | None, refusal: ServiceError) -> str:
    """The id behind which a page begins; "" for the first page. Raises: `refusal`."""
    if token is None:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise refusal from None
    if not text.startswith("after:"):
        raise refusal
    return text.removeprefix("after:")
