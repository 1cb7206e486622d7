"""Speakers: opt out, describe, list, delete. Enrolment comes by a session or by a batch job.

Follows the Voice ID API reference. The customer's own speaker id is protected data: it rests sealed and is found
again through a blind index. The generated id is not, and rests in the clear.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.pages import page
from services.voice_id import errors, events, speaker
from services.voice_id.data_classes import SPEAKER
from services.voice_id.domain import get_active_domain, get_domain

if TYPE_CHECKING:
    from services.call import ServiceCall

_PAGE = 100


def opt_out_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Bar a speaker from Voice ID, known or not; whoever is unknown is made known as opted out."""
    domain = get_active_domain(call, parameters["DomainId"])
    known = speaker.find_speaker(call, domain, parameters["SpeakerId"])
    if known is None:
        barred = speaker.add_speaker(call, domain, parameters["SpeakerId"], speaker.OPTED_OUT)
    else:
        barred = speaker.opt_out(call, domain, known)
    shown = speaker.as_member(call, domain, barred)
    events.speaker(call, domain, events.OPT_OUT_SPEAKER, barred.record_id)
    return {"Speaker": shown}


def describe_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, parameters["DomainId"])
    record = speaker.get_speaker(call, domain, parameters["SpeakerId"])
    return {"Speaker": speaker.as_member(call, domain, record)}


def list_speakers(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The domain's speakers, in the order of their generated ids."""
    domain = get_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    records, token = page(
        call,
        lambda after, limit: call.store.page(domain.arn, SPEAKER, after=after, limit=limit),
        _PAGE,
        errors.invalid_token(),
    )
    speakers = [speaker.as_member(call, domain, record) for record in records]
    return {"SpeakerSummaries": speakers, "NextToken": token}


def delete_speaker(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Forget a speaker; afterwards the same person may be enrolled again, even if opted out before."""
    domain = get_active_domain(call, parameters["DomainId"])
    call.store.require_access(domain.scope)
    record = speaker.get_speaker(call, domain, parameters["SpeakerId"])
    speaker.delete(call, domain, record)
    events.speaker(call, domain, events.DELETE_SPEAKER, record.record_id)
    return {}
