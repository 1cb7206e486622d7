"""What tests stand on: a started server, fresh accounts, and ways to say what is refused."""

from __future__ import annotations

import json
import threading
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.config import Config
from botocore.exceptions import ClientError

from services.app import create_app
from services.simulator import Configuration, Simulator
from shared.pipeline import MAX_BODY_BYTES
from shared.server import bind, make_server

REGION = "us-west-2"
_CONFIG = Config(retries={"total_max_attempts": 1}, parameter_validation=True)
_SESSION = boto3.session.Session()


@dataclass
class Server:
    """A server in a thread of this process, and its control API."""

    url: str
    simulator: Simulator
    data_dir: Path | None

    def control(self, path: str, body: dict[str, Any] | None = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self.url}/_simulator/{path}", data=data)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.loads(response.read())

    def advance(self, duration: str) -> None:
        self.control("clock", {"advance": duration})

    def hold_jobs(self, hold: bool) -> None:
        self.control("jobs", {"hold": hold})

    def run_jobs(self) -> None:
        """Run all background jobs to their end."""
        self.control("jobs", {"run": True})

    def step_jobs(self, steps: int = 1) -> None:
        """Take background jobs as many steps further, held or not."""
        self.control("jobs", {"steps": steps})

    def new_account(self) -> Account:
        made = self.control("accounts", {})
        return Account(self, made["Account"], made["AccessKeyId"], made["SecretAccessKey"])

    def bytes_on_disk(self) -> bytes:
        """Every byte of every file of the data directory."""
        assert self.data_dir is not None
        return b"\n".join(path.read_bytes() for path in sorted(self.data_dir.rglob("*")) if path.is_file())


@dataclass
class Account:
    """An account, seen by one of its principals: the administrator, or a user made for the test."""

    server: Server
    account_id: str
    access_key_id: str
    secret_access_key: str
    arn: str = ""
    session_token: str | None = None
    _clients: dict[tuple[str, str], Any] = field(default_factory=dict)

    def client(self, service: str, region: str = REGION) -> Any:
        if (service, region) not in self._clients:
            self._clients[service, region] = _SESSION.client(
                service,
                region_name=region,
                endpoint_url=self.server.url,
                aws_access_key_id=self.access_key_id,
                aws_secret_access_key=self.secret_access_key,
                aws_session_token=self.session_token,
                config=_CONFIG,
            )
        return self._clients[service, region]

    def user(self, name: str, *policies: dict[str, Any]) -> Account:
        """A new IAM user of this account with these identity policies."""
        body = {"Account": self.account_id, "Name": name, "Policies": list(policies)}
        made = self.server.control("users", body)
        return Account(self.server, self.account_id, made["AccessKeyId"], made["SecretAccessKey"], made["Arn"])

    def role(self, name: str, *policies: dict[str, Any], session: str = "session") -> Account:
        """A session of a new IAM role of this account with these identity policies."""
        body = {"Account": self.account_id, "Name": name, "Policies": list(policies), "Session": session}
        made = self.server.control("roles", body)
        secrets = made["AccessKeyId"], made["SecretAccessKey"]
        return Account(self.server, self.account_id, *secrets, made["Arn"], made["SessionToken"])

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables for the AWS CLI."""
        return {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ACCESS_KEY_ID": self.access_key_id,
            "AWS_SECRET_ACCESS_KEY": self.secret_access_key,
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
        }


@contextmanager
def started(data_dir: Path | None) -> Iterator[Server]:
    """A server over a fresh world; on disk if `data_dir` is given, else in memory."""
    simulator = Simulator(Configuration(data_dir))
    listener = bind("127.0.0.1", 0)
    server = make_server(create_app(simulator), simulator, MAX_BODY_BYTES)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]}, daemon=True)
    thread.start()
    try:
        yield Server(f"http://127.0.0.1:{listener.getsockname()[1]}", simulator, data_dir)
    finally:
        server.should_exit = True
        thread.join(timeout=20)
        listener.close()
        simulator.close()


@dataclass
class Refusal:
    """What a refused call met; filled when the block ends."""

    code: str = ""
    message: str = ""
    status: int = 0
    response: dict[str, Any] = field(default_factory=dict)


@contextmanager
def refused(code: str) -> Iterator[Refusal]:
    """The block must end in a ClientError of this code."""
    refusal = Refusal()
    with pytest.raises(ClientError) as raised:
        yield refusal
    error = raised.value.response
    refusal.code = error["Error"]["Code"]
    refusal.message = error["Error"].get("Message", "")
    refusal.status = error["ResponseMetadata"]["HTTPStatusCode"]
    refusal.response = error
    assert refusal.code == code, f"{refusal.code}: {refusal.message}"


def events_of(
    account: Account, name: str | None = None, source: str | None = None, region: str = REGION
) -> list[dict[str, Any]]:
    """The CloudTrail events of an account in a Region, oldest first."""
    pages = account.client("cloudtrail", region).get_paginator("lookup_events").paginate()
    events = [json.loads(event["CloudTrailEvent"]) for page in pages for event in page["Events"]]
    return [
        event
        for event in reversed(events)
        if (name is None or event["eventName"] == name) and (source is None or event["eventSource"] == source)
    ]


def account_policy(account_id: str, *statements: dict[str, Any]) -> str:
    """A key policy that keeps the account in charge, with further statements."""
    root = {
        "Sid": "account",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [root, *statements]})
