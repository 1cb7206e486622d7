"""Key policies on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import key_policy as engine
from services.kms.engine_call import perform, wire_page

if TYPE_CHECKING:
    from services.call import ServiceCall


def put_key_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.put_key_policy, parameters)


def get_key_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"Policy": perform(call, engine.get_key_policy, parameters), "PolicyName": engine.POLICY_NAME}


def list_key_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_key_policies, parameters)
    return wire_page(page, "PolicyNames", page.items)
