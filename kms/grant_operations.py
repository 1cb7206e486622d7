"""The operations on grants: create, list, revoke, retire.

Follows "Creating grants" and "Retiring and revoking grants" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from kms import errors, key_specs
from kms.authorization import enforce, judge_by_iam
from kms.cryptographic import stop_if_dry
from kms.grants import EQUALS, NOT_ENDED, SOURCE_ARN, SUBSET, Child, Constraints, Grant, end, token_digest
from kms.grants import encryption_context_of as pairs_of
from kms.key import KmsKey, get_key
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from kms.tables import limit as quota
from shared.catalog import BY_PRINCIPAL
from shared.permissions import RESOURCE_POLICY, no_allow
from shared.rulings import GrantVerdict

_PRINCIPAL_ARN = re.compile(r"arn:aws:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role|federated-user)/.+)\Z")

_RETIRING = (
    "A grant is retired by its retiring principal, by a grantee whom it lets, or by IAM of the account that owns the "
    "key, made the grant, or has the retiring principal."
)


@dataclass(frozen=True)
class CreatedGrant:
    grant_id: str
    grant_token: str


@dataclass(frozen=True)
class _Wanted:
    """The grant that CreateGrant is asked for."""

    name: str | None
    grantee: str
    grantee_is_service: bool
    retiring: str | None
    retiring_is_service: bool
    operations: Sequence[str]
    constraints: Constraints

    def is_made_by(self, row: Mapping[str, Any]) -> bool:
        """Whether a grant is this one: with a name, identical parameters make no second grant."""
        return self.name is not None and all(
            row[column] == value if column != "operations" else sorted(row[column]) == sorted(value)
            for column, value in self.columns().items()
        )

    def columns(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "grantee_principal": self.grantee,
            "grantee_is_service": int(self.grantee_is_service),
            "retiring_principal": self.retiring,
            "retiring_is_service": int(self.retiring_is_service),
            "operations": list(self.operations),
            "constraints": _plain(self.constraints),
        }

    def conditions(self, *, for_service: bool) -> dict[str, Any]:
        """The condition keys of CreateGrant. for_service: a service makes it with its caller's session."""
        values: dict[str, Any] = {
            "kms:grantoperations": tuple(self.operations),
            "kms:grantisforawsresource": str(for_service).lower(),
            f"kms:grantee{'service' if self.grantee_is_service else ''}principal": self.grantee,
        }
        if self.retiring is not None:
            values[f"kms:retiring{'service' if self.retiring_is_service else ''}principal"] = self.retiring
        for kind in (EQUALS, SUBSET):
            if kind in self.constraints:
                values["kms:grantconstrainttype"] = kind
        if SOURCE_ARN in self.constraints:
            values["kms:grantconstraintsourcearn"] = self.constraints[SOURCE_ARN]
        return values


@operation
def create_grant(
    call: KmsCall,
    *,
    key_id: str,
    operations: Sequence[str],
    grantee_principal: str | None = None,
    grantee_service_principal: str | None = None,
    retiring_principal: str | None = None,
    retiring_service_principal: str | None = None,
    constraints: Constraints | None = None,
    grant_tokens: Sequence[str] = (),
    name: str | None = None,
    dry_run: bool = False,
) -> CreatedGrant:
    """Give a principal, or a service for the sake of one resource, the use of a key.

    constraints: at most 8 pairs, values of at most 384 characters.
    Raises: as `KmsCall.authorized_key`; InvalidRequest, InvalidArn, LimitExceeded, DryRunSucceeded.
    """
    grantee = grantee_principal or grantee_service_principal
    if grantee is None or (grantee_principal and grantee_service_principal):
        raise errors.InvalidRequest("Specify either GranteePrincipal or GranteeServicePrincipal.")
    if retiring_principal and retiring_service_principal:
        raise errors.InvalidRequest("Specify RetiringPrincipal or RetiringServicePrincipal, not both.")
    wanted = _Wanted(
        name,
        grantee,
        grantee_service_principal is not None,
        retiring_principal or retiring_service_principal,
        retiring_service_principal is not None,
        operations,
        constraints or {},
    )
    key = call.authorized_key(
        key_id,
        conditions=wanted.conditions(for_service=call.caller.invoked_by is not None),
        encryption_context=pairs_of(wanted.constraints),
        grant_tokens=grant_tokens,
        child=Child(operations, wanted.constraints),
    )
    _check(call, key, wanted)
    stop_if_dry(dry_run)
    grant_id = _find_same(call, key, wanted) or _add(call, key, wanted)
    token = call.engine.randomness.token_bytes(96).hex()
    call.engine.database.insert("grant_tokens", {"token_digest": token_digest(token), "grant_id": grant_id})
    call.response = {"grantId": grant_id}
    return CreatedGrant(grant_id, token)


