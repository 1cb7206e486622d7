"""What falls due as time passes: deletions, rotations, the end of imported material and of time-limited keys, and what
services have set a deadline for.

Nothing happens behind the back of a read: loading a key never rotates or deletes it. Whoever moves the clock, and the
server every second, asks here. What takes AWS a moment and has no date is settled apart: replicas being created, a
primary changing its Region, a store on its way to being connected.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from kms import backing_keys, custom_key_stores, grants, imports, keys, multi_region, rotation
from kms.engine import Engine
from kms.key import KmsKey
from kms.own_events import DELETE_KEY, own_event
from kms.ownership import Provision, Scope
from kms.reencryption import OpenStore, ReEncryption
from shared.bugs import is_done
from shared.deadlines import Deadlines


class Schedule:
    """Carries out what is due, and ends what is under way; each in one unit of work."""

    def __init__(self, engine: Engine, reencryption: ReEncryption, open_store: OpenStore, deadlines: Deadlines) -> None:
        self._engine = engine
        self._deadlines = deadlines
        self._reencryption = reencryption
        self._open_store = open_store

    def run(self) -> None:
        """Carry out what has a date that is past."""
        now, engine = self._engine.clock.now(), self._engine
        with engine.database.unit():
            grants.remove_ended(engine)
            self._delete_keys(now)
            due = {"next_rotation_at__le": now, "state": "Enabled"}
            for key in map(KmsKey.from_row, engine.database.select("kms_keys", due, order=["next_rotation_at"])):
                self._done("a rotation", partial(rotation.rotate_if_due, engine, key))
            for generation in backing_keys.expired(engine, now):
                self._done("the end of imported material", partial(imports.expire, engine, generation))
            for row in engine.database.select("scopes", {"not_after__le": now}, order=["not_after"]):
                self._done("the end of a scope's key", partial(self._replace_key, Scope.from_row(row)))
            self._deadlines.act(now)

    def settle(self) -> None:
        """Bring to its end what is under way."""
        with self._engine.database.unit():
            multi_region.settle(self._engine)
            custom_key_stores.settle(self._engine)

    def _delete_keys(self, now: float) -> None:
        """A deletion may bring another one's on: what waits is looked up each time."""
        where, kept = {"deletion_at__le": now}, 0
        while rows := self._engine.database.select("kms_keys", where, order=["deletion_at"], limit=kept + 1)[kept:]:
            kept += not self._done("a deletion", partial(self._delete, KmsKey.from_row(rows[0])))

    def _done(self, what: str, act: Callable[[], object]) -> bool:
        """Whether a part was done. A bug in it is that part's alone; what is still due has its next turn soon."""
        return is_done(self._engine.database, what, act)

    def _delete(self, key: KmsKey) -> None:
        keys.delete_key(self._engine, key)
        multi_region.after_deletion(self._engine, key, key.deletion_at or self._engine.clock.now())
        self._engine.trail.record(own_event(DELETE_KEY, key, key.deletion_at))

    def _replace_key(self, scope: Scope) -> None:
        """A time-limited key is over: nothing new is sealed under it, and what it sealed moves to its successor."""
        store = self._open_store(scope.service)
        owner = store.owner(scope)
        provision = owner.provide(
            store.kms, owner.alone(scope.region, scope.arn), scope.arn, scope.encryption_context, None
        )
        previous = Provision(scope.key_arn, scope.grant_id)
        self._reencryption.start(store.adopt(scope, scope.ownership, provision), previous)
        store.kms.flush()
