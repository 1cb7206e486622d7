"""Fixtures of the outbound campaigns tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.outbound_campaigns.support import Desk
from tests.support import Account, Server


@pytest.fixture
def campaigns(account: Account) -> Any:
    return account.client("connectcampaigns")


@pytest.fixture
def desk(server: Server, account: Account) -> Desk:
    """An instance with a key of its own and a running campaign."""
    return Desk.open(server, account, None)


@pytest.fixture
def keyed_desk(server: Server, account: Account, kms_key: str) -> Desk:
    """An instance under `kms_key` with a running campaign."""
    return Desk.open(server, account, kms_key)
