"""Speaker enrolment jobs: start, describe, list. What such a job does is in `enrolment.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.voice_id import batch_job
from services.voice_id.batch_job import ENROLMENT

if TYPE_CHECKING:
    from services.call import ServiceCall


def start_speaker_enrollment_job(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.start(parameters, call, ENROLMENT)


def describe_speaker_enrollment_job(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.describe(parameters, call, ENROLMENT)


def list_speaker_enrollment_jobs(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.list_jobs(parameters, call, ENROLMENT)
