"""The watchlist as it rests: finding one."""

from __future__ import annotations

from kms.encrypted_store import Record
from services.voice_id import errors
from services.voice_id.data_classes import WATCHLIST
from services.voice_id.domain import Domain
from services.voice_id.worker import Worker


def get_watchlist(worker: Worker, domain: Domain, watchlist_id: str) -> Record:
    """Raises: ServiceError("ResourceNotFoundException"); KmsRefusal."""
    record = worker.store.find(domain.arn, WATCHLIST, watchlist_id)
    if record is None:
        worker.store.require_access(domain.scope)
        raise errors.not_found("WATCHLIST", watchlist_id)
    return record


def default_watchlist_id(domain: Domain) -> str:
    return str(domain.record.attributes["DefaultWatchlistId"])
