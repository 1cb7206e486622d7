"""The event stream of Cases: what an event tells, by the customer's choice, and how its payload rests on the way."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.cases.support import Desk
from tests.services.eventbridge.support import Inbox, history
from tests.support import REGION, Account, Server

CANARY = "canary-in-a-case-event"
CASE_EVENTS = '{"source": ["aws.cases"], "detail-type": ["Amazon Connect Cases Event"]}'


@pytest.fixture
def inbox(account: Account) -> Inbox:
    opened = Inbox.open(account, "case-events")
    opened.subscribe(pattern=CASE_EVENTS)
    return opened


def stream(desk: Desk, **included: Any) -> None:
    configuration = {"enabled": True, "includedData": included}
    desk.client.put_case_event_configuration(domainId=desk.domain_id, eventBridge=configuration)


def test_a_domain_has_no_event_stream_until_it_is_switched_on(
    server: Server, account: Account, cases: Any, desk: Desk
) -> None:
    assert cases.get_case_event_configuration(domainId=desk.domain_id)["eventBridge"] == {"enabled": False}
    desk.create_case("quiet")
    assert history(account) == []
    stream(desk, caseData={"fields": [{"id": "title"}]})
    assert cases.get_case_event_configuration(domainId=desk.domain_id)["eventBridge"]["enabled"] is True


def test_a_new_case_is_told_with_the_fields_that_were_chosen(
    server: Server, account: Account, desk: Desk, inbox: Inbox
) -> None:
    stream(desk, caseData={"fields": [{"id": "title"}]})
    case = desk.create_case("broken card")
    server.run_jobs()
    (event,) = inbox.events()
    assert (event["account"], event["region"]) == (account.account_id, REGION)
    assert event["resources"] == [desk.domain_arn, f"{desk.domain_arn}/case/{case}"]
    detail = event["detail"]
    assert (detail["version"], detail["eventType"]) == ("0", "CASE.CREATED")
    assert (detail["case"]["caseId"], detail["case"]["templateId"]) == (case, desk.template_id)
    assert detail["case"]["fields"] == {"title": {"value": {"stringValue": "broken card"}}}


def test_a_change_names_the_fields_and_shows_the_state_after_it(
    server: Server, cases: Any, desk: Desk, inbox: Inbox
) -> None:
    case = desk.create_case("before")
    stream(desk, caseData={"fields": [], "autoIncludeFields": "System"})
    changes = [{"id": "title", "value": {"stringValue": "after"}}, {"id": "summary", "value": {"emptyValue": {}}}]
    cases.update_case(domainId=desk.domain_id, caseId=case, fields=changes)
    server.run_jobs()
    (event,) = inbox.events()
    assert event["detail"]["eventType"] == "CASE.UPDATED"
    assert event["detail"]["changedFieldIds"] == ["last_updated_datetime", "summary", "title"]
    fields = event["detail"]["case"]["fields"]
    assert fields["title"] == {"value": {"stringValue": "after"}}
    assert "summary" not in fields


@pytest.mark.parametrize("include", [True, False], ids=["content", "metadata"])
def test_a_comment_is_told_with_its_text_only_if_that_was_chosen(
    server: Server, desk: Desk, inbox: Inbox, include: bool
) -> None:
    case = desk.create_case("quiet")
    stream(desk, relatedItemData={"includeContent": include})
    desk.comment(case, "call back")
    server.run_jobs()
    (event,) = inbox.events()
    item = event["detail"]["relatedItem"]
    assert (event["detail"]["eventType"], item["relatedItemType"], item["caseId"]) == (
        "RELATED_ITEM.CREATED",
        "Comment",
        case,
    )
    assert item.get("comment", {}).get("body") == ("call back" if include else None)


@pytest.mark.claim("C6", "C7")
def test_the_payload_is_held_sealed_before_it_reaches_the_customers_bus(
    server: Server, account: Account, desk: Desk, inbox: Inbox
) -> None:
    server.hold_jobs(True)
    stream(desk, caseData={"fields": [{"id": "title"}]}, relatedItemData={"includeContent": True})
    case = desk.create_case(CANARY)
    desk.comment(case, CANARY)
    assert [event["State"] for event in history(account)] == ["STAGED", "STAGED"]
    assert inbox.events() == []
    assert CANARY.encode() not in server.bytes_on_disk()
    server.hold_jobs(False)
    server.advance("PT4S")
    told = inbox.events()
    assert told[0]["detail"]["case"]["fields"]["title"]["value"]["stringValue"] == CANARY
    assert told[1]["detail"]["relatedItem"]["comment"]["body"] == CANARY
    assert CANARY.encode() not in server.bytes_on_disk()
