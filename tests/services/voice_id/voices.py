"""Synthetic callers for the tests: recordings by voice and words, made once, and calls that stream them."""

from __future__ import annotations

import base64
import json
import urllib.error
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from services.voice_id.recordings import write_wav
from services.voice_id.sample_voices import SampleVoice
from services.voice_id.voiceprints import Samples
from tests.support import Account

ADA, BOB, DAN, EVE = 1, 4, 9, 7
"""The numbers of voices that are not alike."""

LONG, SHORT, TINY = 40.0, 16.0, 5.0
"""Seconds of a recording: enough to enrol, enough to authenticate, not enough for either."""


@lru_cache(maxsize=64)
def says(voice: int, words: int = 1, seconds: float = SHORT, noise: float = 0.002) -> Samples:
    return SampleVoice.of(voice).says(words, seconds, noise=noise)


def wav(voice: int, words: int = 1, seconds: float = SHORT, noise: float = 0.002) -> bytes:
    return write_wav(says(voice, words, seconds, noise))


@dataclass
class Call:
    """A call that Amazon Connect streams to Voice ID, by the control API."""

    account: Account
    domain_id: str
    name: str = "call"

    def start(self, **settings: Any) -> dict[str, Any]:
        return self._do("start", **settings)

    def update(self, **settings: Any) -> dict[str, Any]:
        return self._do("update", **settings)

    def hears(self, voice: int, words: int = 2, seconds: float = SHORT, noise: float = 0.002) -> dict[str, Any]:
        return self.takes(wav(voice, words, seconds, noise))

    def takes(self, file: bytes, **more: Any) -> dict[str, Any]:
        return self._do("audio", Audio=base64.b64encode(file).decode(), **more)

    def enroll(self) -> dict[str, Any]:
        return self._do("enroll")

    def end(self) -> dict[str, Any]:
        return self._do("end")

    def evaluate(self, name_or_id: str | None = None) -> dict[str, Any]:
        client = self.account.client("voice-id")
        evaluated: dict[str, Any] = client.evaluate_session(
            DomainId=self.domain_id, SessionNameOrId=name_or_id or self.name
        )
        return evaluated

    def decision(self) -> str:
        decision: str = self.evaluate()["AuthenticationResult"]["Decision"]
        return decision

    def _do(self, deed: str, **members: Any) -> dict[str, Any]:
        place = {"Account": self.account.account_id, "DomainId": self.domain_id, "SessionName": self.name}
        answer: dict[str, Any] = self.account.server.control(f"voice-id/sessions/{deed}", {**place, **members})
        return answer


def enrolled(account: Account, domain: dict[str, Any], speaker_id: str, voice: int) -> dict[str, Any]:
    """Enrol a speaker in a call of their own; returns what DescribeSpeaker shows then."""
    call = Call(account, domain["DomainId"], f"enrol-{speaker_id}")
    call.start(SpeakerId=speaker_id)
    call.enroll()
    call.hears(voice, words=1, seconds=LONG)
    call.end()
    client = account.client("voice-id")
    shown: dict[str, Any] = client.describe_speaker(DomainId=domain["DomainId"], SpeakerId=speaker_id)["Speaker"]
    return shown


def refusal_of(error: urllib.error.HTTPError) -> dict[str, Any]:
    """What the control API said when it refused."""
    with error:
        said: dict[str, Any] = {"status": error.code, **json.loads(error.read())}
    return said
