"""The queue as it rests: finding one, its attributes, and the key its messages lie under. No operations here."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from kms import aws_managed
from kms.encrypted_store import EncryptedStore, Record
from kms.key import resolve
from kms.operation import KmsCall
from kms.ownership import AwsOwned, Scope, SessionAwsManaged, SessionCustomerManaged
from services.sqs import errors
from services.sqs.data_classes import CONTEXT_KEY
from shared.catalog import arn as build_arn
from shared.identity import Caller

QUEUE = "queue"
PREFIX = "sqs"
_OWN_ALIAS = f"{aws_managed.PREFIX}{PREFIX}"
"""The AWS managed key: EventBridge and other accounts cannot use it, as its policy is for the queue's account."""

DEFAULTS: Mapping[str, str] = {
    "DelaySeconds": "0",
    "MaximumMessageSize": "1048576",
    "MessageRetentionPeriod": "345600",
    "ReceiveMessageWaitTimeSeconds": "0",
    "VisibilityTimeout": "30",
    "SqsManagedSseEnabled": "true",
}
"""Attributes that every queue has. Source: CreateQueue of the SQS API reference."""


@dataclass(frozen=True)
class Queue:
    """record: plain; the messages are what is protected."""

    region: str
    account_id: str
    record: Record
    attributes: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, record: Record) -> Queue:
        parts = record.scope_arn.split(":")
        return cls(parts[3], parts[4], record, {**DEFAULTS, **record.attributes["Attributes"]})

    @property
    def name(self) -> str:
        return self.record.record_id

    @property
    def arn(self) -> str:
        return queue_arn(self.region, self.account_id, self.name)

    @property
    def policy(self) -> str | None:
        return self.attributes.get("Policy")

    @property
    def redrive(self) -> tuple[str, int] | None:
        return redrive_of(self.attributes)

    def number(self, attribute: str) -> int:
        return int(self.attributes[attribute])


def redrive_of(attributes: Mapping[str, str]) -> tuple[str, int] | None:
    """The dead-letter queue's ARN, and how many times a message is received before it goes there."""
    if "RedrivePolicy" not in attributes:
        return None
    policy: dict[str, Any] = json.loads(attributes["RedrivePolicy"])
    return str(policy["deadLetterTargetArn"]), int(policy["maxReceiveCount"])


def queue_arn(region: str, account_id: str, name: str) -> str:
    return build_arn("sqs", region, account_id, name)


def register_arn(region: str, account_id: str) -> str:
    """Where the plain list of an account's queues stands."""
    return build_arn("sqs", region, account_id, "queues")


def find_queue(store: EncryptedStore, region: str, account_id: str, name: str) -> Queue | None:
    record = store.find(register_arn(region, account_id), QUEUE, name)
    return None if record is None else Queue.of(record)


def find_queue_by_arn(store: EncryptedStore, arn: str) -> Queue | None:
    _, _, _, region, account_id, name = arn.split(":", 5)
    return find_queue(store, region, account_id, name)


def place_in_url(url: str) -> tuple[str, str]:
    """Account and name in a queue's URL. Raises: ServiceError("InvalidAddress")."""
    parts = urlsplit(url).path.strip("/").split("/")
    if len(parts) != 2 or not all(parts):
        raise errors.invalid_address(url)
    return parts[0], parts[1]


def scope_for(store: EncryptedStore, queue: Queue, caller: Caller) -> Scope:
    """The scope in which a queue's next message lies: there is one per key that the queue has had.

    Raises: KmsRefusal for a KMS key that does not exist.
    """
    context = {CONTEXT_KEY: queue.arn}
    key_id = queue.attributes.get("KmsMasterKeyId")
    if key_id is None:
        arn = f"{queue.arn}/sqs-managed"
        return store.find_scope(arn) or store.create_own_scope(arn, AwsOwned.kind, context)
    kind = SessionCustomerManaged.kind
    if key_id.endswith(_OWN_ALIAS):
        kind = SessionAwsManaged.kind
        if caller.account_id == queue.account_id:
            aws_managed.key_of(store.kms.engine, caller, PREFIX)  # made when the queue's account first asks for it
    key, _ = resolve(KmsCall(store.kms.engine, caller, "GenerateDataKey"), key_arn_in_account(queue, key_id))
    arn = f"{queue.arn}/{key.key_id}"
    return store.find_scope(arn) or store.create_own_scope(arn, kind, context, key_id=key.arn)


def key_arn_in_account(queue: Queue, key_id: str) -> str:
    """A name without an account means a key of the queue's account, whoever sends."""
    if key_id.startswith("arn:"):
        return key_id
    resource = key_id if key_id.startswith("alias/") else f"key/{key_id}"
    return build_arn("kms", queue.region, queue.account_id, resource)
