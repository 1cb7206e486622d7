"""Watchlists: create, describe, list, update, delete; and the default one that every domain is born with.

Follows the Voice ID API reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.client_tokens import TokenReused, once
from services.pages import page
from services.voice_id import errors
from services.voice_id.data_classes import WATCHLIST
from services.voice_id.domain import Domain, get_active_domain, get_domain
from services.voice_id.fraudster import count_on
from services.voice_id.watchlist import get_watchlist

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_WATCHLISTS = 3
_PAGE = 100
_DEFAULT = {"Name": "default-watchlist", "Description": "The default watchlist of the domain"}
"""Our choice: no documentation says what AWS calls it."""


def create_watchlist(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_active_domain(call, parameters["DomainId"])
    try:
        watchlist_id = once(call, parameters.get("ClientToken"), parameters, lambda: _create(parameters, call, domain))
    except TokenReused as reuse:
        raise errors.token_reused() from reuse
    return _answer(call, domain, get_watchlist(call, domain, watchlist_id))


def describe_watchlist(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    return _answer(call, domain, get_watchlist(call, domain, parameters["WatchlistId"]))


def list_watchlists(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    records, token = page(
        call,
        lambda after, limit: call.store.page(domain.arn, WATCHLIST, after=after, limit=limit),
        _PAGE,
        errors.invalid_token(),
    )
    watchlists = [_as_member(call, domain, record) for record in records]
    return {"WatchlistSummaries": watchlists, "NextToken": token}


def update_watchlist(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Change name or description; what is not given stays, unlike with UpdateDomain."""
    domain = get_active_domain(call, parameters["DomainId"])
    record = _get_own(call, domain, parameters["WatchlistId"], "updated")
    protected = {**call.store.reveal(record), **_protected(parameters)}
    changed = _write(call, domain.scope, record.record_id, protected, is_default=False)
    return _answer(call, domain, changed)


def delete_watchlist(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_active_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    record = _get_own(call, domain, parameters["WatchlistId"], "deleted")
    if count_on(call, domain, record.record_id):
        raise errors.conflict(errors.NON_EMPTY_WATCHLIST)
    call.store.delete(record)
    return {}


def add_default_watchlist(call: ServiceCall, scope: Scope) -> str:
    """Give a new domain its default watchlist. Returns its id. Raises: KmsRefusal."""
    watchlist_id = call.randomness.alphanumeric(22)
    _write(call, scope, watchlist_id, _DEFAULT, is_default=True)
    return watchlist_id


def _create(parameters: dict[str, Any], call: ServiceCall, domain: Domain) -> str:
    if call.store.count(domain.arn, WATCHLIST) >= MAX_WATCHLISTS:
        raise errors.quota_exceeded("watchlists", MAX_WATCHLISTS)
    watchlist_id = call.randomness.alphanumeric(22)
    _write(call, domain.scope, watchlist_id, _protected(parameters), is_default=False)
    return watchlist_id


def _write(
    call: ServiceCall, scope: Scope, watchlist_id: str, protected: dict[str, Any], *, is_default: bool
) -> Record:
    attributes = {"DefaultWatchlist": is_default, "UpdatedAt": call.clock.now()}
    return call.store.put(scope, WATCHLIST, watchlist_id, protected, attributes)


def _get_own(call: ServiceCall, domain: Domain, watchlist_id: str, deed: str) -> Record:
    """A watchlist that the customer made: the default one cannot be changed."""
    record = get_watchlist(call, domain, watchlist_id)
    if record.attributes["DefaultWatchlist"]:
        raise errors.invalid(f"The default watchlist cannot be {deed}.")
    return record


def _protected(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in ("Name", "Description") if name in parameters}


def _answer(call: ServiceCall, domain: Domain, record: Record) -> dict[str, Any]:
    return {"Watchlist": _as_member(call, domain, record)}


def _as_member(call: ServiceCall, domain: Domain, record: Record) -> dict[str, Any]:
    """A watchlist as the API shows it. Raises: KmsRefusal."""
    protected = call.store.reveal(record)
    return {
        "DomainId": domain.domain_id,
        "WatchlistId": record.record_id,
        "DefaultWatchlist": record.attributes["DefaultWatchlist"],
        "Name": protected["Name"],
        "Description": protected.get("Description"),
        "CreatedAt": record.created_at,
        "UpdatedAt": record.attributes["UpdatedAt"],
    }
