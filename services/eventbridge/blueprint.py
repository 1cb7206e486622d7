"""The blueprint of Amazon EventBridge."""

from __future__ import annotations

from typing import Any

from services.eventbridge import buses, errors, events, rules, tags, targets
from services.eventbridge.bus import DEFAULT_BUS, bus_arn, bus_name
from services.eventbridge.data_classes import DATA_CLASSES
from services.eventbridge.rule import rule_arn
from shared.identity import Caller
from shared.service import Service

_OF_BUSES = frozenset({"CreateEventBus", "DeleteEventBus", "DescribeEventBus"})


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The rule or the bus that an operation is about; PutEvents itself asks for the buses behind the first."""
    if "ResourceARN" in parameters:
        return str(parameters["ResourceARN"])
    own = {"region": caller.region, "account_id": caller.account_id}
    if operation in _OF_BUSES:
        return bus_arn(**own, name=_bus(parameters.get("Name")))
    if operation == "PutEvents":
        entries = parameters.get("Entries", [parameters])
        return bus_arn(**own, name=_bus(entries[0].get("EventBusName")))
    rule = parameters.get("Rule") or parameters.get("Name")
    if rule is not None:
        return rule_arn(**own, bus=_bus(parameters.get("EventBusName")), name=rule)
    return "*"


def _bus(name_or_arn: str | None) -> str:
    return bus_name(name_or_arn or "") or name_or_arn or DEFAULT_BUS


SERVICE = Service(
    client_name="events",
    modules=(buses, rules, targets, events, tags),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    data_events=frozenset({"PutEvents"}),
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)),
)
