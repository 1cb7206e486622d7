"""Deadlines of services' data: what must happen to something that rests, once its time has come.

A deadline is a row; its kind names the function that acts. Whoever moves the clock, and the server every second, lets
those that have come act, in the order of their times; each acts once.

A bug in one is its own alone: it is logged, what was done is undone, the others act, and it has another turn later, for
as long as it takes: what must happen is not forgotten.
"""

from __future__ import annotations

from collections.abc import Callable

from shared.bugs import is_done
from shared.database import Database, Row

PUT_OFF_SECONDS = 60.0
"""How long a deadline that met a bug waits for its next turn."""

Act = Callable[[str, str], None]
"""Takes the subject, an ARN, and the item of it whose deadline has come."""


class Deadlines:
    """The register of deadlines. One item of a subject has at most one of each kind."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._acts: dict[str, Act] = {}

    def define(self, kind: str, act: Act) -> None:
        """Register a kind of deadline."""
        self._acts[kind] = act

    def set(self, kind: str, subject: str, item: str, due_at: float) -> None:
        """Set or move a deadline. due_at: seconds since the epoch."""
        self._database.upsert("deadlines", {"kind": kind, "subject": subject, "item": item, "due_at": due_at})

    def clear(self, kind: str, subject: str, item: str) -> None:
        self._database.delete("deadlines", {"kind": kind, "subject": subject, "item": item})

    def clear_all(self, subject: str) -> None:
        """Forget every deadline of a subject that is no more."""
        self._database.delete("deadlines", {"subject": subject})

    def act(self, now: float) -> None:
        """Act on everything that is due, inside the caller's unit of work."""
        while rows := self._database.select("deadlines", {"due_at__le": now}, order=["due_at"], limit=1):
            self._take_turn(rows[0], now)

    def _take_turn(self, row: Row, now: float) -> None:
        kind, subject, item = row["kind"], row["subject"], row["item"]

        def act() -> None:
            self.clear(kind, subject, item)
            self._acts[kind](subject, item)

        if not is_done(self._database, f"a deadline, {kind},", act):
            self.set(kind, subject, item, now + PUT_OFF_SECONDS)
