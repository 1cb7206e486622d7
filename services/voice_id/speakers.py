"""Speakers: opt out, describe, list, delete.

Follows the Voice ID API reference. The customer's own speaker id is protected data: it rests sealed and is
found again through a blind index. The generated id is not, and rests in the clear. There is no enrolment yet,
and so none of the statuses ENROLLED, PENDING and EXPIRED.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.pages import page
from services.voice_id import errors
from services.voice_id.data_classes import SPEAKER
from services.voice_id.domain import Domain, get_active_domain, get_domain

if TYPE_CHECKING:
    from services.call import ServiceCall

OPTED_OUT = "OPTED_OUT"
MAX_SPEAKERS = 100_000
_PAGE = 100
_ID = "CustomerSpeakerId"
_GENERATED = "id#"
"""How generated ids begin; the model lets no customer's id begin so."""


def opt_out_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Bar a speaker from Voice ID, known or not; whoever is unknown is made known as opted out."""
    domain = get_active_domain(call, parameters["DomainId"])
    record = _find(call, domain, parameters["SpeakerId"])
    if record is None:
        return {"Speaker": _as_member(call, domain, _add_opted_out(call, domain, parameters["SpeakerId"]))}
    changed = call.store.set_attributes(record, Status=OPTED_OUT, UpdatedAt=call.clock.now())
    return {"Speaker": _as_member(call, domain, changed)}


def describe_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    return {"Speaker": _as_member(call, domain, _get(call, domain, parameters["SpeakerId"]))}


def list_speakers(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The domain's speakers, in the order of their generated ids."""
    domain = get_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    records, token = page(
        lambda after, limit: call.store.page(domain.arn, SPEAKER, after=after, limit=limit),
        parameters.get("NextToken"),
        parameters.get("MaxResults", _PAGE),
        errors.invalid_token(),
    )
    speakers = [_as_member(call, domain, record) for record in records]
    return {"SpeakerSummaries": speakers, "NextToken": token}


def delete_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Forget a speaker; afterwards the same person may be enrolled again, even if opted out before."""
    domain = get_active_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    call.store.delete(_get(call, domain, parameters["SpeakerId"]))
    return {}


def _get(call: ServiceCall, domain: Domain, speaker_id: str) -> Record:
    record = _find(call, domain, speaker_id)
    if record is None:
        raise errors.speaker_not_found()
    return record


def _find(call: ServiceCall, domain: Domain, speaker_id: str) -> Record | None:
    """A speaker by either id. That one is not there is told only to those who could read it if it were."""
    generated_id: str | None = speaker_id
    if not speaker_id.startswith(_GENERATED):
        found = call.store.find_by(domain.scope, SPEAKER, _ID, speaker_id)
        generated_id = found[0] if found else None
    record = call.store.find(domain.arn, SPEAKER, generated_id) if generated_id else None
    if record is None:
        call.store.require_access(domain.scope)
    return record


def _add_opted_out(call: ServiceCall, domain: Domain, speaker_id: str) -> Record:
    if speaker_id.startswith(_GENERATED):
        raise errors.speaker_not_found()
    if call.store.count(domain.arn, SPEAKER) >= MAX_SPEAKERS:
        raise errors.quota_exceeded("speakers", MAX_SPEAKERS)
    return call.store.put(
        domain.scope,
        SPEAKER,
        _GENERATED + call.randomness.alphanumeric(22),
        {_ID: speaker_id},
        {"Status": OPTED_OUT, "UpdatedAt": call.clock.now()},
        index=[(_ID, speaker_id)],
    )


def _as_member(call: ServiceCall, domain: Domain, record: Record) -> dict[str, Any]:
    """A speaker as the API shows it. Raises: KmsRefusal."""
    return {
        "DomainId": domain.domain_id,
        "GeneratedSpeakerId": record.record_id,
        _ID: call.store.reveal(record)[_ID],
        "Status": record.attributes["Status"],
        "CreatedAt": record.created_at,
        "UpdatedAt": record.attributes["UpdatedAt"],
        "LastAccessedAt": record.attributes.get("LastAccessedAt"),
    }
