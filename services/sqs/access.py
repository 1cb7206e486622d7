"""May this caller do this to this queue? IAM policies of the caller and the queue's own policy, weighed together.

In the queue's account an allow of either is enough; from another account both must allow; a service has no IAM
policies, so the queue's policy alone decides. A deny of either denies.

Source: IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

from services.sqs import errors
from services.sqs.queue import Queue
from shared.identity import Caller
from shared.permissions import decide
from shared.policy import Decision, PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.principal_context import of_caller

_SILENT = Decision(None, None, None)


def check(caller: Caller, action: str, resource: str, now: float, queue: Queue | None = None) -> None:
    """queue: None for what concerns no queue that exists. Raises: ServiceError("AccessDeniedException")."""
    request = PolicyRequest(
        action=f"sqs:{action}",
        resource=resource,
        principal_arns=caller.principal.naming_arns,
        account_id=caller.account_id,
        service_principal=caller.principal.service_principal,
        context=of_caller(caller, now),
    )
    of_queue = _SILENT
    if queue is not None and queue.policy is not None:
        of_queue = evaluate(parse_policy(queue.policy, PolicyKind.RESOURCE), request)
    by_iam = _SILENT if caller.is_service else decide(caller.principal, request)
    refusal = errors.access_denied(caller.arn, request.action, resource, _reason(caller, request.action, by_iam))
    if of_queue.denied_by is not None or by_iam.denied_by is not None:
        raise refusal
    queue_allows, iam_allows = of_queue.allowed_by is not None, by_iam.allowed_by is not None
    if caller.is_service:
        allowed = queue_allows
    elif queue is None or queue.account_id == caller.account_id:
        allowed = queue_allows or iam_allows
    else:
        allowed = iam_allows and (queue_allows or of_queue.delegated_by is not None)
    if not allowed:
        raise refusal


def _reason(caller: Caller, action: str, by_iam: Decision) -> str:
    if by_iam.denied_by is not None:
        return "with an explicit deny in an identity-based policy"
    kind = "resource-based" if caller.is_service or by_iam.allowed_by is not None else "identity-based"
    return f"because no {kind} policy allows the {action} action"
