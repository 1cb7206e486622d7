"""How many requests a second are made under a quota: a bucket that holds a second's worth of them and fills steadily.

The form of the counter is our choice; AWS documents a rate and sometimes a burst.
"""

from __future__ import annotations

from typing import NamedTuple

from shared.clock import Clock

Counter = tuple[str | None, ...]
"""What is counted together: an account, a Region, a quota, and what else tells them apart."""


class _Bucket(NamedTuple):
    """left: requests that it holds, at a moment in seconds since the epoch."""

    left: float
    moment: float


class Rates:
    """The requests of the last moments of one world, by the virtual clock; in memory only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._buckets: dict[Counter, _Bucket] = {}

    def take(self, counter: Counter, per_second: float, requests: int = 1, *, at_least: bool = False) -> bool:
        """Count requests; returns whether the quota had them. If not, nothing is counted.

        at_least: of requests that happen anyway, count those that the quota still had.
        """
        now, holds = self._clock.now(), max(float(requests), per_second)
        bucket = self._buckets.get(counter, _Bucket(holds, now))
        left = min(holds, bucket.left + (now - bucket.moment) * per_second) - requests
        if left >= 0 or at_least:
            self._buckets[counter] = _Bucket(max(0.0, left), now)
        return left >= 0

    def forget(self) -> None:
        """Begin anew: all buckets are full."""
        self._buckets.clear()
