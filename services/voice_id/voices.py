"""What is kept of a voice: its voiceprint and the speech it was made of, both under the domain's key, or nothing.

A speaker's and a fraudster's are found by their generated id. The speech is kept as long as they are, as AWS keeps it
to make voiceprints anew; no API shows either.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kms.ownership import Scope
from services.voice_id.data_classes import AUDIO, VOICEPRINT
from services.voice_id.worker import Worker

if TYPE_CHECKING:  # with numpy, which is slow to import and needed with the first audio only
    from services.voice_id.voiceprints import Samples, Voiceprint

MAX_SPEECH_SECONDS = 60.0
"""How much speech is kept of one voice: our choice."""


def keep_voice(worker: Worker, scope: Scope, owner_id: str, speech: Samples) -> None:
    """Store a voice, in place of an older one of the same owner. Raises: KmsRefusal."""
    from services.voice_id.voiceprints import voiceprint_of

    worker.store.put(scope, VOICEPRINT, owner_id, {"Voiceprint": voiceprint_of(speech).to_bytes()})
    worker.store.put(scope, AUDIO, owner_id, {"Audio": speech.astype("<i2").tobytes()})


def get_voiceprint(worker: Worker, scope: Scope, owner_id: str) -> Voiceprint:
    """Raises: KeyError if nothing is kept of this voice; KmsRefusal."""
    from services.voice_id.voiceprints import Voiceprint

    record = worker.store.get(scope.arn, VOICEPRINT, owner_id)
    return Voiceprint.from_bytes(worker.store.reveal(record)["Voiceprint"])


def forget_voice(worker: Worker, scope_arn: str, owner_id: str) -> None:
    """Destroy what is kept of a voice; takes no key."""
    for data_class in (VOICEPRINT, AUDIO):
        record = worker.store.find(scope_arn, data_class, owner_id)
        if record is not None:
            worker.store.delete(record)
