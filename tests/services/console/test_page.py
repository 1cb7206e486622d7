"""The page at /, driven as a browser without script drives it: GET, press a button, follow the redirect."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import urlsplit

import boto3
import pytest
from botocore.config import Config

from services.console import live, report
from services.console.comparison import Comparison, compare
from services.console.drivers import DRIVERS
from services.console.happenings import DENIAL, HAPPENINGS
from services.simulator import Configuration
from shared import demo_world
from tests.support import REGION, Server, started

VOICE_ID = "voice-id-customer-managed"
PROFILES = "customer-profiles-customer-managed"


@dataclass
class Page:
    """An answer, read as its markup says. cells: (card id, data class title) -> outcome. changed: those marked so."""

    status: int
    headers: dict[str, str]
    text: str
    cells: dict[tuple[str, str], str] = field(default_factory=dict)
    changed: set[tuple[str, str]] = field(default_factory=set)

    @property
    def unreadable(self) -> set[str]:
        """The cards in which something cannot be read."""
        return {card for (card, _), outcome in self.cells.items() if outcome != "readable"}

    def said(self) -> str:
        """What the bar says of the last action."""
        return _between(self.text, '<p class="said"', "</p>")

    def trail(self) -> str:
        return _between(self.text, '<aside class="trail"', "</aside>")

    def card(self, card_id: str) -> str:
        return _between(self.text, f'id="{card_id}"', "</article>")


class _Cells(HTMLParser):
    """Finds the cells of every card."""

    def __init__(self, page: Page) -> None:
        super().__init__()
        self._page, self._card, self._changed, self._reads = page, "", False, ""
        self._title = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if given.get("class") == "card":
            self._card = given["id"]
        if tag == "li":
            self._changed = "changed" in given.get("class", "")
        self._reads = given.get("class", "") if tag == "span" else ""

    def handle_data(self, data: str) -> None:
        if self._reads == "what" and data.strip():
            self._title = data.strip()
        elif self._reads == "outcome" and data.strip():
            self._page.cells[self._card, self._title] = data.strip()
            if self._changed:
                self._page.changed.add((self._card, self._title))

    def handle_endtag(self, tag: str) -> None:
        self._reads = ""


def _why(line: str) -> str:
    """Where a line of the trail leads for its explanation."""
    found = re.search(r'class="why" href="([^"]+)"', line)
    assert found is not None
    return found[1]


def _between(text: str, start: str, end: str) -> str:
    return text[text.index(start) :].partition(end)[0] if start in text else ""


@dataclass
class Browser:
    """Just enough of one: it sends Host and, with a form, Origin."""

    url: str

    def get(self, path: str = "/", **headers: str) -> Page:
        return self._send("GET", path, headers)

    def press(self, path: str) -> Page:
        """Press a button; returns the page that the redirect leads to."""
        pressed = self._send("POST", path, {"Origin": self.url, "Sec-Fetch-Site": "same-origin"})
        assert pressed.status == 303, pressed.text
        return self.get(pressed.headers["location"])

    def post(self, path: str, **headers: str) -> Page:
        return self._send("POST", path, headers)

    def _send(self, method: str, path: str, headers: dict[str, str]) -> Page:
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=60)
        try:
            wire = {name.replace("_", "-"): value for name, value in headers.items()}
            connection.request(method, path.partition("#")[0], headers=wire)
            answer = connection.getresponse()
            named = {name.lower(): value for name, value in answer.getheaders()}
            page = Page(answer.status, named, answer.read().decode())
        finally:
            connection.close()
        _Cells(page).feed(page.text)
        return page


@pytest.fixture(scope="module")
def world() -> Iterator[Server]:
    """A server of this module's own: the page works in the demo account, and moves the clock."""
    with started(None) as server:
        yield server


@pytest.fixture
def new_browser(world: Server) -> Browser:
    """A browser before a new world."""
    world.control("reset", {})
    return Browser(world.url)


@pytest.fixture
def browser(new_browser: Browser) -> Browser:
    """A browser before a world in which the person's data is stored."""
    new_browser.press("/_console/store")
    return new_browser


@pytest.fixture(scope="module")
def comparison() -> Comparison:
    return compare(happenings=HAPPENINGS[:2])


