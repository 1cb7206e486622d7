"""May this caller do this to this queue? IAM policies of the caller and the queue's own policy, weighed together.

In the queue's account an allow of either is enough; from another account both must allow; a service has no IAM
policies, so the queue's policy alone decides. A deny of either denies.

Source: IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

from services.sqs import errors
from services.sqs.queue import Queue
from shared.identity import Caller
from shared.permissions import IdentityDecision, decide
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
    by_iam = decide(caller.principal, request)
    by_queue = _SILENT
    if queue is not None and queue.policy is not None:
        by_queue = evaluate(parse_policy(queue.policy, PolicyKind.RESOURCE), request)
    reason = _refused_because(caller, request.action, by_iam, by_queue, queue)
    if reason is not None:
        raise errors.access_denied(caller.arn, request.action, resource, reason)


def _refused_because(
    caller: Caller, action: str, by_iam: IdentityDecision, by_queue: Decision, queue: Queue | None
) -> str | None:
    """Why the call is refused, in AWS's words; None if it is not."""
    if by_iam.denied_by is not None:
        return "with an explicit deny in an identity-based policy"
    if by_queue.denied_by is not None:
        return "with an explicit deny in a resource-based policy"
    iam_allows, queue_allows = by_iam.allows, bool(by_queue.allowed_by)
    if caller.is_service:
        return None if queue_allows else f"because no resource-based policy allows the {action} action"
    at_home = queue is None or queue.account_id == caller.account_id
    if not iam_allows and not (at_home and queue_allows):
        return f"because no identity-based policy allows the {action} action"
    if not at_home and not queue_allows and by_queue.delegated_by is None:
        return f"because no resource-based policy allows the {action} action"
    return None
