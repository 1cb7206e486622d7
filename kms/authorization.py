"""May this caller use this key, in this context, now? Key policy, IAM policies and grants, explicit deny first.

Follows "Troubleshooting key access" of the AWS KMS Developer Guide: a key policy names the caller, or delegates to
the IAM of its account; IAM alone gives nothing; a grant is one more allow; a deny beats all three. What hangs on the
caller itself is weighed by `shared.permissions.decide`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

from kms import errors, grants
from kms.conditions import condition_values
from shared.identity import Caller
from shared.permissions import (
    RESOURCE_POLICY,
    decide,
    denial,
    explicit_deny,
    missing_allow,
    no_allow,
    request_of,
)
from shared.policy import PolicyKind, PolicyRequest, evaluate, parse_policy
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
    request = request_of(call.caller, f"kms:{permission}", key.arn, values)
    by_key_policy = evaluate(parse_policy(key.policy, PolicyKind.RESOURCE), request)
    by_identity = decide(call.caller.principal, request)
    if by_key_policy.denied_by is not None:
        _deny(request, call.caller, explicit_deny(RESOURCE_POLICY))
    if by_identity.denied_by is not None:
        _deny(request, call.caller, by_identity.reason(request.action))
    missing = missing_allow(call.caller, key.account_id, by_key_policy, by_identity)
    if missing is None and not _crosses(call, key):
        return
    operation = permission if grant_operation is None else grant_operation
    if operation in call.facts.grant_operations and grants.find_allowing(call, key, operation, encryption_context):
        return
    _deny(request, call.caller, no_allow(missing or RESOURCE_POLICY, request.action))


def _crosses(call: KmsCall, key: KmsKey) -> bool:
    """Whether the call reaches into another account, and is not among those that may."""
    elsewhere = call.caller.account_id != key.account_id and not call.caller.is_service
    return elsewhere and not call.facts.cross_account


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
    request = request_of(call.caller, f"kms:{permission}", resource, values)
    decision = decide(call.caller.principal, request)
    if not decision.allows and (decision.denied_by is not None or not call.caller.is_service):
        _deny(request, call.caller, decision.reason(request.action))


def _deny(request: PolicyRequest, caller: Caller, reason: str) -> NoReturn:
    raise errors.AccessDenied(denial(caller, request, reason), explicit=reason.startswith("with"))
