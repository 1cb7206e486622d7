"""Whoever works on a domain: a customer's request, or Voice ID alone, as in streams, jobs and deadlines."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from kms.encrypted_store import EncryptedStore
from shared.clock import Clock
from shared.randomness import Randomness

if TYPE_CHECKING:
    from services.simulator import Simulator


_CLIENT_NAME = "voice-id"


class Worker(Protocol):
    """What work on a domain stands on. The store says on whose behalf KMS is asked."""

    @property
    def simulator(self) -> Simulator: ...

    @property
    def store(self) -> EncryptedStore: ...

    @property
    def clock(self) -> Clock: ...

    @property
    def randomness(self) -> Randomness: ...


@dataclass(frozen=True)
class Alone:
    """Voice ID without a caller: it lives off its grant."""

    simulator: Simulator
    store: EncryptedStore

    @property
    def clock(self) -> Clock:
        return self.simulator.clock

    @property
    def randomness(self) -> Randomness:
        return self.simulator.randomness


def unattended(simulator: Simulator) -> Alone:
    """Voice ID at work on its own; whoever asks writes what it asked of KMS to the trail."""
    return Alone(simulator, simulator.background_store(_CLIENT_NAME))


@contextmanager
def alone(simulator: Simulator) -> Iterator[Alone]:
    """Voice ID at work on its own, as one unit of work; what it asked of KMS is in the trail even if it is undone."""
    worker = unattended(simulator)
    try:
        with simulator.database.unit():
            yield worker
    except BaseException:
        worker.store.kms.flush(undone=True)
        raise
    worker.store.kms.flush()
