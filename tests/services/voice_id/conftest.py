"""Fixtures of the Voice ID tests."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.voice_id.support import create_domain
from tests.support import Account


@pytest.fixture
def voice_id(account: Account) -> Any:
    return account.client("voice-id")


@pytest.fixture
def domain(voice_id: Any, kms_key: str) -> dict[str, Any]:
    """A fresh domain under `kms_key`."""
    return create_domain(voice_id, kms_key, Description="Calls about insurance")
