"""Attributes of queues: which there are, what they may be, and what a queue answers when asked for them."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from kms.encrypted_store import EncryptedStore
from services.sqs import errors, message
from services.sqs.queue import Queue
from shared.policy import MalformedPolicy, PolicyKind, parse_policy

DEFAULT_REUSE_SECONDS = "300"
"""KmsDataKeyReusePeriodSeconds of a queue with a KMS key. Source: CreateQueue of the SQS API reference."""

Check = Callable[[str, str], None]
"""Takes an attribute's name and value. Raises: ServiceError."""


def check(attributes: Mapping[str, str]) -> dict[str, str]:
    """Attributes as a customer sets them. Raises: ServiceError InvalidAttributeName, InvalidAttributeValue."""
    for name, value in attributes.items():
        if name not in _CHECKS:
            raise errors.unknown_attribute(name)
        if value != "" or name not in _CAN_BE_CLEARED:
            _CHECKS[name](name, value)
    if attributes.get("KmsMasterKeyId") and attributes.get("SqsManagedSseEnabled") == "true":
        raise errors.invalid_attribute("SqsManagedSseEnabled", "only one kind of server-side encryption is supported.")
    return dict(attributes)


def merged(present: Mapping[str, str], changes: Mapping[str, str]) -> dict[str, str]:
    """What a queue has after a change: an empty value clears, and one kind of encryption ends the other."""
    result = {**present, **changes}
    if changes.get("KmsMasterKeyId"):
        result["SqsManagedSseEnabled"] = "false"
    elif changes.get("SqsManagedSseEnabled") == "true":
        result.pop("KmsMasterKeyId", None)
    return {name: value for name, value in result.items() if value != ""}


def shown(store: EncryptedStore, queue: Queue, wanted: list[str]) -> dict[str, str]:
    """The attributes asked for, those that the queue has. Raises: ServiceError("InvalidAttributeName")."""
    waiting = message.counts(store, queue)
    everything = {
        **queue.attributes,
        "QueueArn": queue.arn,
        "CreatedTimestamp": str(int(queue.record.created_at)),
        "LastModifiedTimestamp": str(int(queue.record.attributes["ChangedAt"])),
        "ApproximateNumberOfMessages": str(waiting.visible),
        "ApproximateNumberOfMessagesNotVisible": str(waiting.in_flight),
        "ApproximateNumberOfMessagesDelayed": str(waiting.delayed),
    }
    if "KmsMasterKeyId" in everything:
        everything.setdefault("KmsDataKeyReusePeriodSeconds", DEFAULT_REUSE_SECONDS)
    for name in wanted:
        if name != "All" and name not in everything and name not in _CHECKS:
            raise errors.unknown_attribute(name)
    return {name: value for name, value in everything.items() if "All" in wanted or name in wanted}


def _between(low: int, high: int) -> Check:
    def check_number(name: str, value: str) -> None:
        if not value.isascii() or not value.isdecimal() or not low <= int(value) <= high:
            raise errors.invalid_attribute(name)

    return check_number


def _policy(name: str, value: str) -> None:
    try:
        parse_policy(value, PolicyKind.RESOURCE)
    except MalformedPolicy as error:
        raise errors.invalid_attribute(name) from error


def _redrive_policy(name: str, value: str) -> None:
    policy = _object(value)
    if policy is None:
        reason = "Amazon SQS can't create the redrive policy, as it isn't in a supported format."
        raise errors.invalid_parameter(name, value, reason)
    for attribute in ("deadLetterTargetArn", "maxReceiveCount"):
        if attribute not in policy:
            reason = f"Redrive policy does not contain mandatory attribute: {attribute}."
            raise errors.invalid_parameter(name, value, reason)
    arn, count = policy["deadLetterTargetArn"], policy["maxReceiveCount"]
    if not isinstance(arn, str) or not arn.startswith("arn:aws:sqs:") or arn.count(":") != 5:
        raise errors.invalid_parameter(name, value, "Invalid value for deadLetterTargetArn.")
    if isinstance(count, bool) or not str(count).isdecimal() or not 1 <= int(str(count)) <= 1_000:
        reason = f"Invalid value for maxReceiveCount: {count}, valid values are from 1 to 1000 both inclusive."
        raise errors.invalid_parameter(name, value, reason)


def _object(text: str) -> dict[str, Any] | None:
    """The JSON object that a text holds, None if it holds none."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _flag(name: str, value: str) -> None:
    if value not in ("true", "false"):
        raise errors.invalid_attribute(name)


def _key(name: str, value: str) -> None:
    """Nobody asks for the key before its first use."""


def _not_fifo(name: str, value: str) -> None:
    raise errors.unsupported(f"FIFO queues are not simulated: {name}.")


_CHECKS: dict[str, Check] = {
    "DelaySeconds": _between(0, 900),
    "MaximumMessageSize": _between(1_024, 1_048_576),
    "MessageRetentionPeriod": _between(60, 1_209_600),
    "ReceiveMessageWaitTimeSeconds": _between(0, 20),
    "VisibilityTimeout": _between(0, 43_200),
    "Policy": _policy,
    "RedrivePolicy": _redrive_policy,
    "KmsMasterKeyId": _key,
    "KmsDataKeyReusePeriodSeconds": _between(60, 86_400),
    "SqsManagedSseEnabled": _flag,
    "FifoQueue": _not_fifo,
    "ContentBasedDeduplication": _not_fifo,
    "DeduplicationScope": _not_fifo,
    "FifoThroughputLimit": _not_fifo,
}
"""What a customer can set. RedriveAllowPolicy is not among them."""

_CAN_BE_CLEARED = frozenset({"Policy", "RedrivePolicy", "KmsMasterKeyId"})
