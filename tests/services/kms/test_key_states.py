"""The key state table, row by row and through boto3: what every operation does to a key in every state it can reach."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kms.tables import load
from tests.services.kms.support import IMPLEMENTED, KEY_CALLS, KEYLESS, KeyCall, Scene
from tests.support import refused

TABLE = load("key_states")

ENTER: dict[str, Callable[[Any, str], Any]] = {
    "Enabled": lambda kms, key: kms.enable_key(KeyId=key),
    "Disabled": lambda kms, key: kms.disable_key(KeyId=key),
    "PendingDeletion": lambda kms, key: kms.schedule_key_deletion(KeyId=key),
}
_OF_A_ROLE = {
    "current-target": "the key the alias points to now is pending deletion",
    "new-target": "the new target key is pending deletion",
}


def expected(call: KeyCall, state: str) -> dict[str, Any]:
    """The table's outcome for a key of the call's kind."""
    row = TABLE["operations"][call.operation]["row"]
    outcome: dict[str, Any] = TABLE["outcomes"][row[TABLE["columns"].index(state)]]
    if outcome["outcome"] == "conditional":
        return {
            **next(case for case in outcome["cases"] if _applies(case["when"], call)),
            **({"resultState": outcome["resultState"].partition(" ")[0]} if "resultState" in outcome else {}),
        }
    return outcome


def _applies(when: str, call: KeyCall) -> bool:
    origin = "AWS_KMS" if call.kind is None else call.kind.origin
    of_this_kind = when.startswith((f"Origin={origin}", "KeySpec=SYMMETRIC_DEFAULT")) or when == "any other Origin"
    return of_this_kind or _OF_A_ROLE.get(call.role) == when


def _in_words(message: str, key: str, state: str) -> str:
    """A primary with a replica waits for that first, and says so."""
    said = message.replace("<keyArn>", key)
    return said.replace("pending deletion", "pending replica deletion") if state == "PendingReplicaDeletion" else said


def test_every_implemented_operation_on_a_key_is_called_here() -> None:
    assert {call.operation for call in KEY_CALLS} == set(IMPLEMENTED) - KEYLESS


@pytest.mark.parametrize("state", ENTER)
@pytest.mark.parametrize("call", KEY_CALLS, ids=lambda call: call.name)
def test_the_state_of_the_key_decides_as_the_table_says(kms: Any, scene: Scene, call: KeyCall, state: str) -> None:
    call.prepare(scene)
    ENTER[state](kms, scene.key)
    entered = kms.describe_key(KeyId=scene.key)["KeyMetadata"]["KeyState"]
    outcome = expected(call, state)
    if outcome["outcome"] == "ok":
        call.make(kms, scene)
    else:
        with refused(outcome["code"]) as refusal:
            call.make(kms, scene)
        assert refusal.message == _in_words(outcome["message"], scene.key, entered)
        assert refusal.status == 400
    metadata = kms.describe_key(KeyId=scene.key)["KeyMetadata"]
    done = {"UpdatePrimaryRegion": "Updating"}.get(call.operation, entered) if outcome["outcome"] == "ok" else entered
    assert metadata["KeyState"] == outcome.get("resultState", done)
    assert metadata["Enabled"] is (metadata["KeyState"] == "Enabled")


def test_a_refused_operation_changes_nothing(kms: Any, scene: Scene) -> None:
    before = kms.describe_key(KeyId=scene.key)["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=scene.key)
    for call in KEY_CALLS:
        if call.kind is None and expected(call, "PendingDeletion")["outcome"] == "error":
            with refused("KMSInvalidStateException"):
                call.make(kms, scene)
    kms.cancel_key_deletion(KeyId=scene.key)
    kms.enable_key(KeyId=scene.key)
    assert kms.describe_key(KeyId=scene.key)["KeyMetadata"] == before
