"""Durable background jobs: each step is one unit of work, and its progress is stored with what it did.

A job is a row; its kind names the function that takes it one step further. Kill the process at any moment: the
step that was not committed never happened, and the next start goes on from the one before it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from shared.audit import ApiEvent, Trail
from shared.clock import Clock
from shared.database import Database, Row
from shared.randomness import Randomness

IN_PROGRESS, COMPLETED, FAILED = "IN_PROGRESS", "COMPLETED", "FAILED"


@dataclass
class Job:
    """kind: names the step function. subject: the ARN it works on. state: JSON, the job's own progress."""

    job_id: str
    kind: str
    subject: str
    status: str
    message: str | None
    state: dict[str, Any]
    created_at: float


Step = Callable[[Job], bool]
"""Takes a job one step further and returns whether it is complete. A `JobFailed` ends it as FAILED."""


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
        self._steps: dict[str, Step] = {}
        self.held = False

    def define(self, kind: str, step: Step) -> None:
        """Register a kind of job."""
        self._steps[kind] = step

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
        job = _job(rows[0])
        try:
            with self._database.unit():
                done = self._steps[job.kind](job)
                self._save(job, COMPLETED if done else IN_PROGRESS)
        except JobFailed as failure:
            with self._database.unit():
                job.message = str(failure)
                failure.conclude()
                for event in failure.events:
                    if event.read_only or event.error_code is not None:
                        self._trail.record(event)
                self._save(job, FAILED)
        return True

    def run_all(self) -> None:
        """Step until nothing is left to do."""
        while self.step():
            pass

    def _save(self, job: Job, status: str) -> None:
        job.status = status
        self._database.update(
            "jobs",
            {"job_id": job.job_id},
            {"status": status, "message": job.message, "state": job.state, "updated_at": self._clock.now()},
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
    )
