"""What Amazon Connect does with a call and Voice ID: it starts a session, streams the audio, enrols, ends.

AWS has no public operation for any of it, so the control API stands in for Connect. Voice ID works alone here, on its
grant: the caller on the line is nobody's principal.
Source: the actions of "Amazon Connect Voice ID event schema", and "Use Voice ID" of the Connect Administrator Guide.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.voice_id import errors, events, speaker
from services.voice_id.domain import Domain
from services.voice_id.session import (
    ENDED,
    FORGETTING,
    KEPT_SECONDS,
    ONGOING,
    PENDING_CONFIGURATION,
    Session,
    add_session,
    audio_of,
    check_quota,
    find_session,
    find_speaker_of,
    forget_audio,
    keep_audio,
)
from services.voice_id.voices import MAX_SPEECH_SECONDS, keep_voice
from services.voice_id.watchlist import default_watchlist_id, get_watchlist
from services.voice_id.worker import Worker

if TYPE_CHECKING:
    from services.voice_id.voiceprints import Samples

ENROLMENT_SECONDS = 30.0
"""Net speech that an enrolment takes. Source: "Enroll callers in Voice ID"."""
MAX_AUDIO_SECONDS = 300.0
"""How much of a call is kept and looked at: our choice."""

REQUESTED, DONE = "REQUESTED", "DONE"
"""States of an enrolment that was asked for in a session."""


@dataclass(frozen=True)
class Settings:
    """How a session decides. None: as it is, or the default. Scores are 0 to 100.

    minimum_speech_seconds: net speech that an authentication takes. spoofing_score: what the voice spoofing risk is
    said to be; a detector of spoofed voices is not simulated.
    """

    speaker_id: str | None = None
    acceptance_threshold: int | None = None
    risk_threshold: int | None = None
    watchlist_id: str | None = None
    minimum_speech_seconds: int | None = None
    spoofing_score: int | None = None


_DEFAULTS = {"AcceptanceThreshold": 90, "RiskThreshold": 50, "MinimumSpeechSeconds": 10, "SpoofingScore": 0}
"""Source: the defaults of the Set Voice ID block; 5 to 10 seconds of speech can be asked for."""


def start(worker: Worker, domain: Domain, name: str, settings: Settings) -> Session:
    """Begin to stream a call. A session whose stream has ended begins anew, without the audio it had.

    Raises: ServiceError, ANOTHER_ACTIVE_STREAM while the session still streams; KmsRefusal.
    """
    worker.store.require_access(domain.scope)
    fresh = {
        "StreamingStatus": PENDING_CONFIGURATION,
        "StartedAt": worker.clock.now(),
        "LastAudioAt": None,
        "EndedAt": None,
        "Pieces": 0,
        "Samples": 0,
        "Enrolment": None,
        "GeneratedSpeakerId": None,
        "WatchlistId": default_watchlist_id(domain),
        "Authentication": None,
        "FraudDetection": None,
        **_DEFAULTS,
    }
    session = find_session(worker, domain, name)
    if session is None:
        session = add_session(worker, domain, name, fresh)
    elif session.is_active:
        raise errors.conflict(errors.ANOTHER_STREAM)
    else:
        check_quota(worker, domain)
        forget_audio(worker, domain.arn, session.session_id)
        session = session.changed(worker, **fresh)
    _forget_in_a_day(worker, session)
    session = _configure(worker, session, settings)
    events.session_action(worker, session, events.START_SESSION)
    return session


def update(worker: Worker, session: Session, settings: Settings) -> Session:
    """Change who is said to be on the line, or how it is decided. Raises: ServiceError; KmsRefusal."""
    _check_active(session)
    session = _configure(worker, session, settings)
    events.session_action(worker, session, events.UPDATE_SESSION)
    return session


def feed(worker: Worker, session: Session, samples: Samples) -> Session:
    """One more piece of the caller's audio. Raises: ServiceError; KmsRefusal."""
    from services.voice_id.voiceprints import SAMPLE_RATE

    _check_active(session)
    room = int(MAX_AUDIO_SECONDS * SAMPLE_RATE) - session["Samples"]
    kept = samples[: max(room, 0)]
    if len(kept):
        keep_audio(worker, session, kept)
    session = session.changed(
        worker,
        StreamingStatus=ONGOING,
        LastAudioAt=worker.clock.now(),
        Pieces=session["Pieces"] + 1,
        Samples=session["Samples"] + len(kept),
    )
    return _enrol_if_possible(worker, session)


