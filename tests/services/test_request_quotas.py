"""Request quotas of the services besides KMS: the same fault, by operation, account and Region."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from services.registry import SERVICES
from tests.support import Account, Server, refused, started

WITH_QUOTAS = {name: service for name, service in SERVICES.items() if service.request_quotas}
_ELSEWHERE = "eu-west-2"


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server whose quotas nobody else meets."""
    with started(None) as server:
        yield server


@pytest.fixture
def account(own_server: Server) -> Iterator[Account]:
    yield own_server.new_account()
    own_server.control("faults", {"request_quotas": None})


@pytest.mark.parametrize("name", WITH_QUOTAS)
def test_every_operation_with_a_quota_exists(name: str) -> None:
    service = WITH_QUOTAS[name]
    assert set(service.request_quotas) <= set(service.model.operation_names)


def test_nothing_is_throttled_until_the_fault_is_on(account: Account) -> None:
    for _ in range(9):
        account.client("voice-id").list_domains()


def test_the_request_beyond_the_quota_is_refused_for_its_account_and_region(account: Account) -> None:
    account.server.control("faults", {"request_quotas": {"voice-id:ListDomains": 0.01}})
    account.client("voice-id").list_domains()
    with refused("ThrottlingException") as refusal:
        account.client("voice-id").list_domains()
    assert (refusal.message, refusal.status) == ("Rate exceeded", 400)
    account.client("voice-id", _ELSEWHERE).list_domains()
    account.server.new_account().client("voice-id").list_domains()
    account.server.advance("PT100S")
    account.client("voice-id").list_domains()


def test_a_service_answers_with_its_own_status_and_the_trail_tells_of_it(account: Account) -> None:
    account.server.control("faults", {"request_quotas": {"connectcases:CreateDomain": 0.01}})
    account.client("connectcases").create_domain(name="one")
    with refused("ThrottlingException") as refusal:
        account.client("connectcases").create_domain(name="two")
    assert refusal.status == 429
    events = account.server.control(f"trail?account={account.account_id}")["Events"]
    assert [event.get("errorCode") for event in events if event["eventName"] == "CreateDomain"] == [
        "ThrottlingException",
        None,
    ]


def test_the_documented_quota_holds_when_none_is_told(account: Account, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = account.server.simulator.clock
    moment = clock.now()
    monkeypatch.setattr(clock, "now", lambda: moment)
    account.server.control("faults", {"request_quotas": True})
    for _ in range(2):
        account.client("voice-id").list_domains()
    with refused("ThrottlingException"):
        account.client("voice-id").list_domains()
