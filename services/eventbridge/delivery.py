"""From the staging area to the bus, and from the bus to the targets: in the background, one durable step at a time.

An event is held for some seconds; then the rules that are there at that moment decide, and each target of each rule
that matches gets a delivery of its own. One that fails is tried again, less and less often, until its retry policy
ends; then the dead-letter queue gets it, if the target names one. The payload is destroyed with the last delivery.
Each step is one unit of work: killed at any moment, nothing is lost, and nothing is delivered twice. A bug in a step is
that event's or that delivery's alone: it is logged and counts as a failure that may pass, and the others have their
turns.

Follows "Event retry policy and dead-letter queues" of the EventBridge User Guide; the spacing of the attempts, which
it calls exponential back-off, is our choice.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore, Record
from kms.errors import KmsRefusal
from kms.ownership import Scope
from services.eventbridge import targets
from services.eventbridge.data_classes import EVENT, RULE
from services.eventbridge.event_pattern import parse_pattern
from services.eventbridge.publish import ARRIVED, DONE, LOST, STAGED, STUCK, as_text
from services.eventbridge.rule import Rule
from services.eventbridge.target_input import body_for
from services.sqs.deliver import deliver
from shared.bugs import is_done
from shared.catalog import SERVICES
from shared.database import Row
from shared.errors import ServiceError
from shared.identity import Caller, service_caller
from shared.jobs import BROKEN

if TYPE_CHECKING:
    from services.simulator import Simulator


PENDING, DELIVERED, DEAD_LETTERED, FAILED, REMOVED = "PENDING", "DELIVERED", "DEAD_LETTERED", "FAILED", "REMOVED"
"""What became of a delivery; REMOVED: its target was gone before its turn."""

DEFAULT_ATTEMPTS, DEFAULT_AGE_SECONDS = 185, 86_400
"""The retry policy of a target that has none. Source: RetryPolicy of the API reference."""

FIRST_RETRY_SECONDS, LONGEST_RETRY_SECONDS = 2.0, 600.0
KEPT_SECONDS = 86_400
"""How long the simulator remembers what became of an event. Our choice."""
MAX_FORGOTTEN_AT_ONCE = 1_000
"""What a jump of the clock leaves behind goes in several turns."""

_INTERNAL_FAILURE = "InternalFailure"
_RETRIED = frozenset({"AccessDeniedException", _INTERNAL_FAILURE})
_DEAD_LETTER_CODES = {"AccessDeniedException": "NO_PERMISSIONS", "QueueDoesNotExist": "NO_RESOURCE"}


class Delivery:
    """The steps, over one world."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        self._database = simulator.database

    def step(self, *, early: bool = False) -> bool:
        """Let one event reach its bus, or try one delivery; returns whether any was due.

        early: do not wait until the staging time is over.
        """
        now = self._simulator.clock.now()
        if event := self._next_event(now, early=early):
            self._take_turn(self._arrive, self._hold_up, event, now)
        elif deliveries := self._select_due("event_deliveries", PENDING, now):
            self._take_turn(self._attempt, self._miss, deliveries[0], now)
        else:
            return False
        return True

    def forget(self) -> None:
        """Drop some of what is remembered of events that are long done."""
        old = {"state": (DONE, LOST), "published_at__le": self._simulator.clock.now() - KEPT_SECONDS}
        for row in self._database.select("bus_events", old, limit=MAX_FORGOTTEN_AT_ONCE):
            self._database.delete("event_deliveries", {"event_id": row["event_id"]})
            self._database.delete("bus_events", {"event_id": row["event_id"]})

    def _next_event(self, now: float, *, early: bool) -> Row | None:
        staged = {"state": STAGED} if early else {"state": STAGED, "due_at__le": now}
        rows = self._database.select("bus_events", staged, order=["sequence"], limit=1)
        rows = rows or self._select_due("bus_events", STUCK, now)
        return rows[0] if rows else None

    def _select_due(self, table: str, state: str, now: float) -> list[Row]:
        due = {"state": state, "due_at__le": now}
        return self._database.select(table, due, order=["due_at", "sequence"], limit=1)

    def _take_turn(
        self, step: Callable[[Row, float], None], stumble: Callable[[Row, float], None], row: Row, now: float
    ) -> None:
        """One unit of work. stumble: what becomes of the row if a bug keeps it from its step, which is undone."""
        if not is_done(self._database, f"event {row['event_id']}", lambda: step(dict(row), now)):
            with self._database.unit():
                stumble(row, now)

    def _hold_up(self, row: Row, now: float) -> None:
        """A bug keeps the event from its bus: it has another turn, for as long as events are delivered at all."""
        again_at = now + LONGEST_RETRY_SECONDS
        if again_at <= row["published_at"] + DEFAULT_AGE_SECONDS:
            self._change_event(row, state=STUCK, due_at=again_at)
        else:
            self._lose(self._simulator.background_store("events"), row)

    def _miss(self, delivery: Row, now: float) -> None:
        """A bug keeps a delivery from its target: it is tried again as by default."""
        attempts, row = delivery["attempts"] + 1, self._event_of(delivery)
        failure = {"attempts": attempts, "error_code": _INTERNAL_FAILURE, "error_message": BROKEN}
        again_at = now + _pause(attempts)
        if attempts <= DEFAULT_ATTEMPTS and again_at <= row["arrived_at"] + DEFAULT_AGE_SECONDS:
            self._change(delivery, due_at=again_at, **failure)
        else:
            self._change(delivery, state=FAILED, **failure)
            self._finish_if_done(self._simulator.background_store("events"), row)

    def _arrive(self, row: Row, now: float) -> None:
        """The event reaches its bus: who wants it?"""
        store = self._simulator.background_store("events")
        event = self._open(store, row)
        if event is not None:
            self._change_event(row, state=ARRIVED, arrived_at=now)
            bus = store.get_scope(row["bus_arn"])
            for rule in _matching(store, bus, event):
                for target in targets.of_rule(store, rule):
                    self._add(row, rule, target, now)
            self._finish_if_done(store, row)
        store.kms.flush()

    def _add(self, row: Row, rule: Rule, target: Record, now: float) -> None:
        self._database.insert(
            "event_deliveries",
            {
                "sequence": None,
                "event_id": row["event_id"],
                "rule_arn": rule.arn,
                "rule_name": rule.name,
                "target_id": target.attributes["Id"],
                "target_arn": target.attributes["Arn"],
                "state": PENDING,
                "attempts": 0,
                "due_at": now,
                "error_code": None,
                "error_message": None,
            },
        )

    def _attempt(self, delivery: Row, now: float) -> None:
        """Try one delivery."""
        store = self._simulator.background_store("events")
        row = self._event_of(delivery)
        event = self._open(store, row)
        if event is not None:
            target = targets.find(store, row["bus_arn"], delivery["rule_name"], delivery["target_id"])
            if target is None:
                self._change(delivery, state=REMOVED)
            else:
                body = body_for(store.reveal(target), event, _about(delivery, now))
                self._send(row, delivery, target, body, now)
            self._finish_if_done(store, row)
        store.kms.flush()

    def _send(self, row: Row, delivery: Row, target: Record, body: str, now: float) -> None:
        attempts = delivery["attempts"] + 1
        try:
            deliver(self._simulator, target.attributes["Arn"], _sender(delivery["rule_arn"]), body)
        except ServiceError as refusal:
            policy = target.attributes.get("RetryPolicy", {})
            again_at = now + _pause(attempts)
            retries = attempts <= policy.get("MaximumRetryAttempts", DEFAULT_ATTEMPTS)
            ends_at = row["arrived_at"] + policy.get("MaximumEventAgeInSeconds", DEFAULT_AGE_SECONDS)
            failure = {"attempts": attempts, "error_code": refusal.code, "error_message": refusal.message}
            if _is_retried(refusal) and retries and again_at <= ends_at:
                self._change(delivery, due_at=again_at, **failure)
            else:
                self._give_up({**delivery, **failure}, target, body, exhausted=_is_retried(refusal))
        else:
            self._change(delivery, state=DELIVERED, attempts=attempts, error_code=None, error_message=None)

    def _give_up(self, delivery: Row, target: Record, body: str, *, exhausted: bool) -> None:
        """Hand the event to the dead-letter queue, if there is one that takes it; else it is dropped."""
        state = FAILED
        queue_arn = target.attributes.get("DeadLetterConfig", {}).get("Arn")
        if queue_arn is not None:
            try:
                why = _why(delivery, exhausted=exhausted)
                deliver(self._simulator, queue_arn, _sender(delivery["rule_arn"]), body, why)
                state = DEAD_LETTERED
            except ServiceError as refusal:
                delivery = {**delivery, "error_message": f"{delivery['error_message']} Dead-letter queue: {refusal}"}
        kept = {name: delivery[name] for name in ("attempts", "error_code", "error_message")}
        self._change(delivery, state=state, **kept)

    def _finish_if_done(self, store: EncryptedStore, row: Row) -> None:
        """Destroy the payload when nobody waits for it any more."""
        if not self._database.count("event_deliveries", {"event_id": row["event_id"], "state": PENDING}):
            store.delete(store.get(row["bus_arn"], EVENT, row["event_id"]))
            self._change_event(row, state=DONE)

    def _open(self, store: EncryptedStore, row: Row) -> dict[str, Any] | None:
        """The event, or None if it cannot be opened any more: then it is lost, as its bus or its payload is."""
        record = store.find(row["bus_arn"], EVENT, row["event_id"])
        try:
            if record is None:
                raise KeyError(row["event_id"])
            event: dict[str, Any] = store.reveal(record)["Event"]
        except (KmsRefusal, KeyError):
            self._lose(store, row)
            return None
        return event

    def _lose(self, store: EncryptedStore, row: Row) -> None:
        """Nobody gets the event any more: what is left of its payload goes."""
        self._change_event(row, state=LOST)
        waiting = {"event_id": row["event_id"], "state": PENDING}
        self._database.update("event_deliveries", waiting, {"state": FAILED, "error_code": LOST})
        record = store.find(row["bus_arn"], EVENT, row["event_id"])
        if record is not None:
            store.delete(record)

    def _event_of(self, delivery: Row) -> Row:
        return self._database.select("bus_events", {"event_id": delivery["event_id"]})[0]

    def _change(self, delivery: Row, **changes: Any) -> None:
        self._database.update("event_deliveries", {"sequence": delivery["sequence"]}, changes)

    def _change_event(self, row: Row, **changes: Any) -> None:
        row |= changes
        self._database.update("bus_events", {"sequence": row["sequence"]}, changes)


