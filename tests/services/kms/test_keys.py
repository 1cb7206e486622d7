"""Keys through boto3: created, described, listed, deleted after their waiting period, or kept."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.services.kms.support import UNIMPLEMENTED, allow, document, fresh_alias
from tests.support import REGION, Account, Server, refused

MEMBERS = {
    "AWSAccountId",
    "Arn",
    "CreationDate",
    "CurrentKeyMaterialId",
    "CustomerMasterKeySpec",
    "Description",
    "Enabled",
    "EncryptionAlgorithms",
    "KeyId",
    "KeyManager",
    "KeySpec",
    "KeyState",
    "KeyUsage",
    "MultiRegion",
    "Origin",
}
"""Of a recorded DescribeKey of a new symmetric key."""

ABSENT = str(uuid.UUID(int=0))


class TestShape:
    def test_a_new_key_is_described_as_recorded(self, kms: Any, account: Account) -> None:
        metadata = kms.create_key(Description="of the test")["KeyMetadata"]
        assert set(metadata) == MEMBERS
        key_id = metadata["KeyId"]
        assert str(uuid.UUID(key_id)) == key_id
        constant = {
            "AWSAccountId": account.account_id,
            "Arn": f"arn:aws:kms:{REGION}:{account.account_id}:key/{key_id}",
            "CustomerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "Description": "of the test",
            "Enabled": True,
            "EncryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "KeyManager": "CUSTOMER",
            "KeySpec": "SYMMETRIC_DEFAULT",
            "KeyState": "Enabled",
            "KeyUsage": "ENCRYPT_DECRYPT",
            "MultiRegion": False,
            "Origin": "AWS_KMS",
        }
        assert {name: metadata[name] for name in constant} == constant
        assert len(metadata["CurrentKeyMaterialId"]) == 64

    def test_describe_key_says_what_create_key_said(self, kms: Any) -> None:
        metadata = kms.create_key()["KeyMetadata"]
        assert kms.describe_key(KeyId=metadata["KeyId"])["KeyMetadata"] == metadata
        assert metadata["Description"] == ""

    def test_a_key_pending_deletion_shows_its_date(self, kms: Any, kms_key: str) -> None:
        kms.schedule_key_deletion(KeyId=kms_key)
        metadata = kms.describe_key(KeyId=kms_key)["KeyMetadata"]
        assert set(metadata) == MEMBERS | {"DeletionDate"}
        assert metadata["Enabled"] is False

    def test_list_keys_names_each_key_twice_and_no_more(self, kms: Any, kms_key: str) -> None:
        answer = kms.list_keys()
        assert answer["Keys"] == [{"KeyArn": kms_key, "KeyId": kms_key.rpartition("/")[2]}]
        assert answer["Truncated"] is False
        assert "NextMarker" not in answer

    def test_list_keys_of_the_own_account_are_all_there_are(self, kms: Any, kms_key: str) -> None:
        assert kms.list_keys(ResourceOwners=["SELF"])["Keys"] == kms.list_keys()["Keys"]

    def test_schedule_key_deletion_answers_with_the_arn(self, kms: Any, kms_key: str) -> None:
        answer = kms.schedule_key_deletion(KeyId=kms_key.rpartition("/")[2], PendingWindowInDays=7)
        answer.pop("ResponseMetadata")
        date = answer.pop("DeletionDate")
        assert answer == {"KeyId": kms_key, "KeyState": "PendingDeletion", "PendingWindowInDays": 7}
        created = kms.describe_key(KeyId=kms_key)["KeyMetadata"]["CreationDate"]
        assert timedelta(days=7) <= date - created < timedelta(days=7, minutes=1)

    def test_cancel_key_deletion_answers_with_the_arn(self, kms: Any, kms_key: str) -> None:
        kms.schedule_key_deletion(KeyId=kms_key)
        assert kms.cancel_key_deletion(KeyId=kms_key.rpartition("/")[2])["KeyId"] == kms_key

    def test_every_operation_of_the_model_is_simulated(self) -> None:
        assert UNIMPLEMENTED == ()


class TestAuthorization:
    def test_create_key_takes_iam_alone(self, account: Account) -> None:
        account.user("maker", document(allow("kms:CreateKey"))).client("kms").create_key()

    def test_create_key_without_permission_is_refused(self, account: Account) -> None:
        user = account.user("nobody")
        with refused("AccessDeniedException") as refusal:
            user.client("kms").create_key()
        assert refusal.message == (
            f"User: {user.arn} is not authorized to perform: kms:CreateKey on resource: * "
            "because no identity-based policy allows the kms:CreateKey action"
        )

    def test_create_key_with_tags_takes_the_right_to_tag_too(self, account: Account) -> None:
        tags = [{"TagKey": "team", "TagValue": "blue"}]
        with refused("AccessDeniedException") as refusal:
            account.user("maker", document(allow("kms:CreateKey"))).client("kms").create_key(Tags=tags)
        assert "kms:TagResource" in refusal.message
        account.user("tagger", document(allow("kms:CreateKey", "kms:TagResource"))).client("kms").create_key(Tags=tags)

    def test_list_keys_takes_iam_and_shows_no_other_account(self, account: Account, second_account: Account) -> None:
        account.client("kms").create_key()
        assert second_account.client("kms").list_keys()["Keys"] == []
        with refused("AccessDeniedException"):
            account.user("nobody").client("kms").list_keys()


UNSUPPORTED = {
    "sm2": {"KeySpec": "SM2", "KeyUsage": "SIGN_VERIFY"},
    "ml-kem": {"KeySpec": "ML_KEM_512", "KeyUsage": "ENCAPSULATE_DECAPSULATE"},
    "old-name-of-the-spec": {"CustomerMasterKeySpec": "SM2", "KeyUsage": "ENCRYPT_DECRYPT"},
}

IDENTIFIERS: dict[str, Callable[[str], tuple[str, str, str]]] = {
    "no-uuid": lambda _: ("mine", "NotFoundException", "Invalid keyId 'mine'"),
    "upper-case-uuid": lambda _: ("A" * 36, "NotFoundException", f"Invalid keyId '{'A' * 36}'"),
    "absent-id": lambda account: (
        ABSENT,
        "NotFoundException",
        f"Key 'arn:aws:kms:{REGION}:{account}:key/{ABSENT}' does not exist",
    ),
    "absent-arn": lambda account: (
        f"arn:aws:kms:{REGION}:{account}:key/{ABSENT}",
        "NotFoundException",
        f"Key 'arn:aws:kms:{REGION}:{account}:key/{ABSENT}' does not exist",
    ),
    "other-region": lambda account: (
        f"arn:aws:kms:eu-west-1:{account}:key/{ABSENT}",
        "NotFoundException",
        "Invalid arn eu-west-1",
    ),
    "absent-alias": lambda account: (
        "alias/none",
        "NotFoundException",
        f"Alias arn:aws:kms:{REGION}:{account}:alias/none is not found.",
    ),
    "absent-alias-arn": lambda account: (
        f"arn:aws:kms:{REGION}:{account}:alias/none",
        "NotFoundException",
        f"Alias arn:aws:kms:{REGION}:{account}:alias/none is not found.",
    ),
    "arn-of-no-key": lambda account: (
        f"arn:aws:iam::{account}:user/x",
        "InvalidArnException",
        f"Invalid arn arn:aws:iam::{account}:user/x",
    ),
}


class TestBehaviour:
    @pytest.mark.parametrize("case", IDENTIFIERS)
    def test_an_identifier_of_no_key_is_refused_in_the_recorded_words(
        self, kms: Any, account: Account, case: str
    ) -> None:
        key_id, code, message = IDENTIFIERS[case](account.account_id)
        with refused(code) as refusal:
            kms.describe_key(KeyId=key_id)
        assert refusal.message == message
        assert refusal.status == 400

    @pytest.mark.parametrize("parameters", UNSUPPORTED.values(), ids=UNSUPPORTED.keys())
    def test_a_kind_of_key_that_is_not_simulated_is_refused_by_its_name(
        self, kms: Any, parameters: dict[str, Any]
    ) -> None:
        with refused("UnsupportedOperationException") as refusal:
            kms.create_key(**parameters)
        name = parameters.get("KeySpec") or parameters["CustomerMasterKeySpec"]
        assert name in refusal.message
        assert kms.list_keys()["Keys"] == []

    def test_an_asymmetric_key_needs_its_usage(self, kms: Any) -> None:
        with refused("ValidationException") as refusal:
            kms.create_key(KeySpec="RSA_2048")
        assert refusal.message == (
            "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
        )

    def test_a_usage_that_does_not_fit_the_spec_is_refused(self, kms: Any) -> None:
        with refused("ValidationException") as refusal:
            kms.create_key(KeyUsage="SIGN_VERIFY")
        assert refusal.message == "KeyUsage SIGN_VERIFY is not compatible with KeySpec SYMMETRIC_DEFAULT"

    def test_the_description_can_be_changed(self, kms: Any, kms_key: str) -> None:
        kms.update_key_description(KeyId=kms_key, Description="new")
        assert kms.describe_key(KeyId=kms_key)["KeyMetadata"]["Description"] == "new"

    def test_keys_of_another_region_are_not_there(self, account: Account, kms_key: str) -> None:
        elsewhere = account.client("kms", "eu-central-1")
        assert elsewhere.list_keys()["Keys"] == []
        with refused("NotFoundException"):
            elsewhere.describe_key(KeyId=kms_key.rpartition("/")[2])

    @pytest.mark.parametrize("days", [6, 31], ids=["too-short", "too-long"])
    def test_a_waiting_period_beyond_the_limits_is_refused(self, kms: Any, kms_key: str, days: int) -> None:
        with refused("ValidationException") as refusal:
            kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=days)
        assert refusal.message == f"PendingWindowInDays should be between 7 and 30, but it is {days}"
        assert kms.describe_key(KeyId=kms_key)["KeyMetadata"]["KeyState"] == "Enabled"

    def test_the_waiting_period_is_thirty_days_unless_said_otherwise(self, kms: Any, kms_key: str) -> None:
        assert kms.schedule_key_deletion(KeyId=kms_key)["PendingWindowInDays"] == 30

    def test_a_key_is_gone_when_its_waiting_period_is_over_and_not_before(
        self, server: Server, kms: Any, kms_key: str
    ) -> None:
        alias = fresh_alias()
        kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        server.advance("P6DT23H")
        assert kms.describe_key(KeyId=alias)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        server.advance("PT1H1S")
        with refused("NotFoundException"):
            kms.describe_key(KeyId=kms_key)
        with refused("NotFoundException"):
            kms.describe_key(KeyId=alias)
        assert kms.list_keys()["Keys"] == []
        assert kms.list_aliases()["Aliases"] == []

    def test_a_cancelled_deletion_leaves_a_disabled_key_for_good(self, server: Server, kms: Any, kms_key: str) -> None:
        ciphertext = kms.encrypt(KeyId=kms_key, Plaintext=b"kept")["CiphertextBlob"]
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        kms.cancel_key_deletion(KeyId=kms_key)
        metadata = kms.describe_key(KeyId=kms_key)["KeyMetadata"]
        assert metadata["KeyState"] == "Disabled"
        assert "DeletionDate" not in metadata
        server.advance("P31D")
        kms.enable_key(KeyId=kms_key)
        assert kms.decrypt(CiphertextBlob=ciphertext)["Plaintext"] == b"kept"


class TestMembersOfTheModel:
    def test_the_old_and_the_new_name_of_a_key_spec_exclude_each_other(self, kms: Any) -> None:
        with refused("ValidationException") as refusal:
            kms.create_key(KeySpec="SYMMETRIC_DEFAULT", CustomerMasterKeySpec="SYMMETRIC_DEFAULT")
        assert refusal.message.startswith("You cannot specify KeySpec and CustomerMasterKeySpec in the same request.")

    @pytest.mark.parametrize(
        ("owners", "count"), [(["SELF"], 1), (["SELF", "OTHER_ACCOUNTS_VIA_RAM"], 1), (["OTHER_ACCOUNTS_VIA_RAM"], 0)]
    )
    def test_no_account_shares_keys(self, kms: Any, kms_key: str, owners: list[str], count: int) -> None:
        assert len(kms.list_keys(ResourceOwners=owners)["Keys"]) == count
