"""The call session as it rests: configuration and results in the clear, as AWS shows them; its audio sealed, in pieces.

A session is known for a day from its end, or from its start if it never ends; so long its audio is kept too.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.voice_id import errors
from services.voice_id.data_classes import AUDIO, SPEAKER
from services.voice_id.domain import Domain
from services.voice_id.worker import Worker

if TYPE_CHECKING:
    from services.voice_id.voiceprints import Samples

PENDING_CONFIGURATION, ONGOING, ENDED = "PENDING_CONFIGURATION", "ONGOING", "ENDED"
FORGETTING = "VOICE_ID_SESSION_END"
KEPT_SECONDS = 86_400
"""Raw audio is kept for 24 hours. Source: "Voice ID" of the Connect Administrator Guide."""
MAX_ACTIVE = 50

SESSION = "session"
_NAME = "session-name"
"""The data class of plain records that lead from a session's name to its id."""
_ACTIVE, _ENDED = "active", "ended"
_GENERATED = "id#"


@dataclass(frozen=True)
class Session:
    """A session of a domain. record: plain, its attributes are what follows."""

    domain: Domain
    record: Record

    @property
    def session_id(self) -> str:
        return self.record.record_id

    @property
    def is_active(self) -> bool:
        return bool(self["StreamingStatus"] != ENDED)

    def __getitem__(self, name: str) -> Any:
        return self.record.attributes[name]

    def changed(self, worker: Worker, **changes: Any) -> Session:
        attributes = {**self.record.attributes, **changes}
        is_active = attributes["StreamingStatus"] != ENDED
        record = worker.store.put_plain(
            self.domain.arn, SESSION, self.session_id, attributes, parent=_ACTIVE if is_active else _ENDED
        )
        return replace(self, record=record)


def find_session(worker: Worker, domain: Domain, name_or_id: str) -> Session | None:
    session_id = name_or_id
    if not name_or_id.startswith(_GENERATED):
        named = worker.store.find(domain.arn, _NAME, name_or_id)
        if named is None:
            return None
        session_id = named.attributes["SessionId"]
    record = worker.store.find(domain.arn, SESSION, session_id)
    return None if record is None else Session(domain, record)


def get_session(worker: Worker, domain: Domain, name_or_id: str) -> Session:
    """Raises: ServiceError("ResourceNotFoundException"); KmsRefusal, as that one is there is told to users alone."""
    worker.store.require_access(domain.scope)
    session = find_session(worker, domain, name_or_id)
    if session is None:
        raise errors.not_found("SESSION", name_or_id)
    return session


def add_session(worker: Worker, domain: Domain, name: str, attributes: dict[str, Any]) -> Session:
    """A new session. Raises: ServiceError("ServiceQuotaExceededException")."""
    check_quota(worker, domain)
    session_id = _GENERATED + worker.randomness.alphanumeric(22)
    worker.store.put_plain(domain.arn, _NAME, name, {"SessionId": session_id})
    record = worker.store.put_plain(
        domain.arn, SESSION, session_id, {"SessionName": name, **attributes}, parent=_ACTIVE
    )
    return Session(domain, record)


def check_quota(worker: Worker, domain: Domain) -> None:
    """Raises: ServiceError("ServiceQuotaExceededException")."""
    if worker.store.count(domain.arn, SESSION, parent=_ACTIVE) >= MAX_ACTIVE:
        raise errors.quota_exceeded("active sessions", MAX_ACTIVE)


def find_speaker_of(worker: Worker, session: Session) -> Record | None:
    """The speaker that the session names, unless it names none or that one was deleted."""
    speaker_id = session["GeneratedSpeakerId"]
    return None if speaker_id is None else worker.store.find(session.domain.arn, SPEAKER, speaker_id)


def keep_audio(worker: Worker, session: Session, samples: Samples) -> None:
    """Seal one more piece of the call. Raises: KmsRefusal."""
    piece = f"{session.session_id}/{session['Pieces']:06d}"
    sealed = {"Audio": samples.astype("<i2").tobytes()}
    worker.store.put(session.domain.scope, AUDIO, piece, sealed, parent=session.session_id)


def audio_of(worker: Worker, session: Session) -> Samples:
    """All of the call that was kept. Raises: KmsRefusal."""
    import numpy as np

    pieces = worker.store.stream(session.domain.arn, AUDIO, parent=session.session_id)
    return np.frombuffer(b"".join(worker.store.reveal(piece)["Audio"] for piece in pieces), dtype="<i2")


def forget_audio(worker: Worker, domain_arn: str, session_id: str) -> None:
    """Destroy the audio of a call; takes no key."""
    worker.store.delete_children(domain_arn, AUDIO, session_id)


def forget(worker: Worker, domain_arn: str, session_id: str) -> None:
    """After its day a session is known no more."""
    forget_audio(worker, domain_arn, session_id)
    record = worker.store.find(domain_arn, SESSION, session_id)
    if record is not None:
        worker.store.delete(record)
        worker.store.delete(worker.store.get(domain_arn, _NAME, record.attributes["SessionName"]))
