"""Fixtures: one server for the session, a fresh account for each test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.claims_report import CLAIMS_FILE, read_claims, unknown_claims
from tests.support import Account, Server, events_of, started

# How fast a machine is that has other things to do, too, proves nothing.
settings.register_profile("tests", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("tests")


@pytest.fixture(scope="session")
def shared_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    directory: Path = tmp_path_factory.mktemp("world") / "data"
    with started(directory) as server:
        yield server


@pytest.fixture
def server(shared_server: Server) -> Iterator[Server]:
    """The session's server; jobs run again after a test that held them."""
    yield shared_server
    if shared_server.simulator.jobs.held:
        shared_server.hold_jobs(False)


@pytest.fixture
def account(server: Server) -> Account:
    return server.new_account()


@pytest.fixture
def second_account(server: Server) -> Account:
    return server.new_account()


@pytest.fixture
def kms(account: Account) -> Any:
    return account.client("kms")


@pytest.fixture
def kms_key(kms: Any) -> str:
    """The ARN of a fresh customer managed key."""
    arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def trail() -> Callable[..., list[dict[str, Any]]]:
    return events_of


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """A test that names a claim which the document does not have is a mistake."""
    unknown = unknown_claims(items, read_claims(CLAIMS_FILE.read_text(encoding="utf-8")))
    if unknown:
        raise pytest.UsageError(f"unknown claims: {unknown}")
