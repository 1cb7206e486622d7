"""Messages as they rest and as they are received: sealed, and hidden for a time. No operations here.

A message is a row, which says when it can be received, and a sealed record of the same id, which is what it says.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kms.encrypted_store import EncryptedStore
from services.sqs import errors
from services.sqs.data_classes import MESSAGE
from services.sqs.queue import Queue, find_queue_by_arn, scope_for
from shared.database import Database, Row
from shared.identity import Caller

TABLE = "queue_messages"
TRACE = "AWSTraceHeader"
"""The one system attribute that a sender can give."""

MAX_EXPIRED_AT_ONCE = 1_000
"""What a jump of the clock leaves behind goes in several turns."""


@dataclass(frozen=True)
class Content:
    """What a message says. attributes: as in SendMessage. trace: the AWSTraceHeader. group: the MessageGroupId."""

    body: str
    attributes: Mapping[str, Any]
    trace: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Received:
    """One receipt of a message. row: as it is after it."""

    row: Row
    content: Content

    @property
    def handle(self) -> str:
        return base64.b64encode(f"{self.row['message_id']}/{self.row['receipt']}".encode()).decode()


@dataclass(frozen=True)
class Counts:
    visible: int
    in_flight: int
    delayed: int


def add(store: EncryptedStore, queue: Queue, sender: Caller, content: Content, *, delay_seconds: int = 0) -> str:
    """Seal a message and put it into a queue. Returns its id. Raises: KmsRefusal."""
    engine = store.kms.engine
    message_id, now = engine.randomness.uuid(), engine.clock.now()
    scope = scope_for(store, queue, sender)
    _seal(store, scope.arn, message_id, content)
    engine.database.insert(
        TABLE,
        {
            "sequence": None,
            "message_id": message_id,
            "queue_arn": queue.arn,
            "scope_arn": scope.arn,
            "sender_id": sender.principal.unique_id,
            "sent_at": now,
            "visible_at": now + delay_seconds,
            "expires_at": now + queue.number("MessageRetentionPeriod"),
            "receive_count": 0,
            "first_received_at": None,
            "receipt": None,
            "dead_letter_source": None,
        },
    )
    return message_id


def receive(
    store: EncryptedStore, queue: Queue, receiver: Caller, *, limit: int, visibility_seconds: int
) -> list[Received]:
    """Take what is visible, oldest first; it stays hidden for a time, and goes to the dead-letter queue at last.

    Raises: KmsRefusal.
    """
    engine = store.kms.engine
    now = engine.clock.now()
    where = {"queue_arn": queue.arn, "visible_at__le": now, "expires_at__gt": now}
    received: list[Received] = []
    for row in engine.database.select(TABLE, where, order=["sequence"], limit=limit):
        content = _open(store, row)
        if _goes_to_dead_letters(store, queue, row, content, receiver):
            continue
        changes = {
            "receive_count": row["receive_count"] + 1,
            "first_received_at": row["first_received_at"] or now,
            "receipt": engine.randomness.hex(32),
            "visible_at": now + visibility_seconds,
        }
        engine.database.update(TABLE, {"message_id": row["message_id"]}, changes)
        received.append(Received({**row, **changes}, content))
    return received


def delete(store: EncryptedStore, row: Row) -> None:
    record = store.find(row["scope_arn"], MESSAGE, row["message_id"])
    if record is not None:
        store.delete(record)
    store.kms.engine.database.delete(TABLE, {"message_id": row["message_id"]})


def delete_all(store: EncryptedStore, queue: Queue) -> None:
    for row in store.kms.engine.database.select(TABLE, {"queue_arn": queue.arn}):
        delete(store, row)


def delete_expired(store: EncryptedStore) -> int:
    """Delete some of the messages whose retention period is over, which nobody receives any more; returns how many."""
    now = store.kms.engine.clock.now()
    rows = store.kms.engine.database.select(TABLE, {"expires_at__le": now}, limit=MAX_EXPIRED_AT_ONCE)
    for row in rows:
        delete(store, row)
    return len(rows)


def by_handle(database: Database, queue: Queue, handle: str) -> Row | None:
    """The message that a receipt handle is of; None if it is gone, or was received again since.

    Raises: ServiceError("ReceiptHandleIsInvalid") for what no queue has given out, and for one of another queue.
    """
    try:
        message_id, _, receipt = base64.b64decode(handle, validate=True).decode().partition("/")
    except (binascii.Error, UnicodeError, ValueError):
        raise errors.invalid_receipt(handle) from None
    if not receipt:
        raise errors.invalid_receipt(handle)
    row = database.find(TABLE, {"message_id": message_id})
    if row is not None and row["queue_arn"] != queue.arn:
        raise errors.invalid_receipt(handle)
    return row if row is not None and row["receipt"] == receipt else None


def counts(store: EncryptedStore, queue: Queue) -> Counts:
    engine = store.kms.engine
    now = engine.clock.now()
    alive = {"queue_arn": queue.arn, "expires_at__gt": now}
    hidden = {**alive, "visible_at__gt": now}
    return Counts(
        visible=engine.database.count(TABLE, {**alive, "visible_at__le": now}),
        in_flight=engine.database.count(TABLE, {**hidden, "receive_count__gt": 0}),
        delayed=engine.database.count(TABLE, {**hidden, "receive_count": 0}),
    )


def _goes_to_dead_letters(store: EncryptedStore, queue: Queue, row: Row, content: Content, receiver: Caller) -> bool:
    """Move a message that was received often enough, if the dead-letter queue exists. Its age goes with it."""
    if queue.redrive is None:
        return False
    target_arn, most = queue.redrive
    target = find_queue_by_arn(store, target_arn)
    if row["receive_count"] < most or target is None:
        return False
    old = store.get(row["scope_arn"], MESSAGE, row["message_id"])
    scope = scope_for(store, target, receiver)
    store.delete(old)
    _seal(store, scope.arn, row["message_id"], content)
    changes = {
        "queue_arn": target.arn,
        "scope_arn": scope.arn,
        "receipt": None,
        "receive_count": 0,
        "visible_at": store.kms.engine.clock.now(),
        "expires_at": row["sent_at"] + target.number("MessageRetentionPeriod"),
        "dead_letter_source": queue.arn,
    }
    store.kms.engine.database.update(TABLE, {"message_id": row["message_id"]}, changes)
    return True


def _seal(store: EncryptedStore, scope_arn: str, message_id: str, content: Content) -> None:
    protected = {
        "Body": content.body,
        "Attributes": content.attributes,
        "Trace": content.trace,
        "Group": content.group,
    }
    store.put(store.get_scope(scope_arn), MESSAGE, message_id, protected)


def _open(store: EncryptedStore, row: Row) -> Content:
    opened = store.reveal(store.get(row["scope_arn"], MESSAGE, row["message_id"]))
    return Content(opened["Body"], opened["Attributes"], opened["Trace"], opened.get("Group"))
