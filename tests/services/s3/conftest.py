"""Fixtures: a client of S3, and a bucket of a name that nobody else has."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.s3.support import new_bucket
from tests.support import Account


@pytest.fixture
def s3(account: Account) -> Any:
    return account.client("s3")


@pytest.fixture
def bucket(s3: Any) -> str:
    return new_bucket(s3)
