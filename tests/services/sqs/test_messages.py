"""Messages: sent, received, hidden, seen again, deleted; in batches; into the dead-letter queue; out of time."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.sqs import message
from tests.services.sqs.support import arn_of, attributes, bodies, receive
from tests.support import Account, Server, refused

COLOUR = {"colour": {"DataType": "String", "StringValue": "blue"}}


class TestShape:
    def test_a_message_comes_back_as_it_was_sent(self, sqs: Any, url: str) -> None:
        """boto3 itself compares the MD5 of the body."""
        given = {
            **COLOUR,
            "count": {"DataType": "Number.int", "StringValue": "-3"},
            "raw": {"DataType": "Binary.png", "BinaryValue": b"\x00\xff"},
        }
        sent = sqs.send_message(QueueUrl=url, MessageBody="grüße\n🦉", MessageAttributes=given)
        (message,) = receive(sqs, url, MessageAttributeNames=["All"], MessageSystemAttributeNames=["All"])
        assert message["Body"] == "grüße\n🦉"
        assert message["MessageId"] == sent["MessageId"]
        assert message["MessageAttributes"] == given
        assert message["MD5OfMessageAttributes"] == sent["MD5OfMessageAttributes"]
        assert message["Attributes"]["ApproximateReceiveCount"] == "1"

    def test_the_digest_of_attributes_is_that_of_aws(self, sqs: Any, url: str) -> None:
        """The example of "Calculating the MD5 message digest": one attribute, its four parts with their lengths."""
        import hashlib

        part = b"\x00\x00\x00\x06colour\x00\x00\x00\x06String\x01\x00\x00\x00\x04blue"
        sent = sqs.send_message(QueueUrl=url, MessageBody="b", MessageAttributes=COLOUR)
        assert sent["MD5OfMessageAttributes"] == hashlib.md5(part).hexdigest()

    def test_attributes_come_only_if_they_are_asked_for(self, sqs: Any, url: str) -> None:
        more = {"colour.dark": {"DataType": "String", "StringValue": "navy"}, **COLOUR}
        sqs.send_message(QueueUrl=url, MessageBody="b", MessageAttributes=more)
        (message,) = receive(sqs, url, VisibilityTimeout=0)
        assert "MessageAttributes" not in message
        assert "Attributes" not in message
        (message,) = receive(sqs, url, MessageAttributeNames=["colour.*"], VisibilityTimeout=0)
        assert set(message["MessageAttributes"]) == {"colour", "colour.dark"}
        (message,) = receive(sqs, url, MessageAttributeNames=["colour"])
        assert set(message["MessageAttributes"]) == {"colour"}

    @pytest.mark.parametrize(
        ("parameters", "code"),
        [
            ({"MessageBody": "\x01"}, "InvalidMessageContents"),
            ({"MessageBody": ""}, "InvalidParameterValue"),
            ({"MessageBody": "x" * 1025}, "InvalidParameterValue"),
            ({"MessageBody": "x", "DelaySeconds": 901}, "InvalidParameterValue"),
            ({"MessageBody": "x", "MessageGroupId": "with space"}, "InvalidParameterValue"),
            ({"MessageBody": "x", "MessageDeduplicationId": "d"}, "InvalidParameterValue"),
            (
                {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Text", "StringValue": "b"}}},
                "InvalidParameterValue",
            ),
            (
                {"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Number", "StringValue": "b"}}},
                "InvalidParameterValue",
            ),
            ({"MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String"}}}, "InvalidParameterValue"),
        ],
        ids=["control", "empty", "long", "delay", "group", "deduplication", "type", "number", "no-value"],
    )
    def test_what_is_no_message_is_refused(self, sqs: Any, url: str, parameters: dict[str, Any], code: str) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MaximumMessageSize": "1024"})
        with refused(code):
            sqs.send_message(QueueUrl=url, **parameters)

    @pytest.mark.parametrize("name", ["AWS.a", "amazon.a", ".a", "a.", "a..b"])
    def test_names_of_attributes_that_are_reserved_are_refused(self, sqs: Any, url: str, name: str) -> None:
        given = {name: {"DataType": "String", "StringValue": "b"}}
        with refused("InvalidParameterValue"):
            sqs.send_message(QueueUrl=url, MessageBody="x", MessageAttributes=given)

    def test_a_standard_queue_keeps_the_group_of_a_message(self, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="x", MessageGroupId="tenant-1")
        (message,) = receive(sqs, url, MessageSystemAttributeNames=["MessageGroupId"])
        assert message["Attributes"] == {"MessageGroupId": "tenant-1"}

    @pytest.mark.parametrize(
        ("parameters", "reason"),
        [
            ({"MaxNumberOfMessages": 11}, "Must be between 1 and 10, if provided."),
            ({"WaitTimeSeconds": 21}, "Must be >= 0 and <= 20, if provided."),
        ],
        ids=["number", "wait"],
    )
    def test_a_number_out_of_range_is_told_with_the_range(
        self, sqs: Any, url: str, parameters: dict[str, int], reason: str
    ) -> None:
        ((name, value),) = parameters.items()
        with refused("InvalidParameterValue") as refusal:
            sqs.receive_message(QueueUrl=url, **parameters)
        assert refusal.message == f"Value {value} for parameter {name} is invalid. Reason: {reason}"

    def test_the_visibility_of_a_message_that_is_gone_cannot_be_changed(self, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="x")
        handle = receive(sqs, url)[0]["ReceiptHandle"]
        sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)
        with refused("InvalidParameterValue") as refusal:
            sqs.change_message_visibility(QueueUrl=url, ReceiptHandle=handle, VisibilityTimeout=1)
        assert refusal.message.endswith(
            "Reason: Message does not exist or is not available for visibility timeout change."
        )

    @pytest.mark.parametrize("handle", ["x", "bm90aGluZw==", "ÿ"], ids=["no-base64", "no-receipt", "no-ascii"])
    def test_a_receipt_handle_that_was_not_given_out_is_refused(self, sqs: Any, url: str, handle: str) -> None:
        with refused("ReceiptHandleIsInvalid"):
            sqs.delete_message(QueueUrl=url, ReceiptHandle=handle)


class TestBehaviour:
    def test_a_received_message_is_hidden_until_its_time_is_over(self, server: Server, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="again")
        assert bodies(sqs, url) == ["again"]
        assert bodies(sqs, url) == []
        assert attributes(sqs, url)["ApproximateNumberOfMessagesNotVisible"] == "1"
        server.advance("PT31S")
        (message,) = receive(sqs, url, MessageSystemAttributeNames=["ApproximateReceiveCount"])
        assert message["Attributes"] == {"ApproximateReceiveCount": "2"}

    def test_only_the_latest_receipt_deletes(self, server: Server, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="kept")
        (first,) = receive(sqs, url, VisibilityTimeout=0)
        (second,) = receive(sqs, url, VisibilityTimeout=0)
        sqs.delete_message(QueueUrl=url, ReceiptHandle=first["ReceiptHandle"])
        assert bodies(sqs, url, VisibilityTimeout=0) == ["kept"]
        assert second["ReceiptHandle"] != first["ReceiptHandle"]

    def test_visibility_can_be_changed_while_in_flight(self, server: Server, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="b")
        (message,) = receive(sqs, url)
        handle = {"QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"]}
        sqs.change_message_visibility(**handle, VisibilityTimeout=100)
        server.advance("PT60S")
        assert bodies(sqs, url) == []
        sqs.change_message_visibility(**handle, VisibilityTimeout=0)
        with refused("AWS.SimpleQueueService.MessageNotInflight"):
            sqs.change_message_visibility(**handle, VisibilityTimeout=10)
        assert bodies(sqs, url) == ["b"]

    def test_a_delayed_message_waits(self, server: Server, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="late", DelaySeconds=60)
        assert bodies(sqs, url) == []
        assert attributes(sqs, url)["ApproximateNumberOfMessagesDelayed"] == "1"
        server.advance("PT61S")
        assert bodies(sqs, url) == ["late"]

    def test_messages_are_given_oldest_first_and_at_most_ten(self, sqs: Any, url: str) -> None:
        for number in range(12):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        assert bodies(sqs, url) == [str(number) for number in range(10)]
        assert bodies(sqs, url) == ["10", "11"]

    def test_a_message_is_gone_when_its_retention_period_is_over(self, server: Server, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="old")
        server.advance("P4DT1S")
        assert bodies(sqs, url) == []
        found = server.simulator.database.select("queue_messages", {"queue_arn": arn_of(sqs, url)})
        assert found == []

    def test_many_expired_messages_go_in_several_turns(
        self, server: Server, sqs: Any, url: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        removed: list[int] = []
        delete_expired = message.delete_expired

        def noted(*arguments: Any) -> int:
            removed.append(delete_expired(*arguments))
            return removed[-1]

        monkeypatch.setattr(message, "MAX_EXPIRED_AT_ONCE", 3)
        monkeypatch.setattr(message, "delete_expired", noted)
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"MessageRetentionPeriod": "60"})
        for number in range(7):
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
        server.advance("PT1M")
        assert bodies(sqs, url) == []
        for _ in range(2):
            server.advance("PT1S")
        assert max(removed) == 3
        assert sum(removed) >= 7

    def test_a_message_received_too_often_goes_to_the_dead_letter_queue(self, sqs: Any, url: str) -> None:
        dead = sqs.create_queue(QueueName="dead")["QueueUrl"]
        redrive = json.dumps({"deadLetterTargetArn": arn_of(sqs, dead), "maxReceiveCount": 2})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        sqs.send_message(QueueUrl=url, MessageBody="poison", MessageAttributes=COLOUR)
        for _ in range(2):
            assert bodies(sqs, url, VisibilityTimeout=0) == ["poison"]
        assert bodies(sqs, url, VisibilityTimeout=0) == []
        names = ["DeadLetterQueueSourceArn"]
        (message,) = receive(sqs, dead, MessageAttributeNames=["All"], MessageSystemAttributeNames=names)
        assert (message["Body"], message["MessageAttributes"]) == ("poison", COLOUR)
        assert message["Attributes"] == {"DeadLetterQueueSourceArn": arn_of(sqs, url)}

    def test_a_dead_letter_queue_must_exist(self, sqs: Any, url: str) -> None:
        redrive = json.dumps({"deadLetterTargetArn": f"{arn_of(sqs, url)}-absent", "maxReceiveCount": 2})
        with refused("InvalidParameterValue") as refusal:
            sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": redrive})
        assert refusal.message == (
            f"Value {redrive} for parameter RedrivePolicy is invalid. Reason: Dead letter target does not exist."
        )


class TestBatches:
    def test_an_entry_that_is_refused_does_not_hold_up_the_others(self, sqs: Any, url: str) -> None:
        entries = [{"Id": "good", "MessageBody": "good"}, {"Id": "bad", "MessageBody": "\x01"}]
        sent = sqs.send_message_batch(QueueUrl=url, Entries=entries)
        assert [entry["Id"] for entry in sent["Successful"]] == ["good"]
        assert [(entry["Id"], entry["SenderFault"]) for entry in sent["Failed"]] == [("bad", True)]
        (message,) = receive(sqs, url)
        handles = [{"Id": "a", "ReceiptHandle": message["ReceiptHandle"]}, {"Id": "b", "ReceiptHandle": "x"}]
        changed = sqs.change_message_visibility_batch(
            QueueUrl=url, Entries=[{**handle, "VisibilityTimeout": 0} for handle in handles]
        )
        deleted = sqs.delete_message_batch(QueueUrl=url, Entries=handles)
        for answer in (changed, deleted):
            assert [entry["Id"] for entry in answer["Successful"]] == ["a"]
            assert [entry["Code"] for entry in answer["Failed"]] == ["ReceiptHandleIsInvalid"]
        assert bodies(sqs, url) == []

    @pytest.mark.parametrize(
        ("ids", "code"),
        [
            ([], "EmptyBatchRequest"),
            ([str(number) for number in range(11)], "TooManyEntriesInBatchRequest"),
            (["a", "a"], "BatchEntryIdsNotDistinct"),
            (["with space"], "InvalidBatchEntryId"),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_what_is_no_batch_is_refused(self, sqs: Any, url: str, ids: list[str], code: str) -> None:
        with refused(f"AWS.SimpleQueueService.{code}"):
            sqs.send_message_batch(QueueUrl=url, Entries=[{"Id": one, "MessageBody": "b"} for one in ids])

    def test_a_batch_that_is_too_long_is_refused(self, sqs: Any, url: str) -> None:
        entries = [{"Id": one, "MessageBody": "x" * 600_000} for one in "ab"]
        with refused("AWS.SimpleQueueService.BatchRequestTooLong"):
            sqs.send_message_batch(QueueUrl=url, Entries=entries)


class TestKeys:
    def test_nothing_of_a_message_is_on_the_disk(self, server: Server, sqs: Any, url: str) -> None:
        canary = "canary-in-a-queue"
        given = {"name": {"DataType": "String", "StringValue": canary}}
        sqs.send_message(QueueUrl=url, MessageBody=canary, MessageAttributes=given)
        assert bodies(sqs, url) == [canary]
        assert canary.encode() not in server.bytes_on_disk()

    def test_by_default_the_key_is_no_customers(self, account: Account, kms: Any, sqs: Any, url: str) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="b")
        assert kms.list_keys()["Keys"] == []

    def test_a_customers_key_is_used_with_the_callers_session(
        self, account: Account, sqs: Any, url: str, kms_key: str, trail: Any
    ) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": kms_key})
        assert attributes(sqs, url)["SqsManagedSseEnabled"] == "false"
        sqs.send_message(QueueUrl=url, MessageBody="b")
        event = trail(account, "Decrypt")[-1]
        assert event["requestParameters"]["encryptionContext"] == {"aws:sqs:arn": arn_of(sqs, url)}
        assert event["userIdentity"]["invokedBy"] == "sqs.amazonaws.com"
        assert event["userIdentity"]["accountId"] == account.account_id

    def test_who_may_not_use_the_key_can_neither_send_nor_receive(
        self, account: Account, sqs: Any, url: str, kms_key: str
    ) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": kms_key})
        sqs.send_message(QueueUrl=url, MessageBody="b")
        statement = {"Effect": "Allow", "Action": "sqs:*", "Resource": "*"}
        without = account.user("without-key", {"Version": "2012-10-17", "Statement": [statement]}).client("sqs")
        with refused("KMS.AccessDeniedException"):
            without.receive_message(QueueUrl=url)
        with refused("KMS.AccessDeniedException"):
            without.send_message(QueueUrl=url, MessageBody="b")
        failed = without.send_message_batch(QueueUrl=url, Entries=[{"Id": "a", "MessageBody": "b"}])["Failed"]
        assert [entry["Code"] for entry in failed] == ["KmsAccessDenied"]

    def test_a_disabled_key_closes_the_queue_and_an_enabled_one_opens_it(
        self, kms: Any, sqs: Any, url: str, kms_key: str
    ) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": kms_key})
        sqs.send_message(QueueUrl=url, MessageBody="b")
        kms.disable_key(KeyId=kms_key)
        with refused("KMS.DisabledException"):
            sqs.receive_message(QueueUrl=url)
        kms.enable_key(KeyId=kms_key)
        assert bodies(sqs, url) == ["b"]

    def test_a_key_that_does_not_exist_is_refused_at_its_first_use(self, sqs: Any, url: str) -> None:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/absent"})
        with refused("KMS.NotFoundException"):
            sqs.send_message(QueueUrl=url, MessageBody="b")

    def test_the_aws_managed_key_serves_the_queues_account_alone(
        self, account: Account, second_account: Account, kms: Any, sqs: Any, url: str, trail: Any
    ) -> None:
        both = {"AWS": [account.account_id, second_account.account_id]}
        statement = {"Effect": "Allow", "Principal": both, "Action": "sqs:*", "Resource": arn_of(sqs, url)}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": "alias/aws/sqs", "Policy": policy})
        assert attributes(sqs, url)["KmsDataKeyReusePeriodSeconds"] == "300"
        other = second_account.client("sqs")
        with refused("KMS.AccessDeniedException"):  # nobody in the queue's account has asked for the key yet
            other.send_message(QueueUrl=url, MessageBody="b")
        sqs.send_message(QueueUrl=url, MessageBody="b")
        aliases = {one["AliasName"]: one.get("TargetKeyId") for one in kms.list_aliases()["Aliases"]}
        key = kms.describe_key(KeyId="alias/aws/sqs")["KeyMetadata"]
        assert (key["KeyManager"], key["KeyId"]) == ("AWS", aliases["alias/aws/sqs"])
        event = trail(account, "Decrypt")[-1]
        assert event["requestParameters"]["encryptionContext"] == {"aws:sqs:arn": arn_of(sqs, url)}
        with refused("KMS.AccessDeniedException"):
            other.send_message(QueueUrl=url, MessageBody="b")
        assert bodies(sqs, url) == ["b"]

    def test_messages_stay_under_the_key_they_were_sealed_under(
        self, kms: Any, sqs: Any, url: str, kms_key: str
    ) -> None:
        sqs.send_message(QueueUrl=url, MessageBody="under SQS's key")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": kms_key})
        sqs.send_message(QueueUrl=url, MessageBody="under the customer's")
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"SqsManagedSseEnabled": "true"})
        assert "KmsMasterKeyId" not in attributes(sqs, url)
        assert bodies(sqs, url, VisibilityTimeout=0) == ["under SQS's key", "under the customer's"]
        kms.disable_key(KeyId=kms_key)
        with refused("KMS.DisabledException"):
            receive(sqs, url)


def test_a_wrong_receipt_handle_is_shown(sqs: Any, url: str) -> None:
    with refused("ReceiptHandleIsInvalid") as refusal:
        sqs.delete_message(QueueUrl=url, ReceiptHandle="nothing")
    assert refusal.message == 'The input receipt handle "nothing" is not a valid receipt handle.'


def test_a_refused_action_is_in_lower_case(account: Account, url: str) -> None:
    with refused("AccessDenied") as refusal:
        account.user("nobody").client("sqs").send_message(QueueUrl=url, MessageBody="b")
    assert "is not authorized to perform: sqs:sendmessage on resource: arn:aws:sqs:" in refusal.message
    assert refusal.message.endswith("because no identity-based policy allows the sqs:sendmessage action")


def test_attributes_of_messages_are_told_under_the_older_member_too(sqs: Any, url: str) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="b")
    (message,) = sqs.receive_message(QueueUrl=url, AttributeNames=["SenderId", "SentTimestamp"])["Messages"]
    assert set(message["Attributes"]) == {"SenderId", "SentTimestamp"}
    with refused("InvalidAttributeName") as refusal:
        sqs.receive_message(QueueUrl=url, AttributeNames=["Colour"])
    assert refusal.message == "Unknown Attribute Colour."
