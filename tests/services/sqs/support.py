"""What the tests of queues share."""

from __future__ import annotations

from typing import Any


def bodies(sqs: Any, url: str, **more: Any) -> list[str]:
    """The bodies of what a queue gives now, in the order in which it gives them."""
    return [message["Body"] for message in receive(sqs, url, **more)]


def receive(sqs: Any, url: str, **more: Any) -> list[dict[str, Any]]:
    messages: list[dict[str, Any]] = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, **more).get(
        "Messages", []
    )
    return messages


def arn_of(sqs: Any, url: str) -> str:
    return str(attributes(sqs, url, "QueueArn")["QueueArn"])


def attributes(sqs: Any, url: str, *names: str) -> dict[str, str]:
    found: dict[str, str] = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(names) or ["All"])["Attributes"]
    return found
