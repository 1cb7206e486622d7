"""Pages of EventBridge's lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from kms.encrypted_store import Record
from services.eventbridge import errors
from services.pages import among, page

PAGE_SIZE = 100


def list_page(records: Sequence[Record], parameters: dict[str, Any]) -> tuple[list[Record], str | None]:
    """One page of records in the order of their ids. Raises: ServiceError("ValidationException")."""
    by_id = {record.record_id: record for record in records}
    size = parameters.get("Limit", PAGE_SIZE)
    return page(among(by_id, by_id.__getitem__), parameters.get("NextToken"), size, errors.invalid_token())
