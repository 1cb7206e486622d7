"""Voiceprints: what is kept of how a voice sounds, and how alike two of them are.

A voiceprint is statistics over all of the speech: mean and spread of its log-mel spectrum, and the spread of how that
moves. When what was said, and in what order, is averaged away, so nothing leads back from it to speech. The method is
ours; AWS's is not published. It tells synthetic voices apart, and is no biometric: do not rely on it for real people.

Layout of a voiceprint, little endian: version, 1 byte (1); 3 x 26 numbers of 4 bytes (float32).
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.int16]
Numbers = NDArray[np.float64]

SAMPLE_RATE = 8_000
_HOP, _FRAME, _FFT = 80, 200, 256
"""Samples: 10 ms from frame to frame, 25 ms each."""
_BANDS, _LOWEST_HZ, _HIGHEST_HZ = 26, 100.0, 3_800.0
_FULL_SCALE = 32_768.0

_QUIETEST_DB = -55.0
"""Below this, relative to full scale, nothing is speech."""
_LIVELY_DB, _ABOVE_FLOOR_DB = 12.0, 9.0
"""A recording whose loudness varies by as much has a noise floor; its speech is that much above it."""
_DYNAMIC_RANGE = 1e-3
"""Of a frame's power only what is within 30 dB of its strongest band counts: the rest is the line's noise."""

_VERSION = b"\x01"
_WEIGHTS = (1.0, 0.6, 0.6)
"""What mean, spread and movement count for in a comparison."""
_TOLERANCE = 0.45
"""The distance at which two voiceprints are no longer alike: their score is 37. Measured on synthetic voices."""


class Voiceprint:
    """How one voice sounds. Its numbers are hidden from `repr`."""

    def __init__(self, features: Numbers) -> None:
        self._features = features

    def to_bytes(self) -> bytes:
        return _VERSION + self._features.astype("<f4").tobytes()

    @classmethod
    def from_bytes(cls, stored: bytes) -> Voiceprint:
        """Raises: ValueError for bytes of another version or length."""
        if stored[:1] != _VERSION:
            raise ValueError("Not a voiceprint of this version.")
        return cls(np.frombuffer(stored[1:], dtype="<f4").astype(np.float64).reshape(len(_WEIGHTS), _BANDS))

    def similarity(self, other: Voiceprint) -> int:
        """How alike two voices are, 0 to 100."""
        squares = np.mean((self._features - other._features) ** 2, axis=1)
        distance = float(np.sqrt(np.dot(squares, _WEIGHTS) / sum(_WEIGHTS)))
        return round(100 * float(np.exp(-((distance / _TOLERANCE) ** 4))))


def speech_of(samples: Samples, limit_seconds: float) -> Samples:
    """The parts of a recording in which somebody speaks, joined; no more than `limit_seconds` of them."""
    hops = samples[: len(samples) - len(samples) % _HOP].reshape(-1, _HOP)
    if len(hops) == 0:
        return samples[:0]
    power = np.einsum("ij,ij->i", hops, hops, dtype=np.float64) / (_HOP * _FULL_SCALE**2)  # no copy of long recordings
    loudness = 10 * np.log10(power + 1e-12)
    floor, peak = np.percentile(loudness, (10, 95))
    threshold = max(_QUIETEST_DB, floor + _ABOVE_FLOOR_DB if peak - floor > _LIVELY_DB else _QUIETEST_DB)
    spoken = np.flatnonzero(loudness > threshold)[: int(limit_seconds * SAMPLE_RATE) // _HOP]
    speech: Samples = hops[spoken].reshape(-1)
    return speech


def seconds_of(samples: Samples) -> float:
    return len(samples) / SAMPLE_RATE


def voiceprint_of(speech: Samples) -> Voiceprint:
    """What speech, as `speech_of` found it, tells of its speaker. Raises: ValueError for less than two frames."""
    if len(speech) < _FRAME + _HOP:
        raise ValueError("Too little speech for a voiceprint.")
    spectrum = _log_mel(speech)
    spectrum -= spectrum.mean()  # how loud it is says nothing of who it is
    movement = spectrum[1:] - spectrum[:-1]
    return Voiceprint(np.stack([spectrum.mean(axis=0), spectrum.std(axis=0), movement.std(axis=0)]))


def _log_mel(speech: Samples) -> Numbers:
    """Frames by bands."""
    frames = np.lib.stride_tricks.sliding_window_view(speech / _FULL_SCALE, _FRAME)[::_HOP]
    power = np.abs(np.fft.rfft(frames * np.hamming(_FRAME), _FFT, axis=1)) ** 2
    bands = power @ _mel_filters().T
    audible = np.maximum(bands, bands.max(axis=1, keepdims=True) * _DYNAMIC_RANGE)
    spectrum: Numbers = np.log(audible + 1e-12)
    return spectrum


@lru_cache(maxsize=1)
def _mel_filters() -> Numbers:
    """Triangles, equally wide on the mel scale: bands by bins of the spectrum."""
    edges = _hertz(np.linspace(_mel(_LOWEST_HZ), _mel(_HIGHEST_HZ), _BANDS + 2))
    bins = np.fft.rfftfreq(_FFT, 1 / SAMPLE_RATE)
    lower, centre, upper = (edges[start : start + _BANDS, None] for start in range(3))
    rising, falling = (bins - lower) / (centre - lower), (upper - bins) / (upper - centre)
    filters: Numbers = np.maximum(0.0, np.minimum(rising, falling)) + 1e-9
    return filters


def _mel(hertz: float) -> float:
    return float(2595 * np.log10(1 + hertz / 700))


def _hertz(mel: Numbers) -> Numbers:
    hertz: Numbers = 700 * (10 ** (mel / 2595) - 1)
    return hertz
