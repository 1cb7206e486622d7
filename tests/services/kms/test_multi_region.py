"""Multi-Region keys through boto3, with a client for each Region."""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any, ClassVar

import pytest

from tests.services.kms.support import allow, bring, deny, document, wrapped
from tests.support import REGION, Account, Server, account_policy, events_of, refused

EUROPE, ASIA = "eu-west-1", "ap-southeast-2"


@pytest.fixture(autouse=True)
def held(server: Server) -> None:
    """What takes AWS a moment stays under way until a test moves the clock."""
    server.hold_jobs(True)


@pytest.fixture
def primary(kms: Any) -> str:
    arn: str = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
    return arn


@pytest.fixture
def europe(account: Account) -> Any:
    return account.client("kms", EUROPE)


@pytest.fixture
def replica(server: Server, kms: Any, primary: str) -> str:
    """A replica that is ready."""
    arn: str = kms.replicate_key(KeyId=primary, ReplicaRegion=EUROPE)["ReplicaKeyMetadata"]["Arn"]
    server.advance("PT1S")
    return arn


def told(kms: Any, key: str) -> dict[str, Any]:
    metadata: dict[str, Any] = kms.describe_key(KeyId=key)["KeyMetadata"]
    return metadata


class TestReplicas:
    def test_a_primary_key_has_an_id_of_its_own_form(self, kms: Any, primary: str) -> None:
        metadata = told(kms, primary)
        assert metadata["KeyId"].startswith("mrk-")
        assert len(metadata["KeyId"]) == 36
        assert metadata["MultiRegion"] is True
        assert metadata["MultiRegionConfiguration"] == {
            "MultiRegionKeyType": "PRIMARY",
            "PrimaryKey": {"Arn": primary, "Region": REGION},
            "ReplicaKeys": [],
        }

    def test_a_replica_is_being_created_until_time_passes(
        self, server: Server, kms: Any, europe: Any, primary: str
    ) -> None:
        made = kms.replicate_key(
            KeyId=primary, ReplicaRegion=EUROPE, Description="here", Tags=[{"TagKey": "a", "TagValue": "b"}]
        )
        replica = made["ReplicaKeyMetadata"]
        assert replica["Arn"] == primary.replace(REGION, EUROPE)
        assert (replica["KeyState"], replica["Enabled"], replica["Description"]) == ("Creating", False, "here")
        assert "CurrentKeyMaterialId" not in replica
        assert made["ReplicaTags"] == [{"TagKey": "a", "TagValue": "b"}]
        with refused("KMSInvalidStateException") as refusal:
            europe.encrypt(KeyId=replica["KeyId"], Plaintext=b"x")
        assert refusal.message == f"{replica['Arn']} is creating."
        server.advance("PT1S")
        assert told(europe, replica["KeyId"])["KeyState"] == "Enabled"
        assert told(kms, primary)["MultiRegionConfiguration"]["ReplicaKeys"] == [
            {"Arn": replica["Arn"], "Region": EUROPE}
        ]

    def test_what_one_encrypts_the_other_opens(self, kms: Any, europe: Any, primary: str, replica: str) -> None:
        blob = kms.encrypt(KeyId=primary, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        opened = europe.decrypt(CiphertextBlob=blob, EncryptionContext={"a": "b"})
        assert (opened["Plaintext"], opened["KeyId"]) == (b"x", replica)
        with refused("InvalidCiphertextException"):
            europe.decrypt(CiphertextBlob=blob)

    def test_a_key_of_one_region_opens_nothing_elsewhere(self, kms: Any, europe: Any, kms_key: str) -> None:
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        with refused("AccessDeniedException"):
            europe.decrypt(CiphertextBlob=blob)

    def test_state_policy_tags_and_aliases_are_each_keys_own(
        self, account: Account, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        europe.disable_key(KeyId=replica)
        assert told(kms, primary)["KeyState"] == "Enabled"
        kms.tag_resource(KeyId=primary, Tags=[{"TagKey": "a", "TagValue": "b"}])
        assert europe.list_resource_tags(KeyId=replica)["Tags"] == []
        statement = allow("kms:Encrypt", Principal={"AWS": "*"})
        kms.put_key_policy(KeyId=primary, Policy=account_policy(account.account_id, statement))
        assert "kms:Encrypt" not in europe.get_key_policy(KeyId=replica)["Policy"]

    @pytest.mark.parametrize("which", ["replica", "single"])
    def test_only_a_primary_is_replicated(self, kms: Any, europe: Any, kms_key: str, replica: str, which: str) -> None:
        client, key = (europe, replica) if which == "replica" else (kms, kms_key)
        with refused("UnsupportedOperationException") as refusal:
            client.replicate_key(KeyId=key, ReplicaRegion=ASIA)
        assert refusal.message == f"{key} is not a multi-region primary key."

    @pytest.mark.parametrize("region", [REGION, EUROPE])
    def test_a_region_has_one_key_of_a_kind(self, kms: Any, primary: str, replica: str, region: str) -> None:
        with refused("AlreadyExistsException"):
            kms.replicate_key(KeyId=primary, ReplicaRegion=region)

    def test_a_replica_needs_the_right_to_create_keys(self, account: Account, primary: str) -> None:
        user = account.user("replicator", document(allow("kms:ReplicateKey")))
        with refused("AccessDeniedException"):
            user.client("kms").replicate_key(KeyId=primary, ReplicaRegion=EUROPE)

    def test_it_needs_that_right_in_its_own_region(self, account: Account, primary: str) -> None:
        there = {"StringEquals": {"aws:RequestedRegion": EUROPE}}
        creating = allow("kms:CreateKey", "kms:TagResource", Condition=there)
        replicator = account.user("replicator", document(allow("kms:ReplicateKey"), creating)).client("kms")
        with refused("AccessDeniedException"):
            replicator.replicate_key(KeyId=primary, ReplicaRegion=ASIA)
        tags = [{"TagKey": "a", "TagValue": "b"}]
        assert replicator.replicate_key(KeyId=primary, ReplicaRegion=EUROPE, Tags=tags)["ReplicaTags"] == tags

    @pytest.mark.parametrize("spec", ["HMAC_256", "ECC_NIST_P256"])
    def test_other_kinds_of_keys_are_replicated_too(self, server: Server, kms: Any, europe: Any, spec: str) -> None:
        usage = "GENERATE_VERIFY_MAC" if "HMAC" in spec else "SIGN_VERIFY"
        key = kms.create_key(KeySpec=spec, KeyUsage=usage, MultiRegion=True)["KeyMetadata"]["KeyId"]
        kms.replicate_key(KeyId=key, ReplicaRegion=EUROPE)
        server.advance("PT1S")
        if usage == "SIGN_VERIFY":
            call = {"KeyId": key, "Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
            assert europe.verify(**call, Signature=kms.sign(**call)["Signature"])["SignatureValid"]
        else:
            call = {"KeyId": key, "Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}
            assert europe.verify_mac(**call, Mac=kms.generate_mac(**call)["Mac"])["MacValid"]

    def test_the_trail_names_the_primary(self, account: Account, primary: str, replica: str) -> None:
        (event,) = events_of(account, "ReplicateKey")
        assert event["requestParameters"]["replicaRegion"] == EUROPE
        assert [resource["ARN"] for resource in event["resources"]] == [primary]


class TestRotation:
    def test_the_primary_rotates_for_all(self, kms: Any, europe: Any, primary: str, replica: str) -> None:
        old = europe.encrypt(KeyId=replica, Plaintext=b"x")["CiphertextBlob"]
        kms.rotate_key_on_demand(KeyId=primary)
        current = [told(client, key)["CurrentKeyMaterialId"] for client, key in ((kms, primary), (europe, replica))]
        assert current[0] == current[1]
        new = kms.encrypt(KeyId=primary, Plaintext=b"y")["CiphertextBlob"]
        assert europe.decrypt(CiphertextBlob=new)["KeyMaterialId"] == current[0]
        assert kms.decrypt(CiphertextBlob=old)["Plaintext"] == b"x"

    def test_the_schedule_is_shared_and_runs_once(
        self, server: Server, account: Account, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        kms.enable_key_rotation(KeyId=primary, RotationPeriodInDays=90)
        assert europe.get_key_rotation_status(KeyId=replica)["KeyRotationEnabled"] is True
        server.advance("P91D")
        assert len(events_of(account, "RotateKey")) == 1
        assert len(europe.list_key_rotations(KeyId=replica)["Rotations"]) == 1

    def test_a_replica_that_is_enabled_does_not_rotate_its_disabled_primary(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        kms.enable_key_rotation(KeyId=primary, RotationPeriodInDays=90)
        kms.disable_key(KeyId=primary)
        europe.disable_key(KeyId=replica)
        server.advance("P91D")
        europe.enable_key(KeyId=replica)
        assert europe.list_key_rotations(KeyId=replica)["Rotations"] == []
        kms.enable_key(KeyId=primary)
        assert len(europe.list_key_rotations(KeyId=replica)["Rotations"]) == 1

    def test_a_replica_leads_nothing(self, europe: Any, replica: str) -> None:
        for operation in (europe.enable_key_rotation, europe.disable_key_rotation, europe.rotate_key_on_demand):
            with refused("UnsupportedOperationException"):
                operation(KeyId=replica)


@pytest.mark.parametrize("region", ["xx-nowhere-9", "cn-north-1", "us-gov-west-1"])
def test_a_replica_stays_in_the_partition(kms: Any, primary: str, region: str) -> None:
    with refused("ValidationException") as refusal:
        kms.replicate_key(KeyId=primary, ReplicaRegion=region)
    assert region in refusal.message
    assert told(kms, primary)["MultiRegionConfiguration"]["ReplicaKeys"] == []


class TestPrimaryRegion:
    def test_a_replica_becomes_the_primary(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        kms.update_primary_region(KeyId=primary, PrimaryRegion=EUROPE)
        assert (told(kms, primary)["KeyState"], told(europe, replica)["KeyState"]) == ("Updating", "Updating")
        assert kms.encrypt(KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
        with refused("KMSInvalidStateException"):
            kms.disable_key(KeyId=primary)
        server.advance("PT1S")
        configuration = told(europe, replica)["MultiRegionConfiguration"]
        assert configuration["MultiRegionKeyType"] == "PRIMARY"
        assert configuration["ReplicaKeys"] == [{"Arn": primary, "Region": REGION}]
        europe.rotate_key_on_demand(KeyId=replica)
        with refused("UnsupportedOperationException"):
            kms.rotate_key_on_demand(KeyId=primary)

    @pytest.mark.parametrize(("region", "code"), [(REGION, "ValidationException"), (ASIA, "NotFoundException")])
    def test_the_new_primary_must_be_another_that_exists(
        self, kms: Any, primary: str, replica: str, region: str, code: str
    ) -> None:
        with refused(code):
            kms.update_primary_region(KeyId=primary, PrimaryRegion=region)

    def test_a_disabled_replica_cannot_lead(self, kms: Any, europe: Any, primary: str, replica: str) -> None:
        europe.disable_key(KeyId=replica)
        with refused("DisabledException") as refusal:
            kms.update_primary_region(KeyId=primary, PrimaryRegion=EUROPE)
        assert refusal.message == f"{replica} is disabled."

    @pytest.mark.parametrize("which", ["primary", "replica"])
    def test_the_right_is_needed_on_both_keys(
        self, account: Account, europe: Any, primary: str, replica: str, which: str
    ) -> None:
        other = primary if which == "replica" else replica
        mover = account.user("mover", document({**allow("kms:UpdatePrimaryRegion"), "Resource": other}))
        with refused("AccessDeniedException") as refusal:
            mover.client("kms").update_primary_region(KeyId=primary, PrimaryRegion=EUROPE)
        assert {"primary": primary, "replica": replica}[which] in refusal.message
        assert told(europe, replica)["MultiRegionConfiguration"]["MultiRegionKeyType"] == "REPLICA"

    def test_the_policy_of_the_new_primary_counts(
        self, account: Account, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        here = {"StringEquals": {"aws:RequestedRegion": EUROPE}}
        forbidden = {**deny("kms:UpdatePrimaryRegion"), "Sid": "no", "Principal": {"AWS": "*"}, "Condition": here}
        europe.put_key_policy(KeyId=replica, Policy=account_policy(account.account_id, forbidden))
        with refused("AccessDeniedException") as refusal:
            kms.update_primary_region(KeyId=primary, PrimaryRegion=EUROPE)
        assert "explicit deny in a resource-based policy" in refusal.message


class TestDeletion:
    def test_a_primary_waits_for_its_replicas(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        answer = kms.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
        assert answer["KeyState"] == "PendingReplicaDeletion"
        assert "DeletionDate" not in answer
        with refused("KMSInvalidStateException") as refusal:
            kms.encrypt(KeyId=primary, Plaintext=b"x")
        assert refusal.message == f"{primary} is pending replica deletion."
        server.advance("P30D")
        assert told(kms, primary)["PendingDeletionWindowInDays"] == 7
        blob = europe.encrypt(KeyId=replica, Plaintext=b"x")["CiphertextBlob"]
        assert europe.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

        deleted = europe.schedule_key_deletion(KeyId=replica, PendingWindowInDays=7)["DeletionDate"]
        server.advance("P8D")
        with refused("NotFoundException"):
            told(europe, replica)
        metadata = told(kms, primary)
        assert metadata["KeyState"] == "PendingDeletion"
        assert metadata["DeletionDate"] - deleted == timedelta(days=7)
        kms.cancel_key_deletion(KeyId=primary)
        kms.enable_key(KeyId=primary)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    def test_all_of_them_go_in_one_long_leap(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        kms.schedule_key_deletion(KeyId=primary, PendingWindowInDays=7)
        europe.schedule_key_deletion(KeyId=replica, PendingWindowInDays=7)
        server.advance("P15D")
        for client, key in ((kms, primary), (europe, replica)):
            with refused("NotFoundException"):
                told(client, key)
        assert server.simulator.database.count("backing_keys", {"key_arn": primary.replace(REGION, "")}) == 0

    def test_the_deletion_of_a_replica_leaves_the_rest(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str
    ) -> None:
        blob = kms.encrypt(KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
        europe.schedule_key_deletion(KeyId=replica, PendingWindowInDays=7)
        server.advance("P8D")
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        assert told(kms, primary)["MultiRegionConfiguration"]["ReplicaKeys"] == []


@pytest.mark.parametrize("kind", ["PRIMARY", "REPLICA"])
def test_a_policy_can_ask_for_the_kind_of_key(
    server: Server, account: Account, kms: Any, europe: Any, primary: str, replica: str, kind: str
) -> None:
    condition = {"StringEquals": {"kms:MultiRegionKeyType": kind}}
    user = account.user("user", document(allow("kms:Encrypt", Condition=condition)))
    for region, key, is_kind in ((REGION, primary, "PRIMARY"), (EUROPE, replica, "REPLICA")):
        client = user.client("kms", region)
        if kind == is_kind:
            client.encrypt(KeyId=key, Plaintext=b"x")
        else:
            with refused("AccessDeniedException"):
                client.encrypt(KeyId=key, Plaintext=b"x")


class TestImportedMaterial:
    """Each Region is brought its own; the primary leads."""

    FOREVER: ClassVar = {"ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}

    @pytest.fixture
    def material(self) -> bytes:
        return os.urandom(32)

    @pytest.fixture
    def primary(self, kms: Any, material: bytes) -> str:
        arn: str = kms.create_key(Origin="EXTERNAL", MultiRegion=True)["KeyMetadata"]["Arn"]
        bring(kms, arn, material)
        return arn

    def states(self, kms: Any, key: str) -> list[tuple[str, str]]:
        rotations = kms.list_key_rotations(KeyId=key, IncludeKeyMaterial="ALL_KEY_MATERIAL")["Rotations"]
        return [(one["KeyMaterialState"], one["ImportState"]) for one in rotations]

    def bring_new(self, kms: Any, key: str, material: bytes, import_type: str = "NEW_KEY_MATERIAL") -> str:
        parameters = {**wrapped(kms, key, material), **self.FOREVER, "ImportType": import_type}
        new: str = kms.import_key_material(KeyId=key, **parameters)["KeyMaterialId"]
        return new

    def test_a_replica_waits_for_the_material_of_its_primary(
        self, kms: Any, europe: Any, primary: str, replica: str, material: bytes
    ) -> None:
        assert told(europe, replica)["KeyState"] == "PendingImport"
        assert self.states(europe, replica) == [("CURRENT", "PENDING_IMPORT")]
        with refused("IncorrectKeyMaterialException"):
            europe.import_key_material(KeyId=replica, **wrapped(europe, replica, os.urandom(32)), **self.FOREVER)
        bring(europe, replica, material)
        blob = kms.encrypt(KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
        assert europe.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    def test_material_goes_from_one_region_alone(
        self, kms: Any, europe: Any, primary: str, replica: str, material: bytes
    ) -> None:
        bring(europe, replica, material)
        kms.delete_imported_key_material(KeyId=primary)
        assert told(kms, primary)["KeyState"] == "PendingImport"
        assert told(europe, replica)["KeyState"] == "Enabled"

    def test_new_material_comes_to_the_primary_then_everywhere_then_it_is_rotated_to(
        self, kms: Any, europe: Any, primary: str, replica: str, material: bytes
    ) -> None:
        bring(europe, replica, material)
        old = europe.encrypt(KeyId=replica, Plaintext=b"old")["CiphertextBlob"]
        second = os.urandom(32)
        with refused("UnsupportedOperationException"):
            self.bring_new(europe, replica, second)
        new = self.bring_new(kms, primary, second)
        assert self.states(kms, primary)[1] == ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "IMPORTED")
        assert self.states(europe, replica)[1] == ("PENDING_MULTI_REGION_IMPORT_AND_ROTATION", "PENDING_IMPORT")
        assert told(europe, replica)["KeyState"] == "Enabled"
        with refused("KMSInvalidStateException"):
            kms.rotate_key_on_demand(KeyId=primary)
        self.bring_new(europe, replica, second, "EXISTING_KEY_MATERIAL")
        assert self.states(kms, primary)[1] == ("PENDING_ROTATION", "IMPORTED")
        kms.rotate_key_on_demand(KeyId=primary)
        for client, key in ((kms, primary), (europe, replica)):
            assert told(client, key)["CurrentKeyMaterialId"] == new
            assert client.decrypt(CiphertextBlob=old)["Plaintext"] == b"old"
        blob = kms.encrypt(KeyId=primary, Plaintext=b"new")["CiphertextBlob"]
        assert europe.decrypt(CiphertextBlob=blob)["KeyMaterialId"] == new

    def test_pending_material_deleted_in_the_primary_is_deleted_everywhere(
        self, kms: Any, europe: Any, primary: str, replica: str, material: bytes
    ) -> None:
        bring(europe, replica, material)
        second = os.urandom(32)
        new = self.bring_new(kms, primary, second)
        self.bring_new(europe, replica, second, "EXISTING_KEY_MATERIAL")
        kms.delete_imported_key_material(KeyId=primary, KeyMaterialId=new)
        assert len(self.states(kms, primary)) == len(self.states(europe, replica)) == 1
        assert told(kms, primary)["KeyState"] == told(europe, replica)["KeyState"] == "Enabled"

    def test_each_region_destroys_its_own_at_the_end(
        self, server: Server, kms: Any, europe: Any, primary: str, replica: str, material: bytes
    ) -> None:
        bring(europe, replica, material)
        europe.schedule_key_deletion(KeyId=replica, PendingWindowInDays=7)
        server.advance("P8D")
        assert server.simulator.database.count("backing_keys", {"key_arn": replica}) == 0
        assert kms.encrypt(KeyId=primary, Plaintext=b"x")["CiphertextBlob"]
