"""Who may do what: IAM, the bucket's policy, both across accounts, a deny before everything."""

from __future__ import annotations

import urllib.request
from typing import Any

import pytest

from tests.services.s3.support import allow, arn, deny, identity, keys_of, policy, put, read
from tests.support import Account, refused

ALL_OF_S3 = identity(allow("s3:*", "*"))


def set_policy(client: Any, bucket: str, *statements: dict[str, Any]) -> None:
    client.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))


class TestShape:
    def test_a_policy_is_kept_as_it_was_written(self, s3: Any, bucket: str) -> None:
        with refused("NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket=bucket)
        text = policy(deny("s3:PutObject", arn(bucket, "*"), "*"))
        s3.put_bucket_policy(Bucket=bucket, Policy=text)
        assert s3.get_bucket_policy(Bucket=bucket)["Policy"] == text
        s3.delete_bucket_policy(Bucket=bucket)
        with refused("NoSuchBucketPolicy"):
            s3.get_bucket_policy(Bucket=bucket)

    @pytest.mark.parametrize(
        "statement",
        [
            allow("s3:GetObject", "arn:aws:s3:::another-bucket/*", "*"),
            allow("s3:GetObject", "*", "*"),
            allow("kms:Decrypt", "{bucket}", "*"),
            allow("s3:GetObject", "{bucket}"),
            allow("s3:GetObject", "{bucket}", {"AWS": "arn:aws:iam::999999999999:user/nobody"}),
            {"Effect": "Allow", "Principal": "*", "Action": "s3:*"},
        ],
        ids=["other bucket", "any resource", "other service", "no principal", "unknown principal", "no resource"],
    )
    def test_a_policy_must_fit_its_bucket(self, s3: Any, bucket: str, statement: dict[str, Any]) -> None:
        text = policy(statement).replace("{bucket}", arn(bucket, "*"))
        with refused("MalformedPolicy"):
            s3.put_bucket_policy(Bucket=bucket, Policy=text)

    def test_a_policy_must_be_there(self, s3: Any, bucket: str) -> None:
        with refused("MalformedXML"):
            s3.put_bucket_policy(Bucket=bucket, Policy="")

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("not json", "Policies must be valid JSON and the first byte must be '{'"),
            ("{", "Policies must be valid JSON and the first byte must be '{'"),
            ("[]", "Policies must be valid JSON and the first byte must be '{'"),
            ("{}", "Missing required field Statement"),
            ('{"Statement": [{}]}', "Missing required field Effect"),
            ('{"Statement": {"Effect": "Allow"}}', "Missing required field Principal"),
            ('{"Statement": {"Effect": "Allow", "Principal": "*"}}', "Missing required field Action"),
            (
                '{"Statement": {"Effect": "Deny", "NotPrincipal": "*", "Action": "*"}}',
                "Missing required field Resource",
            ),
        ],
        ids=["text", "half", "list", "empty", "effect", "principal", "action", "resource"],
    )
    def test_a_policy_must_be_one(self, s3: Any, bucket: str, text: str, message: str) -> None:
        with refused("MalformedPolicy") as refusal:
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
        assert refusal.message == message

    @pytest.mark.parametrize(
        ("action", "key", "is_taken"),
        [
            ("s3:GetObject", None, False),
            ("s3:getobject", None, False),
            ("s3:GetObject", "*", True),
            ("s3:ListBucket", "*", False),
            ("s3:ListBucket", None, True),
            (["s3:ListBucket", "s3:GetObject"], "*", False),
            ("s3:Get*", None, True),
            ("s3:*", "*", True),
        ],
        ids=str,
    )
    def test_an_action_must_apply_to_a_resource(
        self, s3: Any, bucket: str, action: Any, key: str | None, is_taken: bool
    ) -> None:
        text = policy(deny(action, arn(bucket, key), "*", Bool={"aws:SecureTransport": "false"}))
        if is_taken:
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
            return
        with refused("MalformedPolicy") as refusal:
            s3.put_bucket_policy(Bucket=bucket, Policy=text)
        assert refusal.message == "Action does not apply to any resource(s) in statement"


