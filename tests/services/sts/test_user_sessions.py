"""Temporary credentials of users: GetSessionToken and GetFederationToken; and whose an access key is."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.support import EVERYTHING, acting, allow, document, role, session, trust, user
from tests.support import Account, events_of, refused


def session_of(ann: Account, **more: Any) -> Account:
    return acting(ann, ann.client("sts").get_session_token(**more)["Credentials"], ann.account_id, ann.arn)


def federated(ann: Account, name: str = "guest", **more: Any) -> Account:
    answer = ann.client("sts").get_federation_token(Name=name, **more)
    return acting(ann, answer["Credentials"], ann.account_id, answer["FederatedUser"]["Arn"])


class TestSessionTokens:
    def test_the_holder_stays_the_user(self, account: Account, kms_key: str) -> None:
        ann = user(account, "ann", document(allow("kms:Encrypt")))
        held = session_of(ann)
        assert held.client("sts").get_caller_identity()["Arn"] == ann.arn
        held.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        [event] = events_of(account, "Encrypt")
        identity = event["userIdentity"]
        assert (identity["type"], identity["userName"]) == ("IAMUser", "ann")
        assert set(identity["sessionContext"]) == {"attributes"}

    @pytest.mark.parametrize("operation", ["get_session_token", "get_federation_token"])
    def test_no_session_is_made_from_a_session(self, account: Account, operation: str) -> None:
        held = session_of(user(account, "ann", EVERYTHING))
        more = {"Name": "guest"} if operation == "get_federation_token" else {}
        with refused("AccessDenied") as refusal:
            getattr(held.client("sts"), operation)(**more)
        assert refusal.message.endswith("with session credentials")

    def test_iam_does_not_know_it(self, account: Account) -> None:
        with refused("InvalidClientTokenId"):
            session_of(user(account, "ann", EVERYTHING)).client("iam").list_users()

    def test_it_ends_with_its_user(self, account: Account) -> None:
        ann = user(account, "ann")
        held = session_of(ann)
        iam = account.client("iam")
        iam.delete_access_key(UserName="ann", AccessKeyId=ann.access_key_id)
        iam.delete_user(UserName="ann")
        with refused("InvalidClientTokenId"):
            held.client("sts").get_caller_identity()


class TestFederatedUsers:
    def test_it_has_what_user_and_session_policy_both_allow(self, account: Account, kms_key: str) -> None:
        ann = user(account, "ann", document(allow("sts:GetFederationToken", "kms:ListKeys", "kms:DescribeKey")))
        guest = federated(ann, Policy=document(allow("kms:ListKeys", "kms:Encrypt")))
        assert guest.arn == f"arn:aws:sts::{account.account_id}:federated-user/guest"
        assert guest.client("sts").get_caller_identity()["UserId"] == f"{account.account_id}:guest"
        guest.client("kms").list_keys()
        with refused("AccessDeniedException") as refusal:
            guest.client("kms").describe_key(KeyId=kms_key)
        assert "because no session policy allows" in refusal.message
        with refused("AccessDeniedException") as refusal:
            guest.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        assert "because no identity-based policy allows" in refusal.message

    def test_without_a_session_policy_only_a_resource_policy_helps(self, account: Account) -> None:
        guest = federated(account)
        with refused("AccessDeniedException"):
            guest.client("kms").list_keys()
        policy = document(
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": guest.arn}),
        )
        key = account.client("kms").create_key(Policy=policy)["KeyMetadata"]["KeyId"]
        guest.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        [event] = events_of(account, "Encrypt")
        assert event["userIdentity"]["type"] == "FederatedUser"
        assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["type"] == "IAMUser"

    def test_a_resource_policy_that_names_its_user_is_limited_by_its_session_policy(self, account: Account) -> None:
        ann = user(account, "ann", document(allow("sts:GetFederationToken")))
        policy = document(
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": ann.arn}),
        )
        key = account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
        federated(ann, Policy=document(allow("kms:Encrypt"))).client("kms").encrypt(KeyId=key, Plaintext=b"x")
        with refused("AccessDeniedException") as refusal:
            federated(ann, Policy=document(allow("kms:Decrypt"))).client("kms").encrypt(KeyId=key, Plaintext=b"x")
        assert refusal.message.endswith("because no session policy allows the kms:Encrypt action")

    def test_a_grant_to_its_user_is_not_for_it(self, account: Account, kms_key: str) -> None:
        ann = user(account, "ann", document(allow("sts:GetFederationToken")))
        account.client("kms").create_grant(KeyId=kms_key, GranteePrincipal=ann.arn, Operations=["Encrypt"])
        ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        with refused("AccessDeniedException"):
            federated(ann, Policy=EVERYTHING).client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")

    def test_tags_are_a_right_of_their_own(self, account: Account) -> None:
        tags = [{"Key": "Team", "Value": "red"}]
        ann = user(account, "ann", document(allow("sts:GetFederationToken")))
        federated(ann)
        with refused("AccessDenied") as refusal:
            federated(ann, Tags=tags)
        arn = f"arn:aws:sts::{account.account_id}:federated-user/guest"
        assert refusal.message == (
            f"User: {ann.arn} is not authorized to perform: sts:TagSession on resource: {arn} "
            "because no identity-based policy allows the sts:TagSession action"
        )
        condition = {"StringEquals": {"aws:RequestTag/team": "red"}}
        bob = user(account, "bob", document(allow("sts:*", Condition=condition)))
        federated(bob, Tags=tags)
        with refused("AccessDenied"):
            federated(bob, Tags=[{"Key": "Team", "Value": "blue"}])

    def test_it_cannot_assume_a_role(self, account: Account) -> None:
        arn = role(account, "r", trust("*"))
        guest = federated(account, Policy=EVERYTHING)
        with refused("AccessDenied") as refusal:
            session(guest, arn)
        assert refusal.message == f"User: {guest.arn} is not authorized to perform: sts:AssumeRole on resource: {arn}"


class TestSessionTokenSize:
    def test_it_is_told_and_can_be_raised(self, account: Account) -> None:
        sts = account.client("sts")
        plain = sts.get_session_token()
        assert plain["SessionTokenSize"] == len(plain["Credentials"]["SessionToken"])
        large = sts.get_session_token(MinimumSessionTokenSize=4096)
        assert (large["SessionTokenSize"], large["SessionTokenUtilization"]) == (4096, 100)
        assert len(large["Credentials"]["SessionToken"]) == 4096
        holder = acting(account, large["Credentials"], account.account_id, account.arn)
        assert holder.client("sts").get_caller_identity()["Account"] == account.account_id
        guest = sts.get_federation_token(Name="guest", Policy=EVERYTHING, MinimumSessionTokenSize=100)
        assert guest["SessionTokenSize"] == plain["SessionTokenSize"] + len(EVERYTHING)
        assert guest["SessionTokenUtilization"] == guest["PackedPolicySize"]


class TestRefusalsInTheTrail:
    def test_a_denial_has_the_code_of_the_trail(self, account: Account) -> None:
        ann = user(account, "ann")
        with refused("AccessDenied"):
            ann.client("iam").list_users()
        with refused("AccessDenied"):
            federated(ann)
        for event in (
            *events_of(account, "ListUsers", region="us-east-1"),
            *events_of(account, "GetFederationToken"),
        ):
            assert event["errorCode"] == "AccessDenied"
            assert event["errorMessage"].startswith(f"User: {ann.arn} is not authorized")


class TestAccessKeyInfo:
    def test_it_tells_the_account_of_any_key(self, account: Account, second_account: Account) -> None:
        sts = account.client("sts")
        assert sts.get_access_key_info(AccessKeyId=second_account.access_key_id)["Account"] == second_account.account_id
        with refused("ValidationError"):
            sts.get_access_key_info(AccessKeyId="AKIA" + "A" * 16)
