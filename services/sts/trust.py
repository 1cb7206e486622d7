"""May this caller have a session of this role? The role's trust policy decides, with the policies on the caller.

A trust policy must name the caller, or delegate to its account; then, and across accounts always, the policies on the
caller must allow too. Who is refused is not told whether the role is there.
Source: IAM User Guide, "Policy evaluation logic" and "How to use an external ID"; STS API Reference, AssumeRole.
"""

from __future__ import annotations

from collections.abc import Mapping

from services.sts import errors
from shared.database import Row
from shared.identity import Caller
from shared.permissions import RESOURCE_POLICY, decide, denial, explicit_deny, missing_allow, request_of
from shared.policy import PolicyKind, evaluate, parse_policy
from shared.principal_context import Value


def authorize(caller: Caller, role: Row | None, role_arn: str, action: str, context: Mapping[str, Value]) -> Row:
    """The role, if the caller may do this with it. action: such as "sts:AssumeRole". Raises: AccessDenied."""
    request = request_of(caller, action, role_arn, context)
    by_identity = decide(caller.principal, request)
    if by_identity.denied_by is not None:
        raise errors.denied(denial(caller, request, by_identity.reason(action)))
    if role is None:
        raise errors.denied(denial(caller, request, "").rstrip())
    by_trust = evaluate(parse_policy(role["trust_policy"], PolicyKind.TRUST), request)
    if by_trust.denied_by is not None:
        raise errors.denied(denial(caller, request, explicit_deny(RESOURCE_POLICY)))
    if missing_allow(caller, role["account_id"], by_trust, by_identity) is not None:
        raise errors.denied(denial(caller, request, "").rstrip())
    return role
