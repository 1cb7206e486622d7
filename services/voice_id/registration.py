"""One request of a fraudster registration job: from recordings to a fraudster on a watchlist, unless known already."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.voice_id import events, fraudster
from services.voice_id.domain import Domain
from services.voice_id.likeness import likest_fraudster
from services.voice_id.voiceprints import voiceprint_of
from services.voice_id.voices import keep_voice
from services.voice_id.worker import Worker

if TYPE_CHECKING:
    from services.voice_id.voiceprints import Samples

DUPLICATE, NEW = "DUPLICATE_SKIPPED", "NEW_REGISTRATION"
"""Source: the schema of the output file; its text calls the second one NEW_FRAUDSTER."""


def register(
    worker: Worker, domain: Domain, job: Record, request: Mapping[str, Any], hear: Callable[[], Samples]
) -> dict[str, Any]:
    """What the output file tells of a request that was met. hear: gets the speech of its recordings.

    Raises: RequestFailed; InvalidRequest; ServiceError for a quota; KmsRefusal.
    """
    config, speech = job.attributes["Config"], hear()
    likest, score = _likest(worker, domain, config["WatchlistIds"], speech)
    is_known = likest is not None and score >= config["FraudsterSimilarityThreshold"]
    if likest is not None and is_known and config["DuplicateRegistrationAction"] == "SKIP":
        return _outcome(likest, DUPLICATE, score)
    record = fraudster.add_fraudster(worker, domain, config["WatchlistIds"])
    keep_voice(worker, domain.scope, record.record_id, speech)
    by_job = events.registered_by_job(job.record_id, NEW)
    listed = record.attributes["WatchlistIds"]
    events.fraudster(worker, domain, events.REGISTER_FRAUDSTER, record.record_id, listed, registration=by_job)
    return _outcome(record.record_id, NEW, score)


def tell_failure(
    worker: Worker, domain: Domain, job: Record, request: Mapping[str, Any], failure: events.Failure
) -> None:
    """Tell of a request that was not met: no fraudster came of it."""
    by_job, watchlist_ids = events.registered_by_job(job.record_id, None), job.attributes["Config"]["WatchlistIds"]
    events.fraudster(
        worker, domain, events.REGISTER_FRAUDSTER, None, watchlist_ids, registration=by_job, failure=failure
    )


def _likest(worker: Worker, domain: Domain, watchlist_ids: list[str], speech: Samples) -> tuple[str | None, int]:
    voice = voiceprint_of(speech)
    found = [likest_fraudster(worker, domain, watchlist_id, voice) for watchlist_id in watchlist_ids]
    return max(found, key=lambda likest: likest[1])


def _outcome(fraudster_id: str, status: str, score: int) -> dict[str, Any]:
    return {
        "GeneratedFraudsterId": fraudster_id,
        "RegistrationStatus": status,
        "FraudsterSimilarityScore": score,
    }
