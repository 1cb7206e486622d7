"""Grants on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import grant_creation
from kms import grant_operations as engine
from kms.grants import Grant
from services.kms.engine_call import perform, wire, wire_page
from shared.identity import root_arn

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_grant(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return wire(perform(call, grant_creation.create_grant, parameters))


def list_grants(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_grants, parameters)
    return wire_page(page, "Grants", [_grant(grant) for grant in page.items])


def list_retirable_grants(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_retirable_grants, parameters)
    return wire_page(page, "Grants", [_grant(grant) for grant in page.items])


def revoke_grant(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.revoke_grant, parameters)


def retire_grant(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.retire_grant, parameters)


def _grant(grant: Grant) -> dict[str, Any]:
    grantee = "GranteeServicePrincipal" if grant.grantee_is_service else "GranteePrincipal"
    retiring = "RetiringServicePrincipal" if grant.retiring_is_service else "RetiringPrincipal"
    return {
        "KeyId": grant.key_arn,
        "GrantId": grant.grant_id,
        "Name": grant.name or "",
        "CreationDate": grant.created_at,
        grantee: grant.grantee_principal,
        retiring: grant.retiring_principal,
        "IssuingAccount": root_arn(grant.issuing_account),
        "Operations": grant.operations,
        "Constraints": grant.constraints,
    }
