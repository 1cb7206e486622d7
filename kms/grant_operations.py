"""The operations on grants that are there: list, revoke, retire. `kms/grant_creation.py` makes them.

Follows "Retiring and revoking grants" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from kms import errors, refusals
from kms.authorization import enforce, judge_by_iam
from kms.cryptographic import stop_if_dry
from kms.grants import NOT_ENDED, PRINCIPAL_ARN, Grant, end, token_digest
from kms.key import KmsKey, get_key, resolve
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from shared.permissions import RESOURCE_POLICY, no_allow
from shared.rulings import GrantVerdict

RETIRING = (
    "A grant is retired by its retiring principal, by a grantee whom it lets, or by IAM of the account that owns the "
    "key, made the grant, or has the retiring principal."
)


def _account_of(principal: str) -> str | None:
    """The account of a user or role; None for a service."""
    return principal.split(":")[4] if principal.startswith("arn:") else None


@operation
def list_grants(
    call: KmsCall,
    *,
    key_id: str,
    grant_id: str | None = None,
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
    limit: int | None = None,
    marker: str | None = None,
) -> Page[Grant]:
    """The grants on a key in the order of their ids.

    grantee_service_principal: a filter for services alone.
    Raises: as `KmsCall.authorized_key`; InvalidMarker, InvalidRequest.
    """
    _refuse_service_filter(call, "GranteeServicePrincipal", grantee_service_principal)
    service_call = {"kms:grantisforawsresource": "true" if call.caller.invoked_by else "false"}
    key = call.authorized_key(key_id, conditions=service_call)
    where: dict[str, Any] = {"key_arn": key.arn, **NOT_ENDED}
    if grant_id is not None:
        where["grant_id"] = grant_id
    if grantee_principal is not None:
        where |= {"grantee_principal": grantee_principal, "grantee_is_service": 0}
    return page_of(call, "grants", where, "grant_id", limit, marker, Grant)


def _refuse_service_filter(call: KmsCall, name: str, value: str | None) -> None:
    """No service of this simulator lists grants, so nobody may use the filters that are for services alone."""
    if value is not None:
        raise errors.InvalidRequest(f"{name} can be used by service principals only.")


@operation
def list_retirable_grants(
    call: KmsCall,
    *,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
    limit: int | None = None,
    marker: str | None = None,
) -> Page[Grant]:
    """The grants that a principal of the caller's account may retire, on keys of any account in this Region.

    retiring_service_principal: a filter for services alone.
    Raises: AccessDenied, InvalidArn, InvalidMarker, InvalidRequest.
    """
    _refuse_service_filter(call, "RetiringServicePrincipal", retiring_service_principal)
    if retiring_principal is None:
        raise errors.InvalidRequest("RetiringPrincipal is required.")
    if not PRINCIPAL_ARN.match(retiring_principal):
        raise errors.InvalidArn(f"ARN {retiring_principal} is not valid.")
    ruling = judge_by_iam(call, permission=call.name, resource=retiring_principal)
    if ruling.refusal is None and _account_of(retiring_principal) != call.caller.account_id:
        refusal = no_allow(RESOURCE_POLICY, ruling.request.action)
        ruling = replace(ruling, refusal=refusal, note="The retiring principal must be of the caller's account.")
    enforce(call, ruling)
    where = {
        "retiring_principal": retiring_principal,
        **NOT_ENDED,
        **_on_keys_here(call),
    }
    return page_of(call, "grants", where, "grant_id", limit, marker, Grant)


def _on_keys_here(call: KmsCall) -> dict[str, str]:
    """All ARNs of the Region's keys, and no others: ";" is the character after ":"."""
    return {
        "key_arn__ge": f"arn:aws:kms:{call.caller.region}:",
        "key_arn__lt": f"arn:aws:kms:{call.caller.region};",
    }


@operation
def revoke_grant(call: KmsCall, *, key_id: str, grant_id: str, dry_run: bool = False) -> None:
    """Take a grant back; whoever lived off it is refused from now on."""
    service_call = {"kms:grantisforawsresource": "true" if call.caller.invoked_by else "false"}
    key = call.authorized_key(key_id, conditions=service_call)
    grant = _get_grant(call, key, grant_id)
    stop_if_dry(dry_run)
    end(call.engine, grant)
    call.response = {"keyId": key.arn}


@operation
def retire_grant(
    call: KmsCall,
    *,
    grant_token: str | None = None,
    key_id: str | None = None,
    grant_id: str | None = None,
    dry_run: bool = False,
) -> None:
    """Give a grant up: by its retiring principal, by a grantee who may, or by the account that made it."""
    grant = _grant_to_retire(call, grant_token, key_id, grant_id)
    key = get_key(call.engine.database, grant.key_arn)
    call.touches(key.arn, key.account_id)
    _authorize_retiring(call, key, grant)
    stop_if_dry(dry_run)
    end(call.engine, grant)
    call.additional = {"grantId": grant.grant_id}
    call.response = {"keyId": key.arn}


def _grant_to_retire(call: KmsCall, grant_token: str | None, key_id: str | None, grant_id: str | None) -> Grant:
    if grant_token is not None:
        if key_id is not None or grant_id is not None:
            raise errors.InvalidRequest("Specify a grant token, or a key ARN and a grant id.")
        token = call.engine.database.find("grant_tokens", {"token_digest": token_digest(grant_token)})
        if token is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")
        where = {"grant_id": token["grant_id"], **NOT_ENDED, **_on_keys_here(call)}
        row = call.engine.database.find("grants", where)
        if row is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")
        return Grant(**row)
    if key_id is None or grant_id is None:
        raise errors.InvalidRequest("Specify a grant token, or a key ARN and a grant id.")
    if not key_id.startswith("arn:"):
        raise errors.InvalidArn(f"Invalid arn {key_id}")
    key = resolve(call, key_id)[0]
    try:
        return _get_grant(call, key, grant_id)
    except errors.NotFound as absence:
        if key.account_id == call.caller.account_id:
            raise
        raise errors.AccessDenied(refusals.hiding(call.caller, f"kms:{call.name}")) from absence


def _authorize_retiring(call: KmsCall, key: KmsKey, grant: Grant) -> None:
    """kms:RetireGrant in IAM counts as a Deny, or in an account that owns the key, made the grant or may retire it."""
    names = call.caller.principal.names
    may_by_grant = grant.retiring_principal in names or (
        grant.grantee_principal in names and "RetireGrant" in grant.operations
    )
    ruling = judge_by_iam(call, permission="RetireGrant", resource=key.arn, key=key)
    refusal = ruling.refusal
    if may_by_grant:
        reason = "The caller is its retiring principal, or its grantee whom it lets retire it."
        refusal = refusal if ruling.is_explicit else None
    else:
        reason = "The caller is not its retiring principal, nor a grantee whom it lets retire it."
        accounts = (key.account_id, grant.issuing_account, _account_of(grant.retiring_principal or ""))
        if call.caller.is_service or call.caller.account_id not in accounts:
            refusal = refusal or no_allow(RESOURCE_POLICY, ruling.request.action)
    verdict = GrantVerdict(grant.grant_id, grant.name, grant.grantee_principal, may_by_grant, reason)
    enforce(call, replace(ruling, refusal=refusal, grants=(verdict,), note=RETIRING))


def _get_grant(call: KmsCall, key: KmsKey, grant_id: str) -> Grant:
    row = call.engine.database.find("grants", {"grant_id": grant_id, "key_arn": key.arn, **NOT_ENDED})
    if row is None:
        raise errors.NotFound(f"Grant ID {grant_id} not found")
    return Grant(**row)