def enrol(worker: Worker, session: Session) -> Session:
    """Enrol the session's speaker, at once or as soon as there is enough speech. Raises: ServiceError; KmsRefusal."""
    _check_active(session)
    record = _speaker_to_enrol(worker, session)
    if record.attributes["Status"] != speaker.ENROLLED:
        worker.store.set_attributes(record, Status=speaker.PENDING, UpdatedAt=worker.clock.now())
    session = session.changed(worker, Enrolment=REQUESTED)
    events.enrolment_request(worker, session)
    return _enrol_if_possible(worker, session)


def end(worker: Worker, session: Session) -> Session:
    """The call is over. Raises: ServiceError if it was before."""
    _check_active(session)
    _forget_in_a_day(worker, session)
    if session["Enrolment"] == REQUESTED:
        events.speaker(
            worker,
            session.domain,
            events.ENROLL_SPEAKER,
            session["GeneratedSpeakerId"],
            enrolment=events.by_session(session),
            failure=events.Failure(400, "The speaker was not enrolled by the end of the call."),
        )
    return session.changed(worker, StreamingStatus=ENDED, EndedAt=worker.clock.now())


def _check_active(session: Session) -> None:
    if not session.is_active:
        raise errors.invalid(f"The session {session['SessionName']} does not stream any more.")


def _forget_in_a_day(worker: Worker, session: Session) -> None:
    due_at = worker.clock.now() + KEPT_SECONDS
    worker.simulator.deadlines.set(FORGETTING, session.domain.arn, session.session_id, due_at)


def _configure(worker: Worker, session: Session, settings: Settings) -> Session:
    changes: dict[str, Any] = {
        "AcceptanceThreshold": settings.acceptance_threshold,
        "RiskThreshold": settings.risk_threshold,
        "MinimumSpeechSeconds": settings.minimum_speech_seconds,
        "SpoofingScore": settings.spoofing_score,
    }
    if settings.watchlist_id is not None:
        changes["WatchlistId"] = get_watchlist(worker, session.domain, settings.watchlist_id).record_id
    if settings.speaker_id is not None:
        changes["GeneratedSpeakerId"] = _named_speaker(worker, session, settings.speaker_id)
    return session.changed(worker, **{name: value for name, value in changes.items() if value is not None})


def _named_speaker(worker: Worker, session: Session, speaker_id: str) -> str:
    """The generated id of whom the session names; who was unknown is a speaker whose enrolment is pending."""
    record = speaker.find_speaker(worker, session.domain, speaker_id)
    if session["Enrolment"] is not None and (record is None or record.record_id != session["GeneratedSpeakerId"]):
        raise errors.conflict(errors.SPEAKER_FIXED)
    if record is None:
        record = speaker.add_speaker(worker, session.domain, speaker_id, speaker.PENDING)
    return record.record_id


def _speaker_to_enrol(worker: Worker, session: Session) -> Record:
    record = find_speaker_of(worker, session)
    if record is None:
        raise errors.conflict(errors.SPEAKER_NOT_SET)
    if record.attributes["Status"] == speaker.OPTED_OUT:
        raise errors.conflict(errors.SPEAKER_OPTED_OUT)
    if session["Enrolment"] is not None:
        raise errors.conflict(errors.ENROLLMENT_EXISTS)
    return record


def _enrol_if_possible(worker: Worker, session: Session) -> Session:
    """Keep the speaker's voice once there is enough of it. Whoever opts out meanwhile is not enrolled."""
    from services.voice_id.voiceprints import seconds_of, speech_of

    record = find_speaker_of(worker, session)
    if session["Enrolment"] != REQUESTED or record is None or record.attributes["Status"] == speaker.OPTED_OUT:
        return session
    speech = speech_of(audio_of(worker, session), MAX_SPEECH_SECONDS)
    if seconds_of(speech) < ENROLMENT_SECONDS:
        return session
    keep_voice(worker, session.domain.scope, record.record_id, speech)
    speaker.enrol(worker, session.domain, record)
    events.speaker(
        worker, session.domain, events.ENROLL_SPEAKER, record.record_id, enrolment=events.by_session(session)
    )
    return session.changed(worker, Enrolment=DONE)
