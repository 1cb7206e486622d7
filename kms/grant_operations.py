"""The operations on grants: create, list, revoke, retire.

Follows "Creating grants" and "Retiring and revoking grants" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kms import errors, key_specs, key_states
from kms.authorization import authorize_by_iam
from kms.grants import Constraints, Grant, held_by_caller, token_digest
from kms.key import KmsKey, get_key, resolve
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from kms.tables import limit as quota
from shared.catalog import BY_PRINCIPAL
from shared.database import Row

_PRINCIPAL_ARN = re.compile(r"arn:aws:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role|federated-user)/.+)\Z")


@dataclass(frozen=True)
class CreatedGrant:
    grant_id: str
    grant_token: str


@operation
def create_grant(
    call: KmsCall,
    *,
    key_id: str,
    grantee_principal: str,
    operations: Sequence[str],
    retiring_principal: str | None = None,
    constraints: Constraints | None = None,
    grant_tokens: Sequence[str] = (),
    name: str | None = None,
    dry_run: bool = False,
) -> CreatedGrant:
    """Give a principal the use of a key.

    constraints: at most 8 pairs, values of at most 384 characters.
    Raises: as `KmsCall.authorized_key`; InvalidRequest, InvalidArn, LimitExceeded, DryRunSucceeded.
    """
    context = _constraint_context(constraints)
    key = _authorized_for_create(
        call, key_id, grantee_principal, retiring_principal, operations, constraints, context, grant_tokens
    )
    _check_request(call, key, grantee_principal, retiring_principal, operations, constraints)
    if dry_run:
        raise errors.DryRunSucceeded("The request would have succeeded, but the DryRun option is set.")
    database = call.engine.database
    grant_id = _same_grant(call, key, name, grantee_principal, retiring_principal, operations, constraints)
    if grant_id is None:
        if database.count("grants", {"key_arn": key.arn}) >= quota("grantsPerKey"):
            raise errors.LimitExceeded(f"Grant limit exceeded for key {key.arn}")
        grant_id = call.engine.randomness.hex(64)
        database.insert(
            "grants",
            {
                "grant_id": grant_id,
                "key_arn": key.arn,
                "issuing_account": call.caller.account_id,
                "name": name,
                "grantee_principal": grantee_principal,
                "retiring_principal": retiring_principal,
                "operations": list(operations),
                "constraints": _plain(constraints),
                "created_at": call.engine.clock.now(),
            },
        )
    token = call.engine.randomness.token_bytes(96).hex()
    database.insert("grant_tokens", {"token_digest": token_digest(token), "grant_id": grant_id})
    call.response = {"grantId": grant_id}
    return CreatedGrant(grant_id, token)


def _authorized_for_create(
    call: KmsCall,
    key_id: str,
    grantee: str,
    retiring: str | None,
    operations: Sequence[str],
    constraints: Constraints | None,
    context: Mapping[str, str],
    grant_tokens: Sequence[str],
) -> KmsKey:
    conditions: dict[str, Any] = {
        "kms:granteeprincipal": grantee,
        "kms:grantoperations": tuple(operations),
        "kms:grantisforawsresource": "true" if call.caller.invoked_by else "false",
    }
    if retiring is not None:
        conditions["kms:retiringprincipal"] = retiring
    if constraints:
        conditions["kms:grantconstrainttype"] = next(iter(constraints))
    try:
        return call.authorized_key(
            key_id,
            conditions=conditions,
            encryption_context=context,
            grant_tokens=grant_tokens,
            grant_operation="",
        )
    except errors.AccessDenied as denial:
        key = None if denial.explicit else _key_by_parent_grant(call, key_id, operations, constraints)
        if key is None:
            raise
        return key


def _key_by_parent_grant(
    call: KmsCall, key_id: str, operations: Sequence[str], constraints: Constraints | None
) -> KmsKey | None:
    """The key, if a grant of the caller's allows a child grant like this: no more operations, as strict or stricter."""
    key, _ = resolve(call, key_id)
    for parent in held_by_caller(call, key):
        if (
            "CreateGrant" in parent.operations
            and set(operations) <= set(parent.operations)
            and _as_strict(constraints, parent.constraints)
        ):
            key_states.check(call.name, key)
            return key
    return None


