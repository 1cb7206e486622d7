"""From the recordings that a batch request names to the speech in them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from services.voice_id.customer_files import CustomerFiles, FileRefused
from services.voice_id.job_files import Audio
from services.voice_id.recordings import MAX_BYTES, InvalidAudio, read_wav
from services.voice_id.request_failed import INVALID, RequestFailed
from services.voice_id.voiceprints import Samples, seconds_of, speech_of


def hear(files: CustomerFiles, recordings: Sequence[Audio], needed_seconds: float, kept_seconds: float) -> Samples:
    """The speech of all recordings together, at most `kept_seconds`: what is behind that is not even read.

    Raises: RequestFailed for a recording that cannot be read or is none, and for too little speech.
    """
    heard: list[Samples] = []
    missing = kept_seconds
    for recording in recordings:
        if missing > 0:
            heard.append(speech_of(_samples(files, recording), missing))
            missing -= seconds_of(heard[-1])
    speech = np.concatenate(heard)
    if seconds_of(speech) < needed_seconds:
        raise RequestFailed(INVALID, f"There is less than {needed_seconds:g} seconds of speech in the audio.")
    return speech


def _samples(files: CustomerFiles, recording: Audio) -> Samples:
    try:
        return read_wav(files.read(recording.bucket, recording.key, MAX_BYTES), recording.channel)
    except FileRefused as refusal:
        raise RequestFailed(refusal.code, str(refusal), "An audio file could not be read.") from refusal
    except InvalidAudio as error:
        raise RequestFailed(INVALID, str(error)) from error
