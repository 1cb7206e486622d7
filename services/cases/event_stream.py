"""The event stream of a domain: its configuration, and the events of cases and related items for EventBridge.

Follows "Set up case event streams" of the administrator guide: what an event includes is the customer's choice, the
state after the change, values that are there. Cases reads nothing for it that the operation has not opened already.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.cases.domain import get_scope
from services.cases.fields import SYSTEM_FIELDS
from services.eventbridge.publish import publish

if TYPE_CHECKING:
    from services.call import ServiceCall

SOURCE = "aws.cases"
DETAIL_TYPE = "Amazon Connect Cases Event"
CONFIGURATION = "event-configuration"

_TOLD = frozenset({"body", "contactArn"})
_CHANGED = {"comment": "comment.commentText", "contact": "contact.contactArn"}
"""What events call the one attribute of a related item. The name for contacts is our choice."""

Values = Mapping[str, dict[str, Any]]
"""Field id -> value union."""


def put_case_event_configuration(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_scope(call, parameters["domainId"])
    call.store.put_plain(scope.arn, CONFIGURATION, CONFIGURATION, {"eventBridge": parameters["eventBridge"]})
    return {}


def get_case_event_configuration(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"eventBridge": _configuration(call, get_scope(call, parameters["domainId"]))}


def case_changed(
    call: ServiceCall, scope: Scope, event_type: str, record: Record, values: Values, changed: Iterable[str]
) -> None:
    """Tell of a case. values: as they are now. changed: ids of fields. Raises: KmsRefusal."""
    included = _configuration(call, scope).get("includedData", {}).get("caseData")
    case = {
        "caseId": record.record_id,
        "templateId": record.attributes["templateId"],
        "createdDateTime": _as_text(record.created_at),
    }
    if included is not None:
        case["fields"] = {
            field_id: {"value": value}
            for field_id, value in values.items()
            if _is_included(included, field_id) and "emptyValue" not in value
        }
    detail = {"changedFieldIds": sorted(changed), "case": case}
    _publish(call, scope, event_type, detail, [f"{scope.arn}/case/{record.record_id}"])


def related_item_created(call: ServiceCall, scope: Scope, record: Record, content: dict[str, Any]) -> None:
    """Tell of a comment or a contact. content: as in CreateRelatedItem. Raises: KmsRefusal."""
    included = _configuration(call, scope).get("includedData", {}).get("relatedItemData", {})
    item = {
        "relatedItemType": record.attributes["type"],
        "relatedItemId": record.record_id,
        "caseId": record.parent,
        "createdDateTime": _as_text(record.created_at),
    }
    if included.get("includeContent", False):
        item |= {
            kind: {name: value for name, value in members.items() if name in _TOLD} for kind, members in content.items()
        }
    case_arn = f"{scope.arn}/case/{record.parent}"
    resources = [case_arn, f"{case_arn}/related-item/{record.record_id}"]
    changed = [_CHANGED[kind] for kind in content if kind in _CHANGED]
    detail = {"changedAttributes": changed, "relatedItem": item}
    _publish(call, scope, "RELATED_ITEM.CREATED", detail, resources)


def _publish(call: ServiceCall, scope: Scope, event_type: str, detail: dict[str, Any], resources: list[str]) -> None:
    if not _configuration(call, scope)["enabled"]:
        return
    now = int(call.clock.now() * 1000)
    publish(
        call.simulator,
        account_id=scope.account_id,
        region=scope.region,
        source=SOURCE,
        detail_type=DETAIL_TYPE,
        detail={"version": "0", "eventType": event_type, "approximateChangeTime": now, **detail},
        resources=[scope.arn, *resources],
    )


def _configuration(call: ServiceCall, scope: Scope) -> dict[str, Any]:
    record = call.store.find(scope.arn, CONFIGURATION, CONFIGURATION)
    configuration: dict[str, Any] = {"enabled": False} if record is None else record.attributes["eventBridge"]
    return configuration


def _is_included(included: Mapping[str, Any], field_id: str) -> bool:
    kind = "System" if field_id in SYSTEM_FIELDS else "Custom"
    return included.get("autoIncludeFields") in ("All", kind) or {"id": field_id} in included["fields"]


def _as_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
