"""Fraudster registration jobs: start, describe, list. What such a job does is in `registration.py`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.voice_id import batch_job
from services.voice_id.batch_job import REGISTRATION

if TYPE_CHECKING:
    from services.call import ServiceCall


def start_fraudster_registration_job(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.start(parameters, call, REGISTRATION)


def describe_fraudster_registration_job(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.describe(parameters, call, REGISTRATION)


def list_fraudster_registration_jobs(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return batch_job.list_jobs(parameters, call, REGISTRATION)
