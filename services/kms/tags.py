"""Tags on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import tags as engine
from services.kms.engine_call import perform, wire_page

if TYPE_CHECKING:
    from services.call import ServiceCall


def tag_resource(parameters: dict[str, Any], call: ServiceCall) -> None:
    tags = engine.from_pairs((tag["TagKey"], tag["TagValue"]) for tag in parameters["Tags"])
    perform(call, engine.tag_resource, {"KeyId": parameters["KeyId"]}, tags_=tags)


def untag_resource(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.untag_resource, parameters)


def list_resource_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_resource_tags, parameters)
    return wire_page(page, "Tags", [{"TagKey": key, "TagValue": value} for key, value in page.items])