def _matching(store: EncryptedStore, bus: Scope, event: dict[str, Any]) -> list[Rule]:
    rules = [Rule(bus, record) for record in store.stream(bus.arn, RULE)]
    return [
        rule for rule in rules if rule.is_enabled and parse_pattern(store.reveal(rule.record)["EventPattern"])(event)
    ]


def _pause(attempts: int) -> float:
    """Seconds until the next attempt."""
    return min(FIRST_RETRY_SECONDS * 2.0 ** (attempts - 1), LONGEST_RETRY_SECONDS)


def _sender(rule_arn: str) -> Caller:
    """EventBridge on its own, for a rule: queue policies see its ARN as aws:SourceArn."""
    return service_caller(SERVICES["events"], rule_arn.split(":")[3], source_arn=rule_arn)


def _is_retried(refusal: ServiceError) -> bool:
    """What may pass is tried again; a queue that is not there is not."""
    return refusal.code in _RETRIED or refusal.code.startswith("Kms")


def _about(delivery: Row, now: float) -> dict[str, str]:
    """The predefined variables of input transformation."""
    return {
        "aws.events.rule-arn": delivery["rule_arn"],
        "aws.events.rule-name": delivery["rule_name"],
        "aws.events.event.ingestion-time": as_text(now),
    }


def _why(delivery: Row, *, exhausted: bool) -> dict[str, Any]:
    """The attributes of a message in a dead-letter queue."""
    texts = {
        "RULE_ARN": delivery["rule_arn"],
        "TARGET_ARN": delivery["target_arn"],
        "ERROR_CODE": _DEAD_LETTER_CODES.get(delivery["error_code"], "SDK_CLIENT_ERROR"),
        "ERROR_MESSAGE": delivery["error_message"],
        "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts" if exhausted else None,
    }
    attributes = {name: {"DataType": "String", "StringValue": text} for name, text in texts.items() if text}
    attempts = {"DataType": "Number", "StringValue": str(delivery["attempts"])}
    return {**attributes, "RETRY_ATTEMPTS": attempts}
