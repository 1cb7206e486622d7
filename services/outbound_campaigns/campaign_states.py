"""What a campaign can be told to do, as a table of states, and what state it is in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.outbound_campaigns import errors
from services.outbound_campaigns.campaign import (
    INITIALIZED,
    PAUSED,
    RUNNING,
    STOPPED,
    find_campaign,
    get_campaign,
)

if TYPE_CHECKING:
    from services.call import ServiceCall

TRANSITIONS: dict[str, dict[str, str]] = {
    "start": {INITIALIZED: RUNNING},
    "pause": {RUNNING: PAUSED},
    "resume": {PAUSED: RUNNING},
    "stop": {INITIALIZED: STOPPED, RUNNING: STOPPED, PAUSED: STOPPED},
}
"""Command -> the state it is possible in -> the state it leads to. Source: "Campaign states" of the admin guide."""


def start_campaign(parameters: dict[str, Any], call: ServiceCall) -> None:
    _command(call, parameters["id"], "start")


def pause_campaign(parameters: dict[str, Any], call: ServiceCall) -> None:
    _command(call, parameters["id"], "pause")


def resume_campaign(parameters: dict[str, Any], call: ServiceCall) -> None:
    _command(call, parameters["id"], "resume")


def stop_campaign(parameters: dict[str, Any], call: ServiceCall) -> None:
    """For good: a stopped campaign cannot be resumed."""
    _command(call, parameters["id"], "stop")


def get_campaign_state(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"state": get_campaign(call, parameters["id"]).attributes["state"]}


def get_campaign_state_batch(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    found: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for campaign_id in parameters["campaignIds"]:
        record = find_campaign(call.store, call.region, call.account_id, campaign_id)
        if record is None:
            missing.append({"campaignId": campaign_id, "failureCode": "ResourceNotFound"})
        else:
            found.append({"campaignId": campaign_id, "state": record.attributes["state"]})
    return {"successfulRequests": found, "failedRequests": missing}


def _command(call: ServiceCall, campaign_id: str, command: str) -> None:
    """Raises: ServiceError("InvalidCampaignStateException")."""
    record = get_campaign(call, campaign_id)
    state = record.attributes["state"]
    if state not in TRANSITIONS[command]:
        raise errors.invalid_campaign_state(state, command)
    call.store.set_attributes(record, state=TRANSITIONS[command][state])
