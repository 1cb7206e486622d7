"""Pages of the services' lists: the token names the last item shown, so it survives inserts and deletions.

It also says of which list it is, of which operation and with which other parameters: another list refuses it. How
many items a page holds may change on the way.
Source: "pass the same parameters as in the first call", as the service models say; the token's form is our choice.
"""

from __future__ import annotations

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Callable, Iterable
from hashlib import sha256

from kms.encrypted_store import Record
from shared.call import Call
from shared.errors import ServiceError
from shared.redaction import redacted

Fetch = Callable[[str, int], list[Record]]
"""Takes the id behind which the page begins, and how many records are wanted."""

_TOKENS = ("NextToken", "nextToken", "ContinuationToken", "Marker")
_SIZES = ("MaxResults", "maxResults", "MaxItems", "MaxKeys", "MaxBuckets", "Limit")
_LIST_DIGITS = 16


def page(call: Call, fetch: Fetch, default_size: int, refusal: ServiceError) -> tuple[list[Record], str | None]:
    """The page that a request asks for and the token of the next, None behind the last.

    default_size: items on a page, where the request does not say how many.
    Raises: `refusal`, for a token that was not given out, or for another list.
    """
    size = page_size(call, default_size)
    records = fetch(page_start(call, refusal), size + 1)
    if len(records) <= size:
        return records, None
    return records[:size], next_token(call, records[size - 1].record_id)


def among(ids: Iterable[str], get: Callable[[str], Record]) -> Fetch:
    """Pages through records whose ids are known already, in the order of their ids."""
    ordered = sorted(ids)

    def fetch(after: str, limit: int) -> list[Record]:
        start = bisect_right(ordered, after)
        return [get(record_id) for record_id in ordered[start : start + limit]]

    return fetch


def page_size(call: Call, default_size: int) -> int:
    """How many items a request asks for."""
    size: int = next((call.parameters[name] for name in _SIZES if name in call.parameters), default_size)
    return size


def page_start(call: Call, refusal: ServiceError) -> str:
    """The id behind which the page begins; "" for the first page. Raises: `refusal`."""
    token = next((call.parameters[name] for name in _TOKENS if name in call.parameters), None)
    if token is None:
        return ""
    try:
        text = base64.urlsafe_b64decode(token.encode()).decode()
    except (binascii.Error, UnicodeError):
        raise refusal from None
    if text[:_LIST_DIGITS] != _list_of(call):
        raise refusal
    return text[_LIST_DIGITS:]


def next_token(call: Call, last_id: str) -> str:
    """The token of the page behind an item."""
    return base64.urlsafe_b64encode(f"{_list_of(call)}{last_id}".encode()).decode()


def _list_of(call: Call) -> str:
    """The name of the list that a request asks about: hexadecimal digits.

    The trail shows tokens, so what it hides is no part of them, not even as a digest.
    """
    if call.operation is None:
        raise LookupError("A page of no operation.")
    own = {name: value for name, value in call.parameters.items() if name not in _TOKENS + _SIZES}
    asked = redacted(call.operation.input_shape, own, call.service.hidden_members)
    text = json.dumps([call.operation.name, asked], sort_keys=True, default=str)
    return sha256(text.encode()).hexdigest()[:_LIST_DIGITS]
