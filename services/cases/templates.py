"""Templates: which fields a case must have; their descriptions are protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.cases import errors
from services.cases.data_classes import TEMPLATE
from services.cases.domain import get_record, get_scope, list_page, refuse_name_taken

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_TEMPLATES = 25
_PLAIN = ("name", "status", "requiredFields", "layoutConfiguration")


def create_template(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    refuse_name_taken(call, scope, TEMPLATE, parameters["name"])
    if call.store.count(scope.arn, TEMPLATE) >= MAX_TEMPLATES:
        raise errors.quota_exceeded("templates", MAX_TEMPLATES)
    template_id = call.randomness.uuid()
    attributes = {"status": "Active", "requiredFields": [], **_plain(parameters), "changedAt": call.clock.now()}
    call.store.put(scope, TEMPLATE, template_id, _protected(parameters), attributes)
    return {"templateId": template_id, "templateArn": f"{scope.arn}/template/{template_id}"}


def update_template(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = get_record(call, scope, TEMPLATE, "Template", parameters["templateId"])
    if "name" in parameters:
        refuse_name_taken(call, scope, TEMPLATE, parameters["name"], but=record.record_id)
    protected = {**call.store.reveal(record), **_protected(parameters)}
    attributes = {**record.attributes, **_plain(parameters), "changedAt": call.clock.now()}
    call.store.put(scope, TEMPLATE, record.record_id, protected, attributes)
    return {}


def get_template(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = get_record(call, scope, TEMPLATE, "Template", parameters["templateId"])
    attributes = record.attributes
    return {
        "templateId": record.record_id,
        "templateArn": f"{scope.arn}/template/{record.record_id}",
        "name": attributes["name"],
        "description": call.store.reveal(record).get("description"),
        "layoutConfiguration": attributes.get("layoutConfiguration"),
        "requiredFields": attributes["requiredFields"],
        "status": attributes["status"],
        "tags": {},
        "createdTime": record.created_at,
        "lastModifiedTime": attributes["changedAt"],
    }


def list_templates(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    records, token = list_page(call, scope.arn, TEMPLATE)
    wanted = parameters.get("status")
    templates = [
        {
            "templateId": record.record_id,
            "templateArn": f"{scope.arn}/template/{record.record_id}",
            "name": record.attributes["name"],
            "status": record.attributes["status"],
        }
        for record in records
        if not wanted or record.attributes["status"] in wanted
    ]
    return {"templates": templates, "nextToken": token}


def _plain(parameters: dict[str, Any]) -> dict[str, Any]:
    return {name: parameters[name] for name in _PLAIN if name in parameters}


def _protected(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"description": parameters["description"]} if "description" in parameters else {}
