"""CloudTrail LookupEvents through boto3: by attribute, in a range of time, page by page, newest first."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.support import Account, Server, refused


@pytest.fixture
def cloudtrail(account: Account) -> Any:
    return account.client("cloudtrail")


@pytest.fixture
def used_key(account: Account, kms: Any, kms_key: str) -> str:
    """A key with a handful of events of two users."""
    kms.encrypt(KeyId=kms_key, Plaintext=b"x")
    kms.disable_key(KeyId=kms_key)
    kms.enable_key(KeyId=kms_key)
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
    user = account.user("other", everything)
    user.client("kms").describe_key(KeyId=kms_key)
    user.client("sts").get_caller_identity()
    return kms_key


def lookup(cloudtrail: Any, key: str, value: str) -> list[dict[str, Any]]:
    attribute = {"AttributeKey": key, "AttributeValue": value}
    events: list[dict[str, Any]] = cloudtrail.lookup_events(LookupAttributes=[attribute])["Events"]
    return events


def names(events: list[dict[str, Any]]) -> list[str]:
    return [event["EventName"] for event in events]


class TestShape:
    def test_an_event_has_an_outside_and_an_inside(self, account: Account, cloudtrail: Any, used_key: str) -> None:
        (event,) = lookup(cloudtrail, "EventName", "Encrypt")
        inside = json.loads(event["CloudTrailEvent"])
        assert event["EventId"] == inside["eventID"]
        assert event["EventTime"].strftime("%S") == inside["eventTime"][-3:-1]
        assert event["Username"] == "administrator"
        assert event["AccessKeyId"] == account.access_key_id
        assert event["EventSource"] == "kms.amazonaws.com"
        assert event["ReadOnly"] == "true"
        assert event["Resources"] == [{"ResourceType": "AWS::KMS::Key", "ResourceName": used_key}]

    def test_the_newest_event_comes_first(self, cloudtrail: Any, used_key: str) -> None:
        events = cloudtrail.lookup_events()["Events"]
        times = [event["EventTime"] for event in events]
        assert times == sorted(times, reverse=True)
        assert names(events)[:2] == ["GetCallerIdentity", "DescribeKey"]


class TestBehaviour:
    @pytest.mark.parametrize(
        ("attribute", "value", "found"),
        [
            ("EventName", lambda key: "DisableKey", ["DisableKey"]),
            ("EventName", lambda key: "disablekey", []),
            ("Username", lambda key: "other", ["GetCallerIdentity", "DescribeKey"]),
            ("EventSource", lambda key: "sts.amazonaws.com", ["GetCallerIdentity"]),
            ("ReadOnly", lambda key: "false", ["EnableKey", "DisableKey", "CreateKey"]),
            ("ResourceName", lambda key: key, ["DescribeKey", "EnableKey", "DisableKey", "Encrypt", "CreateKey"]),
            ("ResourceName", lambda key: "no such", []),
            (
                "ResourceType",
                lambda key: "AWS::KMS::Key",
                ["DescribeKey", "EnableKey", "DisableKey", "Encrypt", "CreateKey"],
            ),
        ],
        ids=["name", "name-in-another-case", "user", "source", "changes", "key", "no-key", "type"],
    )
    def test_an_attribute_narrows_the_list(
        self, cloudtrail: Any, used_key: str, attribute: str, value: Callable[[str], str], found: list[str]
    ) -> None:
        assert names(lookup(cloudtrail, attribute, value(used_key))) == found

    def test_an_event_and_an_access_key_are_found_by_their_ids(
        self, account: Account, cloudtrail: Any, used_key: str
    ) -> None:
        (encrypted,) = lookup(cloudtrail, "EventName", "Encrypt")
        assert lookup(cloudtrail, "EventId", encrypted["EventId"]) == [encrypted]
        by_key = lookup(cloudtrail, "AccessKeyId", account.access_key_id)
        assert "Encrypt" in names(by_key)
        assert "DescribeKey" not in names(by_key)

    def test_pages_make_up_the_whole_and_new_events_do_not_disturb(
        self, kms: Any, cloudtrail: Any, used_key: str
    ) -> None:
        before = {event["EventId"] for event in cloudtrail.lookup_events()["Events"]}
        seen: list[str] = []
        more: dict[str, str] = {}
        while True:
            page = cloudtrail.lookup_events(MaxResults=2, **more)
            assert len(page["Events"]) <= 2
            seen += [event["EventId"] for event in page["Events"]]
            if "NextToken" not in page:
                break
            more = {"NextToken": page["NextToken"]}
            kms.list_keys()
        assert len(seen) == len(set(seen))
        assert before <= set(seen)

    def test_a_range_of_time_narrows_the_list(self, server: Server, kms: Any, cloudtrail: Any, kms_key: str) -> None:
        kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        (first,) = lookup(cloudtrail, "EventName", "Encrypt")
        server.advance("P1D")
        kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        second = lookup(cloudtrail, "EventName", "Encrypt")[0]
        between = first["EventTime"] + timedelta(hours=1)
        assert second["EventTime"] > between
        late = names(cloudtrail.lookup_events(StartTime=between)["Events"])
        early = names(cloudtrail.lookup_events(EndTime=between)["Events"])
        assert (late.count("Encrypt"), early.count("Encrypt")) == (1, 1)
        assert cloudtrail.lookup_events(StartTime=between, EndTime=between)["Events"] == []

    def test_an_event_is_of_a_whole_second_and_found_by_it(self, cloudtrail: Any, used_key: str) -> None:
        newest = cloudtrail.lookup_events()["Events"][0]
        assert newest["EventTime"].microsecond == 0
        found = cloudtrail.lookup_events(StartTime=newest["EventTime"], EndTime=newest["EventTime"])["Events"]
        assert newest["EventId"] in {event["EventId"] for event in found}

    def test_there_are_no_insights(self, cloudtrail: Any, used_key: str) -> None:
        assert cloudtrail.lookup_events(EventCategory="insight")["Events"] == []

    def test_events_older_than_ninety_days_are_not_found(self, server: Server, cloudtrail: Any, used_key: str) -> None:
        server.advance("P91D")
        assert names(cloudtrail.lookup_events()["Events"]) in ([], ["LookupEvents"])

    def test_the_trail_of_another_account_or_region_is_not_found(
        self, account: Account, second_account: Account, used_key: str
    ) -> None:
        for reader in (second_account.client("cloudtrail"), account.client("cloudtrail", "eu-central-1")):
            assert lookup(reader, "ResourceName", used_key) == []

    def test_reading_the_trail_takes_the_right_to(self, account: Account) -> None:
        with refused("AccessDeniedException"):
            account.user("nobody").client("cloudtrail").lookup_events()

    def test_only_one_attribute_is_taken(self, cloudtrail: Any) -> None:
        attribute = {"AttributeKey": "EventName", "AttributeValue": "Encrypt"}
        with refused("InvalidLookupAttributesException"):
            cloudtrail.lookup_events(LookupAttributes=[attribute, attribute])

    def test_a_range_that_ends_before_it_begins_is_refused(self, cloudtrail: Any, used_key: str) -> None:
        when = cloudtrail.lookup_events()["Events"][0]["EventTime"]
        with refused("InvalidTimeRangeException"):
            cloudtrail.lookup_events(StartTime=when, EndTime=when - timedelta(seconds=1))

    @pytest.mark.parametrize("token", ["nonsense", "YmVmb3JlOmE=", "é"], ids=["text", "base64", "latin"])
    def test_a_made_up_token_is_refused(self, cloudtrail: Any, token: str) -> None:
        with refused("InvalidNextTokenException"):
            cloudtrail.lookup_events(NextToken=token)
