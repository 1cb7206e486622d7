"""Fixtures of the Cases tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.cases.support import Desk
from tests.support import Account


@pytest.fixture
def cases(account: Account) -> Any:
    return account.client("connectcases")


@pytest.fixture
def desk(cases: Any) -> Desk:
    """A domain with one template."""
    return Desk.open(cases, "desk")
