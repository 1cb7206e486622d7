"""Queues: made, found, listed, changed, deleted; and what SQS refuses, under the codes that its clients know."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.sqs.support import arn_of, attributes, bodies
from tests.support import REGION, Account, events_of, refused

NO_QUEUE = "AWS.SimpleQueueService.NonExistentQueue"


class TestShape:
    def test_a_queue_has_the_attributes_of_the_api_reference(self, sqs: Any, url: str) -> None:
        shown = attributes(sqs, url)
        assert {
            "VisibilityTimeout": "30",
            "DelaySeconds": "0",
            "MessageRetentionPeriod": "345600",
        }.items() <= shown.items()
        assert shown["SqsManagedSseEnabled"] == "true"
        assert attributes(sqs, url, "VisibilityTimeout") == {"VisibilityTimeout": "30"}

    def test_its_url_is_on_the_address_of_the_caller_and_its_arn_has_region_and_account(
        self, account: Account, sqs: Any, url: str
    ) -> None:
        assert url == f"{account.server.url}/{account.account_id}/work"
        assert arn_of(sqs, url) == f"arn:aws:sqs:{REGION}:{account.account_id}:work"

    def test_an_absent_queue_is_refused_by_the_code_of_the_query_protocol(self, sqs: Any, url: str) -> None:
        with pytest.raises(sqs.exceptions.QueueDoesNotExist) as raised:
            sqs.get_queue_url(QueueName="absent")
        assert raised.value.response["Error"]["Code"] == NO_QUEUE
        with refused(NO_QUEUE):
            sqs.receive_message(QueueUrl=f"{url}-absent")

    def test_the_aws_cli_works(self, account: Account, tmp_path: Path) -> None:
        """For sqs the AWS CLI 1 puts an address of its own before AWS_ENDPOINT_URL, so it is named in the call."""
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **account.environment}

        def aws(*arguments: str) -> Any:
            command = [
                str(Path(sys.executable).parent / "aws"),
                "sqs",
                *arguments,
                "--endpoint-url",
                account.server.url,
            ]
            done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
            assert done.returncode == 0, done.stderr
            return json.loads(done.stdout or "{}")

        url = aws("create-queue", "--queue-name", "by-cli")["QueueUrl"]
        aws("send-message", "--queue-url", url, "--message-body", "hello")
        assert [message["Body"] for message in aws("receive-message", "--queue-url", url)["Messages"]] == ["hello"]


class TestBehaviour:
    def test_creating_it_again_gives_the_same_queue_unless_an_attribute_differs(self, sqs: Any, url: str) -> None:
        assert sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "30"})["QueueUrl"] == url
        with refused("QueueAlreadyExists"):
            sqs.create_queue(QueueName="work", Attributes={"VisibilityTimeout": "31"})

    def test_queues_are_listed_by_prefix_and_page_by_page(self, sqs: Any) -> None:
        for name in ("b-1", "a-1", "b-2", "b-3"):
            sqs.create_queue(QueueName=name)
        listed = sqs.list_queues(QueueNamePrefix="b-", MaxResults=2)
        rest = sqs.list_queues(QueueNamePrefix="b-", MaxResults=2, NextToken=listed["NextToken"])
        assert [url.rpartition("/")[2] for url in listed["QueueUrls"] + rest["QueueUrls"]] == ["b-1", "b-2", "b-3"]
        assert "NextToken" not in rest
        assert "QueueUrls" not in sqs.list_queues(QueueNamePrefix="c")

    def test_attributes_can_be_changed_and_cleared(self, account: Account, sqs: Any, url: str) -> None:
        policy = queue_policy(account, sqs, url, {"AWS": account.account_id}, "sqs:*")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "5", "Policy": policy})
        assert attributes(sqs, url, "VisibilityTimeout", "Policy") == {"VisibilityTimeout": "5", "Policy": policy}
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": ""})
        assert "Policy" not in attributes(sqs, url)

    @pytest.mark.parametrize(
        ("name", "value", "code"),
        [
            ("VisibilityTimeout", "43201", "InvalidAttributeValue"),
            ("DelaySeconds", "x", "InvalidAttributeValue"),
            ("MaximumMessageSize", "1023", "InvalidAttributeValue"),
            ("Policy", "{}", "InvalidAttributeValue"),
            ("RedrivePolicy", '{"maxReceiveCount": 3}', "InvalidParameterValue"),
            ("RedrivePolicy", "no JSON", "InvalidParameterValue"),
            ("SqsManagedSseEnabled", "perhaps", "InvalidAttributeValue"),
            ("RedriveAllowPolicy", "{}", "InvalidAttributeName"),
            ("FifoQueue", "true", "AWS.SimpleQueueService.UnsupportedOperation"),
        ],
        ids=lambda value: str(value)[:20],
    )
    def test_attributes_that_cannot_be_are_refused(self, sqs: Any, url: str, name: str, value: str, code: str) -> None:
        with refused(code) as refusal:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={name: value})
        assert name in refusal.message

    def test_an_attribute_of_no_known_name_is_named(self, sqs: Any, url: str) -> None:
        for call in (
            lambda: sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn", "Colour"]),
            lambda: sqs.create_queue(QueueName="other", Attributes={"DelaySeconds": "1", "Colour": "2"}),
            lambda: sqs.set_queue_attributes(QueueUrl=url, Attributes={"Colour": "DelaySeconds=1, Size=2"}),
            lambda: sqs.receive_message(QueueUrl=url, AttributeNames=["Colour"]),
        ):
            with refused("InvalidAttributeName") as refusal:
                call()
            assert refusal.message == "Unknown Attribute Colour."

    @pytest.mark.parametrize("name", ["", "with space", "a" * 81], ids=["empty", "space", "long"])
    def test_a_name_that_is_none_is_refused(self, sqs: Any, name: str) -> None:
        with refused("InvalidParameterValue"):
            sqs.create_queue(QueueName=name)

    def test_a_fifo_queue_is_refused_by_name(self, sqs: Any) -> None:
        with refused("AWS.SimpleQueueService.UnsupportedOperation") as refusal:
            sqs.create_queue(QueueName="orders.fifo", Attributes={"FifoQueue": "true"})
        assert "FIFO" in refusal.message

    def test_a_deleted_queue_is_gone_with_its_messages(self, account: Account, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="gone")
        sqs.delete_queue(QueueUrl=url)
        with refused(NO_QUEUE):
            sqs.send_message(QueueUrl=url, MessageBody="late")
        assert bodies(sqs, sqs.create_queue(QueueName="work")["QueueUrl"]) == []

    def test_a_purged_queue_is_empty(self, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="gone")
        sqs.purge_queue(QueueUrl=url)
        assert bodies(sqs, url) == []

    def test_tags(self, sqs: Any, url: str) -> None:
        sqs.tag_queue(QueueUrl=url, Tags={"team": "voice", "stage": "test"})
        sqs.untag_queue(QueueUrl=url, TagKeys=["stage"])
        assert sqs.list_queue_tags(QueueUrl=url)["Tags"] == {"team": "voice"}

    def test_what_is_not_simulated_says_so(self, sqs: Any, url: str) -> None:
        with refused("NotImplementedException") as refusal:
            sqs.add_permission(QueueUrl=url, Label="l", AWSAccountIds=["1"], Actions=["*"])
        assert refusal.status == 501
        assert "AddPermission" in refusal.message


class TestAuthorization:
    def test_iam_decides_in_the_account_of_the_queue(self, account: Account, url: str) -> None:
        arn = f"arn:aws:sqs:{REGION}:{account.account_id}:work"
        statement = {"Effect": "Allow", "Action": "sqs:SendMessage", "Resource": arn}
        sender = account.user("sender", {"Version": "2012-10-17", "Statement": [statement]}).client("sqs")
        sender.send_message(QueueUrl=url, MessageBody="allowed")
        with refused("AccessDenied") as refusal:
            sender.receive_message(QueueUrl=url)
        assert "because no identity-based policy allows the sqs:receivemessage action" in refusal.message
        with refused("AccessDenied"):
            sender.create_queue(QueueName="mine")

    def test_the_queues_policy_can_allow_and_deny(self, account: Account, sqs: Any, url: str) -> None:
        reader = account.user("reader")
        policy = queue_policy(account, sqs, url, {"AWS": reader.arn}, "sqs:ReceiveMessage")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        sqs.send_message(QueueUrl=url, MessageBody="to be read")
        assert bodies(reader.client("sqs"), url) == ["to be read"]
        denying = queue_policy(account, sqs, url, {"AWS": "*"}, "sqs:ReceiveMessage", effect="Deny")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": denying})
        with refused("AccessDenied"):
            sqs.receive_message(QueueUrl=url)

    def test_another_account_needs_both(self, account: Account, second_account: Account, sqs: Any, url: str) -> None:
        other = second_account.client("sqs")
        with refused("AccessDenied"):
            other.send_message(QueueUrl=url, MessageBody="from elsewhere")
        policy = queue_policy(account, sqs, url, {"AWS": second_account.account_id}, "sqs:SendMessage")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
        other.send_message(QueueUrl=url, MessageBody="from elsewhere")
        with refused("AccessDenied"):
            second_account.user("nobody").client("sqs").send_message(QueueUrl=url, MessageBody="from elsewhere")
        assert bodies(sqs, url) == ["from elsewhere"]

    def test_the_trail_has_what_was_done_to_queues_and_nothing_of_messages(
        self, account: Account, sqs: Any, url: str
    ) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="hush")
        sqs.receive_message(QueueUrl=url)
        names = [event["eventName"] for event in events_of(account, source="sqs.amazonaws.com")]
        assert names == ["CreateQueue"]


def queue_policy(account: Account, sqs: Any, url: str, principal: Any, action: str, *, effect: str = "Allow") -> str:
    resource = f"arn:aws:sqs:{REGION}:{account.account_id}:{url.rpartition('/')[2]}"
    statement = {"Effect": effect, "Principal": principal, "Action": action, "Resource": resource}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
