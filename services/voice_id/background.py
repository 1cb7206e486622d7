"""What Voice ID does without a request: its kinds of job, and its deadlines."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from services.voice_id import session, speaker
from services.voice_id.batch import BatchJobs
from services.voice_id.erasure import DOMAIN_ERASURE, erase_domain
from services.voice_id.worker import Worker, alone

if TYPE_CHECKING:
    from services.simulator import Simulator


def define(simulator: Simulator) -> None:
    """Register what a world must know to go on with what was begun in it."""

    def deadline(kind: str, act: Callable[[Worker, str, str], None]) -> None:
        def run(subject: str, item: str) -> None:
            with alone(simulator) as worker:
                act(worker, subject, item)

        simulator.deadlines.define(kind, run)

    BatchJobs(simulator)
    deadline(DOMAIN_ERASURE, lambda worker, arn, _: erase_domain(worker, arn))
    deadline(speaker.EXPIRY, speaker.expire)
    deadline(session.FORGETTING, session.forget)
