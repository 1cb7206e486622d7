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


class TestWhatWouldFail:
    """What only shows when the work is done is told by a dry run too."""

    def test_a_ciphertext_in_another_context(self, kms: Any, kms_key: str) -> None:
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=blob, DryRun=True)
        with refused("InvalidCiphertextException"):
            kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=kms_key, DryRun=True)

    def test_a_plaintext_too_long_for_the_key(self, kms: Any) -> None:
        key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["KeyId"]
        with refused("ValidationException"):
            kms.encrypt(KeyId=key, Plaintext=bytes(215), EncryptionAlgorithm="RSAES_OAEP_SHA_1", DryRun=True)

    def test_digests_and_signatures(self, kms: Any) -> None:
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
        common = {"KeyId": key, "SigningAlgorithm": "ECDSA_SHA_256", "DryRun": True}
        with refused("ValidationException"):
            kms.sign(Message=bytes(31), MessageType="DIGEST", **common)
        with refused("KMSInvalidSignatureException"):
            kms.verify(Message=b"x", Signature=bytes(70), **common)

    def test_codes(self, kms: Any) -> None:
        key = kms.create_key(KeySpec="HMAC_256", KeyUsage="GENERATE_VERIFY_MAC")["KeyMetadata"]["KeyId"]
        with refused("KMSInvalidMacException"):
            kms.verify_mac(KeyId=key, Message=b"x", Mac=bytes(32), MacAlgorithm="HMAC_SHA_256", DryRun=True)

    def test_a_public_key_that_is_none(self, kms: Any) -> None:
        key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="KEY_AGREEMENT")["KeyMetadata"]["KeyId"]
        with refused("ValidationException"):
            kms.derive_shared_secret(KeyId=key, PublicKey=b"none", KeyAgreementAlgorithm="ECDH", DryRun=True)


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
