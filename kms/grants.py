"""Grants: one more allow for one grantee on one key, with a list of operations and a constraint on the call.

Follows "Grants in AWS KMS". A grant works at once, and its end is its end, unless eventual consistency is switched on
(`shared/faults.py`): then a new grant works for those who send its token, and for all others some time later.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms import errors
from shared.identity import root_arn

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.key import KmsKey
    from kms.operation import KmsCall

EQUALS, SUBSET, SOURCE_ARN = "EncryptionContextEquals", "EncryptionContextSubset", "SourceArn"

Constraints = Mapping[str, Any]
"""As in CreateGrant: EncryptionContextSubset or EncryptionContextEquals with pairs, and SourceArn with an ARN."""

NOT_ENDED: Mapping[str, Any] = {"ends_at": None}
"""Rows of grants that were neither revoked nor retired."""

PRINCIPAL_ARN = re.compile(r"arn:aws:(?:iam|sts)::\d{12}:(?:root|(?:user|role|assumed-role|federated-user)/.+)\Z")
"""Whom a grant can name: an account, a user, a role, a session."""

_WITHOUT_CONTEXT = frozenset({"DescribeKey", "RetireGrant"})


@dataclass(frozen=True)
class Grant:
    """One grant. created_at, works_from, ends_at: seconds since the epoch. issuing_account: 12 digits.

    grantee_is_service, retiring_is_service: named by GranteeServicePrincipal and RetiringServicePrincipal.
    works_from: until then it needs its token. ends_at: it was ended, and still works until then. None: not so.
    """

    grant_id: str
    key_arn: str
    issuing_account: str
    name: str | None
    grantee_principal: str
    retiring_principal: str | None
    operations: list[str]
    constraints: dict[str, Any] | None
    created_at: float
    grantee_is_service: int = 0
    retiring_is_service: int = 0
    works_from: float | None = None
    ends_at: float | None = None


@dataclass(frozen=True)
class Child:
    """The grant that a call of CreateGrant asks for."""

    operations: Sequence[str]
    constraints: Constraints


@dataclass(frozen=True)
class GrantUse:
    """What one call asks of the grants on its key.

    principals: the names of the caller. account_root: the root ARN of its account, and iam_allows: whether the
    account's own policies allow the call. now: seconds since the epoch. tokens: ids of the grants whose tokens came.
    child: for CreateGrant alone.
    """

    operation: str
    principals: tuple[str, ...]
    account_root: str
    iam_allows: bool
    encryption_context: Mapping[str, str] | None
    source_arn: str | None
    now: float
    tokens: frozenset[str] = frozenset()
    child: Child | None = None


def miss(grant: Grant, use: GrantUse) -> str | None:
    """Why a grant does not allow a call, as a sentence for people; None if it does.

    A grant to an account is for those whom its IAM policies allow the call. Inferred: no page says what one does.
    """
    if grant.grantee_principal == use.account_root and not use.iam_allows:
        why: str | None = "Its grantee is the caller's account, and no identity-based policy there allows the call."
    elif grant.grantee_principal not in (*use.principals, use.account_root):
        why = f"Its grantee is {grant.grantee_principal}."
    elif use.operation not in grant.operations:
        why = f"Its operations do not include {use.operation}."
    elif grant.works_from is not None and grant.works_from > use.now and grant.grant_id not in use.tokens:
        why = "It is new, and has not reached all of AWS KMS; until then it works with its grant token only."
    elif grant.ends_at is not None and grant.ends_at <= use.now:
        why = "It was revoked or retired."
    else:
        why = _child_miss(grant, use.child) if use.child is not None else None
        why = why or _constraint_miss(grant.constraints or {}, use)
    return why


def _child_miss(parent: Grant, child: Child) -> str | None:
    """A grant that comes from a grant allows no more operations, and its constraints are as strict or stricter."""
    more = sorted(set(child.operations) - set(parent.operations))
    if more:
        return f"It cannot hand on {', '.join(more)}, which it does not hold."
    if not is_as_strict(child.constraints, parent.constraints or {}):
        return "The new grant's constraints are less strict than its own."
    return None


def _constraint_miss(constraints: Constraints, use: GrantUse) -> str | None:
    source_arn = constraints.get(SOURCE_ARN)
    if source_arn is not None and source_arn != use.source_arn:
        return f"Its constraint {SOURCE_ARN} wants {source_arn}; {_on_behalf(use.source_arn)}."
    if use.child is not None or use.operation in _WITHOUT_CONTEXT:
        return None
    context = dict(use.encryption_context or {})
    for kind, wanted in constraints.items():
        if (kind == EQUALS and wanted != context) or (kind == SUBSET and not wanted.items() <= context.items()):
            return f"Its constraint {kind} wants {_pairs(wanted)}; the encryption context is {_pairs(context)}."
    return None


def _on_behalf(source_arn: str | None) -> str:
    return "the call is made for no resource" if source_arn is None else f"the call is made for {source_arn}"


def _pairs(pairs: Mapping[str, str]) -> str:
    return ", ".join(f"{name}={value}" for name, value in sorted(pairs.items())) or "empty"


def is_as_strict(child: Constraints, parent: Constraints) -> bool:
    """Whether a child's constraints let nothing pass that the parent's would stop."""
    if SOURCE_ARN in parent and child.get(SOURCE_ARN) != parent[SOURCE_ARN]:
        return False
    if EQUALS in parent:
        return EQUALS in child and dict(child[EQUALS]) == dict(parent[EQUALS])
    if SUBSET in parent:
        return any(parent[SUBSET].items() <= child[kind].items() for kind in (SUBSET, EQUALS) if kind in child)
    return True


def encryption_context_of(constraints: Constraints) -> Mapping[str, str]:
    """The pairs that constraints speak of."""
    pairs: Mapping[str, str] = constraints.get(EQUALS) or constraints.get(SUBSET) or {}
    return pairs


def candidates(call: KmsCall, key: KmsKey) -> list[Grant]:
    """The grants on a key whose grantee is the caller, or its account."""
    where = {"key_arn": key.arn, "grantee_principal": _grantees(call)}
    return [Grant(**row) for row in call.engine.database.select("grants", where)]


def of_others(call: KmsCall, key: KmsKey, limit: int) -> list[Grant]:
    """Some grants on a key that are for somebody else."""
    rows = call.engine.database.select("grants", {"key_arn": key.arn, **NOT_ENDED}, order=["grant_id"], limit=limit)
    return [Grant(**row) for row in rows if row["grantee_principal"] not in _grantees(call)]


def _grantees(call: KmsCall) -> tuple[str, ...]:
    return (*call.caller.principal.names, root_arn(call.caller.account_id))


def accept_tokens(call: KmsCall, grant_tokens: Sequence[str]) -> None:
    """Note the grants whose tokens a call brings.

    Raises: InvalidGrantToken if one of the tokens was never given out or its grant is gone.
    """
    for token in grant_tokens:
        row = call.engine.database.find("grant_tokens", {"token_digest": token_digest(token)})
        if row is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")
        call.tokens |= {row["grant_id"]}


def token_digest(token: str) -> str:
    """Tokens rest as digests only: who reads the disk cannot use them."""
    return hashlib.sha256(token.encode()).hexdigest()


def end(engine: Engine, grant: Grant) -> None:
    """Revoke or retire a grant: it is gone from lists at once, and works as long as consistency takes."""
    delay = engine.faults.grant_consistency_seconds
    if delay:
        engine.database.update("grants", {"grant_id": grant.grant_id}, {"ends_at": engine.clock.now() + delay})
    else:
        _remove(engine, grant.grant_id)


def remove_ended(engine: Engine) -> None:
    """Forget the grants whose end has reached all of AWS KMS."""
    for row in engine.database.select("grants", {"ends_at__le": engine.clock.now()}):
        _remove(engine, row["grant_id"])


def _remove(engine: Engine, grant_id: str) -> None:
    engine.database.delete("grants", {"grant_id": grant_id})
    engine.database.delete("grant_tokens", {"grant_id": grant_id})
