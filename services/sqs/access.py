"""May this caller do this to this queue? IAM policies of the caller and the queue's own policy, weighed together.

In the queue's account an allow of either is enough; from another account both must allow; a service has no IAM
policies, so the queue's policy alone decides. A deny of either denies.

Source: IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

from services.sqs import errors
from services.sqs.queue import Queue
from shared.identity import Caller
from shared.permissions import RESOURCE_POLICY, IdentityDecision, Layer, decide, explicit_deny, no_allow, request_of
from shared.policy import SILENT, Decision, PolicyKind, evaluate, parse_policy
from shared.principal_context import of_caller


def check(caller: Caller, action: str, resource: str, now: float, queue: Queue | None = None) -> None:
    """queue: None for what concerns no queue that exists. Raises: ServiceError("AccessDeniedException")."""
    request = request_of(caller, f"sqs:{action}", resource, of_caller(caller, now))
    by_iam = decide(caller.principal, request)
    by_queue = SILENT
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
        return explicit_deny(Layer.IDENTITY.value)
    if by_queue.denied_by is not None:
        return explicit_deny(RESOURCE_POLICY)
    iam_allows, queue_allows = by_iam.allows, bool(by_queue.allowed_by)
    if caller.is_service:
        return None if queue_allows else no_allow(RESOURCE_POLICY, action)
    at_home = queue is None or queue.account_id == caller.account_id
    if not iam_allows and not (at_home and queue_allows):
        return no_allow(Layer.IDENTITY.value, action)
    if not at_home and not queue_allows and by_queue.delegated_by is None:
        return no_allow(RESOURCE_POLICY, action)
    return None
