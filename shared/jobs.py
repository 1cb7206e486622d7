"""Durable background jobs: each step is one unit of work, and its progress is stored with what it did.

A job is a row; its kind names the function that takes it one step further. Kill the process at any moment: the
step that was not committed never happened, and the next start goes on from the one before it.

A bug in a step is that job's alone: it is logged, the others have their turns, the step is tried again, and a job that
does not get over it has failed.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.audit import ApiEvent, Trail
from shared.bugs import where
from shared.clock import Clock
from shared.database import Database, Row
from shared.randomness import Randomness

log = logging.getLogger(__name__)

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"

MAX_TRIES = 3
"""How often a step that meets a bug is tried before its job has failed."""
BROKEN = "An internal error occurred."
"""The message of a job that met a bug; an exception's own text may quote what must not rest."""


@dataclass
class Job:
    """kind: names the step function. subject: the ARN it works on. state: JSON, the job's own progress.

    tries: how often its present step has met a bug.
    """

    job_id: str
    kind: str
    subject: str
    status: str
    message: str | None
    state: dict[str, Any]
    created_at: float
    tries: int = 0


Step = Callable[[Job], bool]
"""Takes a job one step further and returns whether it is complete. A `JobFailed` ends it as FAILED."""

Conclude = Callable[[Job], None]
"""Does what else is done in the unit of work that ends a job which a bug keeps from going on."""


class JobFailed(Exception):
    """The job cannot go on; the text becomes its message. What the step did until then is undone.

    events: what the step tried, for the trail, which is not undone. conclude: what else is done in the unit of work
    that ends the job.
    """

    def __init__(
        self, message: str, events: Sequence[ApiEvent] = (), conclude: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__(message)
        self.events = tuple(events)
        self.conclude = conclude


class Jobs:
    """The register of jobs, and their turn-taking."""

    def __init__(self, database: Database, clock: Clock, randomness: Randomness, trail: Trail) -> None:
        self._trail = trail
        self._database = database
        self._clock = clock
        self._randomness = randomness
        self._kinds: dict[str, tuple[Step, Conclude]] = {}
        self.held = False

    def define(self, kind: str, step: Step, conclude_broken: Conclude = lambda job: None) -> None:
        """Register a kind of job."""
        self._kinds[kind] = step, conclude_broken

    def start(self, kind: str, subject: str, state: dict[str, Any]) -> Job:
        now = self._clock.now()
        job = Job(self._randomness.uuid(), kind, subject, IN_PROGRESS, None, state, now)
        self._database.insert(
            "jobs",
            {
                "job_id": job.job_id,
                "kind": kind,
                "subject": subject,
                "status": IN_PROGRESS,
                "message": None,
                "state": state,
                "created_at": now,
                "updated_at": now,
                "tries": 0,
            },
        )
        return job

    def latest(self, kind: str, subject: str) -> Job | None:
        rows = self._database.select(
            "jobs", {"subject": subject, "kind": kind}, order=["-created_at", "-updated_at"], limit=1
        )
        return _job(rows[0]) if rows else None

    def unfinished(self, kind: str, subject: str) -> list[Job]:
        """The jobs of a subject that run or have failed."""
        rows = self._database.select("jobs", {"subject": subject, "kind": kind, "status": (IN_PROGRESS, FAILED)})
        return [_job(row) for row in rows]

    def all(self) -> list[Job]:
        return [_job(row) for row in self._database.select("jobs", {}, order=["created_at"])]

    def step(self, *, although_held: bool = False) -> bool:
        """Take the oldest running job one step further; returns whether there was one."""
        if self.held and not although_held:
            return False
        rows = self._database.select("jobs", {"status": IN_PROGRESS}, order=["updated_at"], limit=1)
        if not rows:
            return False
        self._take_turn(_job(rows[0]))
        return True

    def _take_turn(self, job: Job) -> None:
        try:
            self._take_step(job)
        except Exception as bug:
            self._stumble(job.job_id, bug)

    def _take_step(self, job: Job) -> None:
        try:
            with self._database.unit():
                done = self._kinds[job.kind][0](job)
                job.tries = 0
                self._save(job, COMPLETED if done else IN_PROGRESS)
        except JobFailed as failure:
            with self._database.unit():
                job.message = str(failure)
                failure.conclude()
                for event in failure.events:
                    if event.read_only or event.error_code is not None:
                        self._trail.record(event)
                self._save(job, FAILED)

    def _stumble(self, job_id: str, bug: Exception) -> None:
        """A bug kept a job from its step, which is undone: the job has another turn, or has failed."""
        job = _job(self._database.select("jobs", {"job_id": job_id})[0])  # as it was before the step
        log.error("job %s, %s, met a bug: %s", job_id, job.kind, where(bug))
        job.tries += 1
        if job.tries < MAX_TRIES:
            with self._database.unit():
                self._save(job, IN_PROGRESS)
            return
        job.message = BROKEN
        try:
            with self._database.unit():
                self._kinds[job.kind][1](job)
                self._save(job, FAILED)
        except Exception as second_bug:
            log.error("job %s, %s, met another bug in its conclusion: %s", job_id, job.kind, where(second_bug))
            with self._database.unit():
                self._save(job, FAILED)

    def run_all(self) -> None:
        """Step until nothing is left to do."""
        while self.step():
            pass

    def _save(self, job: Job, status: str) -> None:
        job.status = status
        self._database.update(
            "jobs",
            {"job_id": job.job_id},
            {
                "status": status,
                "message": job.message,
                "state": job.state,
                "tries": job.tries,
                "updated_at": self._clock.now(),
            },
        )


def _job(row: Row) -> Job:
    return Job(
        row["job_id"],
        row["kind"],
        row["subject"],
        row["status"],
        row["message"],
        row["state"],
        row["created_at"],
        row["tries"],
    )
