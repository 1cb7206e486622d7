"""The blueprint of Amazon Connect Cases."""

from __future__ import annotations

from typing import Any

from services.cases import cases, domains, errors, event_stream, fields, related_items, templates
from services.cases.data_classes import DATA_CLASSES
from services.cases.domain import domain_arn
from shared.identity import Caller
from shared.service import Service, quotas


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The domain that an operation is about; creating and listing domains are about none."""
    domain_id = parameters.get("domainId")
    return "*" if domain_id is None else domain_arn(caller, domain_id)


_PER_SECOND: dict[float, tuple[str, ...]] = {
    25: ("BatchGetField",),
    20: ("GetTemplate", "GetLayout"),
    15: ("GetCase", "ListFieldOptions"),
    10: ("CreateCase", "SearchCases", "UpdateCase", "ListTemplates", "CreateRelatedItem", "SearchRelatedItems"),
    5: (
        *("CreateDomain", "DeleteDomain", "GetDomain", "CreateField", "UpdateField", "DeleteField", "ListFields"),
        *("BatchPutFieldOptions", "CreateTemplate", "UpdateTemplate", "DeleteTemplate"),
        *("CreateLayout", "UpdateLayout", "DeleteLayout"),
    ),
}
"""Source: "Amazon Connect Cases service quotas"."""

SERVICE = Service(
    client_name="connectcases",
    modules=(domains, fields, templates, cases, related_items, event_stream),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    request_quotas=quotas(_PER_SECOND),
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)) | {"filter", "searchTerm"},
)