def _add(call: KmsCall, key: KmsKey, wanted: _Wanted) -> str:
    """Store a new grant; returns its id."""
    database, now = call.engine.database, call.engine.clock.now()
    if database.count("grants", {"key_arn": key.arn, **NOT_ENDED}) >= quota("grantsPerKey"):
        raise errors.LimitExceeded(f"Grant limit exceeded for key {key.arn}")
    delay = call.engine.faults.grant_consistency_seconds
    # A service that makes its own grant holds the token, and uses it as long as it must.
    service = call.caller.invoked_by
    waits = delay > 0 and (service is None or service.principal != wanted.grantee)
    grant_id = call.engine.randomness.hex(64)
    row = {
        "grant_id": grant_id,
        "key_arn": key.arn,
        "issuing_account": call.caller.account_id,
        "created_at": now,
        "works_from": now + delay if waits else None,
        **wanted.columns(),
    }
    database.insert("grants", row)
    return grant_id


def _find_same(call: KmsCall, key: KmsKey, wanted: _Wanted) -> str | None:
    where = {"key_arn": key.arn, "grantee_principal": wanted.grantee, **NOT_ENDED}
    rows = call.engine.database.select("grants", where) if wanted.name is not None else []
    return next((str(row["grant_id"]) for row in rows if wanted.is_made_by(row)), None)


def _check(call: KmsCall, key: KmsKey, wanted: _Wanted) -> None:
    """What a grant on this key can be. Raises: InvalidRequest, InvalidArn."""
    if not wanted.operations:
        raise errors.InvalidRequest("Operations must not be empty.")
    unfit = sorted(set(wanted.operations) - key_specs.grantable(key))
    if unfit:
        raise errors.InvalidRequest(
            f"Operation {unfit[0]} is not supported for a KMS key of key spec {key.key_spec} and usage {key.key_usage}."
        )
    if not wanted.grantee_is_service:
        _check_principal(call, wanted.grantee)
    elif SOURCE_ARN not in wanted.constraints or wanted.retiring is None:
        raise errors.InvalidRequest(
            "GranteeServicePrincipal takes a SourceArn grant constraint, and RetiringPrincipal or "
            "RetiringServicePrincipal."
        )
    if wanted.retiring is not None and not wanted.retiring_is_service:
        _check_principal(call, wanted.retiring)
    _check_context(key, wanted.constraints)


def _check_context(key: KmsKey, constraints: Constraints) -> None:
    if EQUALS in constraints and SUBSET in constraints:
        raise errors.InvalidRequest("Specify EncryptionContextSubset or EncryptionContextEquals, not both.")
    if (EQUALS in constraints or SUBSET in constraints) and not key_specs.is_symmetric(key):
        raise errors.InvalidRequest(
            f"Encryption context grant constraints are for symmetric encryption keys; {key.arn} is {key.key_spec}."
        )
    pairs = pairs_of(constraints)
    if len(pairs) > quota("constraintPairs"):
        raise errors.InvalidRequest("A grant constraint can have at most 8 encryption context pairs.")
    if any(len(value) > quota("constraintValueCharacters") for value in pairs.values()):
        raise errors.InvalidRequest("An encryption context value in a grant constraint is too long.")


def _check_principal(call: KmsCall, principal: str) -> None:
    """A service as a plain principal only from itself, acting for its caller: customers use the service members.

    Source: that whoever is not there is an invalid ARN is observed by those who create a grant right after a role.
    """
    if principal in BY_PRINCIPAL:
        if call.caller.invoked_by is not BY_PRINCIPAL[principal] and call.caller.principal.name != principal:
            raise errors.InvalidRequest(f"The principal {principal} cannot be named in a grant.")
    elif not _PRINCIPAL_ARN.match(principal) or not call.engine.identities.can_be_named(principal):
        raise errors.InvalidArn(f"ARN {principal} is not valid.")


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
    if not _PRINCIPAL_ARN.match(retiring_principal):
        raise errors.InvalidArn(f"ARN {retiring_principal} is not valid.")
    ruling = judge_by_iam(call, permission=call.name, resource=retiring_principal)
    if ruling.refusal is None and _account_of(retiring_principal) != call.caller.account_id:
        refusal = no_allow(RESOURCE_POLICY, ruling.request.action)
        ruling = replace(ruling, refusal=refusal, note="The retiring principal must be of the caller's account.")
    enforce(call, ruling)
    where = {
        "retiring_principal": retiring_principal,
        **NOT_ENDED,
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
        row = call.engine.database.find("grants", {"grant_id": token["grant_id"], **NOT_ENDED})
        if row is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")
        return Grant(**row)
    if key_id is None or grant_id is None:
        raise errors.InvalidRequest("Specify a grant token, or a key ARN and a grant id.")
    if not key_id.startswith("arn:"):
        raise errors.InvalidArn(f"Invalid arn {key_id}")
    return _get_grant(call, get_key(call.engine.database, key_id), grant_id)


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
    enforce(call, replace(ruling, refusal=refusal, grants=(verdict,), note=_RETIRING))


def _get_grant(call: KmsCall, key: KmsKey, grant_id: str) -> Grant:
    row = call.engine.database.find("grants", {"grant_id": grant_id, "key_arn": key.arn, **NOT_ENDED})
    if row is None:
        raise errors.NotFound(f"Grant ID {grant_id} not found")
    return Grant(**row)


def _plain(constraints: Constraints) -> dict[str, Any] | None:
    """As they rest; none at all where there are none."""
    return {kind: dict(given) if isinstance(given, Mapping) else given for kind, given in constraints.items()} or None
