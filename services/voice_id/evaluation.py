"""What EvaluateSession decides from the audio of a call: whether it is the speaker, and whether it is a fraudster.

Follows EvaluateSession of the Voice ID API reference. A result stays as it is until there is new audio, another
threshold, or a change to what the call is compared with.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from services.voice_id import fraudster, speaker
from services.voice_id.likeness import likest_fraudster
from services.voice_id.session import Session, audio_of, find_speaker_of
from services.voice_id.voiceprints import Voiceprint, seconds_of, speech_of, voiceprint_of
from services.voice_id.voices import MAX_SPEECH_SECONDS, get_voiceprint
from services.voice_id.worker import Worker

if TYPE_CHECKING:
    from services.voice_id.voiceprints import Samples

ACCEPT, REJECT, NOT_ENOUGH_SPEECH = "ACCEPT", "REJECT", "NOT_ENOUGH_SPEECH"
HIGH_RISK, LOW_RISK = "HIGH_RISK", "LOW_RISK"
KNOWN_FRAUDSTER, VOICE_SPOOFING = "KNOWN_FRAUDSTER", "VOICE_SPOOFING"
FRAUD_DETECTION_SECONDS = 10.0
"""Net speech that fraud detection takes. Source: "Use Voice ID" of the Connect Administrator Guide."""

_BY_STATUS = {
    speaker.OPTED_OUT: "SPEAKER_OPTED_OUT",
    speaker.EXPIRED: "SPEAKER_EXPIRED",
    speaker.PENDING: "SPEAKER_NOT_ENROLLED",
}


class Evaluation:
    """One look at a session. The audio is opened only if a decision needs it."""

    def __init__(self, worker: Worker, session: Session) -> None:
        self._worker = worker
        self._session = session
        self._speech: Samples | None = None

    def run(self) -> Session:
        """The session with its present results. Raises: KmsRefusal."""
        audio = [self._session["StartedAt"], self._session["Pieces"]]
        authentication = self._unless_known("Authentication", [*audio, *self._authenticated_by()], self._authenticate)
        fraud = self._unless_known("FraudDetection", [*audio, *self._detected_by()], self._detect_fraud)
        return self._session.changed(self._worker, Authentication=authentication, FraudDetection=fraud)

    def _unless_known(self, name: str, basis: list[Any], decide: Callable[[], dict[str, Any]]) -> dict[str, Any]:
        known: dict[str, Any] | None = self._session[name]
        if known is not None and known["Basis"] == basis:
            return known
        return {
            "Id": self._worker.randomness.alphanumeric(22),
            "Basis": basis,
            "StartedAt": self._session["StartedAt"],
            "EndedAt": self._session["LastAudioAt"],
            **decide(),
        }

    # Is it the speaker?

    def _authenticated_by(self) -> list[Any]:
        record = find_speaker_of(self._worker, self._session)
        who = [] if record is None else [record.record_id, record.attributes["Status"], record.attributes["UpdatedAt"]]
        return [self._session["AcceptanceThreshold"], self._session["MinimumSpeechSeconds"], *who]

    def _authenticate(self) -> dict[str, Any]:
        session, record = self._session, find_speaker_of(self._worker, self._session)
        result = {"GeneratedSpeakerId": None if record is None else record.record_id}
        result["Threshold"] = session["AcceptanceThreshold"]
        if record is None:
            return {**result, "Decision": "SPEAKER_ID_NOT_PROVIDED", "Score": None}
        if record.attributes["Status"] != speaker.ENROLLED:
            return {**result, "Decision": _BY_STATUS[record.attributes["Status"]], "Score": None}
        if self._seconds() < session["MinimumSpeechSeconds"]:
            return {**result, "Decision": NOT_ENOUGH_SPEECH, "Score": None}
        score = self._voiceprint().similarity(get_voiceprint(self._worker, session.domain.scope, record.record_id))
        if score < session["AcceptanceThreshold"]:
            return {**result, "Decision": REJECT, "Score": score}
        speaker.note_access(self._worker, session.domain, record)
        return {**result, "Decision": ACCEPT, "Score": score}

    # Is it a fraudster?

    def _detected_by(self) -> list[Any]:
        session = self._session
        listed = fraudster.ids_on(self._worker, session.domain, session["WatchlistId"])
        return [session["RiskThreshold"], session["WatchlistId"], session["SpoofingScore"], listed]

    def _detect_fraud(self) -> dict[str, Any]:
        session = self._session
        result = {"Threshold": session["RiskThreshold"], "WatchlistId": session["WatchlistId"], "Reasons": []}
        if self._seconds() < FRAUD_DETECTION_SECONDS:
            return {**result, "Decision": NOT_ENOUGH_SPEECH, "Risks": None}
        likest, score = likest_fraudster(self._worker, session.domain, session["WatchlistId"], self._voiceprint())
        risks = {"Fraudster": likest, "FraudsterScore": score, "SpoofingScore": session["SpoofingScore"]}
        scores = {KNOWN_FRAUDSTER: score, VOICE_SPOOFING: session["SpoofingScore"]}
        reasons = [reason for reason, score in scores.items() if score > session["RiskThreshold"]]
        decision = HIGH_RISK if reasons else LOW_RISK
        return {**result, "Reasons": reasons, "Decision": decision, "Risks": risks}

    # The voice on the line

    def _spoken(self) -> Samples:
        if self._speech is None:
            self._speech = speech_of(audio_of(self._worker, self._session), MAX_SPEECH_SECONDS)
        return self._speech

    def _seconds(self) -> float:
        return seconds_of(self._spoken())

    def _voiceprint(self) -> Voiceprint:
        return voiceprint_of(self._spoken())
