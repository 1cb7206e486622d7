"""Aliases on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import aliases as engine
from services.kms.engine_call import perform, wire_page

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_alias(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.create_alias, parameters)


def update_alias(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.update_alias, parameters)


def delete_alias(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.delete_alias, parameters)


def list_aliases(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_aliases, parameters)
    return wire_page(page, "Aliases", [_alias(alias) for alias in page.items])


def _alias(alias: engine.Alias) -> dict[str, Any]:
    return {
        "AliasName": alias.name,
        "AliasArn": alias.arn,
        "TargetKeyId": alias.key_arn and alias.key_arn.rpartition("/")[2],
        "CreationDate": alias.created_at,
        "LastUpdatedDate": alias.updated_at,
    }
