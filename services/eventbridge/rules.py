"""Rules: put, describe, list, enable, disable, delete. Follows the EventBridge API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.eventbridge import errors
from services.eventbridge.bus import bus_name, get_bus
from services.eventbridge.data_classes import RULE, TARGET
from services.eventbridge.event_pattern import parse_pattern
from services.eventbridge.lists import list_page
from services.eventbridge.matchers import InvalidPattern
from services.eventbridge.rule import DISABLED, ENABLED, Rule, get_rule, rule_arn, shown
from services.passing_roles import authorize_passing
from services.tags import check_tags

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_RULES = 300
"""Per bus. Source: "Amazon EventBridge quotas"."""


def put_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Make a rule, or replace one as a whole; its targets and tags stay."""
    name, pattern = parameters["Name"], parameters.get("EventPattern")
    if parameters.get("ScheduleExpression"):
        raise errors.invalid("ScheduleExpression is not simulated: rules here have an EventPattern.")
    if not pattern:
        raise errors.invalid("Parameter(s) EventPattern or ScheduleExpression must be specified.")
    check_pattern(pattern)
    bus = get_bus(call, parameters.get("EventBusName"))
    found = call.store.find(bus.arn, RULE, name)
    if found is None and call.store.count(bus.arn, RULE) >= MAX_RULES:
        raise errors.limit_exceeded("rules", MAX_RULES)
    arn = rule_arn(call.region, call.account_id, bus_name(bus.arn), name)
    if "RoleArn" in parameters:
        authorize_passing(call, parameters["RoleArn"], for_resource=arn)
    tags = check_tags(parameters.get("Tags", []), errors.invalid) if found is None else found.attributes["Tags"]
    attributes = {"State": parameters.get("State", ENABLED), "RoleArn": parameters.get("RoleArn"), "Tags": tags}
    protected: dict[str, Any] = {
        member: parameters[member] for member in ("EventPattern", "Description") if member in parameters
    }
    call.store.put(bus, RULE, name, protected, attributes)
    return {"RuleArn": arn}


def describe_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    rule = get_rule(call, parameters["Name"], parameters.get("EventBusName"))
    return {**shown(call.store, rule), "CreatedBy": call.account_id}


def list_rules(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    bus = get_bus(call, parameters.get("EventBusName"))
    prefix = parameters.get("NamePrefix", "")
    records, token = list_page(
        call, [record for record in call.store.stream(bus.arn, RULE) if record.record_id.startswith(prefix)]
    )
    return {"Rules": [shown(call.store, Rule(bus, record)) for record in records], "NextToken": token}


def list_rule_names_by_target(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    bus = get_bus(call, parameters.get("EventBusName"))
    targets = call.store.stream(bus.arn, TARGET)
    wanted = {target.parent for target in targets if target.attributes["Arn"] == parameters["TargetArn"]}
    records, token = list_page(call, [call.store.get(bus.arn, RULE, name) for name in sorted(wanted)])
    return {"RuleNames": [record.record_id for record in records], "NextToken": token}


def enable_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _set_state(parameters, call, ENABLED)


def disable_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Events that have reached the bus already are still delivered."""
    return _set_state(parameters, call, DISABLED)


def delete_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Deleting a rule that is not there succeeds; one with targets stays."""
    bus = get_bus(call, parameters.get("EventBusName"))
    record = call.store.find(bus.arn, RULE, parameters["Name"])
    if record is not None:
        if call.store.count(bus.arn, TARGET, parent=record.record_id):
            raise errors.invalid("Rule can't be deleted since it has targets.")
        call.store.delete(record)
    return {}


def check_pattern(text: str) -> None:
    """Raises: ServiceError("InvalidEventPatternException")."""
    try:
        parse_pattern(text)
    except InvalidPattern as refusal:
        raise errors.invalid_pattern(refusal.message) from refusal


def _set_state(parameters: dict[str, Any], call: ServiceCall, state: str) -> dict[str, Any]:
    rule = get_rule(call, parameters["Name"], parameters.get("EventBusName"))
    call.store.set_attributes(rule.record, State=state)
    return {}
