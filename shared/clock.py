"""The virtual clock: everything that has a date asks it, and a test advances it instead of sleeping.

Signatures alone are checked against real time: the client's clock is not ours to move.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from shared.database import Database

_ADVANCED_BY = "clock_advanced_by_seconds"


class Clock:
    """Real time plus what it was advanced by; the difference is kept in the database and never shrinks."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._advanced_by = float(database.get_meta(_ADVANCED_BY) or 0)
        self._moment: float | None = None

    def now(self) -> float:
        """Virtual time, seconds since the epoch."""
        return (self._moment or time.time()) + self._advanced_by

    @contextmanager
    def standing(self) -> Iterator[None]:
        """One moment for all that happens inside: what a request makes was not updated before it was created."""
        self._moment = time.time()
        try:
            yield
        finally:
            self._moment = None

    def now_datetime(self) -> datetime:
        return datetime.fromtimestamp(self.now(), UTC)

    def advance(self, step: timedelta) -> None:
        """Raises: ValueError if the step is negative or ends beyond the year 9999."""
        if step < timedelta(0):
            raise ValueError("The clock only moves forward.")
        advanced_by = self._advanced_by + step.total_seconds()
        try:
            datetime.fromtimestamp(time.time() + advanced_by, UTC)
        except (ValueError, OverflowError, OSError) as error:
            raise ValueError("The clock cannot go beyond the year 9999.") from error
        self._database.set_meta(_ADVANCED_BY, repr(advanced_by))
        self._advanced_by = advanced_by

    def reset(self) -> None:
        self._advanced_by = 0.0


def wall_clock() -> datetime:
    """Real time, for the age of signatures."""
    return datetime.now(UTC)
