"""IAM's part: may the caller call this operation of this service at all? KMS keys are decided elsewhere, per key."""

from __future__ import annotations

from typing import Any

from shared.errors import ServiceError
from shared.identity import Caller, Principal
from shared.policy import Decision, PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.principal_context import of_caller
from shared.service import Service


def authorize(service: Service, operation_name: str, parameters: dict[str, Any], caller: Caller, now: float) -> None:
    """Refuse what the caller's identity policies do not allow.

    Raises: ServiceError("AccessDeniedException").
    """
    if service.authorizes_itself or operation_name in service.needs_no_permission:
        return
    action = f"{service.identity.prefix}:{operation_name}"
    resource = service.resource_arn(operation_name, parameters, caller)
    request = PolicyRequest(
        action=action,
        resource=resource,
        principal_arns=caller.principal.naming_arns,
        account_id=caller.account_id,
        service_principal=caller.principal.service_principal,
        context=of_caller(caller, now),
    )
    decision = decide(caller.principal, request)
    if decision.denied_by is not None:
        reason = "with an explicit deny in an identity-based policy"
    elif decision.allowed_by is None:
        reason = f"because no identity-based policy allows the {action} action"
    else:
        return
    raise ServiceError(
        "AccessDeniedException",
        f"User: {caller.arn} is not authorized to perform: {action} on resource: {resource} {reason}",
    )


def decide(principal: Principal, request: PolicyRequest) -> Decision:
    """What all identity policies of a principal together say: the first deny, else the first allow."""
    allowed_by = None
    for text in principal.policies:
        decision = evaluate(parse_policy(text, PolicyKind.IDENTITY), request)
        if decision.denied_by is not None:
            return decision
        allowed_by = allowed_by or decision.allowed_by
    return Decision(denied_by=None, allowed_by=allowed_by, delegated_by=None)
