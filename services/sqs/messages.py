"""Messages: send, receive, delete, change visibility, one by one and in batches. Follows the SQS API reference."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from kms.errors import KmsRefusal
from services.sqs import errors, md5, message
from services.sqs.message import TABLE, TRACE, Content
from services.sqs.queue import Queue
from services.sqs.queues import get_queue
from services.sqs.receipt import Receipt
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_BATCH = 10
MAX_BATCH_BYTES = 1_048_576
MAX_ATTRIBUTES = 10
MAX_VISIBILITY_SECONDS = 43_200
MAX_WAIT_SECONDS = 20
MAX_DELAY_SECONDS = 900

_RANGES = {
    "DelaySeconds": "DelaySeconds must be >= {low} and <= {high}.",
    "MaxNumberOfMessages": "Must be between {low} and {high}, if provided.",
    "VisibilityTimeout": "Must be >= {low} and <= {high}, if provided.",
    "WaitTimeSeconds": "Must be >= {low} and <= {high}, if provided.",
}
"""Parameter -> how SQS words what it may be. Source: from memory of the service."""

_BATCH_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_ATTRIBUTE_NAME = re.compile(r"[A-Za-z0-9_.-]{1,256}")
_DATA_TYPE = re.compile(r"(String|Number|Binary)(\..+)?", re.DOTALL)
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]{1,3})?")
_NOT_ALLOWED = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_GROUP_ID = re.compile(r"[!-~]{1,128}")
_RESERVED_NAME = re.compile(r"(AWS|Amazon)\..*|\..*|.*\.|.*\.\..*", re.IGNORECASE)
"""Source: "Amazon SQS message metadata" of the SQS Developer Guide."""


def send_message(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _send(call, get_queue(call, parameters["QueueUrl"], "SendMessage"), parameters)


def send_message_batch(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "SendMessage")
    entries = parameters["Entries"]
    _check_batch(entries)
    if sum(_size(entry) for entry in entries) > MAX_BATCH_BYTES:
        raise ServiceError("BatchRequestTooLong", f"Batch requests cannot be longer than {MAX_BATCH_BYTES} bytes.")
    return _each(entries, lambda entry: _send(call, queue, entry))


def receive_message(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any] | Receipt:
    """What is there is given at once; for nothing the caller waits. Raises: KmsRefusal, if the key cannot be used."""
    queue = get_queue(call, parameters["QueueUrl"], "ReceiveMessage")
    limit = _within(parameters, "MaxNumberOfMessages", 1, MAX_BATCH, 1)
    by_default = queue.number("ReceiveMessageWaitTimeSeconds")
    seconds = _within(parameters, "WaitTimeSeconds", 0, MAX_WAIT_SECONDS, by_default)
    visibility = _within(parameters, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS, queue.number("VisibilityTimeout"))
    receipt = Receipt(call, queue, limit, visibility, seconds)
    return receipt if receipt.step() else receipt.finish({})


def delete_message(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "DeleteMessage")
    return _delete(call, queue, parameters)


def delete_message_batch(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "DeleteMessage")
    _check_batch(parameters["Entries"])
    return _each(parameters["Entries"], lambda entry: _delete(call, queue, entry))


def change_message_visibility(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "ChangeMessageVisibility")
    return _change_visibility(call, queue, parameters)


def change_message_visibility_batch(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "ChangeMessageVisibility")
    _check_batch(parameters["Entries"])
    return _each(parameters["Entries"], lambda entry: _change_visibility(call, queue, entry))


def _send(call: ServiceCall, queue: Queue, entry: dict[str, Any]) -> dict[str, Any]:
    """Store one message. Raises: ServiceError, KmsRefusal."""
    body, given = entry["MessageBody"], entry.get("MessageAttributes", {})
    _check_message(entry, queue)
    delay = _within(entry, "DelaySeconds", 0, MAX_DELAY_SECONDS, queue.number("DelaySeconds"))
    system = entry.get("MessageSystemAttributes", {})
    content = Content(
        body, given, system[TRACE]["StringValue"] if TRACE in system else None, entry.get("MessageGroupId")
    )
    message_id = message.add(call.store, queue, call.caller, content, delay_seconds=delay)
    call.simulator.arrivals.ring(queue.arn)
    return {
        "MessageId": message_id,
        "MD5OfMessageBody": md5.of_body(body),
        "MD5OfMessageAttributes": md5.of_attributes(given),
        "MD5OfMessageSystemAttributes": md5.of_attributes(system),
    }


def _check_message(entry: dict[str, Any], queue: Queue) -> None:
    if "MessageDeduplicationId" in entry:
        raise errors.invalid_parameter(
            "MessageDeduplicationId",
            entry["MessageDeduplicationId"],
            "The request includes a parameter that is not valid for this queue type.",
        )
    if "MessageGroupId" in entry and not _GROUP_ID.fullmatch(entry["MessageGroupId"]):
        reason = "MessageGroupId can only include alphanumeric and punctuation characters. 1 to 128 in length."
        raise errors.invalid_parameter("MessageGroupId", entry["MessageGroupId"], reason)
    if not entry["MessageBody"]:
        raise errors.invalid_value("The request must contain the parameter MessageBody.")
    if _NOT_ALLOWED.search(entry["MessageBody"]):
        raise ServiceError("InvalidMessageContents", "Invalid characters in the message body.")
    given = entry.get("MessageAttributes", {})
    if len(given) > MAX_ATTRIBUTES:
        raise errors.invalid_value(
            f"Number of message attributes [{len(given)}] exceeds the allowed maximum [{MAX_ATTRIBUTES}]."
        )
    for name, attribute in [*given.items(), *entry.get("MessageSystemAttributes", {}).items()]:
        _check_attribute(name, attribute)
    if _size(entry) > (most := queue.number("MaximumMessageSize")):
        raise errors.too_long(most)


def _check_attribute(name: str, attribute: Mapping[str, Any]) -> None:
    """Does not repeat values: they are the customer's, and messages reach the trail."""
    kind = _DATA_TYPE.fullmatch(attribute["DataType"])
    if not _ATTRIBUTE_NAME.fullmatch(name) or _RESERVED_NAME.fullmatch(name) or kind is None:
        raise errors.invalid_value("A message attribute has an invalid name or data type.")
    wanted = "BinaryValue" if kind[1] == "Binary" else "StringValue"
    values = [member for member in attribute if member != "DataType"]
    if values != [wanted] or not attribute[wanted]:
        raise errors.invalid_value(
            f"A message attribute of type {kind[1]} must have a {wanted} that is not empty, and no other."
        )
    if kind[1] == "Number" and not _NUMBER.fullmatch(attribute["StringValue"]):
        raise errors.invalid_value("A message attribute of type Number holds no number.")


