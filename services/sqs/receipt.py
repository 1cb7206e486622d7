"""ReceiveMessage: what a queue gives, and the wait of a caller to whom it has nothing to give yet.

The wait is in real time, as the caller's is; what it waits for goes by the virtual clock.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from services.sqs import errors, md5, message
from services.sqs.message import TRACE, Received
from services.sqs.queue import Queue, find_queue
from shared.work import Work

if TYPE_CHECKING:
    from collections.abc import Callable

    from services.call import ServiceCall

LOOK_AGAIN_SECONDS = 0.25
"""A message that is sent wakes who waits; one that only becomes visible, as time passes, is found by looking."""


class Receipt(Work):
    """One call's receipt of messages. seconds: how long to wait for the first.

    Between two looks it holds no transaction.
    """

    def __init__(self, call: ServiceCall, queue: Queue, limit: int, visibility_seconds: int, seconds: int) -> None:
        self._call = call
        self._queue = queue
        self._limit = limit
        self._visibility_seconds = visibility_seconds
        self._ends_at = time.monotonic() + seconds
        self._received: list[Received] = []

    def step(self) -> bool:
        """Look once. Raises: ServiceError("QueueDoesNotExist"), KmsRefusal."""
        call, queue = self._call, self._queue
        if find_queue(call.store, queue.region, queue.account_id, queue.name) is None:
            raise errors.no_queue()
        self._received = message.receive(
            call.store, queue, call.caller, limit=self._limit, visibility_seconds=self._visibility_seconds
        )
        return not self._received and self._seconds_left > 0

    def pause(self, wake: Callable[[], None]) -> float:
        self._call.simulator.arrivals.wait(self._queue.arn, self, wake)
        return min(LOOK_AGAIN_SECONDS, self._seconds_left)

    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        self.abandon()
        return {"Messages": [_shown(one, self._call.parameters) for one in self._received] or None}

    def abandon(self) -> None:
        self._call.simulator.arrivals.leave(self._queue.arn, self)

    @property
    def _seconds_left(self) -> float:
        return max(self._ends_at - time.monotonic(), 0)


def _shown(received: Received, parameters: dict[str, Any]) -> dict[str, Any]:
    content = received.content
    wanted = parameters.get("MessageAttributeNames", [])
    chosen = {name: value for name, value in content.attributes.items() if _is_wanted(name, wanted)}
    names = [*parameters.get("AttributeNames", []), *parameters.get("MessageSystemAttributeNames", [])]
    system = {name: value for name, value in _system(received).items() if "All" in names or name in names}
    return {
        "MessageId": received.row["message_id"],
        "ReceiptHandle": received.handle,
        "Body": content.body,
        "MD5OfBody": md5.of_body(content.body),
        "Attributes": system or None,
        "MessageAttributes": chosen or None,
        "MD5OfMessageAttributes": md5.of_attributes(chosen),
    }


def _is_wanted(name: str, wanted: list[str]) -> bool:
    """A name, "All", ".*", or the beginning of names, such as "Order.*"."""
    return any(one in ("All", ".*", name) or (one.endswith(".*") and name.startswith(one[:-2])) for one in wanted)


def _system(received: Received) -> dict[str, str]:
    row = received.row
    shown = {
        "SenderId": row["sender_id"],
        "SentTimestamp": _milliseconds(row["sent_at"]),
        "ApproximateReceiveCount": str(row["receive_count"]),
        "ApproximateFirstReceiveTimestamp": _milliseconds(row["first_received_at"]),
        TRACE: received.content.trace,
        "MessageGroupId": received.content.group,
        "DeadLetterQueueSourceArn": row["dead_letter_source"],
    }
    return {name: value for name, value in shown.items() if value is not None}


def _milliseconds(seconds: float) -> str:
    return str(int(seconds * 1000))
