"""Fixtures of the tests of event buses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.eventbridge.support import Inbox
from tests.support import Account


@pytest.fixture
def events(account: Account) -> Any:
    return account.client("events")


@pytest.fixture
def inbox(account: Account) -> Inbox:
    """A queue that EventBridge may send to."""
    return Inbox.open(account, "inbox")
