"""Fixtures of the Customer Profiles tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Account


@pytest.fixture
def profiles(account: Account) -> Any:
    return account.client("customer-profiles")


@pytest.fixture
def domain(profiles: Any, kms_key: str) -> str:
    """The name of a domain under `kms_key`."""
    profiles.create_domain(DomainName="customers", DefaultExpirationDays=365, DefaultEncryptionKey=kms_key)
    return "customers"
