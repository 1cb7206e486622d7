"""Events of customers: PutEvents, and trying a pattern on one."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from services.eventbridge import errors
from services.eventbridge.bus import get_bus
from services.eventbridge.event_pattern import parse_pattern
from services.eventbridge.publish import Event, stage
from services.eventbridge.rules import check_pattern
from shared.errors import ServiceError
from shared.permissions import authorize

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_REQUEST_BYTES = 1_048_576
"""Source: "Amazon EventBridge quotas", PutEvents: 1 MB for all entries together."""

_REQUIRED = ("Source", "DetailType", "Detail")
_EVENT_MEMBERS = ("id", "account", "source", "time", "region", "resources", "detail-type")
_TIME_BYTES = 14


def put_events(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Stage up to ten events. An entry that is refused does not hold up the others."""
    entries = parameters["Entries"]
    if parameters.get("EndpointId"):
        raise errors.invalid("EndpointId is not simulated.")
    if sum(_size(entry) for entry in entries) > MAX_REQUEST_BYTES:
        raise errors.invalid("Total size of the entries in the request is over the limit.")
    for bus in {entry.get("EventBusName") for entry in entries}:
        authorize(call.service, "PutEvents", {"EventBusName": bus}, call.caller, call.clock.now(), call.rulings)
    results = [_put(call, entry) for entry in entries]
    return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}


def test_event_pattern(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    check_pattern(parameters["EventPattern"])
    event = _object(parameters["Event"])
    if event is None:
        raise errors.invalid("Parameter Event is not valid. Reason: Event is not a JSON object.")
    absent = [member for member in _EVENT_MEMBERS if member not in event]
    if absent:
        raise errors.invalid(f"Parameter Event is not valid. Reason: {absent[0]} is a required member.")
    return {"Result": parse_pattern(parameters["EventPattern"])(event)}


def _put(call: ServiceCall, entry: dict[str, Any]) -> dict[str, str]:
    """The result of one entry."""
    for member in _REQUIRED:
        if not entry.get(member):
            message = f"Parameter {member} is not valid. Reason: {member} is a required argument."
            return _failed("InvalidArgument", message)
    if entry["Source"].startswith("aws."):
        return _failed("NotAuthorizedForSourceException", "Not authorized for the source.")
    detail = _object(entry["Detail"])
    if detail is None:
        return _failed("MalformedDetail", "Detail is malformed.")
    try:
        bus = get_bus(call, entry.get("EventBusName"))
    except ServiceError:
        # The API reference has no error of an entry for a bus that does not exist. That AWS then takes the event, and
        # drops it without a word, is what users report; it has not been verified here.
        return {"EventId": call.randomness.uuid()}
    time = entry.get("Time")
    event = Event(
        source=entry["Source"],
        detail_type=entry["DetailType"],
        detail=detail,
        resources=entry.get("Resources", []),
        time=None if time is None else time.timestamp(),
    )
    return {"EventId": stage(call.store, bus, event)}


def _failed(code: str, message: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": message}


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text holds, None if it holds none."""
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _size(entry: dict[str, Any]) -> int:
    texts = [entry.get(member, "") for member in _REQUIRED] + entry.get("Resources", [])
    return sum(len(text.encode()) for text in texts) + (_TIME_BYTES if "Time" in entry else 0)
