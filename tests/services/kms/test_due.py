"""What falls due in KMS: a bug that one key meets keeps no other waiting, and is made good once it is mended."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import ModuleType
from typing import Any

import pytest

from kms import imports, keys, rotation
from tests.services.kms.support import wrapped
from tests.support import Account, Server


@dataclass
class Due:
    """Something that falls due. make: a key of which it will be, by ARN. broken: the function that carries it out."""

    make: Callable[[Server, Any], str]
    is_done: Callable[[Any, str], bool]
    broken: tuple[ModuleType, str]


def _to_be_deleted(server: Server, kms: Any) -> str:
    key: str = kms.create_key()["KeyMetadata"]["Arn"]
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    return key


def _to_be_rotated(server: Server, kms: Any) -> str:
    key: str = kms.create_key()["KeyMetadata"]["Arn"]
    kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90)
    return key


def _to_expire(server: Server, kms: Any) -> str:
    key: str = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    valid_to = datetime.fromtimestamp(server.simulator.clock.now(), UTC) + timedelta(days=7)
    kms.import_key_material(KeyId=key, **wrapped(kms, key, b"m" * 32), ValidTo=valid_to)
    return key


def _is_gone(kms: Any, key: str) -> bool:
    try:
        kms.describe_key(KeyId=key)
    except kms.exceptions.NotFoundException:
        return True
    return False


DUE = {
    "deletion": Due(_to_be_deleted, _is_gone, (keys, "delete_key")),
    "rotation": Due(
        _to_be_rotated,
        lambda kms, key: bool(kms.list_key_rotations(KeyId=key)["Rotations"]),
        (rotation, "rotate_if_due"),
    ),
    "expiry": Due(
        _to_expire,
        lambda kms, key: kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingImport",
        (imports, "expire"),
    ),
}


@pytest.mark.parametrize("due", DUE.values(), ids=DUE.keys())
def test_a_bug_in_one_keeps_no_other_waiting_and_is_made_good(
    server: Server, account: Account, due: Due, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    kms = account.client("kms")
    first, second = due.make(server, kms), due.make(server, kms)
    module, name = due.broken
    carry_out = getattr(module, name)

    def carry_out_or_break(engine: Any, subject: Any) -> None:
        carry_out(engine, subject)
        if first in (getattr(subject, "arn", None), getattr(subject, "key_arn", None)):
            raise ZeroDivisionError(first)

    monkeypatch.setattr(module, name, carry_out_or_break)
    server.advance("P91D")
    assert due.is_done(kms, second)
    assert not due.is_done(kms, first)
    assert "ZeroDivisionError" in caplog.text
    assert first not in caplog.text
    monkeypatch.undo()
    server.advance("PT1M")
    assert due.is_done(kms, first)
