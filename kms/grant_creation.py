"""CreateGrant: what a grant can be, and the one that is there already.

Follows "Creating grants" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kms import errors, key_specs
from kms.cryptographic import stop_if_dry
from kms.grants import EQUALS, NOT_ENDED, PRINCIPAL_ARN, SOURCE_ARN, SUBSET, Child, Constraints, token_digest
from kms.grants import encryption_context_of as pairs_of
from kms.key import KmsKey
from kms.operation import KmsCall, operation
from kms.tables import limit as quota
from shared.catalog import BY_PRINCIPAL


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

    Source: that whoever is not there is an invalid ARN is observed by those who create a grant right after a role; the
    text is from memory.
    """
    if principal in BY_PRINCIPAL:
        if call.caller.invoked_by is not BY_PRINCIPAL[principal] and call.caller.principal.name != principal:
            raise errors.InvalidRequest(f"The principal {principal} cannot be named in a grant.")
    elif not PRINCIPAL_ARN.match(principal) or not call.engine.identities.can_be_named(principal):
        raise errors.InvalidArn(f"ARN does not refer to a valid principal: {principal}")


def _plain(constraints: Constraints) -> dict[str, Any] | None:
    """As they rest; none at all where there are none."""
    return {kind: dict(given) if isinstance(given, Mapping) else given for kind, given in constraints.items()} or None
