"""Pages of EventBridge's lists."""

from __future__ import annotations

from collections.abc import Sequence

from kms.encrypted_store import Record
from services.call import ServiceCall
from services.eventbridge import errors
from services.pages import among, page

PAGE_SIZE = 100


def list_page(call: ServiceCall, records: Sequence[Record]) -> tuple[list[Record], str | None]:
    """One page of records in the order of their ids. Raises: ServiceError("ValidationException")."""
    by_id = {record.record_id: record for record in records}
    return page(call, among(by_id, by_id.__getitem__), PAGE_SIZE, errors.invalid_token())
