"""The fraudster as it rests, and the watchlists it is on. Nothing but its voice is protected data.

Each fraudster on each watchlist is a record of its own, so that those of one watchlist can be counted and paged.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from kms.encrypted_store import Record
from services.voice_id import errors
from services.voice_id.domain import Domain
from services.voice_id.voices import forget_voice
from services.voice_id.worker import Worker

FRAUDSTER = "fraudster"
"""The data class of plain records: id, watchlists, time."""
_MEMBERSHIP = "watchlist-membership"
MAX_PER_WATCHLIST = 500
_GENERATED = "id#"


def get_fraudster(worker: Worker, domain: Domain, fraudster_id: str) -> Record:
    """Raises: ServiceError("ResourceNotFoundException"); KmsRefusal, since that one is there is told to users alone."""
    worker.store.require_access(domain.scope)
    record = worker.store.find(domain.arn, FRAUDSTER, fraudster_id)
    if record is None:
        raise errors.fraudster_not_found()
    return record


def add_fraudster(worker: Worker, domain: Domain, watchlist_ids: Iterable[str]) -> Record:
    """A new fraudster on these watchlists. Raises: ServiceError("ServiceQuotaExceededException")."""
    fraudster_id = _GENERATED + worker.randomness.alphanumeric(22)
    record = worker.store.put_plain(domain.arn, FRAUDSTER, fraudster_id, {"WatchlistIds": []})
    for watchlist_id in watchlist_ids:
        record = put_on(worker, domain, record, watchlist_id)
    return record


def put_on(worker: Worker, domain: Domain, record: Record, watchlist_id: str) -> Record:
    """Put a fraudster on a watchlist that exists; once is enough. Raises: ServiceError."""
    if watchlist_id in record.attributes["WatchlistIds"]:
        return record
    if count_on(worker, domain, watchlist_id) >= MAX_PER_WATCHLIST:
        raise errors.quota_exceeded("fraudsters on a watchlist", MAX_PER_WATCHLIST)
    name = _membership(watchlist_id, record.record_id)
    worker.store.put_plain(domain.arn, _MEMBERSHIP, name, {}, parent=watchlist_id)
    return worker.store.set_attributes(record, WatchlistIds=[*record.attributes["WatchlistIds"], watchlist_id])


def take_off(worker: Worker, domain: Domain, record: Record, watchlist_id: str) -> Record:
    """Take a fraudster off a watchlist. Raises: ServiceError if it is not on it, or on no other."""
    watchlist_ids = record.attributes["WatchlistIds"]
    if watchlist_id not in watchlist_ids:
        raise errors.invalid("The fraudster is not on this watchlist.")
    if len(watchlist_ids) == 1:
        raise errors.conflict(errors.LAST_WATCHLIST)
    _end_membership(worker, domain, watchlist_id, record.record_id)
    kept = [other for other in watchlist_ids if other != watchlist_id]
    return worker.store.set_attributes(record, WatchlistIds=kept)


def delete(worker: Worker, domain: Domain, record: Record) -> None:
    """Forget a fraudster: voice, watchlists and all."""
    for watchlist_id in record.attributes["WatchlistIds"]:
        _end_membership(worker, domain, watchlist_id, record.record_id)
    forget_voice(worker, domain.arn, record.record_id)
    worker.store.delete(record)


def count_on(worker: Worker, domain: Domain, watchlist_id: str) -> int:
    return worker.store.count(domain.arn, _MEMBERSHIP, parent=watchlist_id)


def ids_on(worker: Worker, domain: Domain, watchlist_id: str) -> list[str]:
    """The fraudsters of a watchlist, in the order of their ids."""
    memberships = worker.store.stream(domain.arn, _MEMBERSHIP, parent=watchlist_id)
    return [membership.record_id.partition("/")[2] for membership in memberships]


def as_member(domain: Domain, record: Record) -> dict[str, Any]:
    """A fraudster as the API shows it."""
    return {
        "DomainId": domain.domain_id,
        "GeneratedFraudsterId": record.record_id,
        "CreatedAt": record.created_at,
        "WatchlistIds": record.attributes["WatchlistIds"],
    }


def _end_membership(worker: Worker, domain: Domain, watchlist_id: str, fraudster_id: str) -> None:
    worker.store.delete(worker.store.get(domain.arn, _MEMBERSHIP, _membership(watchlist_id, fraudster_id)))


def _membership(watchlist_id: str, fraudster_id: str) -> str:
    return f"{watchlist_id}/{fraudster_id}"
