"""Block Public Access: what is public, that a new bucket takes no such policy, and whom one that is there reaches."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.s3.support import allow, arn, deny, identity, policy, put, read
from tests.support import Account, refused

ALL = ("BlockPublicAcls", "IgnorePublicAcls", "BlockPublicPolicy", "RestrictPublicBuckets")
OWN_ACCOUNT = {"AWS": "the account of the test"}


def block(s3: Any, bucket: str, *settings: str) -> None:
    s3.put_public_access_block(
        Bucket=bucket, PublicAccessBlockConfiguration={name: name in settings for name in settings or ALL}
    )


class TestShape:
    def test_a_new_bucket_blocks_everything(self, s3: Any, bucket: str) -> None:
        shown = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert shown == dict.fromkeys(ALL, True)

    def test_a_setting_that_is_left_out_is_off(self, s3: Any, bucket: str) -> None:
        block(s3, bucket, "BlockPublicPolicy")
        shown = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert shown == {**dict.fromkeys(ALL, False), "BlockPublicPolicy": True}

    def test_settings_that_are_deleted_are_not_there(self, s3: Any, bucket: str) -> None:
        s3.delete_public_access_block(Bucket=bucket)
        with refused("NoSuchPublicAccessBlockConfiguration") as refusal:
            s3.get_public_access_block(Bucket=bucket)
        assert (refusal.status, refusal.message) == (404, "The public access block configuration was not found")
        assert refusal.response["Error"]["BucketName"] == bucket

    def test_the_status_of_no_policy_is_none(self, s3: Any, bucket: str) -> None:
        with refused("NoSuchBucketPolicy"):
            s3.get_bucket_policy_status(Bucket=bucket)


class TestAuthorization:
    @pytest.mark.parametrize(
        ("action", "call"),
        [
            ("s3:GetBucketPublicAccessBlock", lambda s3, name: s3.get_public_access_block(Bucket=name)),
            ("s3:PutBucketPublicAccessBlock", lambda s3, name: block(s3, name, "BlockPublicPolicy")),
            ("s3:PutBucketPublicAccessBlock", lambda s3, name: s3.delete_public_access_block(Bucket=name)),
            ("s3:GetBucketPolicyStatus", lambda s3, name: s3.get_bucket_policy_status(Bucket=name)),
        ],
        ids=["get", "put", "delete", "status"],
    )
    def test_each_takes_a_right_of_its_own(
        self, account: Account, s3: Any, bucket: str, action: str, call: Any
    ) -> None:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(deny("s3:GetObject", arn(bucket, "*"), "*")))
        call(account.user("may", identity(allow(action, "*"))).client("s3"), bucket)
        with refused("AccessDenied") as refusal:
            call(account.user("may-not", identity(allow("s3:*", "*"), deny(action, "*"))).client("s3"), bucket)
        assert action in refusal.message


PUBLIC = {
    "everyone": ("*", {}),
    "all-but-one": (None, {}),
    "a-wildcard": ("*", {"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
    "if-it-exists": ("*", {"StringEqualsIfExists": {"aws:SourceAccount": "123456789012"}}),
    "a-negation": ("*", {"StringNotEquals": {"aws:SourceAccount": "123456789012"}}),
    "a-key-that-tells-nobody-apart": ("*", {"StringEquals": {"aws:UserAgent": "a browser"}}),
    "half-of-the-internet": ("*", {"IpAddress": {"aws:SourceIp": "0.0.0.0/1"}}),
}
NOT_PUBLIC = {
    "an-account": (OWN_ACCOUNT, {}),
    "an-organization": ("*", {"StringEquals": {"aws:PrincipalOrgID": "o-12345"}}),
    "a-source": ("*", {"ArnLike": {"aws:SourceArn": "arn:aws:sns:us-west-2:123456789012:topic"}}),
    "a-network": ("*", {"IpAddress": {"aws:SourceIp": ["203.0.113.0/24", "10.0.0.0/8"]}}),
}


def statement_of(account: Account, bucket: str, principal: Any, condition: dict[str, Any]) -> dict[str, Any]:
    """principal: None for everyone but the test's account."""
    own = {"AWS": account.account_id}
    statement = allow("s3:GetObject", arn(bucket, "*"), own if principal == OWN_ACCOUNT else principal, **condition)
    return statement if principal is not None else {**statement, "NotPrincipal": own}


class TestBehaviour:
    @pytest.mark.parametrize(("principal", "condition"), PUBLIC.values(), ids=PUBLIC)
    def test_a_public_policy_is_refused(
        self, account: Account, s3: Any, bucket: str, principal: Any, condition: Any
    ) -> None:
        text = policy(statement_of(account, bucket, principal, condition))
        with refused("AccessDenied") as refusal:
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
        assert refusal.status == 403
        assert refusal.message.endswith(
            f'is not authorized to perform: s3:PutBucketPolicy on resource: "{arn(bucket)}" because public policies '
            "are blocked by the BlockPublicPolicy block public access setting."
        )
        s3.delete_public_access_block(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=text)
        assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is True

    @pytest.mark.parametrize(("principal", "condition"), NOT_PUBLIC.values(), ids=NOT_PUBLIC)
    def test_a_policy_for_some_is_taken(
        self, account: Account, s3: Any, bucket: str, principal: Any, condition: Any
    ) -> None:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(statement_of(account, bucket, principal, condition)))
        assert s3.get_bucket_policy_status(Bucket=bucket)["PolicyStatus"]["IsPublic"] is False

    def test_a_public_policy_that_is_restricted_reaches_the_owners_account_alone(
        self, account: Account, second_account: Account, s3: Any, bucket: str
    ) -> None:
        put(s3, bucket, "key")
        s3.delete_public_access_block(Bucket=bucket)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", arn(bucket, "*"), "*")))
        own, other = account.user("own").client("s3"), second_account.client("s3")
        assert read(own, bucket, "key") == read(other, bucket, "key") == b"content"
        block(s3, bucket, "RestrictPublicBuckets")
        assert read(own, bucket, "key") == b"content"
        with refused("AccessDenied"):
            read(other, bucket, "key")
        named = allow("s3:GetObject", arn(bucket, "*"), {"AWS": second_account.account_id})
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(named))
        assert read(other, bucket, "key") == b"content"  # the policy is not public any more
