"""Users and their access keys."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.iam.support import EVERYTHING, allow, aws, document, managed, user
from tests.support import Account, Server, refused

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


class TestShape:
    def test_a_user_is_told_as_aws_tells_it(self, account: Account, iam: Any) -> None:
        tags = [{"Key": "team", "Value": "red"}]
        made = iam.create_user(UserName="Ann", Path="/dev/", Tags=tags)["User"]
        assert made["Arn"] == f"arn:aws:iam::{account.account_id}:user/dev/Ann"
        assert made["UserId"].startswith("AIDA")
        assert len(made["UserId"]) == 21
        assert made["CreateDate"].microsecond == 0
        assert made["Tags"] == tags
        assert iam.get_user(UserName="Ann")["User"] == made
        [listed] = iam.list_users(PathPrefix="/dev/")["Users"]
        assert listed == {key: value for key, value in made.items() if key != "Tags"}

    @pytest.mark.parametrize(
        ("call", "code", "status"),
        [
            (lambda iam: iam.get_user(UserName="nobody"), "NoSuchEntity", 404),
            (lambda iam: iam.create_user(UserName="ADMINISTRATOR"), "EntityAlreadyExists", 409),
            (lambda iam: iam.create_user(UserName="a b"), "ValidationError", 400),
            (lambda iam: iam.create_user(UserName="x", Path="/no-end"), "ValidationError", 400),
            (lambda iam: iam.delete_user(UserName="administrator"), "DeleteConflict", 409),
            (lambda iam: iam.list_users(Marker="none of ours"), "ValidationError", 400),
            (lambda iam: iam.list_mfa_devices(), "NotImplemented", 501),
            (lambda iam: iam.delete_access_key(AccessKeyId="AKIA" + "A" * 16), "NoSuchEntity", 404),
            (lambda iam: iam.get_access_key_last_used(AccessKeyId="AKIA" + "A" * 16), "NoSuchEntity", 404),
        ],
        ids=[
            "unknown",
            "name-in-other-case",
            "bad-name",
            "bad-path",
            "with-policies",
            "bad-marker",
            "not-simulated",
            "unknown-key",
            "use-of-unknown-key",
        ],
    )
    def test_a_refusal_has_the_code_and_status_of_aws(self, iam: Any, call: Any, code: str, status: int) -> None:
        with refused(code) as refusal:
            call(iam)
        assert refusal.status == status
        assert refusal.response["Error"]["Type"] == ("Sender" if status < 500 else "Receiver")

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (
                lambda iam: iam.create_user(UserName="a b"),
                "The specified value for userName is invalid. "
                "It must contain only alphanumeric characters and/or the following: +=,.@_-",
            ),
            (
                lambda iam: iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}", Path="/no-end"),
                "The specified value for path is invalid. "
                "It must begin and end with / and contain only alphanumeric characters and/or / characters.",
            ),
            (
                lambda iam: iam.create_user(UserName="a", PermissionsBoundary="arn:aws:iam::aws:policy/None"),
                "Scope ARN: arn:aws:iam::aws:policy/None does not exist or is not attachable.",
            ),
        ],
        ids=["name", "path", "boundary"],
    )
    def test_what_is_not_valid_is_told_in_the_words_of_iam(self, iam: Any, call: Any, message: str) -> None:
        with pytest.raises(ClientError) as refusal:
            call(iam)
        assert refusal.value.response["Error"]["Message"] == message

    @pytest.mark.parametrize(
        ("call", "action", "resource"),
        [
            (lambda iam: iam.get_user(UserName="bob"), "GetUser", "user bob"),
            (lambda iam: iam.get_role(RoleName="none"), "GetRole", "role none"),
            (lambda iam: iam.get_group(GroupName="none"), "GetGroup", "group none"),
            (lambda iam: iam.get_policy(PolicyArn=ADMINISTRATOR), "GetPolicy", f"policy {ADMINISTRATOR}"),
            (lambda iam: iam.list_policies(), "ListPolicies", "policy path /"),
            (lambda iam: iam.list_users(), "ListUsers", "arn:aws:iam::ACCOUNT:user/"),
            (lambda iam: iam.create_user(UserName="cid"), "CreateUser", "arn:aws:iam::ACCOUNT:user/cid"),
        ],
        ids=["user", "role", "group", "policy", "policies", "users", "new-user"],
    )
    def test_a_denial_names_the_resource_as_iam_does(
        self, account: Account, call: Any, action: str, resource: str
    ) -> None:
        ann = user(account, "ann")
        with refused("AccessDenied") as refusal:
            call(ann.client("iam"))
        assert refusal.message == (
            f"User: {ann.arn} is not authorized to perform: iam:{action} "
            f"on resource: {resource.replace('ACCOUNT', account.account_id)} "
            f"because no identity-based policy allows the iam:{action} action"
        )

    def test_tags_of_something_new_are_a_right_of_their_own(self, account: Account) -> None:
        ann = user(account, "ann", document(allow("iam:CreateUser", "iam:CreatePolicy")))
        tags = [{"Key": "team", "Value": "red"}]
        for action, call in (
            ("iam:TagUser", lambda iam, **more: iam.create_user(UserName="bob", **more)),
            ("iam:TagPolicy", lambda iam, **more: iam.create_policy(PolicyName="p", PolicyDocument=EVERYTHING, **more)),
        ):
            with refused("AccessDenied") as refusal:
                call(ann.client("iam"), Tags=tags)
            assert f"is not authorized to perform: {action} on resource: " in refusal.message
            call(ann.client("iam"))

    def test_pages_survive_what_is_made_between_them(self, iam: Any) -> None:
        for name in ("b", "D", "f"):
            iam.create_user(UserName=name, Path="/paged/")
        first = iam.list_users(PathPrefix="/paged/", MaxItems=2)
        assert first["IsTruncated"]
        for name in ("a", "e"):
            iam.create_user(UserName=name, Path="/paged/")
        second = iam.list_users(PathPrefix="/paged/", MaxItems=2, Marker=first["Marker"])
        names = [found["UserName"] for page in (first, second) for found in page["Users"]]
        assert names == ["b", "D", "e", "f"]
        assert not second["IsTruncated"]
        assert "Marker" not in second


class TestBehaviour:
    def test_a_new_user_calls_with_its_own_key_and_its_own_policies(self, account: Account, kms_key: str) -> None:
        ann = user(account, "ann", document(allow("kms:DescribeKey")))
        assert ann.client("sts").get_caller_identity()["Arn"] == ann.arn
        ann.client("kms").describe_key(KeyId=kms_key)
        with refused("AccessDeniedException"):
            ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")

    def test_a_call_without_a_name_is_about_the_caller(self, account: Account) -> None:
        ann = user(account, "ann", document(allow("iam:*", Resource="arn:aws:iam::*:user/${aws:username}")))
        assert ann.client("iam").get_user()["User"]["UserName"] == "ann"
        assert len(ann.client("iam").list_access_keys()["AccessKeyMetadata"]) == 1
        with refused("AccessDenied") as refusal:
            ann.client("iam").get_user(UserName="administrator")
        assert refusal.status == 403

    def test_a_policy_is_asked_with_the_path(self, account: Account, iam: Any) -> None:
        iam.create_user(UserName="far", Path="/far/")
        ann = user(account, "ann", document(allow("iam:GetUser", Resource="arn:aws:iam::*:user/far/*")))
        ann.client("iam").get_user(UserName="far")
        with refused("AccessDenied"):
            ann.client("iam").get_user(UserName="ann")

    def test_a_key_that_is_inactive_is_refused_until_it_is_active_again(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann", EVERYTHING)
        change = {"UserName": "ann", "AccessKeyId": ann.access_key_id}
        iam.update_access_key(**change, Status="Inactive")
        with refused("UnrecognizedClientException"):
            ann.client("kms").list_keys()
        with refused("InvalidClientTokenId") as refusal:
            ann.client("sts").get_caller_identity()
        assert refusal.status == 403
        iam.update_access_key(**change, Status="Active")
        ann.client("kms").list_keys()

    def test_a_user_has_two_access_keys_at_most(self, iam: Any) -> None:
        iam.create_user(UserName="ann")
        made = [iam.create_access_key(UserName="ann")["AccessKey"]["AccessKeyId"] for _ in range(2)]
        with refused("LimitExceeded") as refusal:
            iam.create_access_key(UserName="ann")
        assert (refusal.status, refusal.message) == (409, "Cannot exceed quota for AccessKeysPerUser: 2")
        assert {key["AccessKeyId"] for key in iam.list_access_keys(UserName="ann")["AccessKeyMetadata"]} == set(made)

    def test_the_last_use_of_a_key_is_its_last_call(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann", EVERYTHING)
        unused = iam.get_access_key_last_used(AccessKeyId=ann.access_key_id)
        assert unused["UserName"] == "ann"
        assert unused["AccessKeyLastUsed"]["ServiceName"] == "N/A"
        ann.client("kms", "eu-west-1").list_keys()
        used = iam.get_access_key_last_used(AccessKeyId=ann.access_key_id)["AccessKeyLastUsed"]
        assert (used["ServiceName"], used["Region"]) == ("kms", "eu-west-1")

    def test_a_user_is_deleted_when_nothing_hangs_on_it(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann", EVERYTHING)
        iam.attach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess")
        steps = (
            lambda: iam.detach_user_policy(UserName="ann", PolicyArn="arn:aws:iam::aws:policy/ReadOnlyAccess"),
            lambda: iam.delete_user_policy(UserName="ann", PolicyName="p0"),
            lambda: iam.delete_access_key(UserName="ann", AccessKeyId=ann.access_key_id),
        )
        for step in steps:
            with refused("DeleteConflict"):
                iam.delete_user(UserName="ann")
            step()
        iam.delete_user(UserName="ann")
        with refused("NoSuchEntity"):
            iam.get_user(UserName="ann")
        with refused("InvalidClientTokenId"):
            ann.client("sts").get_caller_identity()

    def test_a_renamed_user_keeps_its_keys_and_what_names_it(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann")
        kms = account.client("kms")
        statements = [
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": ann.arn}),
        ]
        key = kms.create_key(Policy=document(*statements))["KeyMetadata"]["KeyId"]
        iam.update_user(UserName="ann", NewUserName="anna", NewPath="/moved/")
        ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        renamed = ann.client("sts").get_caller_identity()["Arn"]
        assert renamed == f"arn:aws:iam::{account.account_id}:user/moved/anna"
        policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
        assert policy["Statement"][1]["Principal"] == {"AWS": renamed}

    def test_a_user_of_the_same_name_inherits_nothing(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann")
        kms = account.client("kms")
        statements = [
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": ann.arn}),
        ]
        key = kms.create_key(Policy=document(*statements))["KeyMetadata"]["KeyId"]
        kms.create_grant(KeyId=key, GranteePrincipal=ann.arn, Operations=["Encrypt"])
        unique_id = iam.get_user(UserName="ann")["User"]["UserId"]
        ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        iam.delete_access_key(UserName="ann", AccessKeyId=ann.access_key_id)
        iam.delete_user(UserName="ann")
        again = user(account, "ann")
        assert again.arn == ann.arn
        with refused("AccessDeniedException"):
            again.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        policy = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
        assert policy["Statement"][1]["Principal"] == {"AWS": unique_id}
        assert kms.list_grants(KeyId=key)["Grants"][0]["GranteePrincipal"] == unique_id

    def test_tags_are_what_policies_see_of_a_caller(self, account: Account, iam: Any) -> None:
        condition = {"StringEquals": {"aws:PrincipalTag/Team": "red"}}
        ann = user(account, "ann", document(allow("kms:ListKeys", Condition=condition)))
        with refused("AccessDeniedException"):
            ann.client("kms").list_keys()
        iam.tag_user(UserName="ann", Tags=[{"Key": "team", "Value": "red"}])
        ann.client("kms").list_keys()
        iam.tag_user(UserName="ann", Tags=[{"Key": "TEAM", "Value": "blue"}])
        assert iam.list_user_tags(UserName="ann")["Tags"] == [{"Key": "TEAM", "Value": "blue"}]
        iam.untag_user(UserName="ann", TagKeys=["team"])
        assert iam.list_user_tags(UserName="ann")["Tags"] == []

    def test_a_boundary_asked_for_at_creation_is_what_a_delegate_must_set(self, account: Account, iam: Any) -> None:
        boundary = managed(account, "boundary", document(allow("kms:*")))
        condition = {"StringEquals": {"iam:PermissionsBoundary": boundary}}
        delegate = user(account, "delegate", document(allow("iam:CreateUser", Condition=condition)))
        with refused("AccessDenied"):
            delegate.client("iam").create_user(UserName="free")
        delegate.client("iam").create_user(UserName="bound", PermissionsBoundary=boundary)
        shown = iam.get_user(UserName="bound")["User"]["PermissionsBoundary"]
        assert shown["PermissionsBoundaryArn"] == boundary


class TestTrail:
    def test_iam_writes_to_us_east_1_and_shows_no_secret(self, account: Account, server: Server) -> None:
        ann = user(account, "ann")
        trail = account.client("cloudtrail", "us-east-1")
        attribute = {"AttributeKey": "EventName", "AttributeValue": "CreateAccessKey"}
        [found] = trail.lookup_events(LookupAttributes=[attribute])["Events"]
        event = json.loads(found["CloudTrailEvent"])
        assert (event["eventSource"], event["awsRegion"]) == ("iam.amazonaws.com", "us-east-1")
        told = event["responseElements"]["accessKey"]
        assert told["accessKeyId"] == ann.access_key_id
        assert set(told) == {"userName", "accessKeyId", "status", "createDate"}
        assert ann.secret_access_key not in found["CloudTrailEvent"]


class TestCommandLine:
    def test_the_aws_cli_makes_a_user_that_works(self, account: Account) -> None:
        aws(account, "iam", "create-user", "--user-name", "ann", "--tags", "Key=team,Value=red")
        policy = ("--policy-name", "read", "--policy-document", document(allow("kms:ListKeys")))
        aws(account, "iam", "put-user-policy", "--user-name", "ann", *policy)
        key = aws(account, "iam", "create-access-key", "--user-name", "ann")["AccessKey"]
        ann = Account(account.server, account.account_id, key["AccessKeyId"], key["SecretAccessKey"])
        assert aws(ann, "kms", "list-keys")["Keys"] == []
        assert aws(ann, "sts", "get-caller-identity")["Arn"].endswith(":user/ann")
