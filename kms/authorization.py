"""May this caller use this key, in this context, now? Key policy, IAM policies and grants, explicit deny first.

Follows "Troubleshooting key access" of the AWS KMS Developer Guide: a key policy names the caller, or delegates to
the IAM of its account; IAM alone gives nothing; a grant is one more allow; a deny beats all three.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from kms import errors, grants
from kms.conditions import condition_values
from shared.identity import Caller
from shared.permissions import decide
from shared.policy import Decision, PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.principal_context import Value

if TYPE_CHECKING:
    from kms.key import KmsKey
    from kms.operation import KmsCall


def authorize(
    call: KmsCall,
    key: KmsKey,
    *,
    permission: str,
    conditions: Mapping[str, Value],
    encryption_context: Mapping[str, str] | None,
    request_alias: str | None = None,
    grant_operation: str | None = None,
) -> None:
    """Refuse a call on a key that nothing allows, or something denies.

    permission: the action without its "kms:" prefix.
    grant_operation: the operation a grant must hold, where it is not `permission` itself; "" lets no grant count.
    Raises: AccessDenied, worded as IAM words it.
    """
    values = condition_values(
        call, key, conditions=conditions, encryption_context=encryption_context, request_alias=request_alias
    )
    request = _policy_request(call.caller, f"kms:{permission}", key.arn, values)
    by_key_policy = evaluate(parse_policy(key.policy, PolicyKind.RESOURCE), request)
    by_identity = decide(call.caller.principal, request)
    if by_key_policy.denied_by is not None:
        _deny(request, call.caller, "with an explicit deny in a resource-based policy")
    if by_identity.denied_by is not None:
        _deny(request, call.caller, "with an explicit deny in an identity-based policy")
    if _policies_allow(call, key, by_key_policy, by_identity):
        return
    operation = permission if grant_operation is None else grant_operation
    if operation in call.facts.grant_operations and grants.find_allowing(call, key, operation, encryption_context):
        return
    kind = "identity" if by_key_policy.delegated_by and by_identity.allowed_by is None else "resource"
    _deny(request, call.caller, f"because no {kind}-based policy allows the {request.action} action")


def authorize_by_iam(
    call: KmsCall,
    *,
    permission: str,
    resource: str = "*",
    conditions: Mapping[str, Value] | None = None,
    key: KmsKey | None = None,
) -> None:
    """Refuse a call that uses no existing key, or no key policy, and that the caller's IAM policies do not allow.

    key: the one whose tags and aliases the policies may ask for, if there is one.
    Raises: AccessDenied.
    """
    values = condition_values(call, key, conditions=conditions or {}, encryption_context=None)
    request = _policy_request(call.caller, f"kms:{permission}", resource, values)
    decision = decide(call.caller.principal, request)
    if decision.denied_by is not None:
        _deny(request, call.caller, "with an explicit deny in an identity-based policy")
    if decision.allowed_by is None and not call.caller.is_service:
        _deny(request, call.caller, f"because no identity-based policy allows the {request.action} action")


def _policies_allow(call: KmsCall, key: KmsKey, by_key_policy: Decision, by_identity: Decision) -> bool:
    caller = call.caller
    identity_allows = by_identity.allowed_by is not None
    if caller.account_id == key.account_id or caller.is_service:
        named = by_key_policy.allowed_by is not None
        return named or (by_key_policy.delegated_by is not None and identity_allows)
    if not call.facts.cross_account:
        return False
    named_or_delegated = by_key_policy.allowed_by is not None or by_key_policy.delegated_by is not None
    return named_or_delegated and identity_allows


def _policy_request(caller: Caller, action: str, resource: str, values: Mapping[str, Value]) -> PolicyRequest:
    return PolicyRequest(
        action=action,
        resource=resource,
        principal_arns=caller.principal.naming_arns,
        account_id=caller.account_id,
        service_principal=caller.principal.service_principal,
        context=values,
    )


def _deny(request: PolicyRequest, caller: Caller, reason: str) -> NoReturn:
    raise errors.AccessDenied(
        f"User: {caller.arn} is not authorized to perform: {request.action} on resource: {request.resource} {reason}",
        explicit=reason.startswith("with"),
    )
