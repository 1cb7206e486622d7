"""Search keys that a customer adds to a profile, such as the id of a contact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.customer_profiles import errors
from services.customer_profiles.domain import require_domain
from services.customer_profiles.profile import PROFILE_ID, get_profile, store_profile

if TYPE_CHECKING:
    from services.call import ServiceCall


def add_profile_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain, name = require_domain(call, parameters["DomainName"]), parameters["KeyName"]
    if name == PROFILE_ID:
        raise errors.invalid(f"{PROFILE_ID} is given by the service.")
    profile = get_profile(call, domain.scope, parameters["ProfileId"])
    values = list(dict.fromkeys([*profile.keys.get(name, []), *parameters["Values"]]))
    store_profile(call, domain.scope, profile.members, {**profile.keys, name: values}, profile.profile_id)
    return {"KeyName": name, "Values": values}


def delete_profile_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Remove values that were added; those that stand in the profile's own members stay."""
    domain, name = require_domain(call, parameters["DomainName"]), parameters["KeyName"]
    profile = get_profile(call, domain.scope, parameters["ProfileId"])
    present = profile.keys.get(name, [])
    if not set(parameters["Values"]) <= set(present):
        raise errors.not_found(f"A value of the key {name}")
    kept = [value for value in present if value not in parameters["Values"]]
    keys = {key: values for key, values in {**profile.keys, name: kept}.items() if values}
    store_profile(call, domain.scope, profile.members, keys, profile.profile_id)
    return {"Message": "OK"}