def _as_strict(child: Constraints | None, parent: Constraints | None) -> bool:
    if not parent:
        return True
    child = child or {}
    if "EncryptionContextEquals" in parent:
        return dict(child.get("EncryptionContextEquals", {})) == dict(parent["EncryptionContextEquals"])
    required = parent["EncryptionContextSubset"].items()
    return any(required <= pairs.items() for pairs in child.values())


def _check_request(
    call: KmsCall,
    key: KmsKey,
    grantee: str,
    retiring: str | None,
    operations: Sequence[str],
    constraints: Constraints | None,
) -> None:
    if not operations:
        raise errors.InvalidRequest("Operations must not be empty.")
    unfit = sorted(set(operations) - key_specs.grantable(key))
    if unfit:
        raise errors.InvalidRequest(
            f"Operation {unfit[0]} is not supported for a KMS key of key spec {key.key_spec} and usage {key.key_usage}."
        )
    for principal in (grantee, retiring):
        if principal is not None:
            _check_principal(call, principal)
    for pairs in (constraints or {}).values():
        if len(pairs) > quota("constraintPairs"):
            raise errors.InvalidRequest("A grant constraint can have at most 8 encryption context pairs.")
        if any(len(value) > quota("constraintValueCharacters") for value in pairs.values()):
            raise errors.InvalidRequest("An encryption context value in a grant constraint is too long.")
    if constraints and len(constraints) > 1:
        raise errors.InvalidRequest("Specify EncryptionContextSubset or EncryptionContextEquals, not both.")


def _check_principal(call: KmsCall, principal: str) -> None:
    """A service principal only from that service itself, acting for its caller: customers cannot name one."""
    if principal in BY_PRINCIPAL:
        if call.caller.invoked_by is not BY_PRINCIPAL[principal] and call.caller.principal.name != principal:
            raise errors.InvalidRequest(f"The principal {principal} cannot be named in a grant.")
    elif not _PRINCIPAL_ARN.match(principal):
        raise errors.InvalidArn(f"ARN {principal} is not valid.")


def _account_of(principal: str) -> str | None:
    """The account of a user or role; None for a service."""
    return principal.split(":")[4] if principal.startswith("arn:") else None


def _same_grant(
    call: KmsCall,
    key: KmsKey,
    name: str | None,
    grantee: str,
    retiring: str | None,
    operations: Sequence[str],
    constraints: Constraints | None,
) -> str | None:
    """With a name and identical parameters, CreateGrant returns the grant that is there."""
    if name is None:
        return None
    rows = call.engine.database.select("grants", {"key_arn": key.arn, "grantee_principal": grantee})
    for row in rows:
        same = (row["name"], row["retiring_principal"], sorted(row["operations"]), row["constraints"])
        if same == (name, retiring, sorted(operations), _plain(constraints)):
            return str(row["grant_id"])
    return None


@operation
def list_grants(
    call: KmsCall,
    *,
    key_id: str,
    grant_id: str | None = None,
    grantee_principal: str | None = None,
    limit: int | None = None,
    marker: str | None = None,
) -> Page[Grant]:
    """The grants on a key in the order of their ids.

    Raises: as `KmsCall.authorized_key`; InvalidMarker, InvalidRequest.
    """
    service_call = {"kms:grantisforawsresource": "true" if call.caller.invoked_by else "false"}
    key = call.authorized_key(key_id, conditions=service_call)
    where: dict[str, Any] = {"key_arn": key.arn}
    if grant_id is not None:
        where["grant_id"] = grant_id
    if grantee_principal is not None:
        where["grantee_principal"] = grantee_principal
    return page_of(call, "grants", where, "grant_id", limit, marker, Grant)


