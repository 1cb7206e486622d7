"""What was answered is there: after kill -9 at any moment, and in every group commit."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from tests.process import Process, serving

WRITERS = 6
ENOUGH = 60


class Writer(threading.Thread):
    """Creates aliases and opts speakers out until the server is gone; notes what was acknowledged."""

    def __init__(self, process: Process, number: int, key: str, domain: str, enough: threading.Event) -> None:
        super().__init__(daemon=True)
        self._kms: Any = process.client("kms")
        self._voice: Any = process.client("voice-id")
        self._number, self._key, self._domain, self._enough = number, key, domain, enough
        self.aliases: list[str] = []
        self.speakers: list[str] = []

    def run(self) -> None:
        count = 0
        while True:
            count += 1
            name = f"alias/w{self._number}-{count}"
            speaker = f"speaker-{self._number}-{count}"
            try:
                if count <= 8:
                    self._kms.create_alias(AliasName=name, TargetKeyId=self._key)
                    self.aliases.append(name)
                self._voice.opt_out_speaker(DomainId=self._domain, SpeakerId=speaker)
                self.speakers.append(speaker)
            except (BotoCoreError, ClientError):
                return
            if count >= ENOUGH:
                self._enough.set()


def test_kill_9_under_load_loses_nothing_that_was_answered(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"))
    with serving(*arguments) as process:
        key = process.client("kms").create_key()["KeyMetadata"]["KeyId"]
        domain = process.client("voice-id").create_domain(
            Name="voices", ServerSideEncryptionConfiguration={"KmsKeyId": key}
        )["Domain"]["DomainId"]
        enough = threading.Event()
        writers = [Writer(process, number, key, domain, enough) for number in range(WRITERS)]
        for writer in writers:
            writer.start()
        assert enough.wait(timeout=60)
        process.stop(signal.SIGKILL)
        for writer in writers:
            writer.join(timeout=30)
    with serving(*arguments) as process:
        kms, voice = process.client("kms"), process.client("voice-id")
        pages = kms.get_paginator("list_aliases").paginate(KeyId=key)
        aliases = {alias["AliasName"] for page in pages for alias in page["Aliases"]}
        assert sum(len(writer.speakers) for writer in writers) >= ENOUGH
        for writer in writers:
            assert set(writer.aliases) <= aliases
            for speaker in writer.speakers:
                described = voice.describe_speaker(DomainId=domain, SpeakerId=speaker)["Speaker"]
                assert described["CustomerSpeakerId"] == speaker
