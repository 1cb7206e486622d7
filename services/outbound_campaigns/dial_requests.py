"""PutDialRequestBatch: whom to call. No operation of AWS gives a dial request back; only the dialer opens it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.client_tokens import TokenReused, once
from services.outbound_campaigns import errors
from services.outbound_campaigns.campaign import RUNNING, get_campaign
from services.outbound_campaigns.data_classes import DIAL_REQUEST
from services.outbound_campaigns.instance import get_instance

if TYPE_CHECKING:
    from kms.ownership import Scope
    from services.call import ServiceCall

INVALID_INPUT = "InvalidInput"


def put_dial_request_batch(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Queue requests for a running campaign; each is taken or refused for itself, a refused key refuses all."""
    campaign = get_campaign(call, parameters["id"])
    if campaign.attributes["state"] != RUNNING:
        raise errors.invalid_campaign_state(campaign.attributes["state"], "take dial requests")
    scope = get_instance(call, campaign.parent)
    taken: list[dict[str, Any]] = []
    failed: list[dict[str, Any]] = []
    for request in parameters["dialRequests"]:
        token = request["clientToken"]
        request_id = _queue(call, scope, campaign.record_id, request) if _is_valid(call, request) else None
        if request_id is None:
            failed.append({"clientToken": token, "failureCode": INVALID_INPUT})
        else:
            taken.append({"clientToken": token, "id": request_id})
    return {"successfulRequests": taken, "failedRequests": failed}


def _is_valid(call: ServiceCall, request: dict[str, Any]) -> bool:
    has_digits = any(character.isdigit() for character in request["phoneNumber"])
    return has_digits and bool(request["clientToken"]) and request["expirationTime"].timestamp() > call.clock.now()


def _queue(call: ServiceCall, scope: Scope, campaign_id: str, request: dict[str, Any]) -> str | None:
    """Seal a request, once per client token; None for a token that was used with another request."""
    token = f"{campaign_id}/{request['clientToken']}"
    try:
        return once(call, token, request, lambda: _put(call, scope, campaign_id, request))
    except TokenReused:
        return None


def _put(call: ServiceCall, scope: Scope, campaign_id: str, request: dict[str, Any]) -> str:
    request_id = call.randomness.uuid()
    call.store.put(
        scope,
        DIAL_REQUEST,
        request_id,
        {"phoneNumber": request["phoneNumber"], "attributes": request["attributes"]},
        {"expirationTime": request["expirationTime"].timestamp()},
        parent=campaign_id,
    )
    return request_id
