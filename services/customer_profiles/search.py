"""SearchProfiles: by one to five keys, through the blind index. No value searched for rests anywhere in the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.customer_profiles import errors
from services.customer_profiles.data_classes import PROFILE
from services.customer_profiles.domain import require_domain
from services.customer_profiles.profile import find_ids, opened
from services.pages import among, page

if TYPE_CHECKING:
    from services.call import ServiceCall


def search_profiles(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Profiles in the order of their ids; each tells by which keys it was found if there were several."""
    domain = require_domain(call, parameters["DomainName"])
    call.store.require_access(domain.scope)
    wanted = [{"KeyName": parameters["KeyName"], "Values": parameters["Values"]}]
    wanted += parameters.get("AdditionalSearchKeys", [])
    found = [find_ids(call, domain.scope, key["KeyName"], key["Values"]) for key in wanted]
    every = parameters.get("LogicalOperator", "AND") == "AND"
    ids = set.intersection(*found) if every else set.union(*found)
    records, token = page(
        call,
        among(ids, lambda profile_id: call.store.get(domain.arn, PROFILE, profile_id)),
        100,
        errors.invalid_token(),
    )
    items = []
    for record in records:
        by = [key for key, hits in zip(wanted, found, strict=True) if record.record_id in hits]
        profile = opened(call, record)
        items.append({"ProfileId": profile.profile_id, **profile.members, "FoundByItems": by if wanted[1:] else None})
    return {"Items": items, "NextToken": token}
