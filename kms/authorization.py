"""May this caller use this key, in this context, now? Key policy, IAM policies and grants, explicit deny first.

Follows "Troubleshooting key access" of the AWS KMS Developer Guide: a key policy names the caller, or delegates to
the IAM of its account; IAM alone gives nothing; a grant is one more allow; a deny beats all three. What hangs on the
caller itself is weighed by `shared.permissions.decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from kms import errors, grants, refusals
from kms.conditions import condition_values
from kms.grants import Child, Grant, GrantUse
from shared.identity import NamedPolicy, root_arn
from shared.permissions import (
    RESOURCE_POLICY,
    IdentityDecision,
    decide,
    no_allow,
    refusal_on_resource,
    request_of,
)
from shared.policy import Decision, PolicyKind, evaluate, parse_policy
from shared.principal_context import Value
from shared.rulings import GrantVerdict, Ruling

if TYPE_CHECKING:
    from kms.key import KmsKey
    from kms.operation import KmsCall

_OTHERS_SHOWN = 50
"""How many grants of a key to others are remembered with a refusal: each says why it is none for this call."""


def judge(
    call: KmsCall,
    key: KmsKey,
    *,
    permission: str,
    conditions: Mapping[str, Value],
    encryption_context: Mapping[str, str] | None,
    request_alias: str | None = None,
    child: Child | None = None,
) -> Ruling:
    """Whether the caller may make a call on a key.

    permission: the action without its "kms:" prefix.
    child: the grant that CreateGrant is asked for, which decides whether a grant allows it.
    """
    values = condition_values(
        call, key, conditions=conditions, encryption_context=encryption_context, request_alias=request_alias
    )
    action = f"kms:{permission}"
    request = request_of(call.caller, action, key.arn, values)
    of_key_policy = request_of(call.caller, action, key.arn, values.of_key_policy)
    by_key_policy = evaluate(parse_policy(key.policy, PolicyKind.RESOURCE), of_key_policy)
    by_identity = decide(call.caller.principal, request)
    refusal = _refusal(call, key, by_key_policy, by_identity, action)
    verdicts = None
    if refusal is not None and permission in call.facts.grant_operations:
        use = _grant_use(call, permission, by_identity, encryption_context, child)
        verdicts = _ask_grants(call, key, use)
        is_denied = by_key_policy.denied_by is not None or by_identity.denied_by is not None
        if not is_denied and any(verdict.matched for verdict in verdicts):
            refusal = None
    values.settle(look_up=refusal is not None)
    policy = NamedPolicy("key policy", key.policy)
    note = "This operation does not work across accounts." if _crosses(call, key) else None
    return Ruling(call.caller.principal, request, refusal, policy, of_key_policy, verdicts, note)


def judge_by_iam(
    call: KmsCall,
    *,
    permission: str,
    resource: str = "*",
    conditions: Mapping[str, Value] | None = None,
    key: KmsKey | None = None,
) -> Ruling:
    """Whether the caller may make a call that uses no existing key, or no key policy: IAM alone decides.

    key: the one whose tags and aliases the policies may ask for, if there is one.
    """
    values = condition_values(call, key, conditions=conditions or {}, encryption_context=None)
    request = request_of(call.caller, f"kms:{permission}", resource, values)
    decision = decide(call.caller.principal, request)
    refusal = note = None
    if decision.denied_by is None and call.caller.is_service:
        note = "A service that acts alone needs no policy for this."
    elif not decision.allows:
        refusal = decision.reason(request.action)
    values.settle(look_up=refusal is not None)
    return Ruling(call.caller.principal, request, refusal, note=note)


def enforce(call: KmsCall, ruling: Ruling) -> None:
    """Note what was decided, and refuse what is refused. Raises: AccessDenied."""
    call.rulings.append(ruling)
    if ruling.refusal is not None:
        message = refusals.of_named_key(call.caller, ruling, ruling.refusal)
        raise errors.AccessDenied(message, explicit=ruling.is_explicit)


def authorize_by_iam(
    call: KmsCall,
    *,
    permission: str,
    resource: str = "*",
    conditions: Mapping[str, Value] | None = None,
) -> None:
    """Refuse what `judge_by_iam` does not allow. Raises: AccessDenied."""
    enforce(call, judge_by_iam(call, permission=permission, resource=resource, conditions=conditions))


def _refusal(
    call: KmsCall, key: KmsKey, by_key_policy: Decision, by_identity: IdentityDecision, action: str
) -> str | None:
    """Why the policies refuse, None if they allow."""
    owner = key.account_id
    refusal = refusal_on_resource(call.caller, owner, action, by_key_policy, by_identity, must_allow=True)
    if refusal is None and _crosses(call, key):
        return no_allow(RESOURCE_POLICY, action)
    return refusal


def _grant_use(
    call: KmsCall,
    permission: str,
    by_identity: IdentityDecision,
    encryption_context: Mapping[str, str] | None,
    child: Child | None,
) -> GrantUse:
    return GrantUse(
        operation=permission,
        principals=call.caller.principal.names,
        account_root=root_arn(call.caller.account_id),
        iam_allows=by_identity.allows,
        encryption_context=encryption_context,
        source_arn=call.caller.source_arn,
        now=call.engine.clock.now(),
        tokens=call.tokens,
        child=child,
    )


def _ask_grants(call: KmsCall, key: KmsKey, use: GrantUse) -> tuple[GrantVerdict, ...]:
    """What the caller's grants say, up to the first that allows; if none does, what those of others say too."""
    verdicts: list[GrantVerdict] = []
    for grant in grants.candidates(call, key):
        verdicts.append(_verdict(grant, use))
        if verdicts[-1].matched:
            return tuple(verdicts)
    return (*verdicts, *(_verdict(grant, use) for grant in grants.of_others(call, key, _OTHERS_SHOWN)))


def _verdict(grant: Grant, use: GrantUse) -> GrantVerdict:
    why = grants.miss(grant, use)
    reason = why or f"It allows {use.operation}."
    return GrantVerdict(grant.grant_id, grant.name, grant.grantee_principal, why is None, reason)


def _crosses(call: KmsCall, key: KmsKey) -> bool:
    """Whether the call reaches into another account, and is not among those that may."""
    elsewhere = call.caller.account_id != key.account_id and not call.caller.is_service
    return elsewhere and not call.facts.cross_account
