"""Campaigns: create, describe, list, change, delete. Nothing of a campaign itself is protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.outbound_campaigns import errors
from services.outbound_campaigns.campaign import (
    CAMPAIGN,
    INITIALIZED,
    campaign_arn,
    campaigns_of,
    get_campaign,
    register_arn,
)
from services.outbound_campaigns.data_classes import DIAL_REQUEST
from services.outbound_campaigns.instance import get_instance
from services.pages import page

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_CAMPAIGNS = 25
_SETTINGS = ("name", "dialerConfig", "outboundCallConfig", "tags")


def create_campaign(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    instance_id = parameters["connectInstanceId"]
    get_instance(call, instance_id)
    _check_dialer(parameters["dialerConfig"])
    _refuse_name_taken(call, instance_id, parameters["name"])
    register = register_arn(call.region, call.account_id)
    if call.store.count(register, CAMPAIGN, parent=instance_id) >= MAX_CAMPAIGNS:
        raise errors.quota_exceeded("campaigns", MAX_CAMPAIGNS)
    settings = {name: parameters[name] for name in _SETTINGS if name in parameters}
    attributes = {"tags": {}, **settings, "state": INITIALIZED}
    record = call.store.put_plain(register, CAMPAIGN, call.randomness.uuid(), attributes, parent=instance_id)
    return {
        "id": record.record_id,
        "arn": campaign_arn(call.region, call.account_id, record.record_id),
        "tags": attributes["tags"],
    }


def describe_campaign(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    record = get_campaign(call, parameters["id"])
    settings = {name: record.attributes[name] for name in _SETTINGS}
    return {"campaign": {**_summary(call, record), **settings}}


def list_campaigns(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The account's campaigns in the order of their ids, of all instances or of one."""
    instance = parameters.get("filters", {}).get("instanceIdFilter")
    parent = None if instance is None else instance["value"]
    register = register_arn(call.region, call.account_id)
    records, token = page(
        call,
        lambda after, limit: call.store.page(register, CAMPAIGN, parent=parent, after=after, limit=limit),
        50,
        errors.invalid_token(),
    )
    return {"campaignSummaryList": [_summary(call, record) for record in records], "nextToken": token}


def update_campaign_name(parameters: dict[str, Any], call: ServiceCall) -> None:
    record = get_campaign(call, parameters["id"])
    _refuse_name_taken(call, record.parent, parameters["name"], but=record.record_id)
    call.store.set_attributes(record, name=parameters["name"])


def update_campaign_dialer_config(parameters: dict[str, Any], call: ServiceCall) -> None:
    record = get_campaign(call, parameters["id"])
    _check_dialer(parameters["dialerConfig"])
    call.store.set_attributes(record, dialerConfig=parameters["dialerConfig"])


def update_campaign_outbound_call_config(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Change the members that are given."""
    record = get_campaign(call, parameters["id"])
    given = {name: value for name, value in parameters.items() if name != "id"}
    call.store.set_attributes(record, outboundCallConfig={**record.attributes["outboundCallConfig"], **given})


def delete_campaign(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Delete a campaign with all that is queued for it."""
    record = get_campaign(call, parameters["id"])
    scope = get_instance(call, record.parent)
    for queued in call.store.stream(scope.arn, DIAL_REQUEST, parent=record.record_id):
        call.store.delete(queued)
    call.store.delete(record)


def _summary(call: ServiceCall, record: Record) -> dict[str, Any]:
    return {
        "id": record.record_id,
        "arn": campaign_arn(call.region, call.account_id, record.record_id),
        "name": record.attributes["name"],
        "connectInstanceId": record.parent,
    }


def _check_dialer(config: dict[str, Any]) -> None:
    """Raises: ServiceError("ValidationException")."""
    if len(config) != 1:
        raise errors.invalid("dialerConfig takes exactly one dialer.")


def _refuse_name_taken(call: ServiceCall, instance_id: str, name: str, but: str = "") -> None:
    """Names are unique within an instance. Raises: ServiceError("ConflictException")."""
    for record in campaigns_of(call, instance_id):
        if record.attributes["name"] == name and record.record_id != but:
            raise errors.conflict(f"A campaign named {name} exists.")
