"""LookupEvents over the trail of the caller's account and Region, newest first, of the last 90 days.

Follows the CloudTrail API reference: one lookup attribute per request, at most 50 events a page.
"""

from __future__ import annotations

from datetime import datetime
from math import ceil, floor
from typing import TYPE_CHECKING, Any

from services.pages import next_token, page_size, page_start
from shared.database import Row
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.call import ServiceCall

_KEPT_SECONDS = 90 * 86_400
_SCAN = 500

_COLUMNS = {
    "EventId": "event_id",
    "EventName": "name",
    "EventSource": "source",
    "Username": "username",
    "AccessKeyId": "access_key_id",
}
"""Lookup attributes that are columns; ReadOnly and the resource attributes need a look at the row."""


def lookup_events(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    attributes = parameters.get("LookupAttributes", [])
    if len(attributes) > 1:
        raise ServiceError("InvalidLookupAttributesException", "Only one lookup attribute can be specified.")
    if parameters.get("EventCategory") is not None:
        return {"Events": []}  # of the one category there is, Insights, for which nothing is analysed here
    where = _conditions(call, parameters, attributes)
    attribute = attributes[0] if attributes else None
    size = page_size(call, 50)
    rows = _matching(call, where, attribute, size + 1)
    more = {"NextToken": next_token(call, str(rows[size - 1]["sequence"]))} if len(rows) > size else {}
    return {"Events": [_event(row) for row in rows[:size]], **more}


def _conditions(call: ServiceCall, parameters: dict[str, Any], attributes: list[dict[str, str]]) -> dict[str, Any]:
    start, end = _seconds(parameters.get("StartTime")), _seconds(parameters.get("EndTime"))
    if start is not None and end is not None and start > end:
        raise ServiceError("InvalidTimeRangeException", "StartTime must not be later than EndTime.")
    oldest = call.clock.now() - _KEPT_SECONDS
    # Events are of whole seconds, and a range takes in both its ends.
    where: dict[str, Any] = {
        "account_id": call.account_id,
        "region": call.region,
        "time__ge": max(oldest, ceil(start or 0)),
    }
    if end is not None:
        where["time__lt"] = floor(end) + 1
    before = page_start(call, ServiceError("InvalidNextTokenException", "The token is not valid."))
    if before:
        where["sequence__lt"] = int(before)
    for attribute in attributes:
        if attribute["AttributeKey"] in _COLUMNS:
            where[_COLUMNS[attribute["AttributeKey"]]] = attribute["AttributeValue"]
        elif attribute["AttributeKey"] == "ReadOnly":
            where["read_only"] = int(attribute["AttributeValue"].lower() == "true")
    return where


def _matching(call: ServiceCall, where: dict[str, Any], attribute: dict[str, str] | None, wanted: int) -> list[Row]:
    """Rows that meet the conditions and, for resource attributes, name the resource; read in portions."""
    found: list[Row] = []
    where = dict(where)
    while len(found) < wanted:
        rows = call.database.select("events", where, order=["-sequence"], limit=_SCAN)
        found += [row for row in rows if _names_resource(row, attribute)]
        if len(rows) < _SCAN:
            break
        where["sequence__lt"] = rows[-1]["sequence"]
    return found[:wanted]


def _names_resource(row: Row, attribute: dict[str, str] | None) -> bool:
    if attribute is None or attribute["AttributeKey"] not in ("ResourceType", "ResourceName"):
        return True
    return any(resource[attribute["AttributeKey"]] == attribute["AttributeValue"] for resource in row["resources"])


def _event(row: Row) -> dict[str, Any]:
    return {
        "EventId": row["event_id"],
        "EventName": row["name"],
        "ReadOnly": "true" if row["read_only"] else "false",
        "AccessKeyId": row["access_key_id"],
        "EventTime": int(row["time"]),
        "EventSource": row["source"],
        "Username": row["username"],
        "Resources": row["resources"],
        "CloudTrailEvent": row["body"],
    }


def _seconds(value: Any) -> float | None:
    return value.timestamp() if isinstance(value, datetime) else None
