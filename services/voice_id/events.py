"""Voice ID's events on the account's default bus: one function for each kind.

Follows "Amazon Connect Voice ID event schema" of the Connect Administrator Guide, mixed spelling included (domainId and
domainID, VoiceId and VoiceID). Events name speakers and fraudsters by their generated ids only; free text is in none.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from services.eventbridge.publish import publish
from services.voice_id.domain import Domain
from services.voice_id.session import Session
from services.voice_id.worker import Worker

SOURCE = "aws.voiceid"

START_SESSION, UPDATE_SESSION, EVALUATE_SESSION = "START_SESSION", "UPDATE_SESSION", "EVALUATE_SESSION"
ENROLL_SPEAKER, OPT_OUT_SPEAKER, DELETE_SPEAKER = "ENROLL_SPEAKER", "OPT_OUT_SPEAKER", "DELETE_SPEAKER"
REGISTER_FRAUDSTER, DELETE_FRAUDSTER = "REGISTER_FRAUDSTER", "DELETE_FRAUDSTER"
BATCH_ENROLMENT, BATCH_REGISTRATION = "BATCH_ENROLLMENT_REQUEST", "BATCH_REGISTRATION_REQUEST"

_SESSION_TYPES = {
    START_SESSION: "VoiceId Start Session Action",
    UPDATE_SESSION: "VoiceId Update Session Action",
    EVALUATE_SESSION: "VoiceId Evaluate Session Action",
}
_SPEAKER = "VoiceId Speaker Action"
_FRAUDSTER = "VoiceId Fraudster Action"
_SESSION_ENROLMENT = "VoiceId Session Speaker Enrollment Action"
_BATCH_TYPES = {
    BATCH_ENROLMENT: "VoiceID Batch Speaker Enrollment Action",
    BATCH_REGISTRATION: "VoiceId Batch Fraudster Registration Action",
}
_SUCCESS, _FAILURE = "SUCCESS", "FAILURE"


@dataclass(frozen=True)
class Failure:
    """Why something did not come to be. code: in the manner of HTTP."""

    code: int
    message: str


def session_action(worker: Worker, session: Session, action: str) -> None:
    """A session was started or updated."""
    shown = _configuration(session)
    if action == START_SESSION:
        progress = {"audioAggregationStatus": "NOT_STARTED"}
        shown |= {f"{what}AudioProgress": dict(progress) for what in ("enrollment", "authentication", "fraudDetection")}
    detail = {"domainId": session.domain.domain_id, "session": shown}
    _emit(worker, session.domain, _SESSION_TYPES[action], action, detail)


def evaluation(worker: Worker, session: Session) -> None:
    """A session was evaluated."""
    shown = {
        "sessionId": session.session_id,
        "sessionName": session["SessionName"],
        "generatedSpeakerId": session["GeneratedSpeakerId"],
        "streamingStatus": session["StreamingStatus"],
        "authenticationResult": _authentication(session["Authentication"]),
        "fraudDetectionResult": _fraud_detection(session["FraudDetection"]),
    }
    detail = {"domainId": session.domain.domain_id, "session": shown}
    _emit(worker, session.domain, _SESSION_TYPES[EVALUATE_SESSION], EVALUATE_SESSION, detail)


def enrolment_request(worker: Worker, session: Session) -> None:
    """An enrolment was asked for in a session."""
    detail = {
        "domainId": session.domain.domain_id,
        "sessionId": session.session_id,
        "sessionName": session["SessionName"],
    }
    _emit(worker, session.domain, _SESSION_ENROLMENT, "SESSION_ENROLLMENT_REQUEST", detail)


def speaker(
    worker: Worker,
    domain: Domain,
    action: str,
    generated_id: str | None,
    *,
    enrolment: Mapping[str, str | None] | None = None,
    failure: Failure | None = None,
) -> None:
    """A speaker was enrolled (enrolment: by what), opted out or deleted; or was not (failure: why).

    generated_id: None for a request of a batch job that failed before it made its speaker known. That each such request
    is told is our choice.
    """
    detail = {"domainID": domain.domain_id, "generatedSpeakerId": generated_id, "data": dict(enrolment or {})}
    _emit(worker, domain, _SPEAKER, action, detail, failure)


def by_session(session: Session) -> dict[str, str]:
    """What enrols a speaker in a session."""
    return {"enrollmentSource": "SESSION", "enrollmentSourceId": session.session_id, "enrollmentStatus": "ENROLLMENT"}


def by_job(job_id: str, status: str | None) -> dict[str, str | None]:
    """What enrols a speaker in a batch job, and as what; status: None if it does not."""
    return {"enrollmentSource": "BATCH", "enrollmentSourceId": job_id, "enrollmentStatus": status}


def fraudster(
    worker: Worker,
    domain: Domain,
    action: str,
    generated_id: str | None,
    watchlist_ids: Sequence[str],
    *,
    registration: Mapping[str, str | None] | None = None,
    failure: Failure | None = None,
) -> None:
    """A fraudster was registered (registration: by what) or deleted; or was not (failure: why), without an id then."""
    detail = {
        "domainID": domain.domain_id,
        "generatedFraudsterId": generated_id,
        "watchlistIds": list(watchlist_ids),
        "data": dict(registration or {}),
    }
    _emit(worker, domain, _FRAUDSTER, action, detail, failure)


def registered_by_job(job_id: str, status: str | None) -> dict[str, str | None]:
    return {"registrationSource": "BATCH", "registrationSourceId": job_id, "registrationStatus": status}


def batch(
    worker: Worker, domain: Domain, action: str, job_id: str, data: Mapping[str, Any], failure: Failure | None = None
) -> None:
    """A batch job was started, or has come to its end, which is told by the same action: our choice.

    data: its configuration, as `batch_job.event_data` words it. failure: why it failed as a whole; one that has met
    some of its requests only is a success, and each of those is told by itself.
    """
    detail = {"domainId": domain.domain_id, "batchJobId": job_id, "data": data}
    _emit(worker, domain, _BATCH_TYPES[action], action, detail, failure)


def _emit(
    worker: Worker,
    domain: Domain,
    detail_type: str,
    action: str,
    detail: Mapping[str, Any],
    failure: Failure | None = None,
) -> None:
    """failure: None for a success."""
    publish(
        worker.simulator,
        account_id=domain.scope.account_id,
        region=domain.scope.region,
        source=SOURCE,
        detail_type=detail_type,
        resources=[domain.arn],
        detail={
            "sourceId": worker.randomness.uuid(),
            "action": action,
            "status": _SUCCESS if failure is None else _FAILURE,
            "errorInfo": {} if failure is None else _error_info(failure),
            **detail,
        },
    )


def _error_info(failure: Failure) -> dict[str, Any]:
    """The members are documented; what stands in errorType is our choice."""
    kind = "CLIENT" if failure.code < 500 else "SERVICE"
    return {"errorMessage": failure.message, "errorType": kind, "errorCode": failure.code}


def _configuration(session: Session) -> dict[str, Any]:
    return {
        "sessionId": session.session_id,
        "sessionName": session["SessionName"],
        "authenticationConfiguration": {"acceptanceThreshold": session["AcceptanceThreshold"]},
        "fraudDetectionConfiguration": {
            "riskThreshold": session["RiskThreshold"],
            "watchlistId": session["WatchlistId"],
        },
        "streamingConfiguration": {"authenticationMinimumSpeechInSeconds": session["MinimumSpeechSeconds"]},
        "generatedSpeakerId": session["GeneratedSpeakerId"],
    }


def _authentication(result: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "authenticationResultId": result["Id"],
        "decision": result["Decision"],
        "score": result["Score"],
        **_aggregation(result),
        "configuration": {"acceptanceThreshold": result["Threshold"]},
    }


def _fraud_detection(result: Mapping[str, Any]) -> dict[str, Any]:
    shown = {
        "fraudDetectionResultId": result["Id"],
        "decision": result["Decision"],
        "reasons": result["Reasons"],
        **_aggregation(result),
        "configuration": {"riskThreshold": result["Threshold"], "watchlistId": result["WatchlistId"]},
    }
    risks = result["Risks"]
    if risks is not None:
        shown["riskDetails"] = {
            "knownFraudsterRisk": {
                "generatedFraudsterId": risks["Fraudster"],
                "riskScore": risks["FraudsterScore"],
                "watchlistId": result["WatchlistId"],
            },
            "voiceSpoofingRisk": {"riskScore": risks["SpoofingScore"]},
        }
    return shown


def _aggregation(result: Mapping[str, Any]) -> dict[str, str]:
    times = {"audioAggregationStartedAt": result["StartedAt"], "audioAggregationEndedAt": result["EndedAt"]}
    return {name: datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds") for name, at in times.items()}
