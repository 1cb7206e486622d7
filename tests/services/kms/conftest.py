"""Fixtures of the KMS tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.kms.support import RawKms, Scene, set_scene, with_other_alias
from tests.support import Account


@pytest.fixture
def scene(account: Account) -> Scene:
    """A key with everything around it that an operation may need."""
    return with_other_alias(set_scene(account))


@pytest.fixture
def raw_kms(account: Account) -> Iterator[RawKms]:
    client = RawKms(account)
    yield client
    client.close()
