"""One request of a speaker enrolment job: from a person's recordings to an enrolled speaker, or the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.voice_id import events, speaker
from services.voice_id.domain import Domain
from services.voice_id.job_files import speaker_id_of
from services.voice_id.likeness import likest_fraudster
from services.voice_id.request_failed import CONFLICT, DENIED, RequestFailed
from services.voice_id.voiceprints import voiceprint_of
from services.voice_id.voices import keep_voice
from services.voice_id.worker import Worker

if TYPE_CHECKING:
    from services.voice_id.voiceprints import Samples

DUPLICATE, NEW, OVERWRITE = "DUPLICATE_SKIPPED", "NEW_ENROLLMENT", "ENROLLMENT_OVERWRITE"


def enrol(
    worker: Worker, domain: Domain, job: Record, request: Mapping[str, Any], hear: Callable[[], Samples]
) -> dict[str, Any]:
    """What the output file tells of a request that was met. hear: gets the speech of its recordings.

    Raises: RequestFailed; InvalidRequest; ServiceError for a quota; KmsRefusal.
    """
    config, speaker_id = job.attributes["Config"], speaker_id_of(request)
    record = speaker.find_speaker(worker, domain, speaker_id)
    if record is not None and record.attributes["Status"] == speaker.OPTED_OUT:
        raise RequestFailed(CONFLICT, "The speaker has opted out.")
    known = record is not None and record.attributes["Status"] == speaker.ENROLLED
    if record is not None and known and config["ExistingEnrollmentAction"] == "SKIP":
        return _outcome(record, speaker_id, DUPLICATE)
    speech = hear()
    _check_for_fraud(worker, domain, config["FraudDetectionConfig"], speech)
    if record is None:
        record = speaker.add_speaker(worker, domain, speaker_id, speaker.PENDING)
    keep_voice(worker, domain.scope, record.record_id, speech)
    speaker.enrol(worker, domain, record)
    status = OVERWRITE if known else NEW
    by_job = events.by_job(job.record_id, status)
    events.speaker(worker, domain, events.ENROLL_SPEAKER, record.record_id, enrolment=by_job)
    return _outcome(record, speaker_id, status)


def tell_failure(
    worker: Worker, domain: Domain, job: Record, request: Mapping[str, Any], failure: events.Failure
) -> None:
    """Tell of a request that was not met. Raises: KmsRefusal."""
    record = speaker.find_speaker(worker, domain, request["SpeakerId"]) if request["SpeakerId"] else None
    events.speaker(
        worker,
        domain,
        events.ENROLL_SPEAKER,
        None if record is None else record.record_id,
        enrolment=events.by_job(job.record_id, None),
        failure=failure,
    )


def _check_for_fraud(worker: Worker, domain: Domain, config: Mapping[str, Any], speech: Samples) -> None:
    if config["FraudDetectionAction"] == "IGNORE":
        return
    voice = voiceprint_of(speech)
    for watchlist_id in config["WatchlistIds"]:
        likest, score = likest_fraudster(worker, domain, watchlist_id, voice)
        if likest is not None and score >= config["RiskThreshold"]:
            raise RequestFailed(DENIED, "The speaker was identified as a fraudster.")


def _outcome(record: Record, speaker_id: str, status: str) -> dict[str, Any]:
    return {"GeneratedSpeakerId": record.record_id, "CustomerSpeakerId": speaker_id, "EnrollmentStatus": status}