@operation
def list_retirable_grants(
    call: KmsCall, *, retiring_principal: str, limit: int | None = None, marker: str | None = None
) -> Page[Grant]:
    """The grants that a principal of the caller's account may retire, on keys of any account in this Region.

    Raises: AccessDenied, InvalidArn, InvalidMarker, InvalidRequest.
    """
    if not _PRINCIPAL_ARN.match(retiring_principal):
        raise errors.InvalidArn(f"ARN {retiring_principal} is not valid.")
    authorize_by_iam(call, permission=call.name, resource=retiring_principal)
    if _account_of(retiring_principal) != call.caller.account_id:
        raise errors.AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform: kms:{call.name} on resource: {retiring_principal}"
        )
    where = {
        "retiring_principal": retiring_principal,
        # All ARNs of the Region's keys, and no others: ";" is the character after ":".
        "key_arn__ge": f"arn:aws:kms:{call.caller.region}:",
        "key_arn__lt": f"arn:aws:kms:{call.caller.region};",
    }
    return page_of(call, "grants", where, "grant_id", limit, marker, Grant)


@operation
def revoke_grant(call: KmsCall, *, key_id: str, grant_id: str, dry_run: bool = False) -> None:
    """Take a grant back; whoever lived off it is refused from now on."""
    service_call = {"kms:grantisforawsresource": "true" if call.caller.invoked_by else "false"}
    key = call.authorized_key(key_id, conditions=service_call)
    grant = _get_grant(call, key, grant_id)
    if dry_run:
        raise errors.DryRunSucceeded("The request would have succeeded, but the DryRun option is set.")
    _remove(call, grant)
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
    if dry_run:
        raise errors.DryRunSucceeded("The request would have succeeded, but the DryRun option is set.")
    _remove(call, grant)
    call.additional = {"grantId": grant.grant_id}
    call.response = {"keyId": key.arn}


def _grant_to_retire(call: KmsCall, grant_token: str | None, key_id: str | None, grant_id: str | None) -> Grant:
    if grant_token is not None:
        if key_id is not None or grant_id is not None:
            raise errors.InvalidRequest("Specify a grant token, or a key ARN and a grant id.")
        token = call.engine.database.find("grant_tokens", {"token_digest": token_digest(grant_token)})
        if token is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")
        row = call.engine.database.find("grants", {"grant_id": token["grant_id"]})
        return Grant(**_present(row))
    if key_id is None or grant_id is None:
        raise errors.InvalidRequest("Specify a grant token, or a key ARN and a grant id.")
    if not key_id.startswith("arn:"):
        raise errors.InvalidArn(f"Invalid arn {key_id}")
    return _get_grant(call, get_key(call.engine.database, key_id), grant_id)


def _present(row: Row | None) -> Row:
    if row is None:
        raise errors.InvalidGrantToken("The grant token is not valid.")
    return row


def _authorize_retiring(call: KmsCall, key: KmsKey, grant: Grant) -> None:
    """kms:RetireGrant in IAM counts as a Deny, or in an account that owns the key, made the grant or may retire it."""
    names = call.caller.principal.names
    may_by_grant = grant.retiring_principal in names or (
        grant.grantee_principal in names and "RetireGrant" in grant.operations
    )
    try:
        authorize_by_iam(call, permission="RetireGrant", resource=key.arn, key=key)
        accounts = (key.account_id, grant.issuing_account, _account_of(grant.retiring_principal or ""))
        may_by_iam = call.caller.account_id in accounts
    except errors.AccessDenied as denial:
        if denial.explicit or not may_by_grant:
            raise
        may_by_iam = False
    if not (may_by_grant or (may_by_iam and not call.caller.is_service)):
        raise errors.AccessDenied(
            f"User: {call.caller.arn} is not authorized to perform: kms:RetireGrant on resource: {key.arn}"
        )


def _get_grant(call: KmsCall, key: KmsKey, grant_id: str) -> Grant:
    row = call.engine.database.find("grants", {"grant_id": grant_id, "key_arn": key.arn})
    if row is None:
        raise errors.NotFound(f"Grant ID {grant_id} not found")
    return Grant(**row)


def _remove(call: KmsCall, grant: Grant) -> None:
    call.engine.database.delete("grants", {"grant_id": grant.grant_id})
    call.engine.database.delete("grant_tokens", {"grant_id": grant.grant_id})


def _constraint_context(constraints: Constraints | None) -> Mapping[str, str]:
    """What policy conditions on CreateGrant see as the encryption context: the constraint's pairs."""
    return next(iter(constraints.values()), {}) if constraints else {}


def _plain(constraints: Constraints | None) -> dict[str, dict[str, str]] | None:
    return {kind: dict(pairs) for kind, pairs in constraints.items()} if constraints else None
