"""Fixtures of the IAM tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Account


@pytest.fixture
def iam(account: Account) -> Any:
    return account.client("iam")
