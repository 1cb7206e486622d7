"""How a service puts an event on an account's bus. The one module of EventBridge for the other services.

    publish(call.simulator, account_id=call.account_id, region=call.region, source="aws.voiceid",
            detail_type="VoiceId Speaker Action", detail={...}, resources=[domain.arn])

The event is part of the unit of work that causes it: if that is undone, the event never was. Its whole payload is
sealed at once and held for some seconds, then it reaches the bus, where the rules decide (`delivery.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore
from kms.ownership import Scope
from services.eventbridge.bus import DEFAULT_BUS, bus_arn, scope_of
from services.eventbridge.data_classes import EVENT

if TYPE_CHECKING:
    from services.simulator import Simulator

STAGED, STUCK, ARRIVED, DONE, LOST = "STAGED", "STUCK", "ARRIVED", "DONE", "LOST"
"""How far an event has come: held by EventBridge; held up by a bug of ours; on the bus; delivered where it was wanted;
not to be opened, or stuck for too long."""

STAGED_SECONDS = 3.0
"""How long an event is held before it reaches the bus. Source: the seed says "a few seconds"; three are our choice."""


@dataclass(frozen=True)
class Event:
    """What a publisher says. detail: a JSON object. time: seconds since the epoch, None for now."""

    source: str
    detail_type: str
    detail: Mapping[str, Any]
    resources: Sequence[str] = ()
    time: float | None = None


def publish(
    simulator: Simulator,
    *,
    account_id: str,
    region: str,
    source: str,
    detail_type: str,
    detail: Mapping[str, Any],
    resources: Sequence[str] = (),
) -> str:
    """Stage an event of an AWS service for an account's default bus; works with and without a caller.

    Call it inside the unit of work that the event tells of. Returns the event's id. Raises: KmsRefusal.
    """
    store = simulator.background_store("events")
    scope = scope_of(store, bus_arn(region, account_id, DEFAULT_BUS))
    event_id = stage(store, scope, Event(source, detail_type, detail, resources))
    store.kms.flush()
    return event_id


def stage(store: EncryptedStore, bus: Scope, event: Event) -> str:
    """Seal an event and let it wait for its turn. Returns its id. Raises: KmsRefusal."""
    engine = store.kms.engine
    event_id, now = engine.randomness.uuid(), engine.clock.now()
    envelope = {
        "version": "0",
        "id": event_id,
        "detail-type": event.detail_type,
        "source": event.source,
        "account": bus.account_id,
        "time": as_text(now if event.time is None else event.time),
        "region": bus.region,
        "resources": list(event.resources),
        "detail": dict(event.detail),
    }
    store.put(bus, EVENT, event_id, {"Event": envelope})
    engine.database.insert(
        "bus_events",
        {
            "sequence": None,
            "event_id": event_id,
            "bus_arn": bus.arn,
            "account_id": bus.account_id,
            "region": bus.region,
            "state": STAGED,
            "published_at": now,
            "due_at": now + STAGED_SECONDS,
            "arrived_at": None,
        },
    )
    return event_id


def as_text(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