class TestFirstSight:
    def test_a_new_world_offers_one_button(self, new_browser: Browser) -> None:
        page = new_browser.get()
        assert page.status == 200
        assert 'action="/_console/store"' in page.text
        assert not page.cells

    def test_storing_shows_every_class_of_data_readable(self, new_browser: Browser) -> None:
        page = new_browser.press("/_console/store")
        services = {card.rsplit("-", 2)[0] for card, _ in page.cells}
        assert services == {"connectcases", "customer-profiles", "voice-id", "wisdom", "connectcampaigns"}
        assert page.unreadable == set()

    def test_storing_twice_stores_once(self, browser: Browser) -> None:
        before = browser.get().cells
        assert browser.press("/_console/store").cells == before

    def test_looking_again_finds_the_same(self, browser: Browser) -> None:
        first, second = browser.get(), browser.get()
        assert first.cells == second.cells
        assert second.changed == set()

    def test_an_empty_world_says_so(self) -> None:
        with started(None) as server:
            server.simulator.configuration = Configuration(empty=True)
            server.control("reset", {})
            page = Browser(server.url).get()
        assert page.status == 200
        assert "--empty" in page.text
        assert "/_console/store" not in page.text


class TestButtons:
    def test_disable_breaks_its_service_alone_and_enable_heals_it(self, browser: Browser) -> None:
        broken = browser.press(f"/_console/keys/{VOICE_ID}/disable")
        assert broken.unreadable == {VOICE_ID}
        assert broken.changed == {cell for cell in broken.cells if cell[0] == VOICE_ID}
        assert "no longer readable" in broken.said()
        assert ">Disabled<" in broken.card(VOICE_ID)
        healed = browser.press(f"/_console/keys/{VOICE_ID}/enable")
        assert healed.unreadable == set()
        assert "readable again" in healed.said()

    @pytest.mark.parametrize(
        "card", [VOICE_ID, PROFILES, "wisdom-customer-managed", "connectcampaigns-customer-managed"]
    )
    def test_a_deny_in_the_policy_is_taken_back(self, browser: Browser, card: str) -> None:
        denied = browser.press(f"/_console/keys/{card}/deny-in-policy")
        assert denied.unreadable == {card}
        assert "Restore policy" in denied.card(card)
        assert browser.press(f"/_console/keys/{card}/restore-policy").unreadable == set()

    def test_a_scheduled_deletion_is_cancelled_and_enabled(self, browser: Browser) -> None:
        scheduled = browser.press(f"/_console/keys/{PROFILES}/schedule-deletion")
        assert scheduled.unreadable == {PROFILES}
        assert "Pending deletion" in scheduled.card(PROFILES)
        assert browser.press(f"/_console/keys/{PROFILES}/cancel-deletion").unreadable == {PROFILES}
        assert browser.press(f"/_console/keys/{PROFILES}/enable").unreadable == set()

    def test_a_deletion_falls_due_when_the_days_have_passed(self, browser: Browser) -> None:
        browser.press(f"/_console/keys/{VOICE_ID}/schedule-deletion")
        page = browser.press("/_console/advance/8")
        assert ">Deleted<" in page.card(VOICE_ID)
        assert page.unreadable == {VOICE_ID}

    def test_revoking_the_grant_breaks_its_service(self, browser: Browser) -> None:
        page = browser.press(f"/_console/keys/{VOICE_ID}/revoke-grant")
        assert page.unreadable == {VOICE_ID}
        assert "no grant" in page.card(VOICE_ID)

    @pytest.mark.parametrize("name", ["rotate", "switch"])
    def test_another_generation_or_another_key_breaks_nothing(self, browser: Browser, name: str) -> None:
        assert browser.press(f"/_console/keys/{VOICE_ID}/{name}").unreadable == set()

    @pytest.mark.parametrize(
        "card", ["connectcases-aws-owned", "connectcampaigns-instance-specific", "customer-profiles-aws-managed"]
    )
    def test_a_key_of_others_is_out_of_reach_and_the_page_says_what_the_attempt_met(
        self, browser: Browser, card: str
    ) -> None:
        page = browser.press(f"/_console/keys/{card}/disable")
        assert "refused: " in page.said()
        assert page.unreadable == set()

    def test_swapped_rows_do_not_open_and_swapped_back_they_do(self, browser: Browser) -> None:
        swapped = browser.press("/_console/swap")
        assert VOICE_ID in swapped.unreadable
        assert browser.press("/_console/swap").unreadable == set()

    @pytest.mark.parametrize("days", [1, 31, 400])
    def test_time_moves_the_clock_and_breaks_nothing(self, browser: Browser, world: Server, days: int) -> None:
        before = world.simulator.clock.now()
        page = browser.press(f"/_console/advance/{days}")
        assert world.simulator.clock.now() - before == pytest.approx(days * 86400, abs=60)
        assert page.unreadable == set()

    def test_reset_asks_first_and_forgets_everything(self, browser: Browser) -> None:
        assert "Reset everything" in browser.get().text
        assert 'action="/_console/store"' in browser.press("/_console/reset").text

    @pytest.mark.parametrize("path", ["keys/nothing/disable", f"keys/{VOICE_ID}/explode", "advance/7"])
    def test_what_does_not_exist_is_not_found(self, browser: Browser, path: str) -> None:
        assert browser.post(f"/_console/{path}").status == 404

    def test_a_change_made_elsewhere_shows_at_the_next_look(self, browser: Browser, world: Server) -> None:
        demo = demo_world.credentials(demo_world.DEFAULT_ACCOUNT, demo_world.DEFAULT_USER)
        kms = boto3.client(
            "kms",
            region_name=REGION,
            endpoint_url=world.url,
            aws_access_key_id=demo.access_key_id,
            aws_secret_access_key=demo.secret_access_key,
            config=Config(retries={"total_max_attempts": 1}),
        )
        described = [kms.describe_key(KeyId=key["KeyId"])["KeyMetadata"] for key in kms.list_keys()["Keys"]]
        key = next(one["KeyId"] for one in described if one["Description"].endswith("Voice ID"))
        kms.disable_key(KeyId=key)
        assert browser.get().unreadable == {VOICE_ID}


