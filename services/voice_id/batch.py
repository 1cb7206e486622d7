"""How a batch job runs: the input file, one request at a time, the output file. Each step is a unit of work.

Killed at any moment, a job goes on with the request it was at. What the input file asks rests sealed until the job
has ended, each request by itself, so that no step holds more than one of them. Voice ID works alone: on the domain's
data by its grant, on the customer's buckets as the role that the customer gave.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.errors import KmsRefusal
from services.voice_id import batch_job, errors, events, job_files
from services.voice_id.batch_job import ENROLMENT, KINDS, JobKind
from services.voice_id.customer_files import CustomerFiles, FileRefused
from services.voice_id.data_classes import JOB, JOB_REQUEST
from services.voice_id.domain import Domain, active, find_domain
from services.voice_id.job_files import InvalidFile, InvalidRequest
from services.voice_id.job_role import assume_role
from services.voice_id.request_failed import BROKEN, CONFLICT, DENIED, INVALID, QUOTA, RequestFailed
from services.voice_id.voices import MAX_SPEECH_SECONDS
from services.voice_id.worker import Alone, unattended
from shared import jobs
from shared.errors import ServiceError
from shared.jobs import Job, JobFailed

if TYPE_CHECKING:
    from services.simulator import Simulator
    from services.voice_id.voiceprints import Samples

MAX_INPUT_BYTES = 20 * 1024 * 1024
"""How large an input file may be: our choice."""
_DONE = ":done"
"""Behind the job's id: the parent of requests that have had their turn."""

Meet = Callable[[Alone, Domain, Record, Mapping[str, Any], "Callable[[], Samples]"], dict[str, Any]]
"""Meets one request and returns its line of the output file."""
TellFailure = Callable[[Alone, Domain, Record, Mapping[str, Any], events.Failure], None]
"""Tells the event bus of a request that was not met."""


class BatchJobs:
    """The steps of batch jobs, over one world."""

    def __init__(self, simulator: Simulator) -> None:
        self._simulator = simulator
        for kind in KINDS:
            simulator.jobs.define(kind, self.step, self.conclude_broken)

    def step(self, job: Job) -> bool:
        """Read the input file, then meet one request, in the end write the output file. Raises: JobFailed."""
        worker = unattended(self._simulator)
        domain = find_domain(worker, job.subject)
        if domain is None:
            return True
        run = _Run(worker, domain, job.state["job_id"], KINDS[job.kind])
        try:
            done = run.step()
        except (ServiceError, FileRefused, InvalidFile, KmsRefusal) as refusal:
            code, message = _as_failure(refusal)
            raise JobFailed(message, worker.store.kms.events, lambda: run.fail(code, message)) from refusal
        worker.store.kms.flush()
        return done

    def conclude_broken(self, job: Job) -> None:
        """A bug keeps the job from going on: the customer's job has failed too."""
        worker = unattended(self._simulator)
        domain = find_domain(worker, job.subject)
        if domain is not None:
            _Run(worker, domain, job.state["job_id"], KINDS[job.kind]).fail(BROKEN, jobs.BROKEN)


