"""Rotation: fresh backing keys on a schedule or on demand, while every older ciphertext goes on opening.

Follows "Rotating AWS KMS keys". The schedule is the virtual clock's; a disabled key rotates when it is enabled.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from kms import backing_keys, errors, imports, key_specs, multi_region
from kms.backing_keys import Generation
from kms.engine import Engine
from kms.key import EXTERNAL, KmsKey, get_key
from kms.multi_region import share
from kms.operation import KmsCall, operation
from kms.own_events import ROTATE_KEY, own_event
from kms.paging import Page, first_page, last_seen
from kms.tables import limit as quota
from kms.times import DAY_SECONDS

AUTOMATIC, ON_DEMAND = "AUTOMATIC", "ON_DEMAND"


@dataclass(frozen=True)
class RotationStatus:
    """next_rotation_at: seconds since the epoch; both None while automatic rotation is off."""

    key_arn: str
    enabled: bool
    period_days: int | None
    next_rotation_at: float | None


@dataclass(frozen=True)
class RotationEntry:
    """One row of ListKeyRotations.

    waits_for_replicas: whether it is pending, and has still to be imported into a related key.
    rotated_at: None for the first material, which no rotation made.
    """

    key_arn: str
    material: Generation
    is_current: bool
    waits_for_replicas: bool
    rotated_at: float | None
    is_imported: bool

    @property
    def key_material_id(self) -> str:
        return self.material.backing_key_id


@operation
def enable_key_rotation(call: KmsCall, *, key_id: str, rotation_period_in_days: int | None = None) -> None:
    """Rotate a key every 90 to 2560 days from today.

    Raises: as `KmsCall.authorized_key`; InvalidRequest, UnsupportedOperation.
    """
    period = quota("rotationPeriodDays")
    days = period["default"] if rotation_period_in_days is None else rotation_period_in_days
    key = call.authorized_key(key_id, conditions={"kms:rotationperiodindays": str(days)})
    _refuse_unchangeable(key)
    share(
        call.engine,
        key,
        rotation_period_days=days,
        next_rotation_at=call.engine.clock.now() + days * DAY_SECONDS,
    )
    call.response = {"keyId": key.arn}


@operation
def disable_key_rotation(call: KmsCall, *, key_id: str) -> None:
    key = call.authorized_key(key_id)
    _refuse_unchangeable(key)
    share(call.engine, key, rotation_period_days=None, next_rotation_at=None)
    call.response = {"keyId": key.arn}


@operation
def get_key_rotation_status(call: KmsCall, *, key_id: str) -> RotationStatus:
    """Whether and when the key rotates; a key pending deletion does not, until its deletion is cancelled."""
    key = call.authorized_key(key_id)
    _refuse_unrotatable(key)
    if key.state in ("PendingDeletion", multi_region.PENDING_REPLICA_DELETION) or not key.rotates_automatically:
        return RotationStatus(key.arn, False, None, None)
    return RotationStatus(key.arn, True, key.rotation_period_days, key.next_rotation_at)


@operation
def rotate_key_on_demand(call: KmsCall, *, key_id: str) -> str:
    """Rotate now, at most 25 times in a key's life; the schedule stays as it is. Returns the key's ARN.

    Raises: as `KmsCall.authorized_key`; Conflict, LimitExceeded, UnsupportedOperation.
    """
    key = call.authorized_key(key_id)
    _refuse_unchangeable(key)
    now = call.engine.clock.now()
    if key.next_rotation_at is not None and key.next_rotation_at - now <= quota("onDemandRotationConflictSeconds"):
        raise errors.Conflict
    if key.on_demand_rotations >= quota("onDemandRotationsPerKey"):
        raise errors.LimitExceeded(
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {key.arn}"
        )
    rotate(call.engine, key, ON_DEMAND, now)
    share(call.engine, key, on_demand_rotations=key.on_demand_rotations + 1)
    call.response = {"keyId": key.arn}
    return key.arn


@operation
def list_key_rotations(
    call: KmsCall,
    *,
    key_id: str,
    include_key_material: str = "ROTATIONS_ONLY",
    limit: int | None = None,
    marker: str | None = None,
) -> Page[RotationEntry]:
    """Rotations that happened, oldest first; with ALL_KEY_MATERIAL the first material too."""
    key = call.authorized_key(key_id)
    _refuse_unrotatable(key)
    entries = [_entry(call.engine, generation, key) for generation in backing_keys.generations(call.engine, key)]
    if include_key_material == "ROTATIONS_ONLY":
        entries = [entry for entry in entries if entry.material.rotation_type is not None]
    if marker is not None:
        entries = _entries_after(entries, last_seen(call, marker))
    return first_page(call, entries, _place, limit)


def _entry(engine: Engine, generation: Generation, key: KmsKey) -> RotationEntry:
    return RotationEntry(
        key.arn,
        generation,
        is_current=generation.backing_key_id == key.current_backing_key_id,
        waits_for_replicas=generation.is_pending and not imports.is_everywhere(engine, key, generation.backing_key_id),
        rotated_at=generation.created_at if generation.rotation_type is not None else None,
        is_imported=key.origin == EXTERNAL,
    )


def _place(entry: RotationEntry) -> str:
    """Where an entry stands in the list, so that a marker outlives it."""
    return f"{entry.material.created_at!r} {entry.key_material_id}"


def _entries_after(entries: list[RotationEntry], place: str) -> list[RotationEntry]:
    """The entries behind a place. Raises: InvalidMarker."""
    when, _, key_material_id = place.partition(" ")
    try:
        last = float(when), key_material_id
    except ValueError as error:
        raise errors.InvalidMarker("The marker is not valid.") from error
    return [entry for entry in entries if (entry.material.created_at, entry.key_material_id) > last]


def rotate(engine: Engine, key: KmsKey, rotation_type: str, when: float) -> None:
    """Make a fresh backing key the current one; of an imported key, the material that waits for it."""
    if key.origin == EXTERNAL:
        backing_key_id = imports.rotate_to_pending(engine, key, when, rotation_type)
    else:
        backing_key_id = backing_keys.create(engine, key.material_arn, key.key_id, key.key_spec, when, rotation_type)
    share(engine, key, current_backing_key_id=backing_key_id)
    engine.trail.record(own_event(ROTATE_KEY, key, when))
    multi_region.note_synchronization(engine, key, when)


def rotate_if_due(engine: Engine, key: KmsKey) -> None:
    """Catch up with the schedule: one rotation for every period that has passed while the key was enabled."""
    now = engine.clock.now()
    if key.is_replica:
        return
    while key.is_enabled and key.next_rotation_at is not None and key.next_rotation_at <= now:
        due_at = key.next_rotation_at
        rotate(engine, key, AUTOMATIC, due_at)
        following = due_at + (key.rotation_period_days or 0) * DAY_SECONDS
        share(engine, key, next_rotation_at=following)
        key = replace(get_key(engine.database, key.arn), next_rotation_at=following)


def rotate_if_overdue(engine: Engine, key: KmsKey) -> None:
    """A key that was disabled when it fell due rotates once, now, and its schedule starts anew."""
    now = engine.clock.now()
    if key.is_replica:
        return
    if key.rotation_period_days is not None and key.next_rotation_at is not None and key.next_rotation_at <= now:
        rotate(engine, key, AUTOMATIC, now)
        share(engine, key, next_rotation_at=now + key.rotation_period_days * DAY_SECONDS)


def _refuse_unrotatable(key: KmsKey) -> None:
    """Only symmetric encryption keys rotate. Source: a recorded answer, which has no message."""
    if not key_specs.is_symmetric(key):
        raise errors.UnsupportedOperation
    if key.custom_key_store_id is not None:
        raise errors.UnsupportedOperation(f"{key.arn} origin is {key.origin} which is not valid for this operation.")


def _refuse_unchangeable(key: KmsKey) -> None:
    _refuse_unrotatable(key)
    if key.is_replica:
        multi_region.require_primary(key)
    if key.manager == "AWS":
        raise errors.UnsupportedOperation(f"{key.arn} is an AWS managed key; only AWS can change it.")
