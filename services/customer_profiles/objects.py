"""Objects of profiles: put, list, delete. An object finds its profile by the keys that its type defines."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from kms.ownership import Scope
from services.customer_profiles import errors
from services.customer_profiles.data_classes import OBJECT, PROFILE_MEMBERS
from services.customer_profiles.domain import Domain, require_domain
from services.customer_profiles.object import (
    UNIQUE,
    Keys,
    find_by_key,
    inferred_members,
    keys_of,
    parent_of,
    require_type,
    scope_of_type,
    store_object,
)
from services.customer_profiles.profile import find_ids, get_profile, store_profile
from services.pages import Fetch, among, page

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_OBJECTS = 1_000
"""Per profile and type. Source: the quotas of the administrator guide, which count all types together."""

_FINDS_PROFILE = frozenset({"PROFILE", "LOOKUP_ONLY", "SECONDARY"})


def put_profile_object(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Store an object, replacing the one of the same unique key, at the profile that its keys find."""
    domain, name = require_domain(call, parameters["DomainName"]), parameters["ObjectTypeName"]
    attributes = require_type(call, domain, name).attributes
    content = _parse(parameters["Object"])
    keys = keys_of(attributes, content)
    profile_id = _find_profile(call, domain, keys) or _infer_profile(call, domain, attributes, content, keys)
    scope = scope_of_type(call, domain, name)
    values = {key: value for key, (_, value) in keys.items()}
    unique = next((value for identifies, value in keys.values() if "UNIQUE" in identifies), None)
    if unique is not None:
        values[UNIQUE] = unique
    object_id = _place(call, scope, name, unique, parent_of(name, profile_id))
    store_object(call, scope, name, object_id, parent_of(name, profile_id), parameters["Object"], values)
    return {"ProfileObjectUniqueKey": object_id}


def list_profile_objects(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """A profile's objects of one type, in the order of their ids; an ObjectFilter goes through the blind index."""
    domain, name = require_domain(call, parameters["DomainName"]), parameters["ObjectTypeName"]
    require_type(call, domain, name)
    get_profile(call, domain.scope, parameters["ProfileId"])
    scope, parent = scope_of_type(call, domain, name), parent_of(name, parameters["ProfileId"])
    records, token = page(
        call,
        _fetch(call, scope, name, parent, parameters.get("ObjectFilter")),
        100,
        errors.invalid_token(),
    )
    items = [
        {
            "ObjectTypeName": name,
            "ProfileObjectUniqueKey": record.record_id,
            "Object": call.store.reveal(record)["Object"],
        }
        for record in records
    ]
    return {"Items": items, "NextToken": token}


def delete_profile_object(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain, name = require_domain(call, parameters["DomainName"]), parameters["ObjectTypeName"]
    require_type(call, domain, name)
    scope = scope_of_type(call, domain, name)
    call.store.require_access(scope)
    record = call.store.find(scope.arn, OBJECT, parameters["ProfileObjectUniqueKey"])
    if record is None or record.parent != parent_of(name, parameters["ProfileId"]):
        raise errors.not_found("The profile object")
    call.store.delete(record)
    return {"Message": "OK"}


def _parse(text: str) -> dict[str, Any]:
    try:
        content = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.invalid("The object is not JSON.") from error
    if not isinstance(content, dict):
        raise errors.invalid("The object must be a JSON object.")
    return content


def _find_profile(call: ServiceCall, domain: Domain, keys: Keys) -> str | None:
    """The profile that has one of an object's keys; the first by id if there are several."""
    for key, (identifies, value) in keys.items():
        if identifies & _FINDS_PROFILE:
            found = find_ids(call, domain.scope, key, [value])
            if found:
                return min(found)
    return None


def _infer_profile(
    call: ServiceCall, domain: Domain, attributes: dict[str, Any], content: dict[str, Any], keys: Keys
) -> str:
    if not attributes.get("AllowProfileCreation", False):
        raise errors.invalid("The object belongs to no profile, and its type does not allow profile creation.")
    members = {name: value for name, value in inferred_members(attributes, content).items() if name in PROFILE_MEMBERS}
    named = {key: [value] for key, (identifies, value) in keys.items() if "PROFILE" in identifies}
    return store_profile(call, domain.scope, members, named)


def _place(call: ServiceCall, scope: Scope, name: str, unique: str | None, parent: str) -> str:
    """The id under which an object goes: that of the one it replaces, else a new one."""
    found = [] if unique is None else find_by_key(call, scope, name, UNIQUE, unique)
    if found:
        return found[0]
    if call.store.count(scope.arn, OBJECT, parent=parent) >= MAX_OBJECTS:
        raise errors.invalid(f"The quota of {MAX_OBJECTS} objects per profile is reached.")
    return call.randomness.uuid()


def _fetch(call: ServiceCall, scope: Scope, name: str, parent: str, wanted: dict[str, Any] | None) -> Fetch:
    """Pages through a profile's objects: all, or those that have one of the values of a key."""
    if wanted is None:
        return lambda after, limit: call.store.page(scope.arn, OBJECT, parent=parent, after=after, limit=limit)
    found = {
        object_id
        for value in wanted["Values"]
        for object_id in find_by_key(call, scope, name, wanted["KeyName"], value)
    }
    theirs = [object_id for object_id in found if call.store.get(scope.arn, OBJECT, object_id).parent == parent]
    return among(theirs, lambda object_id: call.store.get(scope.arn, OBJECT, object_id))
