"""Profiles: create, update, delete. Everything in one is protected: it rests as one sealed record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.customer_profiles import errors
from services.customer_profiles.data_classes import OBJECT_TYPE, PROFILE, PROFILE_MEMBERS
from services.customer_profiles.domain import require_domain
from services.customer_profiles.object import objects_of_profile
from services.customer_profiles.profile import get_profile, store_profile

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_profile(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = require_domain(call, parameters["DomainName"])
    members = _without_empty({name: parameters[name] for name in PROFILE_MEMBERS if name in parameters})
    return {"ProfileId": store_profile(call, domain.scope, members)}


def update_profile(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Replace the members that are given; an empty string removes one."""
    domain = require_domain(call, parameters["DomainName"])
    profile = get_profile(call, domain.scope, parameters["ProfileId"])
    given = {name: parameters[name] for name in PROFILE_MEMBERS if name in parameters}
    members = _without_empty({**profile.members, **given})
    return {"ProfileId": store_profile(call, domain.scope, members, profile.keys, profile.profile_id)}


def delete_profile(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Delete a profile with its objects. Deleting asks for the key like every access to the domain's data."""
    domain = require_domain(call, parameters["DomainName"])
    call.store.require_access(domain.scope)
    record = call.store.find(domain.arn, PROFILE, parameters["ProfileId"])
    if record is None:
        raise errors.not_found(f"Profile {parameters['ProfileId']}")
    for object_type in call.store.stream(domain.arn, OBJECT_TYPE):
        for stored in objects_of_profile(call, domain, object_type.record_id, record.record_id):
            call.store.delete(stored)
    call.store.delete(record)
    return {"Message": "OK"}


def _without_empty(members: dict[str, Any]) -> dict[str, Any]:
    """Members that hold something; of addresses and attributes, the parts that do."""
    kept: dict[str, Any] = {}
    for name, value in members.items():
        held = _without_empty(value) if isinstance(value, dict) else value
        if held not in ("", {}, []):
            kept[name] = held
    return kept
