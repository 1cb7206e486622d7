"""A Connect instance as outbound campaigns know it: the scope of all that is queued for it. No operations here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kms.ownership import Scope
from services.outbound_campaigns import errors
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall


def instance_arn(region: str, account_id: str, instance_id: str) -> str:
    return build_arn("connect", region, account_id, f"instance/{instance_id}")


def get_instance(call: ServiceCall, instance_id: str) -> Scope:
    """The scope of an onboarded instance. Raises: ServiceError("ResourceNotFoundException")."""
    scope = call.store.find_scope(instance_arn(call.region, call.account_id, instance_id))
    if scope is None:
        raise errors.not_found(f"The configuration of instance {instance_id}")
    return scope
