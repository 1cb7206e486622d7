"""Fixtures of the tests of queues."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Account


@pytest.fixture
def sqs(account: Account) -> Any:
    return account.client("sqs")


@pytest.fixture
def url(sqs: Any) -> str:
    """The URL of a fresh queue."""
    made: str = sqs.create_queue(QueueName="work")["QueueUrl"]
    return made
