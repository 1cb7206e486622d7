"""Fields: the system's, which every domain has, and the customer's own, whose descriptions are protected."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.cases import errors
from services.cases.data_classes import FIELD
from services.cases.domain import get_record, get_scope, list_page, refuse_name_taken

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_FIELDS = 50

SYSTEM_FIELDS: dict[str, str] = {
    "assigned_queue": "Text",
    "assigned_user": "User",
    "case_reason": "SingleSelect",
    "created_datetime": "DateTime",
    "customer_id": "Text",
    "last_closed_datetime": "DateTime",
    "last_reopened_datetime": "DateTime",
    "last_updated_datetime": "DateTime",
    "reference_number": "Text",
    "status": "Text",
    "summary": "Text",
    "title": "Text",
}
"""Field id -> type, of the fields that every domain has. Source: "Case fields" of the administrator guide."""

VALUE_OF_TYPE: dict[str, frozenset[str]] = {
    "Text": frozenset({"stringValue"}),
    "Url": frozenset({"stringValue"}),
    "SingleSelect": frozenset({"stringValue"}),
    "DateTime": frozenset({"stringValue"}),
    "Number": frozenset({"doubleValue"}),
    "Boolean": frozenset({"booleanValue"}),
    "User": frozenset({"userArnValue"}),
}
"""Field type -> the members of the value union that it takes, besides emptyValue."""


def create_field(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    refuse_name_taken(call, scope, FIELD, parameters["name"])
    if call.store.count(scope.arn, FIELD) >= MAX_FIELDS:
        raise errors.quota_exceeded("fields", MAX_FIELDS)
    field_id = call.randomness.uuid()
    attributes = {"name": parameters["name"], "type": parameters["type"], "changedAt": call.clock.now()}
    call.store.put(scope, FIELD, field_id, _protected(parameters), attributes)
    return {"fieldId": field_id, "fieldArn": f"{scope.arn}/field/{field_id}"}


def update_field(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = get_record(call, scope, FIELD, "Field", parameters["fieldId"])
    if "name" in parameters:
        refuse_name_taken(call, scope, FIELD, parameters["name"], but=record.record_id)
    protected = {**call.store.reveal(record), **_protected(parameters)}
    name = parameters.get("name", record.attributes["name"])
    attributes = {**record.attributes, "name": name, "changedAt": call.clock.now()}
    call.store.put(scope, FIELD, record.record_id, protected, attributes)
    return {}


def batch_get_field(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    found: list[dict[str, Any]] = []
    missing: list[dict[str, Any]] = []
    for field_id in (wanted["id"] for wanted in parameters["fields"]):
        record = call.store.find(scope.arn, FIELD, field_id)
        if record is not None:
            found.append(_own_field(call, scope, record))
        elif field_id in SYSTEM_FIELDS:
            found.append(_system_field(scope, field_id) | {"tags": {}})
        else:
            missing.append(
                {"id": field_id, "errorCode": "ResourceNotFoundException", "message": "The field was not found."}
            )
    return {"fields": found, "errors": missing}


def list_fields(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The customer's fields page by page; the system's come with the first page."""
    scope = get_scope(call, parameters["domainId"])
    records, token = list_page(call, scope.arn, FIELD)
    own = [
        {
            "fieldId": record.record_id,
            "fieldArn": f"{scope.arn}/field/{record.record_id}",
            "name": record.attributes["name"],
            "type": record.attributes["type"],
            "namespace": "Custom",
        }
        for record in records
    ]
    system = [] if "nextToken" in parameters else [_system_field(scope, field_id) for field_id in SYSTEM_FIELDS]
    return {"fields": system + own, "nextToken": token}


def check_values(call: ServiceCall, scope: Scope, values: list[dict[str, Any]]) -> None:
    """Refuse values of unknown fields, of the wrong type, and of one field twice.

    Raises: ServiceError("ValidationException").
    """
    seen: set[str] = set()
    for entry in values:
        field_id, kind = entry["id"], next(iter(entry["value"]))
        if field_id in seen:
            raise errors.invalid(f"The field {field_id} is given twice.")
        seen.add(field_id)
        wanted = VALUE_OF_TYPE[_type_of(call, scope, field_id)]
        if kind != "emptyValue" and kind not in wanted:
            raise errors.invalid(f"The field {field_id} takes {', '.join(sorted(wanted))}.")


def _type_of(call: ServiceCall, scope: Scope, field_id: str) -> str:
    if field_id in SYSTEM_FIELDS:
        return SYSTEM_FIELDS[field_id]
    record = call.store.find(scope.arn, FIELD, field_id)
    if record is None:
        raise errors.invalid(f"The field {field_id} does not exist.")
    return str(record.attributes["type"])


def _own_field(call: ServiceCall, scope: Scope, record: Record) -> dict[str, Any]:
    return {
        "fieldId": record.record_id,
        "fieldArn": f"{scope.arn}/field/{record.record_id}",
        "name": record.attributes["name"],
        "description": call.store.reveal(record).get("description"),
        "type": record.attributes["type"],
        "namespace": "Custom",
        "tags": {},
        "createdTime": record.created_at,
        "lastModifiedTime": record.attributes["changedAt"],
    }


def _system_field(scope: Scope, field_id: str) -> dict[str, Any]:
    return {
        "fieldId": field_id,
        "fieldArn": f"{scope.arn}/field/{field_id}",
        "name": field_id.replace("_", " ").capitalize(),
        "type": SYSTEM_FIELDS[field_id],
        "namespace": "System",
    }


def _protected(parameters: dict[str, Any]) -> dict[str, Any]:
    return {"description": parameters["description"]} if "description" in parameters else {}
