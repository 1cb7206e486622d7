"""What SQS protects: messages, under a key of its own, or under the customer's with the session of whoever calls.

AWS encrypts the body of a message alone. Its attributes lie sealed with it here, so that nothing of a message rests
in the clear. Source: "Encryption at rest in Amazon SQS" and "Key management", for the encryption context too.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsOwned, Ownership, SessionAwsManaged, SessionCustomerManaged
from shared.catalog import SERVICES

MESSAGE = "message"
CONTEXT_KEY = "aws:sqs:arn"
"""The one pair of the encryption context: this key, and the queue's ARN."""

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        MESSAGE,
        "Message in a queue",
        frozenset({"MessageBody", "MessageAttributes", "MessageSystemAttributes"}),
        (AwsOwned.kind, SessionAwsManaged.kind, SessionCustomerManaged.kind),
    ),
)

OWNERSHIPS: tuple[Ownership, ...] = (
    AwsOwned(SERVICES["sqs"]),
    SessionAwsManaged(SERVICES["sqs"]),
    SessionCustomerManaged(SERVICES["sqs"]),
)