class TestTrail:
    def test_the_action_stands_first_with_its_caller(self, browser: Browser) -> None:
        trail = browser.press(f"/_console/keys/{VOICE_ID}/disable").trail()
        action = _between(trail, "What you did", "</ol>")
        assert "DisableKey" in action
        assert "administrator" in action
        assert '<li class="new' in action

    def test_the_reads_of_the_page_and_their_refusals_are_in_it(self, browser: Browser) -> None:
        trail = browser.press(f"/_console/keys/{VOICE_ID}/disable").trail()
        assert "Voice ID alone" in trail
        assert "DisabledException" in trail

    def test_keys_that_the_customer_cannot_see_show_in_the_view_of_aws_alone(self, browser: Browser) -> None:
        customers, aws = browser.get(), browser.get("/?view=aws")
        assert "Cases alone" not in customers.trail()
        assert "Cases alone" in aws.trail()
        hidden = "key hidden from the customer"
        assert hidden in customers.card("connectcases-aws-owned")
        assert hidden not in aws.card("connectcases-aws-owned")

    def test_a_refused_line_leads_to_the_statement_that_refused(self, browser: Browser) -> None:
        trail = browser.press(f"/_console/keys/{VOICE_ID}/deny-in-policy").trail()
        refused = next(line for line in trail.split("<li ") if "AccessDenied" in line)
        page = browser.get(_why(refused))
        assert "Why was it refused?" in page.text
        assert "with an explicit deny in a resource-based policy" in page.text
        decided = [row for row in page.text.split("<tr ") if row.startswith('class="decided"')]
        assert any(DENIAL in row for row in decided)

    def test_an_allowed_line_leads_to_what_allowed_it(self, browser: Browser) -> None:
        trail = browser.press(f"/_console/keys/{VOICE_ID}/enable").trail()
        allowed = next(line for line in trail.split("<li ") if "GenerateDataKey" in line or "Decrypt" in line)
        page = browser.get(_why(allowed))
        assert "Why was it allowed?" in page.text
        assert "decided" in page.text

    def test_an_event_that_is_not_remembered_says_so(self, browser: Browser) -> None:
        page = browser.get("/_console/explain/00000000-0000-0000-0000-000000000000")
        assert (page.status, "Nothing is remembered" in page.text) == (404, True)

    def test_a_button_keeps_the_view(self, browser: Browser) -> None:
        answer = browser.post(f"/_console/keys/{VOICE_ID}/rotate?view=aws")
        assert answer.headers["location"] == f"/?view=aws#{VOICE_ID}"


