"""The control API: JSON in and out, errors with a message, and nobody from elsewhere."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from shared.pipeline import MAX_BODY_BYTES
from tests.support import REGION, Account, Server, started


def ask(server: Server, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
    """Status and JSON of a control call; a body makes it a POST."""
    data = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(f"{server.url}/_simulator/{path}", data=data, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, json.loads(response.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_health_tells_the_time_and_that_all_is_well(server: Server) -> None:
    status, told = ask(server, "health")
    assert (status, told["status"]) == (200, "ok")


class TestClock:
    @pytest.mark.parametrize("step", ["P1D", "PT1H", "P1W", "P1M", "P1Y2M3DT4H5M6S"])
    def test_it_advances_by_a_duration(self, server: Server, step: str) -> None:
        before = ask(server, "clock")[1]["now"]
        status, told = ask(server, "clock", {"advance": step})
        assert status == 200
        assert told["now"] > before

    @pytest.mark.parametrize(
        "body", [{"advance": "tomorrow"}, {"advance": "-P1D"}, {"advance": 1}, {}, {"back": "P1D"}]
    )
    def test_what_is_no_step_forward_is_refused(self, server: Server, body: dict[str, Any]) -> None:
        status, told = ask(server, "clock", body)
        assert status == 400
        assert told["message"]

    def test_one_that_leaves_the_calendar_is_refused(self, server: Server) -> None:
        before = ask(server, "clock")[1]["now"]
        assert ask(server, "clock", {"advance": "P99999Y"})[0] == 400
        assert ask(server, "clock")[1]["now"][:10] == before[:10]


OFF = {"grant_consistency": None, "request_quotas": None}
"""All faults, switched off."""


class TestFaults:
    def test_all_are_off_until_switched_on(self) -> None:
        with started(None) as server:
            assert ask(server, "faults")[1] == OFF
            assert ask(server, "faults", {"grant_consistency": "PT5M"}) == (200, OFF | {"grant_consistency": "PT5M"})
            assert ask(server, "faults", {}) == (200, OFF | {"grant_consistency": "PT5M"})
            assert ask(server, "faults", {"grant_consistency": None})[1] == OFF

    def test_they_outlive_a_restart_and_not_a_reset(self, tmp_path: Path) -> None:
        with started(tmp_path) as server:
            ask(server, "faults", {"grant_consistency": "PT5M"})
        with started(tmp_path) as server:
            assert ask(server, "faults")[1] == OFF | {"grant_consistency": "PT5M"}
            ask(server, "reset", {})
            assert ask(server, "faults")[1] == OFF
        with started(tmp_path) as server:
            assert ask(server, "faults")[1] == OFF

    @pytest.mark.parametrize("setting", ["soon", "-PT5M", "P1M", 5, True, [], {}], ids=repr)
    def test_settings_that_make_no_sense_change_nothing(self, server: Server, setting: Any) -> None:
        status, told = ask(server, "faults", {"grant_consistency": setting})
        assert (status, bool(told["message"])) == (400, True)
        assert ask(server, "faults")[1] == OFF

    def test_an_unknown_fault_is_refused_by_its_name(self, server: Server) -> None:
        status, told = ask(server, "faults", {"gravity": "off"})
        assert status == 400
        assert "gravity" in told["message"]


class TestBodies:
    @pytest.mark.parametrize("body", [b"no json", b"[1]", b'{"strange": 1}', b"[" * 200_000])
    def test_what_a_call_does_not_take_is_refused(self, server: Server, body: bytes) -> None:
        status, told = ask(server, "accounts", body)
        assert status == 400
        assert told["message"]

    def test_one_over_the_limit_does_nothing(self, server: Server) -> None:
        request = urllib.request.Request(f"{server.url}/_simulator/accounts", data=b" " * (MAX_BODY_BYTES + 1))
        with pytest.raises(urllib.error.HTTPError) as raised:
            urllib.request.urlopen(request, timeout=60)
        assert raised.value.code == 413
        raised.value.close()

    def test_an_unknown_call_is_not_found(self, server: Server) -> None:
        for status, told in (ask(server, "nowhere"), ask(server, "reset"), ask(server, "health", {})):
            assert status == 404
            assert "no call" in told["message"]


class TestAccounts:
    def test_a_fresh_account_comes_with_its_administrator(self, server: Server) -> None:
        made = ask(server, "accounts", {})[1]
        assert set(made) == {"Account", "AccessKeyId", "SecretAccessKey"}
        account = Account(server, made["Account"], made["AccessKeyId"], made["SecretAccessKey"])
        assert account.client("sts").get_caller_identity()["Account"] == made["Account"]
        assert made["Account"] in ask(server, "accounts")[1]["Accounts"]

    @pytest.mark.parametrize(
        "change", [{"Account": "000000000000"}, {"Name": 1}, {"Policies": "all"}, {"Policies": [{"Statement": "x"}]}]
    )
    def test_a_user_that_makes_no_sense_is_refused(
        self, server: Server, account: Account, change: dict[str, Any]
    ) -> None:
        body = {"Account": account.account_id, "Name": "ada", "Policies": [], **change}
        status, told = ask(server, "users", body)
        assert (status, bool(told["message"])) == (400, True)


class TestDialer:
    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"Account": "1"},
            {"Account": {}, "Campaign": "2"},
            {"Account": "1", "Campaign": "2", "Limit": "x"},
            {"Account": "1", "Campaign": "2", "Limit": True},
        ],
    )
    def test_it_needs_a_campaign_and_a_number(self, server: Server, body: dict[str, Any]) -> None:
        assert ask(server, "dialer", body)[0] == 400

    def test_an_unknown_campaign_has_an_empty_queue(self, server: Server) -> None:
        body = {"Account": "111122223333", "Region": REGION, "Campaign": "none"}
        assert ask(server, "dialer", body) == (200, {"Dialled": []})


class TestGuard:
    @pytest.mark.parametrize(
        "headers",
        [
            {"Origin": "https://elsewhere.example"},
            {"Origin": "null"},
            {"Host": "rebound.example"},
            {"Sec_Fetch_Site": "cross-site"},
        ],
    )
    @pytest.mark.parametrize("path", ["reset", "accounts", "clock"])
    def test_a_page_from_elsewhere_drives_nothing(self, server: Server, path: str, headers: dict[str, str]) -> None:
        status, told = ask(server, path, {}, **headers)
        assert status == 403
        assert told["message"]

    def test_our_own_page_may(self, server: Server) -> None:
        assert ask(server, "health", Origin=server.url, Sec_Fetch_Site="same-origin")[0] == 200


def test_a_reset_forgets_everything_but_the_demo() -> None:
    with started(None) as server:
        account = server.new_account()
        server.advance("P30D")
        assert ask(server, "reset", {}) == (200, {"status": "reset"})
        accounts = ask(server, "accounts")[1]["Accounts"]
        assert account.account_id not in accounts
        assert accounts
