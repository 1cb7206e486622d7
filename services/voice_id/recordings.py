"""Recordings as Voice ID takes them: WAV, 8 kHz, 16-bit PCM, one or two channels, at most 20 MB.

Source: "Batch enrollment using audio data from prior calls" of the Connect Administrator Guide. A channel is one
party of the call; which one is the speaker's is said beside the file.
"""

from __future__ import annotations

import io
import wave

import numpy as np

from services.voice_id.voiceprints import SAMPLE_RATE, Samples

MAX_BYTES = 20 * 1024 * 1024
_SAMPLE_BYTES = 2
_CHANNELS = (1, 2)


class InvalidAudio(Exception):
    """Not a recording that Voice ID takes; the text says what is wrong with it."""


def read_wav(unverified_file: bytes, channel: int = 0) -> Samples:
    """The samples of one channel of a WAV file. Raises: InvalidAudio."""
    if len(unverified_file) > MAX_BYTES:
        raise InvalidAudio(f"The audio file is larger than {MAX_BYTES} bytes.")
    try:
        with wave.open(io.BytesIO(unverified_file)) as file:
            channels, width, rate = file.getnchannels(), file.getsampwidth(), file.getframerate()
            frames = file.readframes(MAX_BYTES)
    except (wave.Error, EOFError, RuntimeError) as error:  # the last one for a chunk that goes beyond the file
        raise InvalidAudio("The audio file is not a PCM WAV file.") from error
    if rate != SAMPLE_RATE or width != _SAMPLE_BYTES:
        raise InvalidAudio(f"The audio file has {rate} Hz and {8 * width} bits; it must have {SAMPLE_RATE} Hz and 16.")
    if channels not in _CHANNELS:
        raise InvalidAudio(f"The audio file has {channels} channels; it must have one or two.")
    if channel >= channels:
        raise InvalidAudio(f"The audio file has no channel {channel}.")
    whole = len(frames) - len(frames) % (channels * _SAMPLE_BYTES)
    return np.frombuffer(frames[:whole], dtype="<i2").reshape(-1, channels)[:, channel]


def write_wav(*channels: Samples) -> bytes:
    """A WAV file of these channels, which are equally long."""
    file = io.BytesIO()
    with wave.open(file, "wb") as writer:
        writer.setnchannels(len(channels))
        writer.setsampwidth(_SAMPLE_BYTES)
        writer.setframerate(SAMPLE_RATE)
        writer.writeframes(np.stack(channels, axis=1).astype("<i2").tobytes())
    return file.getvalue()
