"""Voiceprints themselves: the same voice is like itself, another is not, and nothing leads back to what was said."""

from __future__ import annotations

import io
import itertools
import wave

import numpy as np
import pytest

from services.voice_id.recordings import MAX_BYTES, InvalidAudio, read_wav, write_wav
from services.voice_id.voiceprints import SAMPLE_RATE, Samples, Voiceprint, seconds_of, speech_of, voiceprint_of
from tests.services.voice_id.voices import ADA, BOB, DAN, EVE, LONG, SHORT, says

VOICES = {"Ada": ADA, "Bob": BOB, "Dan": DAN, "Eve": EVE}


def print_of(samples: Samples) -> Voiceprint:
    return voiceprint_of(speech_of(samples, 60))


class TestSimilarity:
    @pytest.mark.parametrize("voice", VOICES)
    @pytest.mark.parametrize("noise", [0.001, 0.002, 0.005], ids=["quiet line", "line", "noisy line"])
    def test_a_voice_with_other_words_is_like_itself(self, voice: str, noise: float) -> None:
        enrolled = print_of(says(VOICES[voice], 1, LONG))
        assert print_of(says(VOICES[voice], 2, SHORT, noise)).similarity(enrolled) >= 90

    @pytest.mark.parametrize(("one", "other"), list(itertools.permutations(VOICES, 2)))
    def test_another_voice_with_the_same_words_is_not(self, one: str, other: str) -> None:
        enrolled = print_of(says(VOICES[one], 1, LONG))
        assert print_of(says(VOICES[other], 1, SHORT)).similarity(enrolled) <= 30

    def test_how_loud_it_is_does_not_count(self) -> None:
        spoken = says(ADA, 1, LONG)
        assert print_of((spoken // 4).astype(np.int16)).similarity(print_of(spoken)) >= 90

    def test_a_stored_voiceprint_is_the_same_one(self) -> None:
        voiceprint = print_of(says(ADA))
        assert Voiceprint.from_bytes(voiceprint.to_bytes()).similarity(voiceprint) == 100
        with pytest.raises(ValueError, match="version"):
            Voiceprint.from_bytes(b"\x02" + voiceprint.to_bytes()[1:])


class TestOneWay:
    @pytest.mark.claim("G9")
    def test_speech_in_another_order_has_the_same_voiceprint(self) -> None:
        """So no voiceprint leads back to what was said: many recordings have one and the same."""
        speech = speech_of(says(ADA, 1, LONG), 30)
        pieces = speech[: len(speech) // 4000 * 4000].reshape(-1, 4000)
        shuffled = pieces[np.random.default_rng(1).permutation(len(pieces))].reshape(-1)
        assert not np.array_equal(shuffled, pieces.reshape(-1))
        assert voiceprint_of(shuffled).similarity(voiceprint_of(pieces.reshape(-1))) == 100

    @pytest.mark.claim("G9")
    def test_a_voiceprint_is_a_handful_of_numbers_however_long_the_speech(self) -> None:
        sizes = {len(print_of(says(ADA, 1, seconds)).to_bytes()) for seconds in (SHORT, LONG)}
        assert sizes == {313}
        assert "0." not in repr(print_of(says(ADA)))


class TestSpeech:
    def test_pauses_are_not_speech(self) -> None:
        spoken = says(ADA, 1, SHORT)
        pause = np.random.default_rng(2).normal(0, 60, 20 * SAMPLE_RATE).astype(np.int16)
        found = seconds_of(speech_of(np.concatenate([pause, spoken, pause]), 60))
        assert 0.5 * SHORT < found <= SHORT

    @pytest.mark.parametrize("samples", [0, 1, 79, 80_000], ids=str)
    def test_silence_is_none(self, samples: int) -> None:
        assert len(speech_of(np.zeros(samples, dtype=np.int16), 60)) == 0

    def test_no_more_is_kept_than_was_asked_for(self) -> None:
        assert seconds_of(speech_of(says(ADA, 1, LONG), 5)) == 5


class TestRecordings:
    def test_each_channel_is_read_for_itself(self) -> None:
        agent, caller = says(BOB)[:8000], says(ADA)[:8000]
        file = write_wav(agent, caller)
        assert np.array_equal(read_wav(file, 0), agent)
        assert np.array_equal(read_wav(file, 1), caller)

    @pytest.mark.parametrize(
        ("file", "words"),
        [
            pytest.param(b"", "not a PCM WAV", id="empty"),
            pytest.param(b"RIFF\x24\0\0\0WAVEjunk", "not a PCM WAV", id="no format"),
            pytest.param(b"ID3" + bytes(200), "not a PCM WAV", id="MP3"),
            pytest.param(write_wav(says(ADA)[:8000])[:30], "not a PCM WAV", id="cut in the header"),
            pytest.param(bytes(MAX_BYTES + 1), "larger than", id="too large"),
        ],
    )
    def test_what_is_no_wav_file_is_refused(self, file: bytes, words: str) -> None:
        with pytest.raises(InvalidAudio, match=words):
            read_wav(file)

    @pytest.mark.parametrize(
        ("channels", "width", "rate", "channel", "words"),
        [
            (1, 2, 16_000, 0, "16000 Hz"),
            (1, 1, 8_000, 0, "8 bits"),
            (3, 2, 8_000, 0, "3 channels"),
            (1, 2, 8_000, 1, "no channel 1"),
        ],
        ids=["16 kHz", "8 bits", "three channels", "absent channel"],
    )
    def test_another_form_of_wav_is_refused(
        self, channels: int, width: int, rate: int, channel: int, words: str
    ) -> None:
        file = io.BytesIO()
        with wave.open(file, "wb") as writer:
            writer.setnchannels(channels)
            writer.setsampwidth(width)
            writer.setframerate(rate)
            writer.writeframes(bytes(channels * width * 100))
        with pytest.raises(InvalidAudio, match=words):
            read_wav(file.getvalue(), channel)
