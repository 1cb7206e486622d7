"""Buses, rules and targets: made, shown, listed, changed, deleted; and what EventBridge refuses."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.eventbridge.support import EVERYTHING, Inbox, history, put
from tests.support import REGION, Account, refused

EVENT = {
    "id": "1",
    "account": "111122223333",
    "source": "shop",
    "time": "2026-01-01T00:00:00Z",
    "region": REGION,
    "resources": [],
    "detail-type": "order",
    "detail": {"amount": 5},
}


class TestRules:
    def test_a_rule_is_shown_as_it_was_put(self, account: Account, events: Any) -> None:
        arn = events.put_rule(Name="r", EventPattern=EVERYTHING, Description="all")["RuleArn"]
        assert arn == f"arn:aws:events:{REGION}:{account.account_id}:rule/r"
        shown = events.describe_rule(Name="r")
        del shown["ResponseMetadata"]
        expected = {
            "Name": "r",
            "Arn": arn,
            "EventPattern": EVERYTHING,
            "Description": "all",
            "State": "ENABLED",
            "EventBusName": "default",
        }
        assert shown == {**expected, "CreatedBy": account.account_id}
        assert events.list_rules(NamePrefix="r")["Rules"] == [expected]

    def test_putting_it_again_replaces_it_as_a_whole_and_keeps_its_targets(self, events: Any, inbox: Inbox) -> None:
        inbox.subscribe("r")
        events.put_rule(Name="r", EventPattern='{"source": ["a"]}', State="DISABLED")
        shown = events.describe_rule(Name="r")
        assert (shown["State"], shown["EventPattern"]) == ("DISABLED", '{"source": ["a"]}')
        assert "Description" not in shown
        assert len(events.list_targets_by_rule(Rule="r")["Targets"]) == 1

    def test_rules_are_listed_page_by_page(self, events: Any) -> None:
        for name in "bca":
            events.put_rule(Name=name, EventPattern=EVERYTHING)
        first = events.list_rules(Limit=2)
        second = events.list_rules(Limit=2, NextToken=first["NextToken"])
        assert [rule["Name"] for rule in first["Rules"] + second["Rules"]] == ["a", "b", "c"]
        assert "NextToken" not in second

    def test_a_rule_with_targets_is_not_deleted(self, events: Any, inbox: Inbox) -> None:
        inbox.subscribe("r")
        with refused("ValidationException") as refusal:
            events.delete_rule(Name="r")
        assert "since it has targets" in refusal.message
        events.remove_targets(Rule="r", Ids=["inbox"])
        events.delete_rule(Name="r")
        with refused("ResourceNotFoundException"):
            events.describe_rule(Name="r")
        events.delete_rule(Name="r")

    def test_a_rule_is_disabled_and_enabled(self, events: Any) -> None:
        events.put_rule(Name="r", EventPattern=EVERYTHING)
        events.disable_rule(Name="r")
        assert events.describe_rule(Name="r")["State"] == "DISABLED"
        events.enable_rule(Name="r")
        assert events.describe_rule(Name="r")["State"] == "ENABLED"

    def test_a_schedule_is_refused_by_name(self, events: Any) -> None:
        with refused("ValidationException") as refusal:
            events.put_rule(Name="r", ScheduleExpression="rate(5 minutes)")
        assert "ScheduleExpression is not simulated" in refusal.message
        with refused("ValidationException"):
            events.put_rule(Name="r")

    def test_tags(self, events: Any) -> None:
        arn = events.put_rule(Name="r", EventPattern=EVERYTHING, Tags=[{"Key": "a", "Value": "1"}])["RuleArn"]
        events.tag_resource(ResourceARN=arn, Tags=[{"Key": "b", "Value": "2"}])
        events.untag_resource(ResourceARN=arn, TagKeys=["a"])
        assert events.list_tags_for_resource(ResourceARN=arn)["Tags"] == [{"Key": "b", "Value": "2"}]

    def test_iam_decides_by_the_arn_of_the_rule(self, account: Account) -> None:
        arn = f"arn:aws:events:{REGION}:{account.account_id}:rule/mine-*"
        statement = {"Effect": "Allow", "Action": "events:PutRule", "Resource": arn}
        author = account.user("author", {"Version": "2012-10-17", "Statement": [statement]}).client("events")
        author.put_rule(Name="mine-1", EventPattern=EVERYTHING)
        with refused("AccessDeniedException") as refusal:
            author.put_rule(Name="other", EventPattern=EVERYTHING)
        assert refusal.message.endswith("because no identity-based policy allows the events:PutRule action")


class TestTargets:
    def test_a_target_is_shown_as_it_was_put(self, events: Any, inbox: Inbox) -> None:
        target = {
            "InputPath": "$.detail",
            "RetryPolicy": {"MaximumRetryAttempts": 3},
            "DeadLetterConfig": {"Arn": inbox.arn},
        }
        inbox.subscribe("r", **target)
        assert events.list_targets_by_rule(Rule="r")["Targets"] == [{"Id": "inbox", "Arn": inbox.arn, **target}]
        assert events.list_rule_names_by_target(TargetArn=inbox.arn)["RuleNames"] == ["r"]
        assert events.list_rule_names_by_target(TargetArn=f"{inbox.arn}-other")["RuleNames"] == []

    def test_a_target_that_is_not_there_is_a_failed_entry(self, events: Any, inbox: Inbox) -> None:
        inbox.subscribe("r")
        answer = events.remove_targets(Rule="r", Ids=["inbox", "absent"])
        assert answer["FailedEntryCount"] == 1
        assert answer["FailedEntries"][0]["TargetId"] == "absent"

    def test_a_rule_has_at_most_five(self, events: Any, inbox: Inbox) -> None:
        events.put_rule(Name="r", EventPattern=EVERYTHING)
        targets = [{"Id": str(number), "Arn": inbox.arn} for number in range(6)]
        with refused("LimitExceededException"):
            events.put_targets(Rule="r", Targets=targets)
        assert events.list_targets_by_rule(Rule="r")["Targets"] == []

    @pytest.mark.parametrize(
        "target",
        [
            {"Arn": f"arn:aws:lambda:{REGION}:111122223333:function:f"},
            {"Arn": f"arn:aws:sqs:{REGION}:111122223333:orders.fifo"},
            {"SqsParameters": {"MessageGroupId": "g"}},
            {"Input": "no json"},
            {"InputPath": "$..detail"},
            {"Input": "{}", "InputPath": "$"},
            {"InputTransformer": {"InputTemplate": "<absent>"}},
            {"InputTransformer": {"InputTemplate": "x", "InputPathsMap": {"a": "detail"}}},
        ],
        ids=["lambda", "fifo", "group", "no-json", "path", "two-inputs", "unknown-variable", "map"],
    )
    def test_what_cannot_be_carried_out_is_refused(self, events: Any, inbox: Inbox, target: dict[str, Any]) -> None:
        events.put_rule(Name="r", EventPattern=EVERYTHING)
        with refused("ValidationException"):
            events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": inbox.arn, **target}])


class TestBuses:
    def test_the_default_bus_is_there_before_anyone_asks(self, account: Account, events: Any) -> None:
        arn = f"arn:aws:events:{REGION}:{account.account_id}:event-bus/default"
        (bus,) = events.list_event_buses()["EventBuses"]
        assert (bus["Name"], bus["Arn"]) == ("default", arn)
        assert events.describe_event_bus()["Arn"] == arn
        with refused("ValidationException"):
            events.delete_event_bus(Name="default")

    def test_a_custom_bus_lives_until_its_rules_are_gone(self, events: Any) -> None:
        arn = events.create_event_bus(Name="orders", Description="d")["EventBusArn"]
        assert events.describe_event_bus(Name=arn)["Description"] == "d"
        with refused("ResourceAlreadyExistsException"):
            events.create_event_bus(Name="orders")
        rule = events.put_rule(Name="r", EventBusName="orders", EventPattern=EVERYTHING)["RuleArn"]
        assert rule.endswith(":rule/orders/r")
        assert events.list_tags_for_resource(ResourceARN=rule)["Tags"] == []
        with refused("ValidationException"):
            events.delete_event_bus(Name="orders")
        events.delete_rule(Name="r", EventBusName="orders")
        events.delete_event_bus(Name="orders")
        with refused("ResourceNotFoundException"):
            events.put_rule(Name="r", EventBusName="orders", EventPattern=EVERYTHING)

    def test_a_bus_of_another_account_is_not_found(self, second_account: Account, events: Any) -> None:
        arn = f"arn:aws:events:{REGION}:{second_account.account_id}:event-bus/default"
        with refused("ResourceNotFoundException"):
            events.describe_event_bus(Name=arn)

    def test_a_bus_under_a_customers_key_is_refused_by_name(self, events: Any, kms_key: str) -> None:
        with refused("ValidationException") as refusal:
            events.create_event_bus(Name="orders", KmsKeyIdentifier=kms_key)
        assert "KmsKeyIdentifier" in refusal.message


class TestRoles:
    def test_a_role_is_taken_from_whom_may_pass_it_to_the_service(self, account: Account, inbox: Inbox) -> None:
        role = f"arn:aws:iam::{account.account_id}:role/deliver"
        passing = {
            "Effect": "Allow",
            "Action": "iam:PassRole",
            "Resource": role,
            "Condition": {"StringEquals": {"iam:PassedToService": "events.amazonaws.com"}},
        }
        events_only = {"Effect": "Allow", "Action": "events:*", "Resource": "*"}
        for name, statements in (("ann", [events_only]), ("bob", [events_only, passing])):
            events = account.user(name, {"Version": "2012-10-17", "Statement": statements}).client("events")
            for call in (
                lambda events=events, name=name: events.put_rule(Name=name, EventPattern=EVERYTHING, RoleArn=role),
                lambda events=events, name=name: events.put_targets(
                    Rule="r", Targets=[{"Id": name, "Arn": inbox.arn, "RoleArn": role}]
                ),
            ):
                account.client("events").put_rule(Name="r", EventPattern=EVERYTHING)
                if name == "bob":
                    call()
                    continue
                with refused("AccessDeniedException") as refusal:
                    call()
                assert f"is not authorized to perform: iam:PassRole on resource: {role} " in refusal.message


class TestPutEvents:
    @pytest.mark.parametrize(
        ("change", "code"),
        [
            ({"Source": "aws.voiceid"}, "NotAuthorizedForSourceException"),
            ({"Source": ""}, "InvalidArgument"),
            ({"Detail": "[]"}, "MalformedDetail"),
            ({"Detail": "{"}, "MalformedDetail"),
        ],
        ids=["aws", "no-source", "array", "no-json"],
    )
    def test_an_entry_that_is_refused_does_not_hold_up_the_others(
        self, account: Account, events: Any, change: dict[str, str], code: str
    ) -> None:
        entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
        answer = events.put_events(Entries=[entry, {**entry, **change}])
        assert answer["FailedEntryCount"] == 1
        assert answer["Entries"][1]["ErrorCode"] == code
        assert [event["EventId"] for event in history(account)] == [answer["Entries"][0]["EventId"]]

    def test_a_bus_that_does_not_exist_takes_events_and_drops_them(self, account: Account, events: Any) -> None:
        put(events, EventBusName="absent")
        assert history(account) == []

    def test_more_than_a_mebibyte_is_refused(self, events: Any) -> None:
        entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps({"x": "y" * 600_000})}
        with refused("ValidationException") as refusal:
            events.put_events(Entries=[entry, entry])
        assert "over the limit" in refusal.message


class TestTestEventPattern:
    def test_it_tells_whether_a_pattern_matches(self, events: Any) -> None:
        for pattern, result in (({"detail": {"amount": [5]}}, True), ({"detail": {"amount": [6]}}, False)):
            answer = events.test_event_pattern(EventPattern=json.dumps(pattern), Event=json.dumps(EVENT))
            assert answer["Result"] is result

    def test_an_event_without_a_member_is_refused(self, events: Any) -> None:
        event = {name: value for name, value in EVENT.items() if name != "resources"}
        with refused("ValidationException") as refusal:
            events.test_event_pattern(EventPattern=EVERYTHING, Event=json.dumps(event))
        assert "resources" in refusal.message

    def test_the_aws_cli_works(self, account: Account, tmp_path: Path) -> None:
        command = [str(Path(sys.executable).parent / "aws"), "events", "test-event-pattern", "--output", "json"]
        command += ["--event-pattern", '{"detail": {"amount": [{"numeric": ["<", 10]}]}}', "--event", json.dumps(EVENT)]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **account.environment}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {"Result": True}


def test_what_is_not_simulated_says_so(events: Any) -> None:
    with refused("NotImplementedException") as refusal:
        events.list_archives()
    assert refusal.status == 501
    assert "ListArchives" in refusal.message