class TestAuthorization:
    def test_iam_alone_is_enough_in_the_owners_account(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        assert read(account.user("user", ALL_OF_S3).client("s3"), bucket, "key") == b"content"

    def test_the_bucket_policy_alone_is_enough_in_the_owners_account(
        self, account: Account, s3: Any, bucket: str
    ) -> None:
        put(s3, bucket, "key")
        user = account.user("user")
        with refused("AccessDenied") as before:
            read(user.client("s3"), bucket, "key")
        assert before.message == (
            f'User: {user.arn} is not authorized to perform: s3:GetObject on resource: "{arn(bucket, "key")}" '
            "because no identity-based policy allows the s3:GetObject action"
        )
        set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), {"AWS": user.arn}))
        assert read(user.client("s3"), bucket, "key") == b"content"

    def test_a_policy_that_names_the_account_delegates_to_its_iam(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        root = {"AWS": f"arn:aws:iam::{account.account_id}:root"}
        set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), root))
        with refused("AccessDenied"):
            read(account.user("user").client("s3"), bucket, "key")

    @pytest.mark.parametrize("by", ["bucket", "iam"])
    def test_a_deny_goes_before_every_allow(self, account: Account, s3: Any, bucket: str, by: str) -> None:
        put(s3, bucket, "key")
        user = account.user("user", ALL_OF_S3, *([identity(deny("s3:GetObject", "*"))] if by == "iam" else []))
        statements = [allow("s3:GetObject", arn(bucket, "*"), {"AWS": user.arn})]
        if by == "bucket":
            statements.append(deny("s3:GetObject", arn(bucket, "*"), {"AWS": user.arn}))
        set_policy(s3, bucket, *statements)
        with refused("AccessDenied") as refusal:
            read(user.client("s3"), bucket, "key")
        kind = "a resource" if by == "bucket" else "an identity"
        assert refusal.message.endswith(f"with an explicit deny in {kind}-based policy")

    def test_across_accounts_both_must_allow(self, s3: Any, bucket: str, second_account: Account) -> None:
        put(s3, bucket, "key")
        without, with_rights = second_account.user("without"), second_account.user("with", ALL_OF_S3)
        for user in (without, with_rights):
            with refused("AccessDenied"):
                read(user.client("s3"), bucket, "key")
        set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), {"AWS": second_account.account_id}))
        assert read(with_rights.client("s3"), bucket, "key") == b"content"
        with refused("AccessDenied"):
            read(without.client("s3"), bucket, "key")

    def test_what_another_account_puts_is_the_bucket_owners(
        self, s3: Any, bucket: str, second_account: Account
    ) -> None:
        set_policy(s3, bucket, allow("s3:PutObject", arn(bucket, "*"), {"AWS": second_account.account_id}))
        put(second_account.client("s3"), bucket, "gift", body=b"theirs")
        assert read(s3, bucket, "gift") == b"theirs"
        with refused("AccessDenied"):
            read(second_account.client("s3"), bucket, "gift")

    def test_who_may_not_list_is_not_told_that_a_key_is_absent(self, account: Account, bucket: str) -> None:
        blind = account.user("blind", identity(allow("s3:GetObject", arn(bucket, "*"))))
        seeing = account.user("seeing", identity(allow(["s3:GetObject", "s3:ListBucket"], "*")))
        with refused("AccessDenied"):
            read(blind.client("s3"), bucket, "absent")
        with refused("NoSuchKey"):
            read(seeing.client("s3"), bucket, "absent")

    def test_a_session_of_a_role_is_named_by_its_role(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        session = account.role("reader")
        role = f"arn:aws:iam::{account.account_id}:role/reader"
        set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), {"AWS": role}))
        assert read(session.client("s3"), bucket, "key") == b"content"
        url = session.client("s3").generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"})
        assert "token" in url.lower()

    def test_each_key_of_a_deletion_is_decided_for_itself(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "mine/a", "theirs/b")
        user = account.user("user", identity(allow("s3:DeleteObject", arn(bucket, "mine/*"))))
        wanted = [{"Key": "mine/a"}, {"Key": "theirs/b"}]
        answer = user.client("s3").delete_objects(Bucket=bucket, Delete={"Objects": wanted})
        assert [one["Key"] for one in answer["Deleted"]] == ["mine/a"]
        assert [(one["Key"], one["Code"]) for one in answer["Errors"]] == [("theirs/b", "AccessDenied")]
        assert keys_of(s3, bucket) == ["theirs/b"]

    def test_a_copy_needs_rights_at_both_ends(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "from")
        rights = {"read": allow("s3:GetObject", arn(bucket, "from")), "write": allow("s3:PutObject", arn(bucket, "to"))}
        for missing in (*rights, None):
            user = (
                account.user(
                    f"without-{missing}", identity(*(right for name, right in rights.items() if name != missing))
                )
                if missing
                else account.user("both", identity(*rights.values()))
            )
            copy = {"Bucket": bucket, "Key": "to", "CopySource": f"{bucket}/from"}
            if missing is None:
                user.client("s3").copy_object(**copy)
            else:
                with refused("AccessDenied"):
                    user.client("s3").copy_object(**copy)


