"""Which known fraudster a voice is most like: asked by calls, by enrolments and by registrations."""

from __future__ import annotations

from services.voice_id import fraudster
from services.voice_id.domain import Domain
from services.voice_id.voiceprints import Voiceprint
from services.voice_id.voices import get_voiceprint
from services.voice_id.worker import Worker


def likest_fraudster(worker: Worker, domain: Domain, watchlist_id: str, voice: Voiceprint) -> tuple[str | None, int]:
    """Generated id and score, 0 to 100, of the likest one on a watchlist; (None, 0) if there is no likeness at all.

    Raises: KmsRefusal.
    """
    likest: tuple[str | None, int] = (None, 0)
    for fraudster_id in fraudster.ids_on(worker, domain, watchlist_id):
        score = voice.similarity(get_voiceprint(worker, domain.scope, fraudster_id))
        if score > likest[1]:
            likest = (fraudster_id, score)
    return likest
