"""Imported key material through boto3: brought, expired, taken away, brought again, rotated."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from tests.services.kms.support import bring, wrapped
from tests.support import Account, Server, refused

FOREVER = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
WRAPPINGS = ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256", "RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256"]


@pytest.fixture
def external(kms: Any) -> str:
    """A key without material."""
    arn: str = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
    return arn


def metadata(kms: Any, key: str) -> dict[str, Any]:
    told: dict[str, Any] = kms.describe_key(KeyId=key)["KeyMetadata"]
    return told


def now(server: Server) -> datetime:
    return datetime.fromtimestamp(server.simulator.clock.now(), UTC)


def materials(kms: Any, key: str) -> list[dict[str, Any]]:
    rotations: list[dict[str, Any]] = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")[
        "Rotations"
    ]
    return rotations


def pkcs8(key: Any) -> bytes:
    encoded: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded


class TestImport:
    def test_a_key_waits_for_its_material(self, kms: Any, external: str) -> None:
        told = metadata(kms, external)
        assert (told["KeyState"], told["Origin"], told["Enabled"]) == ("PendingImport", "EXTERNAL", False)
        assert not {"CurrentKeyMaterialId", "ExpirationModel", "ValidTo"} & told.keys()
        with refused("KMSInvalidStateException") as refusal:
            kms.encrypt(KeyId=external, Plaintext=b"x")
        assert refusal.message == f"{external} is pending import."

    def test_its_material_makes_it_usable(self, kms: Any, external: str) -> None:
        parameters = wrapped(kms, external, os.urandom(32))
        answer = kms.import_key_material(KeyId=external, **parameters, **FOREVER)
        told = metadata(kms, external)
        assert (told["KeyState"], told["ExpirationModel"]) == ("Enabled", FOREVER["ExpirationModel"])
        assert told["CurrentKeyMaterialId"] == answer["KeyMaterialId"]
        blob = kms.encrypt(KeyId=external, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})["Plaintext"] == b"x"

    def test_the_same_material_in_two_keys_opens_nothing_of_the_other(self, kms: Any, external: str) -> None:
        other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        for key in (external, other):
            bring(kms, key)
        blob = kms.encrypt(KeyId=external, Plaintext=b"x")["CiphertextBlob"]
        with refused("IncorrectKeyException"):
            kms.decrypt(CiphertextBlob=blob, KeyId=other)
        assert metadata(kms, external)["CurrentKeyMaterialId"] != metadata(kms, other)["CurrentKeyMaterialId"]

    @pytest.mark.parametrize(
        ("spec", "usage", "material", "wrapping"),
        [
            *(("HMAC_256", "GENERATE_VERIFY_MAC", b"m" * 48, wrapping) for wrapping in WRAPPINGS[:2]),
            *(("ECC_NIST_P256", "SIGN_VERIFY", None, wrapping) for wrapping in WRAPPINGS),
            *(("RSA_2048", "SIGN_VERIFY", None, wrapping) for wrapping in WRAPPINGS[2:]),
        ],
    )
    def test_keys_of_other_kinds_take_material_too(
        self, kms: Any, spec: str, usage: str, material: bytes | None, wrapping: str
    ) -> None:
        key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
        private = ec.generate_private_key(ec.SECP256R1()) if "ECC" in spec else rsa.generate_private_key(65_537, 2048)
        brought = material or pkcs8(private)
        kms.import_key_material(KeyId=key, **wrapped(kms, key, brought, wrapping), **FOREVER)
        if material is None:
            public = private.public_key().public_bytes(
                serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
            )
            assert kms.get_public_key(KeyId=key)["PublicKey"] == public
        else:
            assert kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256")["Mac"]

    @pytest.mark.parametrize(
        ("spec", "usage", "material"),
        [
            ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT", b"m" * 31),
            ("HMAC_256", "GENERATE_VERIFY_MAC", b"m" * 31),
            ("ECC_NIST_P256", "SIGN_VERIFY", b"no key"),
            ("ECC_NIST_P256", "SIGN_VERIFY", pkcs8(ec.generate_private_key(ec.SECP384R1()))),
            ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY", pkcs8(ec.generate_private_key(ec.SECP256R1()))),
        ],
    )
    def test_material_that_does_not_fit_is_refused(self, kms: Any, spec: str, usage: str, material: bytes) -> None:
        key = kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["Arn"]
        with refused("IncorrectKeyMaterialException"):
            wrapping = WRAPPINGS[-1 if spec.startswith("ECC_") else 0]
            kms.import_key_material(KeyId=key, **wrapped(kms, key, material, wrapping), **FOREVER)
        assert metadata(kms, key)["KeyState"] == "PendingImport"

    def test_a_key_of_another_origin_is_refused_in_the_recorded_words(self, kms: Any, kms_key: str) -> None:
        with refused("UnsupportedOperationException") as refusal:
            wrapped(kms, kms_key, b"m" * 32)
        assert refusal.message == f"{kms_key} origin is AWS_KMS which is not valid for this operation."

    @pytest.mark.parametrize(
        ("algorithm", "spec"), [("RSAES_PKCS1_V1_5", "RSA_2048"), ("SM2PKE", "RSA_2048"), (WRAPPINGS[0], "SM2")]
    )
    def test_wrappings_that_are_gone_or_foreign_are_refused(
        self, kms: Any, external: str, algorithm: str, spec: str
    ) -> None:
        with refused("UnsupportedOperationException"):
            kms.get_parameters_for_import(KeyId=external, WrappingAlgorithm=algorithm, WrappingKeySpec=spec)


class TestToken:
    def test_it_is_good_for_a_day(self, server: Server, kms: Any, external: str) -> None:
        parameters = wrapped(kms, external, b"m" * 32)
        server.advance("PT24H")
        with refused("ExpiredImportTokenException"):
            kms.import_key_material(KeyId=external, **parameters, **FOREVER)

    def test_it_is_of_its_key_and_its_wrapping_key_alone(self, kms: Any, external: str) -> None:
        other = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["Arn"]
        here, there = wrapped(kms, external, b"m" * 32), wrapped(kms, other, b"m" * 32)
        with refused("InvalidImportTokenException"):
            kms.import_key_material(KeyId=external, **there, **FOREVER)
        with refused("InvalidImportTokenException"):
            kms.import_key_material(KeyId=external, **{**here, "ImportToken": b"made up, and long enough"}, **FOREVER)
        mixed = {**here, "EncryptedKeyMaterial": there["EncryptedKeyMaterial"]}
        with refused("InvalidCiphertextException"):
            kms.import_key_material(KeyId=external, **mixed, **FOREVER)


class TestExpiry:
    def test_material_expires_by_the_clock_and_comes_back(
        self, server: Server, account: Account, kms: Any, external: str, trail: Any
    ) -> None:
        material = os.urandom(32)
        expiry = now(server) + timedelta(days=3)
        kms.import_key_material(KeyId=external, **wrapped(kms, external, material), ValidTo=expiry)
        told = metadata(kms, external)
        assert told["ExpirationModel"] == "KEY_MATERIAL_EXPIRES"
        assert abs(told["ValidTo"] - expiry) < timedelta(seconds=1)
        blob = kms.encrypt(KeyId=external, Plaintext=b"x")["CiphertextBlob"]

        server.advance("P4D")
        told = metadata(kms, external)
        assert told["KeyState"] == "PendingImport"
        assert "CurrentKeyMaterialId" in told
        assert "ExpirationModel" not in told
        with refused("KMSInvalidStateException"):
            kms.decrypt(CiphertextBlob=blob)
        (event,) = trail(account, "DeleteExpiredKeyMaterial")
        assert event["eventType"] == "AwsServiceEvent"
        assert event["serviceEventDetails"] == {"keyId": external.rpartition("/")[2]}

        kms.import_key_material(KeyId=external, **wrapped(kms, external, material), **FOREVER)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    @pytest.mark.parametrize("days", [None, -1, 366])
    def test_an_expiry_must_lie_within_a_year(self, server: Server, kms: Any, external: str, days: int | None) -> None:
        more = {} if days is None else {"ValidTo": now(server) + timedelta(days=days)}
        with refused("ValidationException") as refusal:
            kms.import_key_material(KeyId=external, **wrapped(kms, external, b"m" * 32), **more)
        if days is None:
            expected = "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES"
            assert refusal.message == expected

    def test_what_does_not_expire_has_no_date(self, server: Server, kms: Any, external: str) -> None:
        with refused("ValidationException"):
            kms.import_key_material(
                KeyId=external, **wrapped(kms, external, b"m" * 32), **FOREVER, ValidTo=now(server) + timedelta(days=1)
            )


class TestDeletion:
    def test_only_the_same_material_can_be_brought_again(self, kms: Any, external: str) -> None:
        material = os.urandom(32)
        bring(kms, external, material)
        blob = kms.encrypt(KeyId=external, Plaintext=b"x")["CiphertextBlob"]
        answer = kms.delete_imported_key_material(KeyId=external)
        assert answer["KeyId"] == external
        assert metadata(kms, external)["KeyState"] == "PendingImport"
        with refused("IncorrectKeyMaterialException"):
            kms.import_key_material(KeyId=external, **wrapped(kms, external, os.urandom(32)), **FOREVER)
        bring(kms, external, material)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    def test_deleted_material_is_gone_and_was_never_on_the_disk(self, server: Server, kms: Any, external: str) -> None:
        material = os.urandom(32)
        bring(kms, external, material)
        kms.delete_imported_key_material(KeyId=external)
        row = server.simulator.database.find("backing_keys", {"key_arn": external})
        assert row is not None
        assert row["wrapped"] is None
        assert material not in server.bytes_on_disk()

    def test_a_key_pending_deletion_stays_so_and_comes_back_without_material(self, kms: Any, external: str) -> None:
        bring(kms, external)
        kms.schedule_key_deletion(KeyId=external)
        kms.delete_imported_key_material(KeyId=external)
        assert metadata(kms, external)["KeyState"] == "PendingDeletion"
        kms.cancel_key_deletion(KeyId=external)
        assert metadata(kms, external)["KeyState"] == "PendingImport"

    def test_material_that_the_key_never_had_is_not_found(self, kms: Any, external: str) -> None:
        bring(kms, external)
        with refused("NotFoundException"):
            kms.delete_imported_key_material(KeyId=external, KeyMaterialId="0" * 64)


class TestRotation:
    def test_new_material_waits_for_its_rotation(self, kms: Any, external: str) -> None:
        first, second = os.urandom(32), os.urandom(32)
        bring(kms, external, first)
        old = kms.encrypt(KeyId=external, Plaintext=b"old")["CiphertextBlob"]
        with refused("KMSInvalidStateException") as refusal:
            kms.rotate_key_on_demand(KeyId=external)
        assert refusal.message == f"No available key material pending rotation for the key: {external}."
        new = kms.import_key_material(
            KeyId=external,
            **wrapped(kms, external, second),
            **FOREVER,
            ImportType="NEW_KEY_MATERIAL",
            KeyMaterialDescription="second",
        )["KeyMaterialId"]
        assert [one["KeyMaterialState"] for one in materials(kms, external)] == ["CURRENT", "PENDING_ROTATION"]
        with refused("KMSInvalidStateException") as refusal:
            kms.import_key_material(
                KeyId=external, **wrapped(kms, external, os.urandom(32)), **FOREVER, ImportType="NEW_KEY_MATERIAL"
            )
        assert f"(id: {new}) is pending rotation" in refusal.message

        kms.rotate_key_on_demand(KeyId=external)
        told = {one["KeyMaterialState"]: one for one in materials(kms, external)}
        assert told["CURRENT"]["KeyMaterialId"] == new
        assert told["CURRENT"]["RotationType"] == "ON_DEMAND"
        assert told["CURRENT"]["KeyMaterialDescription"] == "second"
        assert told["NON_CURRENT"]["ImportState"] == "IMPORTED"
        assert metadata(kms, external)["CurrentKeyMaterialId"] == new
        assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"
        assert len(kms.list_key_rotations(KeyId=external)["Rotations"]) == 1

    def test_material_taken_away_before_its_rotation_makes_room_for_other(self, kms: Any, external: str) -> None:
        bring(kms, external, os.urandom(32))
        for _ in range(2):
            new = kms.import_key_material(
                KeyId=external, **wrapped(kms, external, os.urandom(32)), **FOREVER, ImportType="NEW_KEY_MATERIAL"
            )["KeyMaterialId"]
            kms.delete_imported_key_material(KeyId=external, KeyMaterialId=new)
        assert metadata(kms, external)["KeyState"] == "Enabled"
        assert [one["KeyMaterialState"] for one in materials(kms, external)] == ["CURRENT"]

    def test_the_first_expiry_of_all_material_is_the_keys(self, server: Server, kms: Any, external: str) -> None:
        first, soon = now(server) + timedelta(days=9), now(server) + timedelta(days=2)
        kms.import_key_material(KeyId=external, **wrapped(kms, external, os.urandom(32)), ValidTo=first)
        kms.import_key_material(
            KeyId=external, **wrapped(kms, external, os.urandom(32)), ValidTo=soon, ImportType="NEW_KEY_MATERIAL"
        )
        assert abs(metadata(kms, external)["ValidTo"] - first) < timedelta(seconds=1)
        kms.rotate_key_on_demand(KeyId=external)
        assert abs(metadata(kms, external)["ValidTo"] - soon) < timedelta(seconds=1)

    def test_a_key_needs_all_its_material(self, kms: Any, external: str) -> None:
        first, second = os.urandom(32), os.urandom(32)
        bring(kms, external, first)
        old_id = metadata(kms, external)["CurrentKeyMaterialId"]
        kms.import_key_material(
            KeyId=external, **wrapped(kms, external, second), **FOREVER, ImportType="NEW_KEY_MATERIAL"
        )
        kms.rotate_key_on_demand(KeyId=external)
        kms.delete_imported_key_material(KeyId=external, KeyMaterialId=old_id)
        assert metadata(kms, external)["KeyState"] == "PendingImport"
        kms.import_key_material(KeyId=external, **wrapped(kms, external, first), **FOREVER, KeyMaterialId=old_id)
        assert metadata(kms, external)["KeyState"] == "Enabled"

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"ImportType": "NEW_KEY_MATERIAL", "KeyMaterialId": "0" * 64}, "ValidationException"),
            ({"KeyMaterialId": "0" * 64}, "IncorrectKeyMaterialException"),
            ({"ImportType": "NEW_KEY_MATERIAL"}, "IncorrectKeyMaterialException"),
        ],
    )
    def test_what_contradicts_itself_is_refused(self, kms: Any, external: str, more: dict[str, Any], code: str) -> None:
        bring(kms, external)
        with refused(code):
            kms.import_key_material(KeyId=external, **wrapped(kms, external, b"m" * 32), **FOREVER, **more)

    def test_imported_keys_do_not_rotate_by_themselves(self, kms: Any, external: str) -> None:
        bring(kms, external)
        with refused("UnsupportedOperationException"):
            kms.enable_key_rotation(KeyId=external)


def test_connect_data_dies_and_comes_back_with_imported_material(account: Account, kms: Any, external: str) -> None:
    material = os.urandom(32)
    bring(kms, external, material)
    voice = account.client("voice-id")
    domain = voice.create_domain(Name="calls", ServerSideEncryptionConfiguration={"KmsKeyId": external})["Domain"]
    kms.delete_imported_key_material(KeyId=external)
    with refused("AccessDeniedException"):
        voice.describe_domain(DomainId=domain["DomainId"])
    bring(kms, external, material)
    assert voice.describe_domain(DomainId=domain["DomainId"])["Domain"]["Name"] == "calls"
