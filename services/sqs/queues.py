"""Queues: create, find, list, delete, attributes, tags. Follows the SQS API reference."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from services.pages import among, page, page_size
from services.sqs import access, attributes, errors, message
from services.sqs.queue import (
    QUEUE,
    Queue,
    find_queue,
    find_queue_by_arn,
    place_in_url,
    queue_arn,
    redrive_of,
    register_arn,
)

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_TAGS = 50
_NAME = re.compile(r"[A-Za-z0-9_-]{1,80}")
_PAGE_SIZE = 1_000


def create_queue(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Make a queue; one of the same name and no other attributes is the same queue."""
    name, given = parameters["QueueName"], attributes.check(parameters.get("Attributes", {}))
    if name.endswith(".fifo"):
        raise errors.unsupported("FIFO queues are not simulated.")
    if not _NAME.fullmatch(name):
        raise errors.invalid_value(
            "Can only include alphanumeric characters, hyphens, or underscores. 1 to 80 in length"
        )
    _authorize(call, "CreateQueue", name)
    register = register_arn(call.region, call.account_id)
    found = find_queue(call.store, call.region, call.account_id, name)
    if found is None:
        settings = attributes.merged({}, given)
        _check_redrive(call, settings)
        record = {"Attributes": settings, "ChangedAt": call.clock.now(), "Tags": _tags(parameters.get("tags", {}))}
        call.store.put_plain(register, QUEUE, name, record)
    else:
        for attribute, value in given.items():
            if found.attributes.get(attribute) != value:
                raise errors.name_exists(attribute)
    return {"QueueUrl": _url(call, call.account_id, name)}


def get_queue_url(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    account_id, name = parameters.get("QueueOwnerAWSAccountId", call.account_id), parameters["QueueName"]
    queue = find_queue(call.store, call.region, account_id, name)
    _check(call, "GetQueueUrl", queue_arn(call.region, account_id, name), queue)
    if queue is None:
        raise errors.no_queue()
    return {"QueueUrl": _url(call, account_id, name)}


def list_queues(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Pages only if MaxResults asks for them."""
    _authorize(call, "ListQueues", "*")
    register, prefix = register_arn(call.region, call.account_id), parameters.get("QueueNamePrefix", "")
    size = page_size(call, _PAGE_SIZE)
    if not 1 <= size <= _PAGE_SIZE:
        raise errors.invalid_value(f"MaxResults must be from 1 to {_PAGE_SIZE}.")

    named = {record.record_id: record for record in call.store.stream(register, QUEUE)}
    fetch = among([name for name in named if name.startswith(prefix)], named.__getitem__)
    records, token = page(call, fetch, _PAGE_SIZE, errors.invalid_value("The NextToken is not valid."))
    urls = [_url(call, call.account_id, record.record_id) for record in records]
    return {"QueueUrls": urls or None, "NextToken": token if "MaxResults" in parameters else None}


def delete_queue(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Forget a queue with its messages, and every key under which one lay."""
    queue = get_queue(call, parameters["QueueUrl"], "DeleteQueue")
    message.delete_all(call.store, queue)
    for scope in call.store.scopes_under(queue.arn):
        call.store.delete_scope(scope)
    call.store.delete(queue.record)
    return {}


def purge_queue(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    message.delete_all(call.store, get_queue(call, parameters["QueueUrl"], "PurgeQueue"))
    return {}


def get_queue_attributes(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "GetQueueAttributes")
    return {"Attributes": attributes.shown(call.store, queue, parameters.get("AttributeNames", [])) or None}


def set_queue_attributes(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Messages that are there stay under the key they are sealed under."""
    queue = get_queue(call, parameters["QueueUrl"], "SetQueueAttributes")
    changes = attributes.check(parameters["Attributes"])
    settings = attributes.merged(queue.record.attributes["Attributes"], changes)
    _check_redrive(call, settings)
    call.store.set_attributes(queue.record, Attributes=settings, ChangedAt=call.clock.now())
    return {}


def tag_queue(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "TagQueue")
    call.store.set_attributes(queue.record, Tags=_tags({**queue.record.attributes["Tags"], **parameters["Tags"]}))
    return {}


def untag_queue(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "UntagQueue")
    tags = queue.record.attributes["Tags"]
    kept = {key: value for key, value in tags.items() if key not in parameters["TagKeys"]}
    call.store.set_attributes(queue.record, Tags=kept)
    return {}


def list_queue_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    queue = get_queue(call, parameters["QueueUrl"], "ListQueueTags")
    return {"Tags": queue.record.attributes["Tags"] or None}


def get_queue(call: ServiceCall, url: str, action: str) -> Queue:
    """The queue that a URL names, for a caller who may do this to it.

    Raises: ServiceError InvalidAddress, AccessDeniedException, QueueDoesNotExist.
    """
    account_id, name = place_in_url(url)
    queue = find_queue(call.store, call.region, account_id, name)
    _check(call, action, queue_arn(call.region, account_id, name), queue)
    if queue is None:
        raise errors.no_queue()
    return queue


def _authorize(call: ServiceCall, action: str, name: str) -> None:
    _check(call, action, queue_arn(call.region, call.account_id, name), None)


def _check(call: ServiceCall, action: str, resource: str, queue: Queue | None) -> None:
    access.check(call.caller, action, resource, call.clock.now(), queue, call.rulings)


def _check_redrive(call: ServiceCall, settings: dict[str, str]) -> None:
    """A dead-letter queue is there before it is named, in the same account and Region."""
    redrive = redrive_of(settings)
    if redrive is None:
        return
    arn, _ = redrive
    own = arn.startswith(queue_arn(call.region, call.account_id, ""))
    if not own or find_queue_by_arn(call.store, arn) is None:
        reason = "Dead letter target does not exist."
        raise errors.invalid_parameter("RedrivePolicy", settings["RedrivePolicy"], reason)


def _tags(tags: dict[str, str]) -> dict[str, str]:
    if len(tags) > MAX_TAGS:
        raise errors.invalid_value(f"A queue has at most {MAX_TAGS} tags.")
    return tags


def _url(call: ServiceCall, account_id: str, name: str) -> str:
    """On the address by which the caller reaches us."""
    return f"http://{call.request.headers.get('host', 'localhost')}/{account_id}/{name}"
