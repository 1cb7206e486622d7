"""Related items: comments, whose text is protected, and contacts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.cases import errors
from services.cases.data_classes import CASE, COMMENT
from services.cases.domain import get_record, get_scope, list_page
from services.cases.event_stream import related_item_created

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_ITEMS = 50
_SIMULATED = {"Comment": "comment", "Contact": "contact"}


def create_related_item(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    case = get_record(call, scope, CASE, "Case", parameters["caseId"])
    kind = parameters["type"]
    if kind not in _SIMULATED:
        raise errors.invalid(f"Related items of type {kind} are not simulated.")
    if _SIMULATED[kind] not in parameters["content"]:
        raise errors.invalid(f"A related item of type {kind} needs {_SIMULATED[kind]} as its content.")
    if call.store.count(scope.arn, COMMENT, parent=case.record_id) >= MAX_ITEMS:
        raise errors.quota_exceeded("related items", MAX_ITEMS)
    item_id = call.randomness.uuid()
    content = {"content": parameters["content"]}
    record = call.store.put(scope, COMMENT, item_id, content, {"type": kind}, parent=case.record_id)
    related_item_created(call, scope, record, parameters["content"])
    return {
        "relatedItemId": item_id,
        "relatedItemArn": f"{scope.arn}/case/{case.record_id}/related-item/{item_id}",
    }


def search_related_items(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The related items of a case; of the filters, those by kind count."""
    scope = get_scope(call, parameters["domainId"])
    case = get_record(call, scope, CASE, "Case", parameters["caseId"])
    records, token = list_page(call, scope.arn, COMMENT, parent=case.record_id)
    wanted = {kind for item_filter in parameters.get("filters", []) for kind in item_filter}
    items = [
        {
            "relatedItemId": record.record_id,
            "type": record.attributes["type"],
            "associationTime": record.created_at,
            "content": call.store.reveal(record)["content"],
            "tags": {},
        }
        for record in records
        if not wanted or _SIMULATED[record.attributes["type"]] in wanted
    ]
    return {"relatedItems": items, "nextToken": token}
