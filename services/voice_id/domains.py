"""Domains: create, describe, list, update, delete.

Follows the Voice ID API reference and "Encryption at rest". A domain is there at once, so none is ever PENDING.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.errors import NotFound
from kms.ownership import Scope
from services.client_tokens import TokenReused, once
from services.pages import page
from services.tags import check_tags
from services.voice_id import errors
from services.voice_id.consent import check_consent
from services.voice_id.data_classes import DOMAIN
from services.voice_id.domain import (
    ACTIVE,
    KEPT_SECONDS,
    SUSPENDED,
    Domain,
    domain_arn,
    get_active_domain,
    get_domain,
    summary,
)
from services.voice_id.domain_keys import apply_key, move_data, protect
from services.voice_id.erasure import DOMAIN_ERASURE
from services.voice_id.tags import write_tags
from services.voice_id.watchlists import add_default_watchlist
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_DOMAINS = 3
_PAGE = 10
_REGISTER = "domain-register"
"""The data class of the plain list of an account's domain ids."""


def create_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Make a domain under the customer's key, with a default watchlist."""
    try:
        domain_id = once(call, parameters.get("ClientToken"), parameters, lambda: _create(parameters, call))
    except TokenReused as reuse:
        raise errors.token_reused() from reuse
    return describe_domain({"DomainId": domain_id}, call)


def describe_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"Domain": summary(call, get_domain(call, parameters["DomainId"]))}


def list_domains(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The account's domains in this Region, without deleted ones; one key that fails spoils the page."""
    register = _register_arn(call)
    records, token = page(
        call,
        lambda after, limit: call.store.page(register, _REGISTER, after=after, limit=limit),
        _PAGE,
        errors.invalid_token(),
    )
    domains = [get_domain(call, record.record_id) for record in records]
    return {"DomainSummaries": [summary(call, domain) for domain in domains], "NextToken": token}


def update_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Replace name, description and key; another key starts the re-encryption of all that is there."""
    domain = get_active_domain(call, parameters["DomainId"])
    scope = apply_key(call, domain, parameters["ServerSideEncryptionConfiguration"]["KmsKeyId"])
    attributes = {**domain.record.attributes, "UpdatedAt": call.clock.now()}
    call.store.put(scope, DOMAIN, domain.domain_id, _protected(parameters), attributes)
    move_data(call, domain, scope)
    return describe_domain(parameters, call)


def delete_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Take a domain out of service; after 30 days all of it is erased. One whose key was deleted can go too."""
    domain = get_active_domain(call, parameters["DomainId"])
    _require_access_to_what_is_left(call, domain)
    now = call.clock.now()
    call.store.set_attributes(domain.record, DomainStatus=SUSPENDED, DeletedAt=now, UpdatedAt=now)
    call.simulator.deadlines.set(DOMAIN_ERASURE, domain.arn, domain.domain_id, now + KEPT_SECONDS)
    listed = call.store.find(_register_arn(call), _REGISTER, domain.domain_id)
    if listed is not None:
        call.store.delete(listed)
    return {}


def _require_access_to_what_is_left(call: ServiceCall, domain: Domain) -> None:
    """Raises: KmsRefusal, unless the key is gone for good: then nothing is left that it could protect."""
    try:
        call.store.require_access(domain.scope)
    except NotFound:
        return


def _create(parameters: dict[str, Any], call: ServiceCall) -> str:
    check_consent(call, call.account_id, call.region)
    if call.store.count(_register_arn(call), _REGISTER) >= MAX_DOMAINS:
        raise errors.quota_exceeded("domains", MAX_DOMAINS)
    tags = check_tags(parameters.get("Tags", []), errors.invalid)
    domain_id = call.randomness.alphanumeric(22)
    arn = domain_arn(call.caller, domain_id)
    scope = protect(call, arn, parameters["ServerSideEncryptionConfiguration"]["KmsKeyId"])
    _store_new(call, scope, domain_id, parameters)
    if tags:
        write_tags(call, scope, tags)
    call.store.put_plain(_register_arn(call), _REGISTER, domain_id, {})
    return domain_id


def _store_new(call: ServiceCall, scope: Scope, domain_id: str, parameters: dict[str, Any]) -> None:
    attributes = {
        "DomainStatus": ACTIVE,
        "UpdatedAt": call.clock.now(),
        "DeletedAt": None,
        "DefaultWatchlistId": add_default_watchlist(call, scope),
    }
    call.store.put(scope, DOMAIN, domain_id, _protected(parameters), attributes)


def _protected(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in ("Name", "Description") if name in parameters}


def _register_arn(call: ServiceCall) -> str:
    return build_arn("voiceid", call.region, call.account_id, "domains")
