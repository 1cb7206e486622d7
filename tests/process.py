"""The server as a process of its own, started as a user starts it."""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

from shared import demo_world
from tests.support import REGION

ROOT = Path(__file__).parent.parent


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python run.py ...` to its end."""
    return subprocess.run(
        [sys.executable, "run.py", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


class Process:
    """A running `run.py serve`, on a free port. output: what it printed until it was ready."""

    def __init__(self, *arguments: str) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-u", "run.py", "serve", "--port", "0", *arguments],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        assert self._process.stdout is not None
        self.output = ""
        for line in self._process.stdout:
            self.output += line
            if "the comparison, live" in line:
                break
        match = re.search(r"listens on (http://\S+),", self.output)
        assert match is not None, self.output
        self.url = match[1]

    @property
    def pid(self) -> int:
        return self._process.pid

    def client(self, service: str, user: str = "administrator", account: str = demo_world.DEFAULT_ACCOUNT) -> Any:
        demo = demo_world.credentials(account, user)
        return boto3.client(
            service,
            region_name=REGION,
            endpoint_url=self.url,
            aws_access_key_id=demo.access_key_id,
            aws_secret_access_key=demo.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}, connect_timeout=5, read_timeout=30),
        )

    def control(self, path: str, body: dict[str, Any]) -> Any:
        request = urllib.request.Request(f"{self.url}/_simulator/{path}", data=json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def stop(self, how: signal.Signals = signal.SIGINT) -> tuple[int, str]:
        """End it by a signal; returns its exit status and the rest of its output."""
        self._process.send_signal(how)
        rest, _ = self._process.communicate(timeout=30)
        return self._process.returncode, rest


@contextlib.contextmanager
def serving(*arguments: str) -> Iterator[Process]:
    process = Process(*arguments)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            process._process.kill()
        process._process.communicate(timeout=30)