def test_a_new_user_of_an_old_name_inherits_nothing(account: Account, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key")
    iam = account.client("iam")
    arn_of_user = iam.create_user(UserName="ada")["User"]["Arn"]
    set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), {"AWS": arn_of_user}))
    iam.delete_user(UserName="ada")
    iam.create_user(UserName="ada")
    assert '"AIDA' in s3.get_bucket_policy(Bucket=bucket)["Policy"]


def test_session_policies_limit_what_a_bucket_gives_to_everyone(account: Account, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key")
    s3.delete_public_access_block(Bucket=bucket)
    set_policy(s3, bucket, allow("s3:GetObject", arn(bucket, "*"), "*"))
    role = f"arn:aws:iam::{account.account_id}:role/reader"
    account.role("reader")
    for wanted, outcome in (("s3:GetObject", None), ("s3:PutObject", "AccessDenied")):
        made = account.client("sts").assume_role(
            RoleArn=role, RoleSessionName=f"may-{wanted[3:]}", Policy=policy(allow(wanted, "*"))
        )["Credentials"]
        session = Account(
            account.server,
            account.account_id,
            made["AccessKeyId"],
            made["SecretAccessKey"],
            session_token=made["SessionToken"],
        )
        if outcome is None:
            assert read(session.client("s3"), bucket, "key") == b"content"
        else:
            with refused(outcome) as refusal:
                read(session.client("s3"), bucket, "key")
            assert "session policy" in refusal.message


ACTIONS: dict[str, tuple[str, dict[str, Any]]] = {
    "s3:ListBucket": ("list_objects_v2", {}),
    "s3:GetBucketLocation": ("get_bucket_location", {}),
    "s3:GetBucketPolicy": ("get_bucket_policy", {}),
    "s3:PutBucketPolicy": ("put_bucket_policy", {"Policy": "{}"}),
    "s3:DeleteBucketPolicy": ("delete_bucket_policy", {}),
    "s3:GetEncryptionConfiguration": ("get_bucket_encryption", {}),
    "s3:PutEncryptionConfiguration": ("delete_bucket_encryption", {}),
    "s3:GetBucketTagging": ("get_bucket_tagging", {}),
    "s3:PutBucketTagging": ("delete_bucket_tagging", {}),
    "s3:ListBucketMultipartUploads": ("list_multipart_uploads", {}),
    "s3:DeleteBucket": ("delete_bucket", {}),
    "s3:PutObject": ("put_object", {"Key": "key"}),
    "s3:GetObject": ("get_object", {"Key": "key"}),
    "s3:DeleteObject": ("delete_object", {"Key": "key"}),
    "s3:GetObjectTagging": ("get_object_tagging", {"Key": "key"}),
    "s3:PutObjectTagging": ("put_object_tagging", {"Key": "key", "Tagging": {"TagSet": []}}),
    "s3:DeleteObjectTagging": ("delete_object_tagging", {"Key": "key"}),
    "s3:AbortMultipartUpload": ("abort_multipart_upload", {"Key": "key", "UploadId": "absent"}),
    "s3:ListMultipartUploadParts": ("list_parts", {"Key": "key", "UploadId": "absent"}),
}


@pytest.mark.parametrize("action", ACTIONS)
def test_an_operation_needs_its_action_and_no_other(account: Account, s3: Any, bucket: str, action: str) -> None:
    put(s3, bucket, "key")
    operation, parameters = ACTIONS[action]
    denied = account.user("denied", identity(allow("s3:*", "*"), deny(action, "*")))
    allowed = account.user("allowed", identity(allow(action, "*")))
    with refused("AccessDenied") as refusal:
        getattr(denied.client("s3"), operation)(Bucket=bucket, **parameters)
    assert f"not authorized to perform: {action} on" in refusal.message
    try:
        getattr(allowed.client("s3"), operation)(Bucket=bucket, **parameters)
    except allowed.client("s3").exceptions.ClientError as other:
        assert other.response["Error"]["Code"] != "AccessDenied"


class TestConditions:
    def test_a_bucket_can_insist_on_encryption_with_a_certain_key(self, s3: Any, bucket: str, kms_key: str) -> None:
        name = "s3:x-amz-server-side-encryption"
        set_policy(
            s3,
            bucket,
            deny("s3:PutObject", arn(bucket, "*"), "*", StringNotEquals={name: "aws:kms"}),
            deny("s3:PutObject", arn(bucket, "*"), "*", StringNotEquals={f"{name}-aws-kms-key-id": kms_key}),
        )
        for wish in ({}, {"ServerSideEncryption": "AES256"}, {"ServerSideEncryption": "aws:kms"}):
            with refused("AccessDenied"):
                put(s3, bucket, "key", **wish)
        put(s3, bucket, "key", ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key)

    def test_a_user_can_be_kept_to_a_prefix(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "home/a", "other/b")
        user = account.user("user", identity(allow("s3:ListBucket", arn(bucket), StringLike={"s3:prefix": "home/*"})))
        client = user.client("s3")
        assert client.list_objects_v2(Bucket=bucket, Prefix="home/a")["KeyCount"] == 1
        for prefix in ({}, {"Prefix": "other/"}):
            with refused("AccessDenied"):
                client.list_objects_v2(Bucket=bucket, **prefix)

    def test_tags_of_the_object_and_of_the_request_count(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "open", Tagging="level=public")
        put(s3, bucket, "closed", Tagging="level=secret")
        public = {"StringEquals": {"s3:ExistingObjectTag/level": "public"}}
        to_put = {"StringEquals": {"s3:RequestObjectTag/level": "public"}}
        user = account.user(
            "user",
            identity(
                allow("s3:GetObject", "*", **public), allow(["s3:PutObject", "s3:PutObjectTagging"], "*", **to_put)
            ),
        )
        client = user.client("s3")
        assert read(client, bucket, "open") == b"content"
        with refused("AccessDenied"):
            read(client, bucket, "closed")
        put(client, bucket, "new", Tagging="level=public")
        with refused("AccessDenied"):
            put(client, bucket, "new", Tagging="level=secret")

    def test_the_way_a_request_is_signed_counts(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        set_policy(s3, bucket, deny("s3:GetObject", arn(bucket, "*"), "*", StringEquals={"s3:authType": "REST-HEADER"}))
        with refused("AccessDenied"):
            read(s3, bucket, "key")
        where = {"Bucket": bucket, "Key": "key"}
        with urllib.request.urlopen(s3.generate_presigned_url("get_object", Params=where), timeout=30) as response:
            assert response.read() == b"content"

    def test_requests_count_as_made_over_tls(self, s3: Any, bucket: str) -> None:
        """Loopback stands for TLS: the policy that everybody has must not shut everybody out."""
        set_policy(s3, bucket, deny("s3:*", arn(bucket, "*"), "*", Bool={"aws:SecureTransport": "false"}))
        put(s3, bucket, "key")
        assert read(s3, bucket, "key") == b"content"
