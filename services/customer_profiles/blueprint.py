"""The blueprint of Amazon Connect Customer Profiles."""

from __future__ import annotations

from typing import Any

from services.customer_profiles import domains, errors, keys, object_types, objects, profiles, search
from services.customer_profiles.data_classes import DATA_CLASSES
from services.customer_profiles.domain import domain_arn, object_type_arn
from shared.identity import Caller
from shared.service import Service


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The domain or object type that an operation is about; listing domains is about none."""
    domain, object_type = parameters.get("DomainName"), parameters.get("ObjectTypeName")
    if domain is None:
        return "*"
    return domain_arn(caller, domain) if object_type is None else object_type_arn(caller, domain, object_type)


SERVICE = Service(
    client_name="customer-profiles",
    modules=(domains, profiles, keys, search, object_types, objects),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)),
)
