"""Fixtures of the Wisdom tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.wisdom.support import Base
from tests.support import Account


@pytest.fixture
def wisdom(account: Account) -> Any:
    return account.client("wisdom")


@pytest.fixture
def base(wisdom: Any) -> Base:
    """A knowledge base without a key of the customer's."""
    return Base.create(wisdom, "open")


@pytest.fixture
def keyed_base(wisdom: Any, kms_key: str) -> Base:
    """A knowledge base under `kms_key`."""
    return Base.create(wisdom, "keyed", kms_key)
