"""What the tests of event buses share: an inbox, which is a queue that takes events, and ways to publish one."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from tests.support import Account

EVERYTHING = json.dumps({"account": [{"prefix": "1"}, {"anything-but": "none"}]})


@dataclass
class Inbox:
    """A queue of an account, as a target of rules."""

    account: Account
    url: str
    arn: str

    @classmethod
    def open(cls, account: Account, name: str, *, for_events: bool = True) -> Inbox:
        sqs = account.client("sqs")
        url = sqs.create_queue(QueueName=name)["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        inbox = cls(account, url, arn)
        if for_events:
            inbox.admit()
        return inbox

    def admit(self, **condition: Any) -> None:
        """Let EventBridge send, by the queue's policy."""
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": self.arn,
            **({"Condition": condition} if condition else {}),
        }
        self.set(Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement]}))

    def set(self, **attributes: str) -> None:
        self.account.client("sqs").set_queue_attributes(QueueUrl=self.url, Attributes=attributes)

    def messages(self) -> list[dict[str, Any]]:
        """What is in the queue now, taken out of it."""
        sqs = self.account.client("sqs")
        wanted = {"MaxNumberOfMessages": 10, "MessageAttributeNames": ["All"]}
        messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=self.url, **wanted).get("Messages", [])
        for message in messages:
            sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message["ReceiptHandle"])
        return messages

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(message["Body"]) for message in self.messages()]

    def subscribe(self, rule: str = "everything", pattern: str = EVERYTHING, **target: Any) -> str:
        """Make a rule with this queue as its target. Returns the rule's ARN."""
        events = self.account.client("events")
        arn: str = events.put_rule(Name=rule, EventPattern=pattern)["RuleArn"]
        events.put_targets(Rule=rule, Targets=[{"Id": "inbox", "Arn": self.arn, **target}])
        return arn


def put(events: Any, detail: Any = None, **more: Any) -> str:
    """Publish one event as a customer. Returns its id."""
    entry = {"Source": "shop", "DetailType": "order", "Detail": json.dumps(detail or {}), **more}
    answer = events.put_events(Entries=[entry])
    assert answer["FailedEntryCount"] == 0, answer
    return str(answer["Entries"][0]["EventId"])


def history(account: Account) -> list[dict[str, Any]]:
    """What the control API tells of an account's events, oldest first."""
    told: list[dict[str, Any]] = account.server.control(f"events?account={account.account_id}")["Events"]
    return told[::-1]
