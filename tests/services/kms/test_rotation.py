"""Rotation through boto3: by the virtual clock or on demand; what was encrypted before goes on opening."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.services.kms.support import fresh_alias
from tests.support import Server, refused


def current(kms: Any, key: str) -> str:
    material: str = kms.describe_key(KeyId=key)["KeyMetadata"]["CurrentKeyMaterialId"]
    return material


def rotations(kms: Any, key: str) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = kms.list_key_rotations(KeyId=key)["Rotations"]
    return entries


class TestShape:
    def test_the_status_of_a_key_that_does_not_rotate(self, kms: Any, kms_key: str) -> None:
        answer = kms.get_key_rotation_status(KeyId=kms_key)
        answer.pop("ResponseMetadata")
        assert answer == {"KeyId": kms_key.rpartition("/")[2], "KeyRotationEnabled": False}

    def test_the_status_of_a_key_that_rotates(self, kms: Any, kms_key: str) -> None:
        kms.enable_key_rotation(KeyId=kms_key)
        answer = kms.get_key_rotation_status(KeyId=kms_key)
        created = kms.describe_key(KeyId=kms_key)["KeyMetadata"]["CreationDate"]
        assert timedelta(0) <= answer.pop("NextRotationDate") - created - timedelta(days=365) < timedelta(minutes=1)
        answer.pop("ResponseMetadata")
        assert answer == {
            "KeyId": kms_key.rpartition("/")[2],
            "KeyRotationEnabled": True,
            "RotationPeriodInDays": 365,
        }

    def test_a_rotation_is_listed_with_all_that_is_known(self, kms: Any, kms_key: str) -> None:
        kms.rotate_key_on_demand(KeyId=kms_key)
        (rotation,) = rotations(kms, kms_key)
        rotation.pop("RotationDate")
        assert rotation == {
            "KeyId": kms_key.rpartition("/")[2],
            "KeyMaterialId": current(kms, kms_key),
            "KeyMaterialState": "CURRENT",
            "RotationType": "ON_DEMAND",
        }

    def test_all_key_material_is_listed_if_it_is_asked_for(self, kms: Any, kms_key: str) -> None:
        first = current(kms, kms_key)
        kms.rotate_key_on_demand(KeyId=kms_key)
        whole = kms.list_key_rotations(KeyId=kms_key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        by_id = {entry["KeyMaterialId"]: entry for entry in whole}
        assert set(by_id) == {first, current(kms, kms_key)}
        assert by_id[first]["KeyMaterialState"] == "NON_CURRENT"
        assert "RotationType" not in by_id[first]

    @pytest.mark.parametrize("days", [89, 2561], ids=["too-short", "too-long"])
    def test_a_period_beyond_the_limits_is_refused(self, kms: Any, raw_kms: Any, kms_key: str, days: int) -> None:
        body = f'{{"KeyId": "{kms_key}", "RotationPeriodInDays": {days}}}'.encode()
        status, answer = raw_kms.send("EnableKeyRotation", body)
        assert (status, answer["__type"]) == (400, "ValidationException")
        assert f"Value '{days}' at 'rotationPeriodInDays' failed to satisfy constraint" in answer["message"]


class TestBehaviour:
    def test_rotation_on_demand_changes_the_material_and_nothing_else(self, kms: Any, kms_key: str) -> None:
        before = kms.describe_key(KeyId=kms_key)["KeyMetadata"]
        old = kms.encrypt(KeyId=kms_key, Plaintext=b"old", EncryptionContext={"a": "b"})["CiphertextBlob"]
        assert kms.rotate_key_on_demand(KeyId=kms_key)["KeyId"] == kms_key
        after = kms.describe_key(KeyId=kms_key)["KeyMetadata"]
        assert after.pop("CurrentKeyMaterialId") != before["CurrentKeyMaterialId"]
        assert after == {name: value for name, value in before.items() if name != "CurrentKeyMaterialId"}
        opened = kms.decrypt(CiphertextBlob=old, EncryptionContext={"a": "b"})
        assert (opened["Plaintext"], opened["KeyMaterialId"]) == (b"old", before["CurrentKeyMaterialId"])

    def test_new_ciphertexts_and_data_keys_are_under_the_new_material(self, kms: Any, kms_key: str) -> None:
        old = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=kms_key)
        material = current(kms, kms_key)
        assert kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256")["KeyMaterialId"] == material
        new = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=new)["KeyMaterialId"] == material
        moved = kms.re_encrypt(CiphertextBlob=old, DestinationKeyId=kms_key)
        assert moved["SourceKeyMaterialId"] != material
        assert moved["DestinationKeyMaterialId"] == material

    def test_every_generation_of_ciphertexts_opens(self, kms: Any, kms_key: str) -> None:
        blobs = []
        for number in range(5):
            blobs.append(kms.encrypt(KeyId=kms_key, Plaintext=bytes([number]))["CiphertextBlob"])
            kms.rotate_key_on_demand(KeyId=kms_key)
        opened = [kms.decrypt(CiphertextBlob=blob) for blob in blobs]
        assert [answer["Plaintext"] for answer in opened] == [bytes([number]) for number in range(5)]
        assert len({answer["KeyMaterialId"] for answer in opened}) == 5

    def test_a_key_rotates_on_demand_twenty_five_times(self, kms: Any, kms_key: str) -> None:
        for _ in range(25):
            kms.rotate_key_on_demand(KeyId=kms_key)
        with refused("LimitExceededException") as refusal:
            kms.rotate_key_on_demand(KeyId=kms_key)
        assert refusal.message == (
            "The on-demand rotations limit has been reached for the given keyId. "
            f"No more on-demand rotations can be performed for this key: {kms_key}"
        )
        assert len(rotations(kms, kms_key)) == 25

    def test_a_key_rotates_when_its_period_is_over_and_not_before(self, server: Server, kms: Any, kms_key: str) -> None:
        first = current(kms, kms_key)
        old = kms.encrypt(KeyId=kms_key, Plaintext=b"old")["CiphertextBlob"]
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        due = kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"]
        server.advance("P89DT23H")
        assert current(kms, kms_key) == first
        server.advance("PT2H")
        assert current(kms, kms_key) != first
        (rotation,) = rotations(kms, kms_key)
        assert rotation["RotationType"] == "AUTOMATIC"
        assert rotation["RotationDate"] == due
        following = kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"]
        assert following == due + timedelta(days=90)
        assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"

    def test_several_periods_that_pass_at_once_are_several_rotations(
        self, server: Server, kms: Any, kms_key: str
    ) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=100)
        due = kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"]
        server.advance("P350D")
        dates = [rotation["RotationDate"] for rotation in rotations(kms, kms_key)]
        assert dates == [due + timedelta(days=100 * number) for number in range(3)]
        assert rotations(kms, kms_key)[-1]["KeyMaterialState"] == "CURRENT"
        assert [rotation["KeyMaterialState"] for rotation in rotations(kms, kms_key)].count("CURRENT") == 1

    def test_a_disabled_key_does_not_rotate_until_it_is_enabled_and_then_once(
        self, server: Server, kms: Any, kms_key: str
    ) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        first = current(kms, kms_key)
        kms.disable_key(KeyId=kms_key)
        server.advance("P300D")
        assert current(kms, kms_key) == first
        assert kms.get_key_rotation_status(KeyId=kms_key)["KeyRotationEnabled"] is True
        now = kms.create_key()["KeyMetadata"]["CreationDate"]
        kms.enable_key(KeyId=kms_key)
        (rotation,) = rotations(kms, kms_key)
        assert rotation["KeyMaterialId"] == current(kms, kms_key) != first
        assert rotation["RotationDate"] >= now
        following = kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"]
        assert following == rotation["RotationDate"] + timedelta(days=90)

    def test_a_key_that_is_not_due_does_not_rotate_when_it_is_enabled(self, kms: Any, kms_key: str) -> None:
        kms.enable_key_rotation(KeyId=kms_key)
        kms.disable_key(KeyId=kms_key)
        kms.enable_key(KeyId=kms_key)
        assert rotations(kms, kms_key) == []

    def test_rotation_that_is_switched_off_does_not_happen(self, server: Server, kms: Any, kms_key: str) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        kms.disable_key_rotation(KeyId=kms_key)
        server.advance("P100D")
        assert rotations(kms, kms_key) == []

    def test_a_new_period_counts_from_the_day_it_is_set(self, server: Server, kms: Any, kms_key: str) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=365)
        server.advance("P80D")
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        server.advance("P89D")
        assert rotations(kms, kms_key) == []
        server.advance("P2D")
        assert len(rotations(kms, kms_key)) == 1

    def test_rotation_on_demand_leaves_the_schedule_alone(self, kms: Any, kms_key: str) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        before = kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"]
        kms.rotate_key_on_demand(KeyId=kms_key)
        assert kms.get_key_rotation_status(KeyId=kms_key)["NextRotationDate"] == before

    def test_rotation_on_demand_waits_for_one_that_is_about_to_happen(
        self, server: Server, kms: Any, kms_key: str
    ) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        server.advance("P89DT23H45M")
        with refused("ConflictException"):
            kms.rotate_key_on_demand(KeyId=kms_key)
        assert rotations(kms, kms_key) == []

    def test_a_key_pending_deletion_rotates_no_more_and_forgets_nothing(
        self, server: Server, kms: Any, kms_key: str
    ) -> None:
        kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=30)
        assert kms.get_key_rotation_status(KeyId=kms_key)["KeyRotationEnabled"] is False
        kms.cancel_key_deletion(KeyId=kms_key)
        status = kms.get_key_rotation_status(KeyId=kms_key)
        assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 90)

    def test_an_alias_stands_for_the_rotated_key(self, kms: Any, kms_key: str) -> None:
        alias = fresh_alias()
        kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        kms.rotate_key_on_demand(KeyId=kms_key)
        assert kms.encrypt(KeyId=alias, Plaintext=b"x")["KeyId"] == kms_key
