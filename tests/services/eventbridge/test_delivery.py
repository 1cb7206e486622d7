"""From publisher to queue: staged, sealed, matched, delivered, retried, dead-lettered; and through kill -9."""

from __future__ import annotations

import json
import signal
from pathlib import Path
from typing import Any

import pytest

from services.eventbridge import delivery
from services.eventbridge.publish import publish
from shared.catalog import SERVICES
from tests.process import serving
from tests.services.eventbridge.support import Inbox, history, put
from tests.support import REGION, Account, Server, refused

CANARY = "canary-in-an-event"


class TestStaging:
    @pytest.mark.claim("C6")
    def test_an_event_is_held_for_some_seconds_before_it_reaches_the_bus(
        self, server: Server, account: Account, events: Any, inbox: Inbox
    ) -> None:
        server.hold_jobs(True)
        inbox.subscribe()
        event_id = put(events)
        (staged,) = history(account)
        assert (staged["EventId"], staged["State"], staged["Deliveries"]) == (event_id, "STAGED", [])
        assert staged["DueAt"] > staged["PublishedAt"]
        server.hold_jobs(False)
        server.advance("PT4S")
        assert [event["id"] for event in inbox.events()] == [event_id]
        (done,) = history(account)
        assert done["State"] == "DONE"
        assert [delivery["State"] for delivery in done["Deliveries"]] == ["DELIVERED"]

    def test_of_many_events_a_jump_of_the_clock_delivers_some_and_the_background_the_rest(
        self, server: Server, account: Account, events: Any, inbox: Inbox, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("services.simulator.MAX_DELIVERIES_AT_ONCE", 3)
        inbox.subscribe()
        published = {put(events) for _ in range(5)}
        server.advance("PT4S")
        assert len(published) == 5
        arrived: set[str] = set()
        sqs = account.client("sqs")
        while len(arrived) < 5:
            told = sqs.receive_message(QueueUrl=inbox.url, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]
            arrived |= {json.loads(one["Body"])["id"] for one in told}
        assert arrived == published

    @pytest.mark.claim("C7")
    def test_nothing_of_an_event_is_on_the_disk_while_it_is_staged_or_after(
        self, server: Server, account: Account, events: Any, inbox: Inbox
    ) -> None:
        server.hold_jobs(True)
        inbox.subscribe()
        resource = f"arn:aws:s3:::{CANARY}"
        put(events, {"name": CANARY}, Source=CANARY, DetailType=CANARY, Resources=[resource])
        assert history(account)[0]["State"] == "STAGED"
        assert CANARY.encode() not in server.bytes_on_disk()
        server.hold_jobs(False)
        server.run_jobs()
        (event,) = inbox.events()
        assert event["detail"] == {"name": CANARY}
        assert (event["source"], event["detail-type"], event["resources"]) == (CANARY, CANARY, [resource])
        assert CANARY.encode() not in server.bytes_on_disk()
        assert CANARY not in json.dumps(server.control("trail"))
        assert CANARY not in json.dumps(history(account))

    @pytest.mark.claim("C7")
    def test_the_key_is_eventbridges_own(
        self, server: Server, account: Account, kms: Any, events: Any, trail: Any
    ) -> None:
        put(events)
        owner = SERVICES["events"].account_id
        bus = f"arn:aws:events:{REGION}:{account.account_id}:event-bus/default"
        mine = [event for event in server.control(f"trail?account={owner}")["Events"] if bus in str(event)]
        assert {"GenerateDataKeyWithoutPlaintext", "Decrypt"} <= {event["eventName"] for event in mine}
        assert kms.list_keys()["Keys"] == []
        assert trail(account, source="kms.amazonaws.com", name="Decrypt") == []

    @pytest.mark.claim("C7")
    def test_a_staged_payload_that_was_tampered_with_is_not_delivered(
        self, server: Server, account: Account, events: Any, inbox: Inbox
    ) -> None:
        server.hold_jobs(True)
        inbox.subscribe()
        first, second = put(events, {"n": 1}), put(events, {"n": 2})
        database = server.simulator.database
        with database.unit():
            stolen = database.select("records", {"data_class": "event", "record_id": first})[0]["sealed"]
            database.update("records", {"data_class": "event", "record_id": second}, {"sealed": stolen})
        server.hold_jobs(False)
        server.run_jobs()
        assert [event["id"] for event in inbox.events()] == [first]
        assert [event["State"] for event in history(account)] == ["DONE", "LOST"]

    def test_the_payload_is_destroyed_with_the_last_delivery(self, server: Server, events: Any, inbox: Inbox) -> None:
        inbox.subscribe()
        event_id = put(events)
        server.run_jobs()
        assert server.simulator.database.select("records", {"data_class": "event", "record_id": event_id}) == []

    def test_what_became_of_an_event_is_forgotten_after_a_day(
        self, server: Server, account: Account, events: Any
    ) -> None:
        put(events)
        server.run_jobs()
        assert len(history(account)) == 1
        server.advance("P1DT1S")
        assert history(account) == []


class TestPublish:
    def test_a_service_publishes_in_the_envelope_of_aws(self, server: Server, account: Account, inbox: Inbox) -> None:
        inbox.subscribe(pattern='{"source": ["aws.voiceid"]}')
        world = server.simulator
        with world.database.unit():
            event_id = publish(
                world,
                account_id=account.account_id,
                region=REGION,
                source="aws.voiceid",
                detail_type="VoiceId Speaker Action",
                detail={"action": "ENROLL"},
                resources=["arn:a"],
            )
        server.run_jobs()
        (event,) = inbox.events()
        assert event.pop("time").endswith("Z")
        assert event == {
            "version": "0",
            "id": event_id,
            "detail-type": "VoiceId Speaker Action",
            "source": "aws.voiceid",
            "account": account.account_id,
            "region": REGION,
            "resources": ["arn:a"],
            "detail": {"action": "ENROLL"},
        }

    def test_an_event_is_undone_with_what_it_tells_of(self, server: Server, account: Account, inbox: Inbox) -> None:
        inbox.subscribe()
        world = server.simulator
        with pytest.raises(InterruptedError), world.database.unit():
            publish(
                world,
                account_id=account.account_id,
                region=REGION,
                source="aws.voiceid",
                detail_type="VoiceId Speaker Action",
                detail={},
            )
            raise InterruptedError
        server.run_jobs()
        assert history(account) == []
        assert inbox.events() == []


class TestRouting:
    def test_the_rules_that_are_there_when_it_reaches_the_bus_decide(
        self, server: Server, account: Account, events: Any, inbox: Inbox
    ) -> None:
        server.hold_jobs(True)
        inbox.subscribe("large", json.dumps({"detail": {"amount": [{"numeric": [">", 100]}]}}))
        inbox.subscribe("disabled")
        events.disable_rule(Name="disabled")
        put(events, {"amount": 5})
        put(events, {"amount": 500})
        inbox.subscribe("late", json.dumps({"detail": {"amount": [5]}}))
        server.hold_jobs(False)
        server.run_jobs()
        assert sorted(event["detail"]["amount"] for event in inbox.events()) == [5, 500]
        rules = [
            [delivery["RuleArn"].rpartition("/")[2] for delivery in event["Deliveries"]] for event in history(account)
        ]
        assert rules == [["late"], ["large"]]

    def test_an_event_of_another_account_or_bus_or_region_does_not_match(
        self, server: Server, account: Account, second_account: Account, events: Any, inbox: Inbox
    ) -> None:
        inbox.subscribe()
        events.create_event_bus(Name="orders")
        put(second_account.client("events"))
        put(events, EventBusName="orders")
        put(account.client("events", "eu-central-1"))
        server.run_jobs()
        assert inbox.events() == []

    def test_a_custom_bus_has_rules_of_its_own(self, server: Server, events: Any, inbox: Inbox) -> None:
        bus = events.create_event_bus(Name="orders")["EventBusArn"]
        events.put_rule(Name="r", EventBusName="orders", EventPattern='{"source": ["shop"]}')
        events.put_targets(Rule="r", EventBusName=bus, Targets=[{"Id": "inbox", "Arn": inbox.arn}])
        event_id = put(events, EventBusName=bus)
        server.run_jobs()
        assert [event["id"] for event in inbox.events()] == [event_id]

    @pytest.mark.parametrize(
        ("target", "body"),
        [
            ({"Input": '{"fixed": true}'}, '{"fixed": true}'),
            ({"InputPath": "$.detail.items[1]"}, '{"sku":"b"}'),
            ({"InputPath": "$.detail.absent"}, "null"),
            (
                {
                    "InputTransformer": {
                        "InputPathsMap": {
                            "name": "$.detail.name",
                            "first": "$.detail.items[0]",
                            "none": "$.detail.absent",
                        },
                        "InputTemplate": '{"text": "<name> <none>!", "name": <name>, "first": <first>, "none": <none>}',
                    }
                },
                '{"text": "A \\"B\\" !", "name": "A \\"B\\"", "first": {"sku":"a"}, "none": null}',
            ),
            ({"InputTransformer": {"InputTemplate": '"by <aws.events.rule-name>"'}}, '"by everything"'),
        ],
        ids=["constant", "path", "absent-path", "template", "predefined"],
    )
    def test_a_target_gets_what_it_asks_for(
        self, server: Server, events: Any, inbox: Inbox, target: dict[str, Any], body: str
    ) -> None:
        inbox.subscribe(**target)
        put(events, {"name": 'A "B"', "items": [{"sku": "a"}, {"sku": "b"}]})
        server.run_jobs()
        assert [message["Body"] for message in inbox.messages()] == [body]


class TestAuthorization:
    def test_the_queues_policy_decides_and_a_failed_delivery_is_tried_again(
        self, server: Server, account: Account, events: Any
    ) -> None:
        closed = Inbox.open(account, "closed", for_events=False)
        rule = closed.subscribe()
        put(events)
        server.run_jobs()
        (delivery,) = history(account)[0]["Deliveries"]
        assert (delivery["State"], delivery["ErrorCode"]) == ("PENDING", "AccessDeniedException")
        closed.admit(ArnEquals={"aws:SourceArn": f"{rule}-of-somebody-else"})
        server.advance("PT10S")
        assert closed.events() == []
        closed.admit(ArnEquals={"aws:SourceArn": rule})
        server.advance("PT1M")
        assert len(closed.events()) == 1

    def test_a_policy_may_ask_for_the_names_of_the_service_that_calls(
        self, server: Server, account: Account, events: Any
    ) -> None:
        inbox = Inbox.open(account, "inbox-of-service", for_events=False)
        inbox.subscribe()
        names = {"aws:PrincipalServiceNamesList": "events.amazonaws.com"}
        inbox.admit(**{"ForAnyValue:StringEquals": names})
        put(events)
        server.run_jobs()
        assert len(inbox.events()) == 1

    def test_a_queue_under_a_customers_key_needs_the_keys_policy_too(
        self, server: Server, account: Account, events: Any, kms: Any, kms_key: str, inbox: Inbox, trail: Any
    ) -> None:
        inbox.set(KmsMasterKeyId=kms_key)
        inbox.subscribe()
        put(events)
        server.run_jobs()
        (delivery,) = history(account)[0]["Deliveries"]
        assert (delivery["State"], delivery["ErrorCode"]) == ("PENDING", "KmsAccessDenied")
        denied = trail(account, "GenerateDataKeyWithoutPlaintext")[0]
        assert (denied["errorCode"], denied["userIdentity"]["invokedBy"]) == ("AccessDenied", "events.amazonaws.com")
        policy = json.loads(kms.get_key_policy(KeyId=kms_key)["Policy"])
        policy["Statement"].append(
            {
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": ["kms:GenerateDataKey*", "kms:Decrypt"],
                "Resource": "*",
            }
        )
        kms.put_key_policy(KeyId=kms_key, Policy=json.dumps(policy))
        server.advance("PT10S")
        assert len(inbox.events()) == 1

    def test_put_events_needs_the_right_for_every_bus_it_names(self, account: Account, events: Any) -> None:
        events.create_event_bus(Name="orders")
        bus = f"arn:aws:events:{REGION}:{account.account_id}:event-bus/default"
        statement = {"Effect": "Allow", "Action": "events:PutEvents", "Resource": bus}
        publisher = account.user("publisher", {"Version": "2012-10-17", "Statement": [statement]}).client("events")
        put(publisher)
        entry = {"Source": "shop", "DetailType": "order", "Detail": "{}"}
        with refused("AccessDeniedException") as refusal:
            publisher.put_events(Entries=[entry, {**entry, "EventBusName": "orders"}])
        assert "event-bus/orders" in refusal.message


class TestFailure:
    def test_when_the_retry_policy_ends_the_dead_letter_queue_gets_the_event(
        self, server: Server, account: Account, events: Any
    ) -> None:
        closed, dead = Inbox.open(account, "closed", for_events=False), Inbox.open(account, "dead")
        policy = {"RetryPolicy": {"MaximumRetryAttempts": 1}, "DeadLetterConfig": {"Arn": dead.arn}}
        rule = closed.subscribe(**policy)
        event_id = put(events)
        server.run_jobs()
        assert dead.messages() == []
        server.advance("PT1M")
        (message,) = dead.messages()
        assert json.loads(message["Body"])["id"] == event_id
        told = {name: attribute["StringValue"] for name, attribute in message["MessageAttributes"].items()}
        assert told.pop("ERROR_MESSAGE").startswith("User: events.amazonaws.com is not authorized")
        assert told == {
            "RULE_ARN": rule,
            "TARGET_ARN": closed.arn,
            "ERROR_CODE": "NO_PERMISSIONS",
            "EXHAUSTED_RETRY_CONDITION": "MaximumRetryAttempts",
            "RETRY_ATTEMPTS": "2",
        }
        (delivery,) = history(account)[0]["Deliveries"]
        assert (delivery["State"], delivery["Attempts"]) == ("DEAD_LETTERED", 2)

    def test_an_event_that_is_too_old_is_dropped(self, server: Server, account: Account, events: Any) -> None:
        closed = Inbox.open(account, "closed", for_events=False)
        closed.subscribe(RetryPolicy={"MaximumEventAgeInSeconds": 60})
        put(events)
        server.run_jobs()
        server.advance("PT2M")
        (event,) = history(account)
        assert (event["State"], event["Deliveries"][0]["State"]) == ("DONE", "FAILED")
        closed.admit()
        server.advance("PT1H")
        assert closed.events() == []

    def test_an_event_that_is_longer_than_the_queue_takes_is_not_tried_again(
        self, server: Server, account: Account, events: Any, inbox: Inbox
    ) -> None:
        inbox.set(MaximumMessageSize="1024")
        inbox.subscribe()
        put(events, {"text": "x" * 1024})
        server.run_jobs()
        assert history(account)[0]["Deliveries"][0]["ErrorCode"] == "InvalidParameterValueException"
        assert inbox.events() == []

    def test_a_queue_that_is_gone_is_not_tried_again(self, server: Server, account: Account, events: Any) -> None:
        gone, other = Inbox.open(account, "gone"), Inbox.open(account, "other")
        gone.subscribe()
        other.subscribe("other")
        account.client("sqs").delete_queue(QueueUrl=gone.url)
        put(events)
        server.run_jobs()
        assert len(other.events()) == 1
        outcomes = {delivery["TargetArn"]: delivery for delivery in history(account)[0]["Deliveries"]}
        assert (outcomes[gone.arn]["State"], outcomes[gone.arn]["ErrorCode"]) == ("FAILED", "QueueDoesNotExist")

    def test_a_target_removed_while_its_delivery_fails_gets_nothing(
        self, server: Server, account: Account, events: Any
    ) -> None:
        closed = Inbox.open(account, "closed", for_events=False)
        closed.subscribe()
        put(events)
        server.run_jobs()
        events.remove_targets(Rule="everything", Ids=["inbox"])
        closed.admit()
        server.advance("PT1M")
        assert closed.events() == []
        assert history(account)[0]["Deliveries"][0]["State"] == "REMOVED"


class TestBugs:
    """Of the simulator: each costs the event or the delivery that meets it, and its text is told to nobody."""

    @pytest.fixture
    def no_arrival(self, monkeypatch: pytest.MonkeyPatch, account: Account) -> None:
        """No event of the account reaches its bus."""
        matching = delivery._matching

        def match_or_break(store: Any, bus: Any, event: Any) -> Any:
            if bus.account_id == account.account_id:
                raise ZeroDivisionError(CANARY)
            return matching(store, bus, event)

        monkeypatch.setattr(delivery, "_matching", match_or_break)

    @pytest.fixture
    def no_delivery(self, monkeypatch: pytest.MonkeyPatch, inbox: Inbox) -> None:
        """Nothing is delivered to the inbox."""
        deliver = delivery.deliver

        def deliver_or_break(simulator: Any, arn: str, *arguments: Any) -> str:
            if arn == inbox.arn:
                raise ZeroDivisionError(CANARY)
            return deliver(simulator, arn, *arguments)

        monkeypatch.setattr(delivery, "deliver", deliver_or_break)

    def test_one_on_the_way_to_the_bus_holds_up_its_event_alone(
        self,
        server: Server,
        account: Account,
        second_account: Account,
        events: Any,
        inbox: Inbox,
        no_arrival: None,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        other = Inbox.open(second_account, "inbox")
        for one in (inbox, other):
            one.subscribe()
        event_id, sound = put(events), put(second_account.client("events"))
        server.run_jobs()
        assert [event["id"] for event in other.events()] == [sound]
        assert history(account)[0]["State"] == "STUCK"
        assert "ZeroDivisionError" in caplog.text
        assert CANARY not in caplog.text
        monkeypatch.undo()
        server.advance("PT10M")
        assert [event["id"] for event in inbox.events()] == [event_id]
        assert history(account)[0]["State"] == "DONE"

    def test_an_event_that_is_held_up_for_a_day_is_lost_and_its_payload_destroyed(
        self, server: Server, account: Account, events: Any, no_arrival: None
    ) -> None:
        event_id = put(events)
        server.run_jobs()
        server.advance("PT23H55M")
        assert [event["State"] for event in history(account)] == ["LOST"]
        assert server.simulator.database.count("records", {"data_class": "event", "record_id": event_id}) == 0

    def test_one_in_a_delivery_keeps_no_other_waiting(
        self,
        server: Server,
        account: Account,
        events: Any,
        inbox: Inbox,
        no_delivery: None,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        other = Inbox.open(account, "other")
        inbox.subscribe("first")
        other.subscribe("second")
        event_id = put(events)
        server.run_jobs()
        assert [event["id"] for event in other.events()] == [event_id]
        failed = next(one for one in history(account)[0]["Deliveries"] if one["TargetArn"] == inbox.arn)
        assert (failed["State"], failed["ErrorCode"]) == ("PENDING", "InternalFailure")
        monkeypatch.undo()
        server.advance("PT10M")
        assert [event["id"] for event in inbox.events()] == [event_id]
        assert history(account)[0]["State"] == "DONE"

    def test_a_delivery_that_meets_one_for_a_day_has_failed(
        self, server: Server, account: Account, events: Any, inbox: Inbox, no_delivery: None
    ) -> None:
        inbox.subscribe()
        put(events)
        server.run_jobs()
        server.advance("PT23H59M58S")
        (event,) = history(account)
        assert (event["State"], event["Deliveries"][0]["State"]) == ("DONE", "FAILED")


@pytest.mark.claim("C6")
def test_a_staged_event_survives_kill_9(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"))
    with serving(*arguments) as process:
        sqs, events = process.client("sqs"), process.client("events")
        url = sqs.create_queue(QueueName="inbox")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": arn,
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        events.put_rule(Name="r", EventPattern='{"source": ["shop"]}')
        events.put_targets(Rule="r", Targets=[{"Id": "t", "Arn": arn}])
        process.control("jobs", {"hold": True})
        event_id = put(events)
        process.stop(signal.SIGKILL)
    with serving(*arguments) as process:
        process.control("jobs", {"run": True})
        sqs = process.client("sqs")
        url = sqs.get_queue_url(QueueName="inbox")["QueueUrl"]
        bodies = [json.loads(message["Body"]) for message in sqs.receive_message(QueueUrl=url)["Messages"]]
        assert [event["id"] for event in bodies] == [event_id]
