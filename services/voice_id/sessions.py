"""EvaluateSession: what has been decided so far about a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.voice_id import events
from services.voice_id.data_classes import SPEAKER
from services.voice_id.domain import get_active_domain
from services.voice_id.session import Session, get_session
from services.voice_id.speaker import ID

if TYPE_CHECKING:
    from services.call import ServiceCall


def evaluate_session(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Authenticate and look for fraud by the audio streamed so far; before there is any, there are no results."""
    from services.voice_id.evaluation import Evaluation  # with numpy, which is slow to import

    domain = get_active_domain(call, parameters["DomainId"])
    session = get_session(call, domain, parameters["SessionNameOrId"])
    answer = {
        "DomainId": domain.domain_id,
        "SessionId": session.session_id,
        "SessionName": session["SessionName"],
        "StreamingStatus": session["StreamingStatus"],
    }
    if session["LastAudioAt"] is None:
        return answer
    session = Evaluation(call, session).run()
    events.evaluation(call, session)
    return {
        **answer,
        "AuthenticationResult": _authentication(call, session),
        "FraudDetectionResult": _fraud_detection(session["FraudDetection"]),
    }


def _authentication(call: ServiceCall, session: Session) -> dict[str, Any]:
    result = session["Authentication"]
    return {
        "AuthenticationResultId": result["Id"],
        "AudioAggregationStartedAt": result["StartedAt"],
        "AudioAggregationEndedAt": result["EndedAt"],
        "Configuration": {"AcceptanceThreshold": result["Threshold"]},
        "CustomerSpeakerId": _customer_speaker_id(call, session, result["GeneratedSpeakerId"]),
        "GeneratedSpeakerId": result["GeneratedSpeakerId"],
        "Decision": result["Decision"],
        "Score": result["Score"],
    }


def _customer_speaker_id(call: ServiceCall, session: Session, generated_id: str | None) -> Any:
    if generated_id is None:
        return None
    return call.store.reveal(call.store.get(session.domain.arn, SPEAKER, generated_id))[ID]


def _fraud_detection(result: dict[str, Any]) -> dict[str, Any]:
    risks = result["Risks"]
    return {
        "FraudDetectionResultId": result["Id"],
        "AudioAggregationStartedAt": result["StartedAt"],
        "AudioAggregationEndedAt": result["EndedAt"],
        "Configuration": {"RiskThreshold": result["Threshold"], "WatchlistId": result["WatchlistId"]},
        "Decision": result["Decision"],
        "Reasons": result["Reasons"],
        "RiskDetails": None
        if risks is None
        else {
            "KnownFraudsterRisk": {
                "GeneratedFraudsterId": risks["Fraudster"],
                "RiskScore": risks["FraudsterScore"],
            },
            "VoiceSpoofingRisk": {"RiskScore": risks["SpoofingScore"]},
        },
    }
