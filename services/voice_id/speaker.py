"""The speaker as it rests: finding one by either id, what changes its status, the words in which the API shows it."""

from __future__ import annotations

from typing import Any

from kms.encrypted_store import Record
from services.voice_id import errors
from services.voice_id.data_classes import SPEAKER
from services.voice_id.domain import Domain
from services.voice_id.voices import forget_voice
from services.voice_id.worker import Worker

ENROLLED, EXPIRED, OPTED_OUT, PENDING = "ENROLLED", "EXPIRED", "OPTED_OUT", "PENDING"
MAX_SPEAKERS = 100_000
EXPIRY = "VOICE_ID_SPEAKER_EXPIRY"
EXPIRES_AFTER_SECONDS = 3 * 365 * 86_400
"""Source: three years without access, "Voice ID speaker expiration" of the Connect Administrator Guide."""
ACCESS_ACCURACY_SECONDS = 3_600
"""LastAccessedAt is accurate to one hour. Source: the service model."""

ID = "CustomerSpeakerId"
GENERATED = "id#"
"""How generated ids begin; the model lets no customer's id begin so."""


def get_speaker(worker: Worker, domain: Domain, speaker_id: str) -> Record:
    """Raises: ServiceError("ResourceNotFoundException"); KmsRefusal."""
    record = find_speaker(worker, domain, speaker_id)
    if record is None:
        raise errors.speaker_not_found()
    return record


def find_speaker(worker: Worker, domain: Domain, speaker_id: str) -> Record | None:
    """A speaker by either id. That one is not there is told only to those who could read it if it were."""
    generated_id: str | None = speaker_id
    if not speaker_id.startswith(GENERATED):
        found = worker.store.find_by(domain.scope, SPEAKER, ID, speaker_id)
        generated_id = found[0] if found else None
    record = worker.store.find(domain.arn, SPEAKER, generated_id) if generated_id else None
    if record is None:
        worker.store.require_access(domain.scope)
    return record


def add_speaker(worker: Worker, domain: Domain, speaker_id: str, status: str) -> Record:
    """Make a person known by the customer's id. Raises: ServiceError; KmsRefusal."""
    if speaker_id.startswith(GENERATED):
        raise errors.speaker_not_found()
    if worker.store.tallied(domain.arn, SPEAKER) >= MAX_SPEAKERS:
        raise errors.quota_exceeded("speakers", MAX_SPEAKERS)
    worker.store.tally(domain.arn, SPEAKER, 1)
    return worker.store.put(
        domain.scope,
        SPEAKER,
        GENERATED + worker.randomness.alphanumeric(22),
        {ID: speaker_id},
        {"Status": status, "UpdatedAt": worker.clock.now()},
        index=[(ID, speaker_id)],
    )


def enrol(worker: Worker, domain: Domain, record: Record) -> Record:
    """The speaker's voice has been kept: from now on calls can be compared with it."""
    now = worker.clock.now()
    _set_expiry(worker, domain, record, now)
    return worker.store.set_attributes(record, Status=ENROLLED, UpdatedAt=now, LastAccessedAt=now)


def note_access(worker: Worker, domain: Domain, record: Record) -> None:
    """The speaker was authenticated, which puts the expiry off."""
    now = worker.clock.now()
    if now - record.attributes["LastAccessedAt"] >= ACCESS_ACCURACY_SECONDS:
        _set_expiry(worker, domain, record, now)
        worker.store.set_attributes(record, LastAccessedAt=now)


def opt_out(worker: Worker, domain: Domain, record: Record) -> Record:
    """Bar a speaker, and destroy what is kept of the voice."""
    _forget(worker, domain.arn, record.record_id)
    return worker.store.set_attributes(record, Status=OPTED_OUT, UpdatedAt=worker.clock.now())


def delete(worker: Worker, domain: Domain, record: Record) -> None:
    _forget(worker, domain.arn, record.record_id)
    worker.store.delete(record)
    worker.store.tally(domain.arn, SPEAKER, -1)


def expire(worker: Worker, domain_arn: str, generated_id: str) -> None:
    """Three years without access: the voice is destroyed, the speaker stays and may be enrolled again."""
    record = worker.store.find(domain_arn, SPEAKER, generated_id)
    if record is not None:
        _forget(worker, domain_arn, generated_id)
        worker.store.set_attributes(record, Status=EXPIRED, UpdatedAt=worker.clock.now())


def as_member(worker: Worker, domain: Domain, record: Record) -> dict[str, Any]:
    """A speaker as the API shows it. Raises: KmsRefusal."""
    return {
        "DomainId": domain.domain_id,
        "GeneratedSpeakerId": record.record_id,
        ID: worker.store.reveal(record)[ID],
        "Status": record.attributes["Status"],
        "CreatedAt": record.created_at,
        "UpdatedAt": record.attributes["UpdatedAt"],
        "LastAccessedAt": record.attributes.get("LastAccessedAt"),
    }


def _set_expiry(worker: Worker, domain: Domain, record: Record, now: float) -> None:
    worker.simulator.deadlines.set(EXPIRY, domain.arn, record.record_id, now + EXPIRES_AFTER_SECONDS)


def _forget(worker: Worker, domain_arn: str, generated_id: str) -> None:
    forget_voice(worker, domain_arn, generated_id)
    worker.simulator.deadlines.clear(EXPIRY, domain_arn, generated_id)
