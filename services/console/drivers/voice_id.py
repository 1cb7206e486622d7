"""The person's voice."""

from __future__ import annotations

import base64
import json
from functools import cache
from typing import Any

from services.console.clients import ENDPOINT
from services.console.drivers.driver import PERSON, Driver, Read

_VOICE = 4711
"""The number of the person's voice."""
_OK = 200


class VoiceId(Driver):
    """Voice ID: the customer's key, always.

    The person is enrolled in one call and on the line in another: no API shows a voiceprint or any audio, but
    EvaluateSession must open both to tell who speaks. A call is known for a day; who looks later looks at a new one.
    """

    service = "voice-id"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        for instance in "ab":
            domain = self.client.create_domain(
                Name=f"voices-{instance}",
                Description=PERSON["note"],
                ServerSideEncryptionConfiguration={"KmsKeyId": self.key_arn},
            )["Domain"]["DomainId"]
            self.ids[f"domain_{instance}"] = domain
            self._connect(domain, "enrolment", "start", SpeakerId=PERSON["speaker"])
            self._connect(domain, "enrolment", "enroll")
            self._connect(domain, "enrolment", "audio", Audio=_recording(seconds=40))
            self._connect(domain, "enrolment", "end")
            self._call(domain, instance)
            speaker = self.client.describe_speaker(DomainId=domain, SpeakerId=PERSON["speaker"])["Speaker"]
            self.ids[f"speaker_{instance}"] = speaker["GeneratedSpeakerId"]

    def _call(self, domain: str, instance: str) -> None:
        """The person calls, and says who they are."""
        self._connect(domain, f"call-{instance}", "start", SpeakerId=PERSON["speaker"])
        self._connect(domain, f"call-{instance}", "audio", Audio=_recording(seconds=16))

    def _connect(self, domain: str, session: str, deed: str, **members: Any) -> bool:
        """What Amazon Connect does with a call; returns whether Voice ID took it."""
        body = {"Account": self.account_id, "DomainId": domain, "SessionName": session, **members}
        url = f"{ENDPOINT}/_simulator/voice-id/sessions/{deed}"
        return self.person.fetch("POST", url, json.dumps(body).encode())[0] == _OK

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domain/{self.ids[f'domain_{instance}']}", "voiceid")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        reads: dict[str, tuple[Read, Any]] = {
            "speaker": (
                lambda: self.client.describe_speaker(DomainId=domain, SpeakerId=self.ids[f"speaker_{instance}"])[
                    "Speaker"
                ]["CustomerSpeakerId"],
                PERSON["speaker"],
            ),
            "voiceprint": (lambda: self._evaluated(instance, through)["AuthenticationResult"]["Decision"], "ACCEPT"),
            "audio": (lambda: self._evaluated(instance, through)["FraudDetectionResult"]["Decision"], "LOW_RISK"),
        }
        if through is None:
            reads["domain"] = (
                lambda: self.client.describe_domain(DomainId=domain)["Domain"]["Description"],
                PERSON["note"],
            )
        return reads

    def _evaluated(self, instance: str, through: str | None) -> Any:
        """What is decided of the call. A moment of silence first: what was decided before holds no more."""
        domain, session = self.ids[f"domain_{instance}"], f"call-{instance}"
        if not self._connect(domain, session, "audio", Audio=_recording(seconds=0)):
            self._call(domain, instance)  # if Voice ID does not take it either, EvaluateSession tells why
        asked = self.ids[f"domain_{through or instance}"]
        return self.client.evaluate_session(DomainId=asked, SessionNameOrId=session)

    def switch(self, new_key_arn: str) -> None:
        self.client.update_domain(
            DomainId=self.ids["domain_a"],
            Name="voices-a",
            Description=PERSON["note"],
            ServerSideEncryptionConfiguration={"KmsKeyId": new_key_arn},
        )


@cache
def _recording(seconds: float) -> str:
    """The person speaking, as the control API takes it: base64 of a WAV file."""
    from services.voice_id.recordings import write_wav  # with numpy, which is slow to import
    from services.voice_id.sample_voices import SampleVoice

    spoken = SampleVoice.of(_VOICE).says(words=1, seconds=max(seconds, 1.0))
    return base64.b64encode(write_wav(spoken[: int(seconds * 8_000)])).decode()