class _Run:
    """One step of one job."""

    def __init__(self, worker: Alone, domain: Domain, job_id: str, kind: JobKind) -> None:
        self._worker = worker
        self._domain = domain
        self._kind = kind
        self._record = worker.store.get(domain.arn, JOB, job_id)

    def step(self) -> bool:
        """Returns whether the job has come to its end."""
        active(self._domain)
        if self._record.attributes["JobStatus"] == batch_job.SUBMITTED:
            self._take_in()
            return False
        waiting = self._worker.store.page(self._domain.arn, JOB_REQUEST, parent=self._record.record_id, limit=1)
        if waiting:
            self._meet(waiting[0])
            return False
        self._write_out()
        return True

    def fail(self, code: int, message: str) -> None:
        """The job as a whole cannot go on. What it did for single requests stays done."""
        self._record = self._worker.store.get(self._domain.arn, JOB, self._record.record_id)  # the step was undone
        self._forget_requests()
        details = {"StatusCode": code, "Message": message}
        self._note(JobStatus=batch_job.FAILED, FailureDetails=details, EndedAt=self._worker.clock.now())
        self._tell(events.Failure(code, message))

    # The steps

    def _take_in(self) -> None:
        """Keep each request of the input file, sealed, until its turn comes."""
        bucket, key = _split(self._record.attributes["InputDataConfig"]["S3Uri"])
        requests = job_files.parse(self._files().read(bucket, key, MAX_INPUT_BYTES), self._kind.form)
        for number, request in enumerate(requests):
            self._put_request(f"{self._record.record_id}/{number:05d}", self._record.record_id, request)
        self._note(JobStatus=batch_job.IN_PROGRESS, Total=len(requests), Done=0, Failed=0)

    def _meet(self, waiting: Record) -> None:
        request = self._worker.store.reveal(waiting)["Request"]
        meet, tell_failure = self._operation()
        outcome = {"RequestId": request["RequestId"]}
        try:
            with self._worker.simulator.database.unit():
                outcome |= meet(self._worker, self._domain, self._record, request, lambda: self._hear(request))
        except (RequestFailed, InvalidRequest, ServiceError) as refusal:
            failure = _as_failed_request(refusal)
            told = events.Failure(failure.code, failure.without_names)
            tell_failure(self._worker, self._domain, self._record, request, told)
            outcome |= {"ErrorCode": failure.code, "ErrorMessage": str(failure)}
        self._put_request(waiting.record_id, self._record.record_id + _DONE, outcome)
        done = self._record.attributes["Done"] + 1
        self._note(
            Done=done,
            Failed=self._record.attributes["Failed"] + ("ErrorCode" in outcome),
            PercentComplete=100 * done // self._record.attributes["Total"],
        )

    def _write_out(self) -> None:
        attributes, job_id = self._record.attributes, self._record.record_id
        outcomes = self._worker.store.stream(self._domain.arn, JOB_REQUEST, parent=job_id + _DONE)
        revealed = (self._worker.store.reveal(outcome)["Request"] for outcome in outcomes)
        content = job_files.render(self._kind.form, revealed)
        output = attributes["OutputDataConfig"]
        uri = job_files.output_uri(output["S3Uri"], job_id, attributes["InputDataConfig"]["S3Uri"])
        self._files().write(*_split(uri), content, output.get("KmsKeyId"))
        self._forget_requests()
        status = batch_job.COMPLETED_WITH_ERRORS if attributes["Failed"] else batch_job.COMPLETED
        self._note(JobStatus=status, EndedAt=self._worker.clock.now())
        self._tell()

    # What they stand on

    def _operation(self) -> tuple[Meet, TellFailure]:
        from services.voice_id import enrolment, registration  # with numpy, which is slow to import

        if self._kind is ENROLMENT:
            return enrolment.enrol, enrolment.tell_failure
        return registration.register, registration.tell_failure

    def _hear(self, request: Mapping[str, Any]) -> Samples:
        """The speech of a request's recordings, as far as it is needed. Raises: RequestFailed; InvalidRequest."""
        from services.voice_id.hearing import hear

        return hear(self._files(), job_files.audio_of(request), self._kind.speech_seconds, MAX_SPEECH_SECONDS)

    def _files(self) -> CustomerFiles:
        """The customer's buckets. Raises: FileRefused if Voice ID is not trusted with the role."""
        role_arn = self._record.attributes["DataAccessRoleArn"]
        try:
            role = assume_role(self._worker, self._domain, role_arn, self._record.record_id)
        except ServiceError as refusal:
            raise FileRefused(DENIED, refusal.message) from refusal
        return CustomerFiles(self._worker, role)

    def _put_request(self, record_id: str, parent: str, request: Mapping[str, Any]) -> None:
        self._worker.store.put(self._domain.scope, JOB_REQUEST, record_id, {"Request": request}, parent=parent)

    def _forget_requests(self) -> None:
        for parent in (self._record.record_id, self._record.record_id + _DONE):
            self._worker.store.delete_children(self._domain.arn, JOB_REQUEST, parent)

    def _tell(self, failure: events.Failure | None = None) -> None:
        """The job has ended. failure: why it failed, if it did."""
        data = batch_job.event_data(self._record, self._kind)
        events.batch(self._worker, self._domain, self._kind.action, self._record.record_id, data, failure)

    def _note(self, **changes: Any) -> None:
        self._record = self._worker.store.set_attributes(self._record, **changes)


def _split(uri: str) -> tuple[str, str]:
    """Bucket and key. Raises: InvalidFile, if the URI that was given to the API names no object."""
    try:
        return job_files.split_uri(uri)
    except InvalidRequest as error:
        raise InvalidFile("The S3 URI of the input or output names no object.") from error


def _as_failed_request(refusal: RequestFailed | InvalidRequest | ServiceError) -> RequestFailed:
    if isinstance(refusal, RequestFailed):
        return refusal
    if isinstance(refusal, InvalidRequest):
        return RequestFailed(INVALID, str(refusal))
    return RequestFailed(QUOTA if refusal.code == errors.QUOTA_EXCEEDED else INVALID, refusal.message)


def _as_failure(refusal: ServiceError | FileRefused | InvalidFile | KmsRefusal) -> tuple[int, str]:
    """FailureDetails: status code and message. The one ServiceError here is that of a domain that is not active."""
    if isinstance(refusal, FileRefused):
        return refusal.code, str(refusal)
    if isinstance(refusal, InvalidFile):
        return INVALID, str(refusal)
    if isinstance(refusal, KmsRefusal):
        answered = errors.refuse(refusal)
        return answered.status or DENIED, answered.message
    return CONFLICT, refusal.message
