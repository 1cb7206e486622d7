"""Fraudsters: describe, list, delete, put on and take off watchlists. Registration comes by a batch job.

Follows the Voice ID API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.pages import among, page
from services.voice_id import errors, events, fraudster
from services.voice_id.domain import Domain, get_active_domain, get_domain
from services.voice_id.fraudster import FRAUDSTER
from services.voice_id.watchlist import get_watchlist

if TYPE_CHECKING:
    from services.call import ServiceCall
    from services.pages import Fetch

_PAGE = 100


def associate_fraudster(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_active_domain(call, parameters["DomainId"])
    record = fraudster.get_fraudster(call, domain, parameters["FraudsterId"])
    watchlist = get_watchlist(call, domain, parameters["WatchlistId"])
    return {"Fraudster": fraudster.as_member(domain, fraudster.put_on(call, domain, record, watchlist.record_id))}


def disassociate_fraudster(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_active_domain(call, parameters["DomainId"])
    record = fraudster.get_fraudster(call, domain, parameters["FraudsterId"])
    watchlist = get_watchlist(call, domain, parameters["WatchlistId"])
    return {"Fraudster": fraudster.as_member(domain, fraudster.take_off(call, domain, record, watchlist.record_id))}


def describe_fraudster(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    record = fraudster.get_fraudster(call, domain, parameters["FraudsterId"])
    return {"Fraudster": fraudster.as_member(domain, record)}


def list_fraudsters(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The fraudsters of a domain, or of one watchlist, in the order of their ids."""
    domain = get_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    records, token = page(
        call,
        _fetch(call, domain, parameters.get("WatchlistId")),
        _PAGE,
        errors.invalid_token(),
    )
    return {"FraudsterSummaries": [fraudster.as_member(domain, record) for record in records], "NextToken": token}


def delete_fraudster(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_active_domain(call, parameters["DomainId"])
    record = fraudster.get_fraudster(call, domain, parameters["FraudsterId"])
    fraudster.delete(call, domain, record)
    watchlist_ids = record.attributes["WatchlistIds"]
    events.fraudster(call, domain, events.DELETE_FRAUDSTER, record.record_id, watchlist_ids)
    return {}


def _fetch(call: ServiceCall, domain: Domain, watchlist_id: str | None) -> Fetch:
    if watchlist_id is None:
        return lambda after, limit: call.store.page(domain.arn, FRAUDSTER, after=after, limit=limit)
    watchlist = get_watchlist(call, domain, watchlist_id)
    ids = fraudster.ids_on(call, domain, watchlist.record_id)
    return among(ids, lambda fraudster_id: call.store.get(domain.arn, FRAUDSTER, fraudster_id))
