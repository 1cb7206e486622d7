"""DryRun, on every operation whose model has it: all is checked, nothing is done."""

from __future__ import annotations

from typing import Any

import pytest

from services.kms.blueprint import SERVICE
from tests.services.kms.kinds import SYMMETRIC, scene_in_state
from tests.services.kms.support import KEY_CALLS, OPERATION_NAMES, KeyCall, allow, document
from tests.support import Account, events_of, refused

DRY = {name for name in OPERATION_NAMES if "DryRun" in SERVICE.model.operation_model(name).input_shape.members}
CALLS = [call for call in KEY_CALLS if call.operation in DRY]
IGNORING = {"DryRun": True, "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}
SAID = "The request would have succeeded, but the DryRun option is set."


def dry(client: Any) -> Any:
    """A client that adds DryRun to all its calls that take it from now on."""

    def add(params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any]:
        return {**params, "DryRun": True} if model.name in DRY else params

    client.meta.events.register("provide-client-params.kms.*", add)
    return client


def test_every_operation_that_has_it_is_tried_here() -> None:
    assert {call.operation for call in CALLS} == DRY


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_that_would_succeed_says_so_and_does_nothing(account: Account, call: KeyCall) -> None:
    kms, scene = scene_in_state(account, call.kind or SYMMETRIC, "Enabled")
    grants = kms.list_grants(KeyId=scene.key)["Grants"]
    with refused("DryRunOperationException") as refusal:
        call.make(dry(kms), scene)
    assert (refusal.status, refusal.message) == (400, SAID)
    assert kms.list_grants(KeyId=scene.key)["Grants"] == grants
    assert events_of(account, call.operation)[-1]["errorCode"] == "DryRunOperationException"


@pytest.mark.parametrize("call", CALLS, ids=lambda call: call.name)
def test_a_call_that_would_be_refused_is(account: Account, call: KeyCall) -> None:
    _, scene = scene_in_state(account, call.kind or SYMMETRIC, "Enabled")
    stranger = account.user("stranger", document(allow("kms:ListGrants"))).client("kms")
    with refused("AccessDeniedException"):
        call.make(dry(stranger), scene)


class TestWithoutACiphertext:
    def test_the_right_alone_is_tried(self, kms: Any, kms_key: str) -> None:
        with refused("DryRunOperationException"):
            kms.decrypt(KeyId=kms_key, **IGNORING)
        with refused("DryRunOperationException"):
            kms.re_encrypt(SourceKeyId=kms_key, DestinationKeyId=kms_key, **IGNORING)

    def test_a_ciphertext_that_is_there_is_passed_over(self, kms: Any, kms_key: str) -> None:
        with refused("DryRunOperationException"):
            kms.decrypt(KeyId=kms_key, CiphertextBlob=b"nonsense", **IGNORING)

    def test_it_is_authorised_and_the_key_must_be_usable(self, account: Account, kms: Any, kms_key: str) -> None:
        with refused("AccessDeniedException"):
            account.user("stranger").client("kms").decrypt(KeyId=kms_key, **IGNORING)
        kms.disable_key(KeyId=kms_key)
        with refused("DisabledException"):
            kms.decrypt(KeyId=kms_key, **IGNORING)

    @pytest.mark.parametrize(
        "parameters",
        [{}, {"DryRun": True}, IGNORING, {"KeyId": "<key>", "DryRunModifiers": ["IGNORE_CIPHERTEXT"]}],
        ids=["no-dry-run", "no-modifier", "no-key", "modifier-alone"],
    )
    def test_nothing_else_goes_without_one(self, kms: Any, kms_key: str, parameters: dict[str, Any]) -> None:
        named = {name: kms_key if value == "<key>" else value for name, value in parameters.items()}
        with refused("ValidationException"):
            kms.decrypt(**named)
