"""May this caller do this to this queue? IAM policies of the caller and the queue's own policy, weighed together.

In the queue's account an allow of either is enough; from another account both must allow; a service has no IAM
policies, so the queue's policy alone decides. A deny of either denies.

Source: IAM User Guide, "Policy evaluation logic".
"""

from __future__ import annotations

from services.sqs import errors
from services.sqs.queue import Queue
from shared.identity import Caller, NamedPolicy
from shared.permissions import decide, refusal_on_resource, request_of
from shared.policy import SILENT, PolicyKind, evaluate, parse_policy
from shared.principal_context import of_caller
from shared.rulings import Ruling


def check(caller: Caller, action: str, resource: str, now: float, queue: Queue | None, rulings: list[Ruling]) -> None:
    """queue: None for what concerns no queue that exists. rulings: where to note what was decided.

    Raises: ServiceError("AccessDeniedException").
    """
    request = request_of(caller, f"sqs:{action}", resource, of_caller(caller, now))
    policy = None if queue is None or queue.policy is None else NamedPolicy("queue policy", queue.policy)
    by_queue = SILENT if policy is None else evaluate(parse_policy(policy.text, PolicyKind.RESOURCE), request)
    owner = caller.account_id if queue is None else queue.account_id
    by_identity = decide(caller.principal, request)
    refusal = refusal_on_resource(caller, owner, request.action, by_queue, by_identity)
    rulings.append(Ruling(caller.principal, request, refusal, policy))
    if refusal is not None:
        raise errors.access_denied(caller.arn, request.action, resource, refusal)
