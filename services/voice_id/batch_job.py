"""The batch job as it rests, of either kind: its name sealed, its configuration and progress in the clear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.client_tokens import TokenReused, once
from services.pages import among, page
from services.voice_id import errors, events
from services.voice_id.data_classes import JOB
from services.voice_id.domain import Domain, get_active_domain, get_domain
from services.voice_id.job_files import FileForm
from services.voice_id.job_role import check_role
from services.voice_id.watchlist import default_watchlist_id, get_watchlist
from services.voice_id.worker import Worker
from shared.jobs import IN_PROGRESS as RUNNING

if TYPE_CHECKING:
    from services.call import ServiceCall

SUBMITTED, IN_PROGRESS, COMPLETED, FAILED = "SUBMITTED", "IN_PROGRESS", "COMPLETED", "FAILED"
COMPLETED_WITH_ERRORS = "COMPLETED_WITH_ERRORS"
_PAGE = 100
_GIVEN = ("DataAccessRoleArn", "InputDataConfig", "OutputDataConfig")


@dataclass(frozen=True)
class JobKind:
    """What tells the two kinds of job apart.

    job: the kind of background job. config: the member of the request that configures it. action: of its events.
    speech_seconds: net speech that one request takes. Source: "Batch enrollment using audio data from prior calls" and
        "Create and edit a fraudster watchlist" of the Connect Administrator Guide.
    """

    job: str
    title: str
    config: str
    action: str
    form: FileForm
    speech_seconds: float


ENROLMENT = JobKind(
    job="VOICE_ID_SPEAKER_ENROLLMENT",
    title="speaker enrollment",
    config="EnrollmentConfig",
    action=events.BATCH_ENROLMENT,
    form=FileForm("SpeakerEnrollmentRequests", "SuccessfulEnrollments", max_requests=10_000),
    speech_seconds=30.0,
)
REGISTRATION = JobKind(
    job="VOICE_ID_FRAUDSTER_REGISTRATION",
    title="fraudster registration",
    config="RegistrationConfig",
    action=events.BATCH_REGISTRATION,
    form=FileForm("FraudsterRegistrationRequests", "SuccessfulRegistrations", max_requests=500),
    speech_seconds=10.0,
)
KINDS = {kind.job: kind for kind in (ENROLMENT, REGISTRATION)}


def start(parameters: dict[str, Any], call: ServiceCall, kind: JobKind) -> dict[str, Any]:
    """Submit a job. Raises: ServiceError; KmsRefusal."""
    domain = get_active_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    try:
        job_id = once(call, parameters.get("ClientToken"), parameters, lambda: _submit(parameters, call, domain, kind))
    except TokenReused as reuse:
        raise errors.token_reused() from reuse
    return {"Job": _as_member(call, domain, _get(call, domain, kind, job_id), kind)}


def describe(parameters: dict[str, Any], call: ServiceCall, kind: JobKind) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    return {"Job": _as_member(call, domain, _get(call, domain, kind, parameters["JobId"]), kind)}


def list_jobs(parameters: dict[str, Any], call: ServiceCall, kind: JobKind) -> dict[str, Any]:
    """The jobs of one kind, of one status if it is given, in the order of their ids."""
    domain = get_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    wanted = parameters.get("JobStatus")
    records = {
        record.record_id: record
        for record in call.store.stream(domain.arn, JOB, parent=kind.job)
        if wanted in (None, record.attributes["JobStatus"])
    }
    shown, token = page(
        call,
        among(records, records.__getitem__),
        _PAGE,
        errors.invalid_token(),
    )
    return {"JobSummaries": [_summary(call, domain, record) for record in shown], "NextToken": token}


def event_data(record: Record, kind: JobKind) -> dict[str, Any]:
    """A job's configuration in the words of its events."""
    attributes = record.attributes
    return {
        "dataAccessRoleArn": attributes["DataAccessRoleArn"],
        _camel(kind.config): _camel_members(attributes["Config"]),
        "inputDataConfig": _camel_members(attributes["InputDataConfig"]),
        "outputDataConfig": _camel_members(attributes["OutputDataConfig"]),
    }