def _size(entry: Mapping[str, Any]) -> int:
    """Body and attributes, names and types included."""
    size = len(entry["MessageBody"].encode())
    for name, attribute in entry.get("MessageAttributes", {}).items():
        value = attribute.get("BinaryValue", attribute.get("StringValue", "").encode())
        size += len(name.encode()) + len(attribute["DataType"].encode()) + len(value)
    return size


def _delete(call: ServiceCall, queue: Queue, entry: dict[str, Any]) -> dict[str, Any]:
    """A handle of an earlier receipt succeeds and deletes nothing."""
    row = message.by_handle(call.database, queue, entry["ReceiptHandle"])
    if row is not None:
        message.delete(call.store, row)
    return {}


def _change_visibility(call: ServiceCall, queue: Queue, entry: dict[str, Any]) -> dict[str, Any]:
    seconds = _within(entry, "VisibilityTimeout", 0, MAX_VISIBILITY_SECONDS, 0)
    row = message.by_handle(call.database, queue, entry["ReceiptHandle"])
    now = call.clock.now()
    if row is None:
        reason = "Message does not exist or is not available for visibility timeout change."
        raise errors.invalid_parameter("ReceiptHandle", entry["ReceiptHandle"], reason)
    if row["visible_at"] <= now:
        raise ServiceError("MessageNotInflight", "The message is not in flight.")
    call.database.update(TABLE, {"message_id": row["message_id"]}, {"visible_at": now + seconds})
    return {}


def _within(parameters: Mapping[str, Any], name: str, low: int, high: int, default: int) -> int:
    """Raises: ServiceError("InvalidParameterValueException")."""
    value = int(parameters.get(name, default))
    if not low <= value <= high:
        reason = _RANGES[name].format(low=low, high=high)
        raise errors.invalid_parameter(name, value, reason)
    return value


def _check_batch(entries: list[dict[str, Any]]) -> None:
    if not entries:
        raise ServiceError("EmptyBatchRequest", "There should be at least one entry in the request.")
    if len(entries) > MAX_BATCH:
        message = f"Maximum number of entries per request are {MAX_BATCH}. You have sent {len(entries)}."
        raise ServiceError("TooManyEntriesInBatchRequest", message)
    for entry_id, count in Counter(entry["Id"] for entry in entries).items():
        if not _BATCH_ID.fullmatch(entry_id):
            reason = (
                "can only contain alphanumeric characters, hyphens and underscores. It can be at most 80 letters long."
            )
            raise ServiceError("InvalidBatchEntryId", f"A batch entry id {reason}")
        if count > 1:
            raise ServiceError("BatchEntryIdsNotDistinct", f"Id {entry_id} repeated.")


def _each(entries: list[dict[str, Any]], do: Callable[[dict[str, Any]], dict[str, Any]]) -> dict[str, Any]:
    """The result of a batch: an entry that is refused does not hold up the others."""
    successful, failed = [], []
    for entry in entries:
        try:
            successful.append({"Id": entry["Id"], **do(entry)})
        except (ServiceError, KmsRefusal) as refusal:
            error = refusal if isinstance(refusal, ServiceError) else errors.refuse(refusal)
            failed.append({"Id": entry["Id"], "SenderFault": True, "Code": error.code, "Message": error.message})
    return {"Successful": successful, "Failed": failed}
