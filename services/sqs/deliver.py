"""How another service puts a message into a customer's queue. The one module of SQS for the other services.

The queue's policy decides whether the service may, and the policy of the queue's KMS key, if it has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore
from kms.errors import KmsRefusal
from services.sqs import access, errors, message
from services.sqs.message import Content
from services.sqs.queue import find_queue_by_arn
from shared.identity import Caller

if TYPE_CHECKING:
    from services.simulator import Simulator


def deliver(
    simulator: Simulator, arn: str, sender: Caller, body: str, attributes: Mapping[str, Any] | None = None
) -> str:
    """Send as a service, all or nothing inside the unit of work around it. Returns the message's id.

    sender: the service on its own; its source ARN is what it acts for. attributes: as in SendMessage. What KMS was
    asked is in the trail, a refusal too.
    Raises: ServiceError QueueDoesNotExist, AccessDeniedException, InvalidParameterValueException, Kms....
    """
    store = EncryptedStore(simulator.engine.session(), simulator.ownerships("sqs"), "sqs", sender)
    try:
        with simulator.database.unit():
            message_id = _add(store, arn, sender, Content(body, attributes or {}))
    except KmsRefusal as refusal:
        store.kms.flush(undone=True)
        raise errors.refuse(refusal) from refusal
    store.kms.flush()
    simulator.arrivals.ring(arn)
    return message_id


def _add(store: EncryptedStore, arn: str, sender: Caller, content: Content) -> str:
    queue = find_queue_by_arn(store, arn)
    if queue is None:
        raise errors.no_queue()
    access.check(sender, "SendMessage", queue.arn, store.kms.engine.clock.now(), queue, [])
    if len(content.body.encode()) > (most := queue.number("MaximumMessageSize")):
        raise errors.too_long(most)
    return message.add(store, queue, sender, content)
