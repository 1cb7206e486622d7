"""AWS managed keys: made when first described by their predefined alias, seen by the account, changed by nobody."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.kms.support import allow, document
from tests.support import REGION, Account, events_of, refused


@pytest.fixture
def alias_arn(account: Account) -> str:
    return f"arn:aws:kms:{REGION}:{account.account_id}:alias/aws/ebs"


class TestShape:
    @pytest.mark.parametrize("by_arn", [False, True], ids=["name", "arn"])
    def test_a_predefined_alias_gets_its_key_when_it_is_described(
        self, account: Account, kms: Any, alias_arn: str, by_arn: bool
    ) -> None:
        """Source: DescribeKey of the API reference."""
        metadata = kms.describe_key(KeyId=alias_arn if by_arn else "alias/aws/ebs")["KeyMetadata"]
        assert (metadata["KeyManager"], metadata["Origin"], metadata["KeyState"]) == ("AWS", "AWS_KMS", "Enabled")
        assert metadata["Description"] == "Default key that protects my EBS volumes when no other key is defined"
        (alias,) = kms.list_aliases()["Aliases"]
        assert (alias["AliasArn"], alias["TargetKeyId"]) == (alias_arn, metadata["KeyId"])
        assert kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"] == metadata
        assert [key["KeyId"] for key in kms.list_keys()["Keys"]] == [metadata["KeyId"]]

    def test_it_rotates_yearly_and_is_used_through_its_service_alone(self, account: Account, kms: Any) -> None:
        key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
        status = kms.get_key_rotation_status(KeyId=key)
        assert (status["KeyRotationEnabled"], status["RotationPeriodInDays"]) == (True, 365)
        assert f'"kms:ViaService" : "ec2.{REGION}.amazonaws.com"' in kms.get_key_policy(KeyId=key)["Policy"]
        with refused("AccessDeniedException"):
            kms.encrypt(KeyId="alias/aws/ebs", Plaintext=b"x")

    def test_an_account_and_a_region_have_their_own(self, account: Account, second_account: Account) -> None:
        keys = {
            user.client("kms", region).describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
            for user in (account, second_account)
            for region in (REGION, "eu-west-1")
        }
        assert len(keys) == 4


class TestRefusals:
    @pytest.mark.parametrize("alias", ["alias/aws/nothing", "alias/aws/", "alias/aws/EBS"])
    def test_an_alias_that_is_not_predefined_is_not_found(self, kms: Any, alias: str) -> None:
        with refused("NotFoundException"):
            kms.describe_key(KeyId=alias)

    def test_no_other_operation_makes_a_key(self, kms: Any) -> None:
        with refused("NotFoundException"):
            kms.generate_data_key(KeyId="alias/aws/ebs", KeySpec="AES_256")
        assert kms.list_aliases()["Aliases"] == []

    def test_nobody_makes_the_key_of_another_account(self, second_account: Account, kms: Any, alias_arn: str) -> None:
        with refused("AccessDeniedException"):
            second_account.client("kms").describe_key(KeyId=alias_arn)
        assert kms.list_keys()["Keys"] == []

    def test_who_may_not_describe_it_makes_none_and_is_audited(self, account: Account, kms: Any) -> None:
        user = account.user("stranger", document(allow("kms:ListKeys")))
        with refused("AccessDeniedException"):
            user.client("kms").describe_key(KeyId="alias/aws/ebs")
        assert kms.list_keys()["Keys"] == []
        (event,) = events_of(account, "DescribeKey")
        assert event["errorCode"] == "AccessDenied"
        assert event["requestParameters"] == {"keyId": "alias/aws/ebs"}

    def test_whoever_describes_it_is_audited(self, account: Account, kms: Any) -> None:
        key = kms.describe_key(KeyId="alias/aws/ebs")["KeyMetadata"]["Arn"]
        (event,) = events_of(account, "DescribeKey")
        assert event["requestParameters"] == {"keyId": "alias/aws/ebs"}
        assert [resource["ARN"] for resource in event["resources"]] == [key]
