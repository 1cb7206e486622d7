"""Roles and their trust policies."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.support import EVERYTHING, allow, document, role, session, trust, user
from tests.support import Account, refused


class TestShape:
    def test_a_role_is_told_as_aws_tells_it(self, account: Account, iam: Any) -> None:
        text = trust(account.account_id)
        made = iam.create_role(
            RoleName="reader",
            Path="/app/",
            AssumeRolePolicyDocument=text,
            Description="Reads.",
            MaxSessionDuration=7200,
        )["Role"]
        assert made["Arn"] == f"arn:aws:iam::{account.account_id}:role/app/reader"
        assert made["RoleId"].startswith("AROA")
        assert made["AssumeRolePolicyDocument"]["Statement"][0]["Action"] == "sts:AssumeRole"
        assert (made["Description"], made["MaxSessionDuration"]) == ("Reads.", 7200)
        assert iam.get_role(RoleName="reader")["Role"] == {**made, "RoleLastUsed": {}}
        assert iam.list_roles()["Roles"] == [made]

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("{", "This policy contains invalid Json"),
            (document({"Effect": "Allow", "Action": "sts:AssumeRole"}), "Missing required field Principal"),
            (document({"Effect": "Allow", "Principal": "*"}), "Missing required field Action"),
            (document(allow("sts:AssumeRole", Principal={"AWS": "*"})), "Has prohibited field Resource"),
            (trust({"AWS": "*"}, "kms:Decrypt"), "AssumeRole policy may only specify STS AssumeRole actions."),
            (
                trust("arn:aws:iam::999999999999:user/nobody"),
                'Invalid principal in policy: "AWS":"arn:aws:iam::999999999999:user/nobody"',
            ),
            (trust("ann"), 'Invalid principal in policy: "AWS":"ann"'),
            (trust({"Service": "voiceid"}), 'Invalid principal in policy: "SERVICE":"voiceid"'),
        ],
        ids=[
            "no-json", "no-principal", "no-action", "with-a-resource", "another-action", "unknown-principal",
            "no-principals-name", "no-service",
        ],
    )  # fmt: skip
    def test_a_trust_policy_that_aws_would_not_take(self, iam: Any, text: str, message: str) -> None:
        with refused("MalformedPolicyDocument") as refusal:
            iam.create_role(RoleName="r", AssumeRolePolicyDocument=text)
        assert message in refusal.message
        assert refusal.status == 400
        with refused("NoSuchEntity"):
            iam.get_role(RoleName="r")


class TestBehaviour:
    def test_a_role_keeps_how_long_its_signin_sessions_may_last(self, account: Account, iam: Any) -> None:
        def told() -> int | None:
            [listed] = iam.list_roles()["Roles"]
            described: int | None = iam.get_role(RoleName="r")["Role"].get("MaxSigninSessionDuration")
            assert listed.get("MaxSigninSessionDuration") == described
            return described

        role(account, "r", trust(account.account_id))
        assert told() is None
        iam.update_role(RoleName="r", MaxSigninSessionDuration=7_776_000)
        iam.update_role(RoleName="r", Description="new")
        assert told() == 7_776_000
        with refused("InvalidInput"):
            iam.update_role(RoleName="r", MaxSigninSessionDuration=3600, ResetMaxSigninSessionDuration=True)
        iam.update_role(RoleName="r", ResetMaxSigninSessionDuration=True)
        assert told() is None

    def test_a_role_is_updated(self, account: Account, iam: Any) -> None:
        role(account, "r", trust(account.account_id))
        iam.update_role(RoleName="r", Description="new", MaxSessionDuration=43_200)
        told = iam.get_role(RoleName="r")["Role"]
        assert (told["Description"], told["MaxSessionDuration"]) == ("new", 43_200)

    def test_a_new_trust_policy_decides_at_once(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann")
        arn = role(account, "r", trust(ann.arn))
        session(ann, arn)
        iam.update_assume_role_policy(RoleName="r", PolicyDocument=trust(account.account_id))
        with refused("AccessDenied"):
            session(ann, arn)

    def test_sessions_of_a_deleted_role_end_and_a_new_role_inherits_nothing(self, account: Account, iam: Any) -> None:
        arn = role(account, "r", trust(account.account_id))
        kms = account.client("kms")
        statements = [
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": [arn, f"arn:aws:sts::{account.account_id}:assumed-role/r/ann"]}),
        ]
        key = kms.create_key(Policy=document(*statements))["KeyMetadata"]["KeyId"]
        other = role(account, "trusting", trust(arn))
        old = session(account, arn, "ann")
        old.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        session(old, other)
        iam.delete_role(RoleName="r")
        with refused("UnrecognizedClientException"):
            old.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        role(account, "r", trust(account.account_id))
        new = session(account, arn, "ann")
        with refused("AccessDeniedException"):
            new.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        with refused("AccessDenied"):
            session(new, other)
        named = iam.get_role(RoleName="trusting")["Role"]["AssumeRolePolicyDocument"]["Statement"][0]["Principal"][
            "AWS"
        ]
        assert named.startswith("AROA")

    def test_a_role_with_policies_is_not_deleted(self, account: Account, iam: Any) -> None:
        role(account, "r", trust(account.account_id), EVERYTHING)
        with refused("DeleteConflict"):
            iam.delete_role(RoleName="r")
        iam.delete_role_policy(RoleName="r", PolicyName="p0")
        iam.delete_role(RoleName="r")
