"""Domains: create, get, list, delete. Follows the Cases API reference; a domain's name is not protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.ownership import AwsOwned
from services.cases import errors
from services.cases.data_classes import CONTEXT_KEY
from services.cases.domain import DOMAIN, domain_arn, get_scope, list_page, register_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_DOMAINS = 5
ACTIVE = "Active"


def create_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    register = register_arn(call.caller)
    records = list(call.store.stream(register, DOMAIN))
    if any(record.attributes["name"] == parameters["name"] for record in records):
        raise errors.conflict(f"The name {parameters['name']} is taken in this account.")
    if len(records) >= MAX_DOMAINS:
        raise errors.quota_exceeded("domains", MAX_DOMAINS)
    domain_id = call.randomness.uuid()
    arn = domain_arn(call.caller, domain_id)
    call.store.create_scope(arn, AwsOwned.kind, {CONTEXT_KEY: arn})
    call.store.put_plain(register, DOMAIN, domain_id, {"name": parameters["name"]})
    return {"domainId": domain_id, "domainArn": arn, "domainStatus": ACTIVE}


def get_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = call.store.get(register_arn(call.caller), DOMAIN, parameters["domainId"])
    return {
        "domainId": record.record_id,
        "domainArn": scope.arn,
        "name": record.attributes["name"],
        "createdTime": record.created_at,
        "domainStatus": ACTIVE,
        "tags": {},
    }


def list_domains(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    records, token = list_page(call, register_arn(call.caller), DOMAIN)
    domains = [
        {
            "domainId": record.record_id,
            "domainArn": domain_arn(call.caller, record.record_id),
            "name": record.attributes["name"],
        }
        for record in records
    ]
    return {"domains": domains, "nextToken": token}


def delete_domain(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Forget a domain with everything in it."""
    scope = get_scope(call, parameters["domainId"])
    call.store.delete_scope(scope)
    call.store.delete(call.store.get(register_arn(call.caller), DOMAIN, parameters["domainId"]))
    return {}
