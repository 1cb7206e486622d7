"""Long polling: who receives from an empty queue waits in real time for a message, and for nobody else's account."""

from __future__ import annotations

import http.client
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from tests.services.sqs.support import bodies
from tests.support import REGION, Account, Server, refused

WAIT_SECONDS = 1

Waiting = Callable[[Callable[[], Any]], "Future[Any]"]


@pytest.fixture
def waiting(server: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Waiting]:
    """Starts a call in a thread, and returns once the server lets it wait."""
    arrivals = server.simulator.arrivals
    begun, wait = threading.Event(), arrivals.wait

    def noticed(*arguments: Any) -> None:
        wait(*arguments)
        begun.set()

    monkeypatch.setattr(arrivals, "wait", noticed)
    with ThreadPoolExecutor(4) as threads:

        def start(call: Callable[[], Any]) -> Future[Any]:
            begun.clear()
            future = threads.submit(call)
            assert begun.wait(20)
            return future

        yield start


def own_client(account: Account) -> Any:
    """Clients are for one thread at a time: a fresh one."""
    return Account(account.server, account.account_id, account.access_key_id, account.secret_access_key).client("sqs")


def test_who_waits_is_woken_by_a_message(account: Account, sqs: Any, url: str, waiting: Waiting) -> None:
    received = waiting(lambda: bodies(own_client(account), url, WaitTimeSeconds=20))
    assert sqs.list_queues()["QueueUrls"] == [url]  # others are served meanwhile
    begun = time.monotonic()
    sqs.send_message(QueueUrl=url, MessageBody="news")
    assert received.result(timeout=20) == ["news"]
    assert time.monotonic() - begun < 10


def test_a_message_goes_to_one_of_those_who_wait(account: Account, sqs: Any, url: str, waiting: Waiting) -> None:
    def receive_one() -> list[str]:
        answer = own_client(account).receive_message(QueueUrl=url, WaitTimeSeconds=20)
        return [message["Body"] for message in answer.get("Messages", [])]

    waits = [waiting(receive_one) for _ in range(2)]
    for body in ("first", "second"):
        sqs.send_message(QueueUrl=url, MessageBody=body)
    assert sorted(wait.result(timeout=20) for wait in waits) == [["first"], ["second"]]


def test_a_message_that_becomes_visible_is_found(
    server: Server, account: Account, sqs: Any, url: str, waiting: Waiting
) -> None:
    sqs.send_message(QueueUrl=url, MessageBody="later", DelaySeconds=900)
    received = waiting(lambda: bodies(own_client(account), url, WaitTimeSeconds=20))
    server.advance("PT15M")
    assert received.result(timeout=20) == ["later"]


def test_an_empty_answer_takes_the_time_that_was_asked_for(sqs: Any, url: str) -> None:
    begun = time.monotonic()
    assert bodies(sqs, url, WaitTimeSeconds=WAIT_SECONDS) == []
    assert time.monotonic() - begun >= WAIT_SECONDS


def test_the_queue_says_how_long_by_default(sqs: Any) -> None:
    attributes = {"ReceiveMessageWaitTimeSeconds": str(WAIT_SECONDS)}
    url = sqs.create_queue(QueueName="patient", Attributes=attributes)["QueueUrl"]
    begun = time.monotonic()
    assert bodies(sqs, url) == []
    assert time.monotonic() - begun >= WAIT_SECONDS
    begun = time.monotonic()
    assert bodies(sqs, url, WaitTimeSeconds=0) == []
    assert time.monotonic() - begun < WAIT_SECONDS


def test_a_queue_that_is_deleted_lets_nobody_wait(account: Account, sqs: Any, url: str, waiting: Waiting) -> None:
    received = waiting(lambda: bodies(own_client(account), url, WaitTimeSeconds=20))
    sqs.delete_queue(QueueUrl=url)
    with refused("AWS.SimpleQueueService.NonExistentQueue"):
        received.result(timeout=20)


def test_a_key_that_cannot_be_used_ends_the_wait(
    account: Account, sqs: Any, url: str, kms: Any, kms_key: str, waiting: Waiting
) -> None:
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"KmsMasterKeyId": kms_key})
    sqs.send_message(QueueUrl=url, MessageBody="sealed", DelaySeconds=900)
    received = waiting(lambda: bodies(own_client(account), url, WaitTimeSeconds=20))
    kms.disable_key(KeyId=kms_key)
    account.server.advance("PT15M")
    with refused("KMS.DisabledException"):
        received.result(timeout=20)


def test_who_goes_away_takes_no_message_along(
    server: Server, account: Account, sqs: Any, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    arrivals = server.simulator.arrivals
    begun, left = threading.Event(), threading.Event()
    wait, leave = arrivals.wait, arrivals.leave
    monkeypatch.setattr(arrivals, "wait", lambda *arguments: (wait(*arguments), begun.set()))
    monkeypatch.setattr(arrivals, "leave", lambda *arguments: (leave(*arguments), left.set()))
    connection = _send_receive(account, url)
    assert begun.wait(20)
    connection.close()
    assert left.wait(20)
    sqs.send_message(QueueUrl=url, MessageBody="kept")
    assert bodies(sqs, url) == ["kept"]


def _send_receive(account: Account, url: str) -> http.client.HTTPConnection:
    """A ReceiveMessage whose answer nobody reads."""
    body = f'{{"QueueUrl": "{url}", "WaitTimeSeconds": 20}}'
    headers = {"X-Amz-Target": "AmazonSQS.ReceiveMessage", "Content-Type": "application/x-amz-json-1.0"}
    request = AWSRequest("POST", f"{account.server.url}/", headers=headers, data=body)
    SigV4Auth(Credentials(account.access_key_id, account.secret_access_key), "sqs", REGION).add_auth(request)
    parts = urlsplit(account.server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request("POST", "/", body=body, headers=dict(request.headers.items()))
    return connection