def _submit(parameters: dict[str, Any], call: ServiceCall, domain: Domain, kind: JobKind) -> str:
    last = call.simulator.jobs.latest(kind.job, domain.arn)
    if last is not None and last.status == RUNNING:
        raise errors.quota_exceeded(f"active {kind.title} jobs", 1)
    check_role(call, parameters["DataAccessRoleArn"], domain)
    config = _with_defaults(call, domain, parameters.get(kind.config) or {}, kind)
    job_id = call.randomness.alphanumeric(22)
    attributes = {
        **{name: parameters[name] for name in _GIVEN},
        "Config": config,
        "JobStatus": SUBMITTED,
        "PercentComplete": 0,
        "EndedAt": None,
        "FailureDetails": None,
    }
    record = call.store.put(
        domain.scope, JOB, job_id, {"JobName": parameters.get("JobName")}, attributes, parent=kind.job
    )
    call.simulator.jobs.start(kind.job, domain.arn, {"job_id": job_id})
    events.batch(call, domain, kind.action, job_id, event_data(record, kind))
    return job_id


_ENROLMENT_DEFAULTS = {"ExistingEnrollmentAction": "SKIP"}
_FRAUD_DEFAULTS = {"FraudDetectionAction": "FAIL", "RiskThreshold": 50}
_REGISTRATION_DEFAULTS = {"DuplicateRegistrationAction": "SKIP", "FraudsterSimilarityThreshold": 50}
"""Source: the service model; the two thresholds are our choice."""


def _with_defaults(call: ServiceCall, domain: Domain, given: dict[str, Any], kind: JobKind) -> dict[str, Any]:
    """A configuration in full. Raises: ServiceError for a watchlist that is not there."""
    watchlists = {"WatchlistIds": [default_watchlist_id(domain)]}
    if kind is REGISTRATION:
        config = {**watchlists, **_REGISTRATION_DEFAULTS, **given}
        listed = config["WatchlistIds"]
    else:
        fraud = {**watchlists, **_FRAUD_DEFAULTS, **(given.get("FraudDetectionConfig") or {})}
        config = {**_ENROLMENT_DEFAULTS, **given, "FraudDetectionConfig": fraud}
        listed = fraud["WatchlistIds"]
    for watchlist_id in listed:
        get_watchlist(call, domain, watchlist_id)
    return config


def _get(call: ServiceCall, domain: Domain, kind: JobKind, job_id: str) -> Record:
    record = call.store.find(domain.arn, JOB, job_id)
    if record is None or record.parent != kind.job:
        call.store.require_access(domain.scope)
        raise errors.not_found("BATCH_JOB", job_id)
    return record


def _as_member(worker: Worker, domain: Domain, record: Record, kind: JobKind) -> dict[str, Any]:
    """A job as the API shows it. Raises: KmsRefusal."""
    attributes = record.attributes
    given = {name: attributes[name] for name in _GIVEN}
    return {**_summary(worker, domain, record), **given, kind.config: attributes["Config"]}


def _summary(worker: Worker, domain: Domain, record: Record) -> dict[str, Any]:
    attributes = record.attributes
    return {
        "DomainId": domain.domain_id,
        "JobId": record.record_id,
        "JobName": worker.store.reveal(record)["JobName"],
        "JobStatus": attributes["JobStatus"],
        "JobProgress": {"PercentComplete": attributes["PercentComplete"]},
        "FailureDetails": attributes["FailureDetails"],
        "CreatedAt": record.created_at,
        "EndedAt": attributes["EndedAt"],
    }


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]


def _camel_members(value: Any) -> Any:
    if isinstance(value, dict):
        return {_camel(name): _camel_members(member) for name, member in value.items()}
    return value
