"""The blueprint of Amazon Connect outbound campaigns."""

from __future__ import annotations

from typing import Any

from services.outbound_campaigns import campaign_states, campaigns, dial_requests, errors, onboarding
from services.outbound_campaigns.campaign import campaign_arn
from services.outbound_campaigns.data_classes import DATA_CLASSES
from services.outbound_campaigns.instance import instance_arn
from shared.identity import Caller
from shared.service import Service


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The campaign or Connect instance that an operation is about."""
    if "id" in parameters:
        return campaign_arn(caller.region, caller.account_id, parameters["id"])
    instance_id = parameters.get("connectInstanceId")
    return "*" if instance_id is None else instance_arn(caller.region, caller.account_id, instance_id)


SERVICE = Service(
    client_name="connectcampaigns",
    modules=(onboarding, campaigns, campaign_states, dial_requests),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)),
)