class TestGuard:
    @pytest.mark.parametrize("path", ["/", "/compare", "/_console/explain/x", "/_console/static/console.css"])
    def test_a_foreign_host_sees_nothing(self, new_browser: Browser, path: str) -> None:
        assert new_browser.get(path, Host="rebound.example").status == 403

    @pytest.mark.parametrize("path", ["store", "reset", "compare", "advance/1", "swap", f"keys/{VOICE_ID}/disable"])
    @pytest.mark.parametrize("origin", ["http://elsewhere.example", "null"])
    def test_a_page_from_elsewhere_presses_no_button(self, new_browser: Browser, path: str, origin: str) -> None:
        answer = new_browser.post(f"/_console/{path}", Origin=origin)
        assert answer.status == 403
        assert 'action="/_console/store"' in new_browser.get().text

    def test_a_cross_site_form_without_origin_is_refused(self, new_browser: Browser) -> None:
        assert new_browser.post("/_console/reset", Sec_Fetch_Site="cross-site").status == 403

    def test_curl_needs_no_origin(self, new_browser: Browser) -> None:
        assert new_browser.post("/_console/store").status == 303
        assert new_browser.get().cells

    def test_a_button_is_no_link(self, new_browser: Browser) -> None:
        assert new_browser.get("/_console/reset").status in (404, 405)

    def test_every_answer_carries_the_headers_that_keep_others_out(self, new_browser: Browser) -> None:
        for answer in (new_browser.get(), new_browser.get(Host="rebound.example"), new_browser.get("/compare")):
            assert "default-src 'none'" in answer.headers["content-security-policy"]
            assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
            assert answer.headers["x-frame-options"] == "DENY"
            assert answer.headers["cache-control"] == "no-store"
            assert answer.headers["referrer-policy"] == "same-origin"

    def test_the_page_holds_no_script_and_no_secret(self, browser: Browser) -> None:
        text = browser.get().text
        assert "<script" not in text
        assert demo_world.credentials(demo_world.DEFAULT_ACCOUNT, demo_world.DEFAULT_USER).secret_access_key not in text

    def test_what_the_trail_holds_is_escaped(self, browser: Browser, world: Server) -> None:
        page = browser.get(User_Agent="<script>alert(1)</script>")
        assert "<script" not in page.text


class TestFullComparison:
    def test_it_runs_in_the_background_and_shows_its_matrix(
        self, new_browser: Browser, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        short = HAPPENINGS[:2]
        monkeypatch.setattr("services.console.comparison.compare", lambda tell: compare(tell, short))
        page = new_browser.press("/_console/compare")
        deadline = time.monotonic() + 60
        while 'http-equiv="refresh"' in page.text and time.monotonic() < deadline:
            page = new_browser.get("/compare")
        assert '<table class="matrix">' in page.text
        assert all(f'id="{happening.name}"' in page.text for happening in short)


class TestPrintedComparison:
    def test_it_stands_alone(self, comparison: Comparison) -> None:
        text = report.as_html(comparison)
        assert "<style>" in text
        assert re.search(r'(?:src|href)="(?!#)', text) is None

    def test_it_shows_every_row_and_event(self, comparison: Comparison) -> None:
        text = report.as_html(comparison)
        assert all(f'id="{happening.name}"' in text for happening in comparison.happenings)
        for row in comparison.rows:
            assert f"{row.title} <small>{row.service_title}</small>" in text


def test_what_the_page_remembers_outlives_the_server(tmp_path: Path) -> None:
    with started(tmp_path / "data") as server:
        before = Browser(server.url).press("/_console/store").cells
    with started(tmp_path / "data") as server:
        assert Browser(server.url).get().cells == before


def test_card_ids_tell_all_drivers_apart() -> None:
    assert len({live.card_id(kind) for kind in DRIVERS}) == len(DRIVERS)
