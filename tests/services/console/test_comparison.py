"""The comparison itself: what must come out of it, by owner and event, and its forms on paper."""

from __future__ import annotations

import json
import re

import pytest
from click.testing import CliRunner

from run import main
from services.console.comparison import Cell, Comparison, Row, compare
from services.registry import DATA_CLASSES
from tests.process import run

pytestmark = pytest.mark.xdist_group("comparison")

DENIED, DAMAGED, LOST = "AccessDeniedException", "InternalServerException", "ResourceNotFoundException"
OK = "readable"

STORES = {"s3"}
"""What protects data and is no service of Connect's: the store beneath some of them."""

BY_OWNER: dict[str, dict[str, str]] = {
    "customer managed": {
        "nothing": OK,
        "disable": DENIED,
        "revoke-grant": DENIED,
        "deny-in-policy": DENIED,
        "schedule-deletion": DENIED,
        "cancel-deletion": OK,
        "deleted": DENIED,
        "rotate": OK,
        "switch": OK,
        "time-passes": OK,
        "swap-rows": DAMAGED,
    },
    "AWS owned": {"swap-rows": DAMAGED},
    "AWS managed": {"swap-rows": DAMAGED},
    "instance specific": {"swap-rows": DAMAGED},
}
"""Owner -> event -> what reading meets; an owner's customer can break nothing but what is named."""

BESIDE = {"events", "sqs"}
"""What protects data only on its way: nobody stores a person's data there."""

FROM_ANOTHER_INSTANCE = {LOST, "not found", "no way to ask"}


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare()


def _cells(comparison: Comparison, event: str, ownership: str | None = None) -> list[tuple[Row, Cell]]:
    return [
        (row, cell)
        for (row, name), cell in comparison.cells.items()
        if name == event and ownership in (None, row.ownership)
    ]


def test_every_service_is_in_it_and_every_owner(comparison: Comparison) -> None:
    assert {row.service for row in comparison.rows} == set(DATA_CLASSES) - BESIDE - STORES
    assert {row.ownership for row in comparison.rows} == set(BY_OWNER)


@pytest.mark.claim("V7", "V8")
def test_what_no_api_shows_is_in_it_by_what_is_decided_from_it(comparison: Comparison) -> None:
    compared = {row.data_class for row in comparison.rows if row.service == "voice-id"}
    assert compared == {"domain", "speaker", "voiceprint", "audio"}
    for row, cell in _cells(comparison, "nothing"):
        if row.data_class in ("voiceprint", "audio"):
            assert cell.is_readable
            assert {"Decrypt (voiceid.amazonaws.com alone)", "Decrypt (caller via voiceid.amazonaws.com)"} <= set(
                cell.kms_calls
            )


