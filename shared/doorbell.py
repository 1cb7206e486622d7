"""Wakes requests that wait for something to arrive at a place, such as a message in a queue.

In memory only, and for the loop that serves requests alone: who waits holds no transaction, and looks again when it is
woken. A bell that rings for what is undone afterwards wakes for nothing.
"""

from __future__ import annotations

from collections.abc import Callable

Wake = Callable[[], None]


class Doorbell:
    """place: any name. Who waits is known by an object of its own."""

    def __init__(self) -> None:
        self._waiting: dict[str, dict[object, Wake]] = {}

    def wait(self, place: str, who: object, wake: Wake) -> None:
        """Call `wake` when the bell of the place rings next."""
        self._waiting.setdefault(place, {})[who] = wake

    def leave(self, place: str, who: object) -> None:
        """Wait no more; who does not wait may leave as well."""
        waiting = self._waiting.get(place, {})
        waiting.pop(who, None)
        if not waiting:
            self._waiting.pop(place, None)

    def ring(self, place: str) -> None:
        for wake in self._waiting.pop(place, {}).values():
            wake()
