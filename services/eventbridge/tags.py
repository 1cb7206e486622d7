"""Tags of rules and of custom buses. EventBridge shows them in the clear, so they rest in the clear."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.eventbridge import errors
from services.eventbridge.bus import BUS, DEFAULT_BUS, register_arn
from services.eventbridge.rule import get_rule
from services.tags import check_tags
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_TAGS = 50


def tag_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    record = _resource(call, parameters["ResourceARN"])
    tags = {**record.attributes["Tags"], **check_tags(parameters["Tags"], errors.invalid)}
    if len(tags) > MAX_TAGS:
        raise errors.limit_exceeded("tags", MAX_TAGS)
    call.store.set_attributes(record, Tags=tags)
    return {}


def untag_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    record = _resource(call, parameters["ResourceARN"])
    kept = {key: value for key, value in record.attributes["Tags"].items() if key not in parameters["TagKeys"]}
    call.store.set_attributes(record, Tags=kept)
    return {}


def list_tags_for_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    tags = _resource(call, parameters["ResourceARN"]).attributes["Tags"]
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def _resource(call: ServiceCall, arn: str) -> Record:
    """The record of a rule or a custom bus. Raises: ServiceError("ResourceNotFoundException")."""
    kind, _, path = arn.removeprefix(build_arn("events", call.region, call.account_id, "")).partition("/")
    if kind == "rule" and path:
        bus, _, name = path.rpartition("/")
        return get_rule(call, name, bus or DEFAULT_BUS).record
    record = call.store.find(register_arn(call.region, call.account_id), BUS, path) if kind == "event-bus" else None
    if record is None:
        raise errors.not_found(f"Resource {arn} does not exist.")
    return record
