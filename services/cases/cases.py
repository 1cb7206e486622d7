"""Cases: create, get, update, search. All field values are protected, so a search opens what it looks through."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.cases import errors
from services.cases.data_classes import CASE, TEMPLATE
from services.cases.domain import get_record, get_scope
from services.cases.event_stream import case_changed
from services.cases.fields import check_values
from services.cases.filters import matches
from services.client_tokens import TokenReused, once
from services.pages import page

if TYPE_CHECKING:
    from services.call import ServiceCall

Values = dict[str, dict[str, Any]]
"""Field id -> value union."""


def create_case(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    try:
        case_id = once(call, parameters.get("clientToken"), parameters, lambda: _create(call, scope, parameters))
    except TokenReused as reuse:
        raise errors.conflict("The client token was used before with other parameters.") from reuse
    return {"caseId": case_id, "caseArn": f"{scope.arn}/case/{case_id}"}


def get_case(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = get_record(call, scope, CASE, "Case", parameters["caseId"])
    values = _values(call, record)
    wanted = [field["id"] for field in parameters["fields"]]
    shown = [{"id": field_id, "value": values[field_id]} for field_id in wanted if field_id in values]
    return {"fields": shown, "templateId": record.attributes["templateId"], "tags": {}}


def update_case(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    record = get_record(call, scope, CASE, "Case", parameters["caseId"])
    check_values(call, scope, parameters["fields"])
    changes = {**_by_id(parameters["fields"]), "last_updated_datetime": _now(call)}
    values = _values(call, record) | changes
    call.store.put(scope, CASE, record.record_id, {"fields": values}, record.attributes)
    case_changed(call, scope, "CASE.UPDATED", record, values, changes)
    return {}


def search_cases(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Cases that meet the filter and hold the search term, in the order of their ids."""
    scope = get_scope(call, parameters["domainId"])
    wanted = [field["id"] for field in parameters.get("fields", [])]
    found: dict[str, Values] = {}

    def fetch(after: str, limit: int) -> list[Record]:
        hits: list[Record] = []
        for record in call.store.stream(scope.arn, CASE):
            if record.record_id <= after:
                continue
            values = _values(call, record)
            if matches(values, parameters.get("filter"), parameters.get("searchTerm")):
                found[record.record_id] = values
                hits.append(record)
            if len(hits) == limit:
                break
        return hits

    records, token = page(call, fetch, 10, errors.invalid_token())
    cases = [
        {
            "caseId": record.record_id,
            "templateId": record.attributes["templateId"],
            "fields": [
                {"id": field_id, "value": value}
                for field_id, value in found[record.record_id].items()
                if field_id in wanted
            ],
            "tags": {},
        }
        for record in records
    ]
    return {"cases": cases, "nextToken": token}


def _create(call: ServiceCall, scope: Scope, parameters: dict[str, Any]) -> str:
    template = get_record(call, scope, TEMPLATE, "Template", parameters["templateId"])
    check_values(call, scope, parameters["fields"])
    values = _by_id(parameters["fields"])
    required = {field["fieldId"] for field in template.attributes["requiredFields"]} | {"title", "customer_id"}
    absent = sorted(field_id for field_id in required if "emptyValue" in values.get(field_id, {"emptyValue": {}}))
    if absent:
        raise errors.invalid(f"The required field {absent[0]} is missing.")
    number = call.store.count(scope.arn, CASE) + 1
    case_id = call.randomness.uuid()
    values = {
        "status": {"stringValue": "open"},
        "reference_number": {"stringValue": f"{100_000 + number}"},
        "created_datetime": _now(call),
        "last_updated_datetime": _now(call),
        **values,
    }
    record = call.store.put(scope, CASE, case_id, {"fields": values}, {"templateId": parameters["templateId"]})
    case_changed(call, scope, "CASE.CREATED", record, values, values)
    return case_id


def _values(call: ServiceCall, record: Record) -> Values:
    values: Values = call.store.reveal(record)["fields"]
    return values


def _by_id(fields: list[dict[str, Any]]) -> Values:
    return {field["id"]: field["value"] for field in fields}


def _now(call: ServiceCall) -> dict[str, Any]:
    return {"stringValue": datetime.fromtimestamp(call.clock.now(), UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")}
