"""Voice ID's part of the control API: the consent, and what Amazon Connect does with a call. JSON in and out.

Every call names "Account" and, unless it is the demo world's, "Region"; the rest stands beside each.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable
from typing import Any

from flask import Blueprint, Response, jsonify

from kms.errors import KmsRefusal
from services.blueprints import simulator
from services.console.control_calls import BadRequest, body_of, error_response, flag, in_unit
from services.voice_id import errors, streaming
from services.voice_id.consent import set_consent
from services.voice_id.domain import Domain, active, existing, find_domain
from services.voice_id.session import Session, find_session
from services.voice_id.streaming import Settings
from services.voice_id.worker import Worker, alone
from shared import demo_world
from shared.aws.models import service_model
from shared.catalog import arn
from shared.errors import ServiceError

voice_id_control = Blueprint("voice-id-control", __name__, url_prefix="/voice-id")

_PLACE = ("Account", "Region")
_SESSION = (*_PLACE, "DomainId", "SessionName")
_SETTINGS = {
    "SpeakerId": ("speaker_id", str),
    "AcceptanceThreshold": ("acceptance_threshold", int),
    "RiskThreshold": ("risk_threshold", int),
    "WatchlistId": ("watchlist_id", str),
    "MinimumSpeechSeconds": ("minimum_speech_seconds", int),
    "VoiceSpoofingRiskScore": ("spoofing_score", int),
}
"""Members of a session's configuration -> the setting's name and type. Numbers are 0 to 100."""


@voice_id_control.post("/consent")
@in_unit
def consent() -> Response:
    """{"Account", "Acknowledged": false}: the consent to biometric data, without which there is no new domain."""
    body = body_of(*_PLACE, "Acknowledged")
    account_id, region = _place(body)
    acknowledged = flag(body.get("Acknowledged"), "Acknowledged")
    with alone(simulator()) as worker:
        set_consent(worker, account_id, region, acknowledged=acknowledged)
    return jsonify({"Account": account_id, "Acknowledged": acknowledged})


@voice_id_control.post("/sessions/start")
@in_unit
def start_session() -> Response:
    """{"DomainId", "SessionName", "SpeakerId", ...}: a call begins to stream."""
    body = body_of(*_SESSION, *_SETTINGS)
    name, settings = _session_name(body), _settings(body)
    return _in_domain(body, lambda worker, domain: streaming.start(worker, domain, name, settings))


@voice_id_control.post("/sessions/update")
@in_unit
def update_session() -> Response:
    """{"DomainId", "SessionName", "SpeakerId", ...}: who is on the line, or how it is decided."""
    body = body_of(*_SESSION, *_SETTINGS)
    settings = _settings(body)
    return _in_session(body, lambda worker, session: streaming.update(worker, session, settings))


@voice_id_control.post("/sessions/audio")
@in_unit
def feed_session() -> Response:
    """{"DomainId", "SessionName", "Audio": base64 of a WAV file, "Channel": 0}: one more piece of the call."""
    from services.voice_id.recordings import InvalidAudio, read_wav

    body = body_of(*_SESSION, "Audio", "Channel")
    channel = body.get("Channel", 0)
    if channel not in (0, 1):
        raise BadRequest('"Channel" must be 0 or 1.')
    try:
        samples = read_wav(base64.b64decode(_text(body, "Audio"), validate=True), channel)
    except binascii.Error as error:
        raise BadRequest('"Audio" must be a WAV file in base64.') from error
    except InvalidAudio as error:
        raise BadRequest(str(error)) from error
    return _in_session(body, lambda worker, session: streaming.feed(worker, session, samples))


@voice_id_control.post("/sessions/enroll")
@in_unit
def enroll_speaker() -> Response:
    """{"DomainId", "SessionName"}: enroll the session's speaker, as soon as there is enough speech."""
    return _in_session(body_of(*_SESSION), streaming.enrol)


@voice_id_control.post("/sessions/end")
@in_unit
def end_session() -> Response:
    """{"DomainId", "SessionName"}: the call is over."""
    return _in_session(body_of(*_SESSION), streaming.end)


def _in_session(body: dict[str, Any], act: Callable[[Worker, Session], Session]) -> Response:
    name = _session_name(body)

    def find_and_act(worker: Worker, domain: Domain) -> Session:
        session = find_session(worker, domain, name)
        if session is None:
            raise errors.not_found("SESSION", name)
        return act(worker, session)

    return _in_domain(body, find_and_act)


def _in_domain(body: dict[str, Any], act: Callable[[Worker, Domain], Session]) -> Response:
    """Let Voice ID act alone on a domain, and answer with the session as it is then."""
    account_id, region = _place(body)
    domain_id = _text(body, "DomainId")
    try:
        with alone(simulator()) as worker:
            found = find_domain(worker, arn("voiceid", region, account_id, f"domain/{domain_id}"))
            session = act(worker, active(existing(found, domain_id)))
    except ServiceError as refusal:
        return _refused(refusal)
    except KmsRefusal as refusal:
        return _refused(errors.refuse(refusal))
    answer = {name: session[name] for name in ("SessionName", "StreamingStatus", "GeneratedSpeakerId", "Enrolment")}
    return jsonify({"SessionId": session.session_id, **answer})


def _refused(refusal: ServiceError) -> Response:
    """A refusal in AWS's words, though no AWS client asked."""
    return error_response(400, refusal.message, code=refusal.code, **refusal.members)


def _place(body: dict[str, Any]) -> tuple[str, str]:
    """Account and Region. Raises: BadRequest."""
    account_id, region = _text(body, "Account"), body.get("Region", demo_world.REGION)
    if not simulator().identities.account_exists(account_id) or not isinstance(region, str):
        raise BadRequest('"Account" must be the id of an account, and "Region" the name of a Region.')
    return account_id, region


def _text(body: dict[str, Any], name: str) -> str:
    value = body.get(name)
    if not isinstance(value, str):
        raise BadRequest(f'"{name}" must be a text.')
    return value


def _score(body: dict[str, Any], name: str) -> int:
    value = body[name]
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 100:
        raise BadRequest(f'"{name}" must be a number from 0 to 100.')
    return value


def _session_name(body: dict[str, Any]) -> str:
    return _shaped(body, "SessionName")


def _shaped(body: dict[str, Any], name: str) -> str:
    """A text of the form that the service model gives to the member of this name. Raises: BadRequest."""
    text = _text(body, name)
    length, pattern = (service_model("voice-id").shape_for(name).metadata[rule] for rule in ("max", "pattern"))
    if len(text) > length or not re.fullmatch(pattern, text):
        raise BadRequest(f'"{name}" must be at most {length} characters that match {pattern}')
    return text


def _settings(body: dict[str, Any]) -> Settings:
    """Raises: BadRequest."""
    settings: dict[str, Any] = {}
    for member, (name, kind) in _SETTINGS.items():
        if member in body:
            settings[name] = _shaped(body, member) if kind is str else _score(body, member)
    return Settings(**settings)
