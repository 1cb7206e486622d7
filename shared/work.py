"""What an operation returns that is not done yet: a body to take in, or something to wait for."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any


class Work(ABC):
    """What an operation returns that is not done yet. Each method is one unit of work; nothing is visible before the
    result is.

    Of a request whose body streams, `write` takes the content; of any other, `step` does a bounded part of the work.
    """

    def write(self, data: bytes) -> None:
        """Take a piece of the body's content."""
        raise NotImplementedError

    def step(self) -> bool:
        """Do a part; returns whether there is more to do."""
        raise NotImplementedError

    def pause(self, wake: Callable[[], None]) -> float | None:
        """Behind a step with more to do: for how many seconds at most the next can wait, None if it should not.

        wake: to be called, from the loop that serves requests, when something has come that a step can take.
        """
        return None

    @abstractmethod
    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        """Make what was done visible and return the operation's result. trailers: headers behind the body."""

    @abstractmethod
    def abandon(self) -> None:
        """Give up: the caller went away, or something was refused."""
