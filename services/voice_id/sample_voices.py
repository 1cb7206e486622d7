"""Synthetic callers for tests and demonstrations: nobody's voice, and always the same for the same numbers.

A voice is a source (pitch, tilt of its harmonics, breath) and a vocal tract (scaled formants); what it says is a row of
vowels in words with pauses between. The same voice can say other words, over another line.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from services.voice_id.voiceprints import SAMPLE_RATE, Numbers, Samples

_VOWELS = (
    (730, 1090, 2440),
    (270, 2290, 3010),
    (300, 870, 2240),
    (530, 1840, 2480),
    (570, 840, 2410),
    (660, 1720, 2410),
)
"""The first three formants of six vowels, in hertz. Source: Peterson and Barney, 1952, means of adult speakers."""
_BANDWIDTHS = (80.0, 110.0, 160.0)
_PEAK = 12_000


@dataclass(frozen=True)
class SampleVoice:
    """pitch_hz: of the source. tract: how long the vocal tract is, 1 for the mean. tilt: how fast harmonics fall.

    breath: noise in the voice, relative to its tone.
    """

    pitch_hz: float
    tract: float
    tilt: float
    breath: float

    @classmethod
    def of(cls, number: int) -> SampleVoice:
        """The voice of a number."""
        drawn = np.random.default_rng(number)
        return cls(
            pitch_hz=float(drawn.uniform(85, 255)),
            tract=float(drawn.uniform(0.82, 1.22)),
            tilt=float(drawn.uniform(0.7, 1.9)),
            breath=float(drawn.uniform(0.01, 0.08)),
        )

    def says(self, words: int, seconds: float, *, noise: float = 0.002) -> Samples:
        """A recording. words: the number of a text. seconds: of speech and pauses. noise: the line's, of full scale."""
        drawn = np.random.default_rng((words, 1))
        pieces: list[Numbers] = []
        length, wanted = 0, int(seconds * SAMPLE_RATE)
        while length < wanted:
            piece = self._word(drawn)
            pieces += [piece, np.zeros(int(drawn.uniform(0.05, 0.2) * SAMPLE_RATE))]
            length += len(piece) + len(pieces[-1])
        speech = np.concatenate(pieces)[:wanted]
        line = drawn.normal(0, noise * 32_768, wanted)
        loud: Samples = np.clip(speech / np.abs(speech).max() * _PEAK + line, -32_768, 32_767).astype(np.int16)
        return loud

    def _word(self, drawn: np.random.Generator) -> Numbers:
        return np.concatenate([self._vowel(drawn) for _ in range(drawn.integers(2, 5))])

    def _vowel(self, drawn: np.random.Generator) -> Numbers:
        formants = [formant / self.tract for formant in _VOWELS[drawn.integers(len(_VOWELS))]]
        count = int(drawn.uniform(0.1, 0.2) * SAMPLE_RATE)
        melody = self.pitch_hz * (1 + 0.06 * np.sin(np.linspace(0, drawn.uniform(1, 4), count)))
        phase = 2 * np.pi * np.cumsum(melody) / SAMPLE_RATE
        harmonics: Numbers = np.arange(1.0, int(SAMPLE_RATE / 2 / melody.max()))
        strengths: Numbers = _resonance(self.pitch_hz * harmonics, formants) / harmonics**self.tilt
        tone: Numbers = np.sin(phase[:, None] * harmonics) @ strengths
        breath = drawn.normal(0, self.breath * tone.std(), count)
        loudness: Numbers = np.sin(np.linspace(0.15, np.pi - 0.15, count)) ** 0.5
        spoken: Numbers = (tone + breath) / tone.std() * loudness
        return spoken


def _resonance(hertz: Numbers, formants: Sequence[float]) -> Numbers:
    """How strongly the vocal tract lets each frequency through."""
    strengths = np.zeros(len(hertz))
    for formant, width in zip(formants, _BANDWIDTHS, strict=True):
        strengths += 1 / np.sqrt(1 + ((hertz - formant) / width) ** 2)
    return strengths
