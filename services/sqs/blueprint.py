"""The blueprint of Amazon SQS."""

from __future__ import annotations

from services.sqs import errors, messages, queues
from services.sqs.data_classes import DATA_CLASSES
from services.sqs.invalid import refuse_parameters
from shared.service import Service

_DATA_EVENTS = frozenset(
    {
        "SendMessage",
        "SendMessageBatch",
        "ReceiveMessage",
        "DeleteMessage",
        "DeleteMessageBatch",
        "ChangeMessageVisibility",
        "ChangeMessageVisibilityBatch",
        "GetQueueAttributes",
        "GetQueueUrl",
        "ListQueues",
        "ListQueueTags",
        "ListDeadLetterSourceQueues",
    }
)
"""Source: "Logging Amazon SQS API calls using AWS CloudTrail"."""

SERVICE = Service(
    client_name="sqs",
    modules=(queues, messages),
    refuse=errors.refuse,
    refuse_parameters=refuse_parameters,
    authorizes_itself=True,
    data_events=_DATA_EVENTS,
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)) | {"ReceiptHandle"},
)
