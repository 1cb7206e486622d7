"""Event buses: the default one, and custom ones. Follows the EventBridge API reference."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.eventbridge import errors
from services.eventbridge.bus import BUS, DEFAULT_BUS, bus_arn, bus_name, get_bus, register_arn, scope_of
from services.eventbridge.data_classes import RULE
from services.eventbridge.lists import list_page
from services.tags import check_tags

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_BUSES = 100
"""Per account and Region. Source: "Amazon EventBridge quotas"."""

_NOT_SIMULATED = ("EventSourceName", "KmsKeyIdentifier", "DeadLetterConfig", "LogConfig")


def create_event_bus(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    name, register = parameters["Name"], register_arn(call.region, call.account_id)
    for member in _NOT_SIMULATED:
        if parameters.get(member):
            raise errors.invalid(f"{member} of an event bus is not simulated.")
    if "/" in name:
        raise errors.invalid(f"Event bus name {name} is reserved for partners: it holds a slash.")
    if name == DEFAULT_BUS or call.store.find(register, BUS, name) is not None:
        raise errors.exists(f"Event bus {name} already exists.")
    if call.store.count(register, BUS) >= MAX_BUSES:
        raise errors.limit_exceeded("event buses", MAX_BUSES)
    attributes = {
        "Description": parameters.get("Description"),
        "Tags": check_tags(parameters.get("Tags", []), errors.invalid),
    }
    call.store.put_plain(register, BUS, name, attributes)
    arn = bus_arn(call.region, call.account_id, name)
    scope_of(call.store, arn)
    return {"EventBusArn": arn, "Description": parameters.get("Description")}


def delete_event_bus(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Deleting a bus that is not there succeeds; one with rules stays, and so does the default bus."""
    name = parameters["Name"]
    if name == DEFAULT_BUS:
        raise errors.invalid("Cannot delete event bus default.")
    record = call.store.find(register_arn(call.region, call.account_id), BUS, name)
    if record is not None:
        scope = scope_of(call.store, bus_arn(call.region, call.account_id, name))
        if call.store.count(scope.arn, RULE):
            raise errors.invalid(f"Cannot delete event bus {name}: it has rules.")
        call.store.delete(record)
        call.store.delete_scope(scope)
    return {}


def describe_event_bus(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    bus = get_bus(call, parameters.get("Name"))
    record = call.store.find(register_arn(call.region, call.account_id), BUS, bus_name(bus.arn))
    shown = {"Name": bus_name(bus.arn), "Arn": bus.arn, "CreationTime": bus.created_at}
    return shown if record is None else {**shown, **_described(record)}


def list_event_buses(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The default bus is in every list, though nobody made it."""
    prefix = parameters.get("NamePrefix", "")
    register = register_arn(call.region, call.account_id)
    default = get_bus(call, DEFAULT_BUS)
    everywhere = Record(register, BUS, DEFAULT_BUS, "", None, None, {"Description": None}, default.created_at)
    buses = [everywhere, *call.store.stream(register, BUS)]
    records, token = list_page(call, [record for record in buses if record.record_id.startswith(prefix)])
    shown = [
        {
            "Name": record.record_id,
            "Arn": bus_arn(call.region, call.account_id, record.record_id),
            "CreationTime": record.created_at,
            **_described(record),
        }
        for record in records
    ]
    return {"EventBuses": shown, "NextToken": token}


def _described(record: Record) -> dict[str, Any]:
    return {"Description": record.attributes["Description"]}
