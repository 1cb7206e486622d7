"""The key behind Cases: AWS owned, out of the customer's sight, rotated without a word."""

from __future__ import annotations

from typing import Any

import pytest

from shared.catalog import SERVICES
from tests.services.cases.support import Desk
from tests.support import Account, Server, events_of, refused

OWNER = SERVICES["connectcases"]


def service_key(server: Server) -> dict[str, Any]:
    """The key of Cases as it rests in the service's account, where no customer's API call reaches."""
    (row,) = server.simulator.database.select("kms_keys", {"account_id": OWNER.account_id, "region": "us-west-2"})
    return row


@pytest.mark.claim("C1", "C2", "C3")
def test_nothing_protected_is_on_the_disk(server: Server, cases: Any, desk: Desk) -> None:
    canary = "canary-of-a-case"
    case = desk.create_case(canary)
    desk.comment(case, canary)
    field = desk.create_field("Colour", description=canary)
    cases.update_template(domainId=desk.domain_id, templateId=desk.template_id, description=canary)
    assert desk.titles(searchTerm=canary) == [canary]
    assert desk.comments(case) == [canary]
    got = cases.batch_get_field(domainId=desk.domain_id, fields=[{"id": field}])["fields"]
    assert got[0]["description"] == canary
    assert canary.encode() not in server.bytes_on_disk()


@pytest.mark.claim("C4")
def test_the_key_is_no_customers(server: Server, account: Account, kms: Any, desk: Desk) -> None:
    desk.create_case()
    arn = service_key(server)["arn"]
    assert arn.split(":")[4] == OWNER.account_id
    assert kms.list_keys()["Keys"] == []
    with refused("AccessDeniedException"):
        kms.describe_key(KeyId=arn)
    assert events_of(account, source="kms.amazonaws.com", name="Decrypt") == []
    assert events_of(account, source="kms.amazonaws.com", name="GenerateDataKeyWithoutPlaintext") == []


@pytest.mark.claim("C4")
def test_the_services_own_trail_has_its_calls(server: Server, desk: Desk) -> None:
    desk.values(desk.create_case(), "title")
    events = server.control(f"trail?account={OWNER.account_id}")["Events"]
    mine = [event for event in events if desk.domain_arn in str(event)]
    assert {"GenerateDataKeyWithoutPlaintext", "Decrypt"} <= {event["eventName"] for event in mine}
    assert {event["userIdentity"]["type"] for event in mine} == {"AWSService"}


@pytest.mark.claim("C5")
def test_cases_rotates_its_key_and_old_cases_stay_readable(server: Server, desk: Desk) -> None:
    case = desk.create_case("before")
    arn = service_key(server)["arn"]
    before = server.simulator.database.count("backing_keys", {"key_arn": arn})
    server.advance("P400D")
    assert server.simulator.database.count("backing_keys", {"key_arn": arn}) > before
    assert desk.values(case, "title") == {"title": "before"}


def test_the_trail_of_the_service_shows_no_values(account: Account, desk: Desk) -> None:
    desk.create_case("a secret title")
    desk.titles(searchTerm="a secret title")
    text = str(events_of(account, source="cases.amazonaws.com"))
    assert "CreateCase" in text
    assert "secret" not in text


def test_a_domain_is_a_scope_of_its_own(cases: Any, desk: Desk) -> None:
    other = Desk.open(cases, "another desk")
    with refused("ResourceNotFoundException"):
        other.values(desk.create_case(), "title")


def test_damaged_rows_are_an_internal_error_without_a_word_of_the_data(server: Server, desk: Desk) -> None:
    case = desk.create_case("whole")
    where = {"scope_arn": desk.domain_arn, "data_class": "case", "record_id": case}
    row = server.simulator.database.find("records", where)
    assert row is not None
    with server.simulator.database.unit():
        server.simulator.database.update(
            "records", where, {"sealed": row["sealed"][:-1] + bytes([row["sealed"][-1] ^ 1])}
        )
    with refused("InternalServerException") as refusal:
        desk.values(case, "title")
    assert refusal.status == 500
