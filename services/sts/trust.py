"""May this caller have a session of this role? The role's trust policy decides, with the policies on the caller.

A trust policy must name the caller, or delegate to its account; then, and across accounts always, the policies on the
caller must allow too. Who is refused is not told whether the role is there.
Source: IAM User Guide, "Policy evaluation logic" and "How to use an external ID"; STS API Reference, AssumeRole.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sts import errors
from shared.database import Row
from shared.identity import FEDERATED, Caller, NamedPolicy
from shared.permissions import (
    RESOURCE_POLICY,
    IdentityDecision,
    decide,
    denial,
    no_allow,
    refusal_on_resource,
    request_of,
)
from shared.policy import PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.principal_context import Value
from shared.rulings import Ruling

_NO_FEDERATED = "A federated user cannot assume a role."
"""Source: the model's documentation of GetFederationToken."""


def authorize(
    caller: Caller,
    role: Row | None,
    role_arn: str,
    action: str,
    context: Mapping[str, Value],
    rulings: list[Ruling],
) -> Row:
    """The role, if the caller may do this with it. action: such as "sts:AssumeRole". Raises: AccessDenied.

    rulings: where to note what was decided.
    """
    request = request_of(caller, action, role_arn, context)
    by_identity = decide(caller.principal, request)
    trust = NamedPolicy("trust policy", role["trust_policy"]) if role is not None else None
    refusal = _refusal(caller, role, request, by_identity)
    note = _NO_FEDERATED if caller.principal.kind == FEDERATED else None
    note = "There is no such role." if role is None else note
    ruling = Ruling(caller.principal, request, refusal, trust, note=note, resource_kind=PolicyKind.TRUST)
    rulings.append(ruling)
    if role is None or refusal is not None:
        told = refusal if ruling.is_explicit else ""
        raise errors.denied(denial(caller, request, told or "").rstrip())
    return role


def _refusal(caller: Caller, role: Row | None, request: PolicyRequest, by_identity: IdentityDecision) -> str | None:
    """Why the policies refuse, None if they allow."""
    if role is None or caller.principal.kind == FEDERATED:
        return (
            by_identity.reason(request.action) if by_identity.denied_by else no_allow(RESOURCE_POLICY, request.action)
        )
    by_trust = evaluate(parse_policy(role["trust_policy"], PolicyKind.TRUST), request)
    return refusal_on_resource(caller, role["account_id"], request.action, by_trust, by_identity, must_allow=True)