def test_the_summary_fits_into_eighty_columns(comparison: Comparison, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("services.console.comparison.compare", lambda on_progress: comparison)
    monkeypatch.setenv("COLUMNS", "80")
    lines = CliRunner().invoke(main, ["compare"]).stdout.splitlines()
    assert max(len(line) for line in lines) <= 80
    marks = [line for line in lines if line.count("●") + line.count("✗")]
    assert len(marks) == len(comparison.rows)
    assert {line.count("●") + line.count("✗") for line in marks} == {len(comparison.happenings)}


@pytest.mark.claim("C4", "P3", "W2", "W3", "W5", "V16", "O5", "O6")
@pytest.mark.parametrize("ownership", BY_OWNER)
def test_what_dies_is_decided_by_the_owner_of_the_key(comparison: Comparison, ownership: str) -> None:
    wanted = {event: BY_OWNER[ownership].get(event, OK) for event in BY_OWNER["customer managed"]}
    for event, outcome in wanted.items():
        met = {(row.label, cell.outcome) for row, cell in _cells(comparison, event, ownership)}
        assert met == {(label, outcome) for label, _ in met}, event
        assert met


@pytest.mark.claim("G2", "O3")
def test_nothing_is_read_from_another_instance(comparison: Comparison) -> None:
    assert {cell.outcome for _, cell in _cells(comparison, "other-instance")} <= FROM_ANOTHER_INSTANCE


def test_customers_can_do_nothing_to_keys_that_are_not_theirs(comparison: Comparison) -> None:
    for event in ("disable", "revoke-grant", "deny-in-policy", "schedule-deletion", "rotate"):
        for row, cell in _cells(comparison, event):
            is_theirs = row.ownership == "customer managed" or row.data_class == "index-entry"
            assert (cell.attempt == "") == is_theirs, (row.label, event, cell.attempt)


@pytest.mark.claim("C4", "W3", "O6")
def test_calls_under_aws_owned_keys_are_in_aws_trails_alone(comparison: Comparison) -> None:
    for row, cell in _cells(comparison, "nothing"):
        sees = row.ownership in ("customer managed", "AWS managed")
        assert cell.kms_calls
        assert ("customer" in cell.trails) == sees, row.label
        assert "AWS" in cell.trails


@pytest.mark.claim("P4", "W7", "O7", "C4")
def test_customer_managed_keys_cost_and_the_others_do_not(comparison: Comparison) -> None:
    prices = {row.label + row.ownership: (row, cell.monthly_cost) for row, cell in _cells(comparison, "nothing")}
    for row, price in prices.values():
        if row.ownership == "customer managed":
            assert price.startswith("$1.00")
        elif row.ownership == "AWS managed":
            assert price.startswith("$0.00")
        else:
            assert price == "free"
    rotated = {cell.monthly_cost for _, cell in _cells(comparison, "rotate", "customer managed")}
    assert all(price.startswith("$2.00") for price in rotated)
    assert {cell.monthly_cost for _, cell in _cells(comparison, "deleted", "customer managed")} == {"free"}


def test_a_refused_read_tells_which_kms_call_was_refused(comparison: Comparison) -> None:
    for event, code in (("disable", "DisabledException"), ("schedule-deletion", "KMSInvalidStateException")):
        for row, cell in _cells(comparison, event, "customer managed"):
            assert cell.kms_calls[-1].endswith(f": {code}"), row.label


class TestForms:
    """`run.py compare` in each of its forms."""

    def printed(self, monkeypatch: pytest.MonkeyPatch, comparison: Comparison, form: str) -> str:
        """What the command prints of a comparison that has been made."""
        monkeypatch.setattr("services.console.comparison.compare", lambda on_progress: comparison)
        monkeypatch.setenv("COLUMNS", "240")
        done = CliRunner().invoke(main, ["compare", "--format", form])
        assert done.exit_code == 0, done.output
        return done.stdout

    def test_json_holds_every_cell_and_another_run_tells_the_same(self, comparison: Comparison) -> None:
        done = run("compare", "--format", "json")
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert [event["name"] for event in told["happenings"]] == [one.name for one in comparison.happenings]
        outcomes = {
            (row["service"], row["data_class"], row["ownership"], event): cell["outcome"]
            for row in told["rows"]
            for event, cell in row["cells"].items()
        }
        assert outcomes == {
            (row.service, row.data_class, row.ownership, event): cell.outcome
            for (row, event), cell in comparison.cells.items()
        }

    @pytest.mark.parametrize("form", ["table", "markdown", "html"])
    def test_every_event_and_row_is_told(
        self, comparison: Comparison, monkeypatch: pytest.MonkeyPatch, form: str
    ) -> None:
        printed = self.printed(monkeypatch, comparison, form)
        for event in comparison.happenings:
            assert event.title in printed
        for row in comparison.rows:
            assert row.title in printed
        assert DENIED in printed
        if form == "html":
            assert not re.search(r"""(?:src|href)=["'](?!#)""", printed), "the page stands alone"

    def test_an_unknown_form_is_refused(self) -> None:
        done = CliRunner().invoke(main, ["compare", "--format", "pdf"])
        assert done.exit_code == 2
        assert "pdf" in done.stderr
