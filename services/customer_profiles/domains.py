"""Domains: create, get, list, update, delete. Follows the Customer Profiles API reference; settings are plain."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.customer_profiles import errors
from services.customer_profiles.data_classes import OBJECT, OBJECT_TYPE, PROFILE
from services.customer_profiles.domain import (
    DOMAIN,
    Domain,
    customer_key,
    domain_arn,
    forget,
    list_page,
    object_type_arn,
    protect,
    register_arn,
    require_domain,
    switch_key,
)

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_DOMAINS = 100
_SETTINGS = ("DefaultExpirationDays", "DeadLetterQueueUrl", "Tags")
_NOT_SIMULATED = ("Matching", "RuleBasedMatching", "DataStore")


def create_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _refuse_unsimulated(parameters)
    name, register = parameters["DomainName"], register_arn(call.caller)
    if call.store.find(register, DOMAIN, name) is not None:
        raise errors.invalid(f"Domain {name} exists.")
    if call.store.count(register, DOMAIN) >= MAX_DOMAINS:
        raise errors.invalid(f"The quota of {MAX_DOMAINS} domains is reached.")
    scope = protect(call, domain_arn(call.caller, name), parameters.get("DefaultEncryptionKey"))
    settings = {**_settings(parameters), "LastUpdatedAt": call.clock.now()}
    return _summary(Domain(scope, call.store.put_plain(register, DOMAIN, name, settings)))


def get_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = require_domain(call, parameters["DomainName"])
    return {**_summary(domain), "Stats": _stats(call, domain)}


def list_domains(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    records, token = list_page(call, register_arn(call.caller), DOMAIN)
    items = [
        {
            "DomainName": record.record_id,
            "CreatedAt": record.created_at,
            "LastUpdatedAt": record.attributes["LastUpdatedAt"],
            "Tags": record.attributes.get("Tags", {}),
        }
        for record in records
    ]
    return {"Items": items, "NextToken": token}


def update_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Change what is given; another key starts the move of all that is there. An empty string clears a value."""
    _refuse_unsimulated(parameters)
    domain = require_domain(call, parameters["DomainName"])
    scope = domain.scope
    if "DefaultEncryptionKey" in parameters:
        scope = switch_key(call, scope, parameters["DefaultEncryptionKey"])
    settings = {**domain.record.attributes, **_settings(parameters), "LastUpdatedAt": call.clock.now()}
    record = call.store.put_plain(register_arn(call.caller), DOMAIN, domain.name, settings)
    return _summary(Domain(scope, record))


def delete_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Delete a domain with all its data, and give its keys up; needs no key, so that a lost one is no obstacle."""
    domain = require_domain(call, parameters["DomainName"])
    for record in call.store.stream(domain.arn, OBJECT_TYPE):
        own = call.store.find_scope(object_type_arn(call.caller, domain.name, record.record_id))
        if own is not None:
            forget(call, own)
    forget(call, domain.scope)
    call.store.delete(domain.record)
    return {"Message": "OK"}


def _summary(domain: Domain) -> dict[str, Any]:
    attributes = domain.record.attributes
    return {
        "DomainName": domain.name,
        "DefaultExpirationDays": attributes["DefaultExpirationDays"],
        "DefaultEncryptionKey": customer_key(domain.scope),
        "DeadLetterQueueUrl": attributes.get("DeadLetterQueueUrl"),
        "CreatedAt": domain.record.created_at,
        "LastUpdatedAt": attributes["LastUpdatedAt"],
        "Tags": attributes.get("Tags", {}),
    }


def _stats(call: ServiceCall, domain: Domain) -> dict[str, Any]:
    profiles = call.store.count(domain.arn, PROFILE)
    return {
        "ProfileCount": profiles,
        "MeteringProfileCount": profiles,
        "ObjectCount": call.store.count(domain.arn, OBJECT),
    }


def _settings(parameters: dict[str, Any]) -> dict[str, Any]:
    given = {name: parameters[name] for name in _SETTINGS if name in parameters}
    return {name: value if value != "" else None for name, value in given.items()}


def _refuse_unsimulated(parameters: dict[str, Any]) -> None:
    for name in _NOT_SIMULATED:
        if parameters.get(name, {}).get("Enabled"):
            raise errors.invalid(f"{name} is not simulated.")
