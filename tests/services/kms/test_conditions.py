"""Condition keys through boto3: a statement counts exactly when the call is what its condition says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from tests.services.kms.support import administrator_arn, allow, deny, document, fresh_alias, key_under, named, open_key
from tests.support import Account, refused

DOMAIN_KEY = "aws:voiceid:domain:arn"
DOMAIN_ARN = "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"

Call = Callable[[Any, str], Any]


def encrypt(**context: str) -> Call:
    return lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)


def grant(operations: tuple[str, ...] = ("Decrypt",), **others: Any) -> Call:
    principal = "arn:aws:iam::111122223333:user/administrator"
    return lambda kms, key: kms.create_grant(
        KeyId=key, Operations=list(operations), **{"GranteePrincipal": principal, **others}
    )


def with_alias(call: Callable[[Any, str], Any]) -> Call:
    """The call through an alias that the condition names."""
    return lambda kms, key: call(kms, "alias/condition")


@dataclass(frozen=True)
class Case:
    """action is allowed under this condition; the calls that meet it, and those that do not."""

    action: str
    condition: dict[str, dict[str, Any]]
    met: tuple[Call, ...]
    unmet: tuple[Call, ...]


SUBSET = {"Constraints": {"EncryptionContextSubset": {"a": "b"}}}
EQUALS = {"Constraints": {"EncryptionContextEquals": {"a": "b"}}}

CASES = {
    "encryption-context": Case(
        "Encrypt",
        {"StringEquals": {"kms:EncryptionContext:a": "b"}},
        (encrypt(a="b"), encrypt(a="b", c="d")),
        (encrypt(), encrypt(a="c"), encrypt(a="B"), encrypt(b="a")),
    ),
    "encryption-context-key-in-any-case": Case(
        "Encrypt", {"StringEquals": {"KMS:encryptioncontext:A": "b"}}, (encrypt(a="b"), encrypt(A="b")), (encrypt(),)
    ),
    "encryption-context-absent": Case(
        "Encrypt", {"Null": {"kms:EncryptionContext:a": "true"}}, (encrypt(), encrypt(b="a")), (encrypt(a="b"),)
    ),
    "encryption-context-keys-any": Case(
        "Encrypt",
        {"ForAnyValue:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}},
        (encrypt(a="x"), encrypt(b="x", z="y")),
        (encrypt(), encrypt(z="a")),
    ),
    "encryption-context-keys-all": Case(
        "Encrypt",
        {"ForAllValues:StringEquals": {"kms:EncryptionContextKeys": ["a", "b"]}},
        (encrypt(a="x"), encrypt(a="x", b="y"), encrypt()),
        (encrypt(a="x", z="y"),),
    ),
    "encryption-context-of-a-grant": Case(
        "CreateGrant",
        {"StringEquals": {"kms:EncryptionContext:a": "b"}},
        (grant(**SUBSET), grant(**EQUALS)),
        (grant(),),
    ),
    "encryption-context-never-on-describe-key": Case(
        "DescribeKey",
        {"StringEquals": {"kms:EncryptionContext:a": "b"}},
        (),
        (lambda kms, key: kms.describe_key(KeyId=key),),
    ),
    "encryption-algorithm": Case(
        "Encrypt", {"StringEquals": {"kms:EncryptionAlgorithm": "SYMMETRIC_DEFAULT"}}, (encrypt(),), ()
    ),
    "another-encryption-algorithm": Case(
        "Encrypt", {"StringEquals": {"kms:EncryptionAlgorithm": "RSAES_OAEP_SHA_1"}}, (), (encrypt(),)
    ),
    "key-spec": Case("Encrypt", {"StringEquals": {"kms:KeySpec": "SYMMETRIC_DEFAULT"}}, (encrypt(),), ()),
    "key-spec-by-its-old-name": Case(
        "Encrypt", {"StringEquals": {"kms:CustomerMasterKeySpec": "SYMMETRIC_DEFAULT"}}, (encrypt(),), ()
    ),
    "another-key-spec": Case("Encrypt", {"StringEquals": {"kms:KeySpec": "RSA_2048"}}, (), (encrypt(),)),
    "key-usage": Case("Encrypt", {"StringEquals": {"kms:KeyUsage": "ENCRYPT_DECRYPT"}}, (encrypt(),), ()),
    "key-origin": Case("Encrypt", {"StringEquals": {"kms:KeyOrigin": "AWS_KMS"}}, (encrypt(),), ()),
    "another-key-origin": Case("Encrypt", {"StringEquals": {"kms:KeyOrigin": "EXTERNAL"}}, (), (encrypt(),)),
    "single-region": Case("Encrypt", {"Bool": {"kms:MultiRegion": "false"}}, (encrypt(),), ()),
    "multi-region": Case("Encrypt", {"Bool": {"kms:MultiRegion": "true"}}, (), (encrypt(),)),
    "via-service": Case(
        "Encrypt", {"StringEquals": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}}, (), (encrypt(),)
    ),
    "via-any-service": Case("Encrypt", {"StringLike": {"kms:ViaService": "*"}}, (), (encrypt(),)),
    "via-no-service": Case("Encrypt", {"Null": {"kms:ViaService": "true"}}, (encrypt(),), ()),
    "via-service-if-any": Case(
        "Encrypt", {"StringEqualsIfExists": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}}, (encrypt(),), ()
    ),
    "request-alias": Case(
        "Encrypt",
        {"StringEquals": {"kms:RequestAlias": "alias/condition"}},
        (
            with_alias(encrypt()),
            lambda kms, key: encrypt()(kms, f"{key.partition(':key/')[0]}:alias/condition"),
        ),
        (encrypt(),),
    ),
    "another-request-alias": Case(
        "Encrypt", {"StringEquals": {"kms:RequestAlias": "alias/other"}}, (), (encrypt(), with_alias(encrypt()))
    ),
    "grant-operations": Case(
        "CreateGrant",
        {"ForAllValues:StringEquals": {"kms:GrantOperations": ["Encrypt", "Decrypt"]}},
        (grant(), grant(("Encrypt", "Decrypt"))),
        (grant(("Decrypt", "DescribeKey")), grant(("CreateGrant",))),
    ),
    "grant-constraint-type": Case(
        "CreateGrant",
        {"StringEquals": {"kms:GrantConstraintType": "EncryptionContextSubset"}},
        (grant(**SUBSET),),
        (grant(), grant(**EQUALS)),
    ),
    "grant-is-for-aws-resource": Case(
        "CreateGrant", {"Bool": {"kms:GrantIsForAWSResource": "true"}}, (), (grant(), grant(**SUBSET))
    ),
    "grant-is-not-for-aws-resource": Case(
        "CreateGrant", {"Bool": {"kms:GrantIsForAWSResource": "false"}}, (grant(),), ()
    ),
    "list-grants-for-aws-resource": Case(
        "ListGrants",
        {"Bool": {"kms:GrantIsForAWSResource": "true"}},
        (),
        (lambda kms, key: kms.list_grants(KeyId=key),),
    ),
    "grantee-principal": Case(
        "CreateGrant",
        {"StringLike": {"kms:GranteePrincipal": "*:user/administrator"}},
        (grant(),),
        (grant(GranteePrincipal="arn:aws:iam::111122223333:user/agent"),),
    ),
    "retiring-principal": Case(
        "CreateGrant",
        {"StringLike": {"kms:RetiringPrincipal": "*:user/agent"}},
        (grant(RetiringPrincipal="arn:aws:iam::111122223333:user/agent"),),
        (grant(), grant(RetiringPrincipal="arn:aws:iam::111122223333:user/administrator")),
    ),
    "waiting-period": Case(
        "ScheduleKeyDeletion",
        {"NumericGreaterThanEquals": {"kms:ScheduleKeyDeletionPendingWindowInDays": "30"}},
        (lambda kms, key: kms.schedule_key_deletion(KeyId=key),),
        (lambda kms, key: kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=29),),
    ),
    "rotation-period": Case(
        "EnableKeyRotation",
        {"NumericLessThan": {"kms:RotationPeriodInDays": "180"}},
        (lambda kms, key: kms.enable_key_rotation(KeyId=key, RotationPeriodInDays=90),),
        (lambda kms, key: kms.enable_key_rotation(KeyId=key),),
    ),
    "tags-of-the-request": Case(
        "TagResource",
        {"StringEquals": {"aws:RequestTag/team": "blue"}, "ForAllValues:StringEquals": {"aws:TagKeys": ["team"]}},
        (lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}]),),
        (
            lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "red"}]),
            lambda kms, key: kms.tag_resource(
                KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}, {"TagKey": "more", "TagValue": "x"}]
            ),
        ),
    ),
    "re-encrypt-on-the-same-key": Case(
        "ReEncrypt*",
        {"Bool": {"kms:ReEncryptOnSameKey": "true"}},
        (lambda kms, key: kms.re_encrypt(CiphertextBlob=_ciphertext(kms, key), DestinationKeyId=key),),
        (),
    ),
    "re-encrypt-on-another-key": Case(
        "ReEncrypt*",
        {"Bool": {"kms:ReEncryptOnSameKey": "false"}},
        (),
        (lambda kms, key: kms.re_encrypt(CiphertextBlob=_ciphertext(kms, key), DestinationKeyId=key),),
    ),
    "secure-transport-and-caller": Case(
        "Encrypt",
        {
            "Bool": {"aws:SecureTransport": "true", "aws:ViaAWSService": "false"},
            "StringEquals": {"aws:PrincipalType": "User", "aws:RequestedRegion": "us-west-2"},
            "IpAddress": {"aws:SourceIp": "127.0.0.0/8"},
        },
        (encrypt(),),
        (),
    ),
}


def _ciphertext(kms: Any, key: str) -> bytes:
    blob: bytes = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
    return blob


@pytest.mark.parametrize("where", ["key-policy", "iam"])
@pytest.mark.parametrize("name", CASES)
class TestEveryCondition:
    def user_and_key(self, account: Account, name: str, where: str, *, effect: str = "Allow") -> tuple[Any, str]:
        """A user whose only way to the action is the statement; with Deny, one for whom it is the only obstacle."""
        case = CASES[name]
        statement = {**allow(f"kms:{case.action}", Condition=case.condition), "Effect": effect}
        others = [allow("kms:*")] if effect == "Deny" else [allow("kms:Encrypt")] if "ReEncrypt" in case.action else []
        user = account.user("user", document(*([statement] if where == "iam" else []), *others, allow("kms:None")))
        in_key_policy = [{**statement, "Principal": named(user.arn)}] if where == "key-policy" else []
        key = open_key(account, *in_key_policy)
        account.client("kms").create_alias(AliasName="alias/condition", TargetKeyId=key)
        return user.client("kms"), key

    def test_an_allow_counts_exactly_when_it_is_met(self, account: Account, name: str, where: str) -> None:
        user, key = self.user_and_key(account, name, where)
        for unmet in CASES[name].unmet:
            with refused("AccessDeniedException"):
                unmet(user, key)
        for met in CASES[name].met:
            met(user, key)

    def test_a_deny_counts_exactly_when_it_is_met(self, account: Account, name: str, where: str) -> None:
        user, key = self.user_and_key(account, name, where, effect="Deny")
        for met in CASES[name].met:
            with refused("AccessDeniedException"):
                met(user, key)
        for unmet in CASES[name].unmet[:1]:
            unmet(user, key)


class TestViaService:
    def test_a_direct_call_is_stopped_where_only_calls_through_a_service_may_pass(self, account: Account) -> None:
        user = account.user("user", document(allow("kms:*")))
        condition = {"StringNotEquals": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}}
        key = open_key(account, deny("kms:Encrypt", Principal=named("*"), Condition=condition))
        with refused("AccessDeniedException"):
            user.client("kms").encrypt(KeyId=key, Plaintext=b"x")


class TestCallerAccount:
    def test_everyone_can_be_narrowed_to_one_account(self, account: Account, second_account: Account) -> None:
        condition = {"StringEquals": {"kms:CallerAccount": account.account_id}}
        key = open_key(account, allow("kms:Encrypt", Principal=named("*"), Condition=condition))
        account.user("user").client("kms").encrypt(KeyId=key, Plaintext=b"x")
        with refused("AccessDeniedException"):
            second_account.client("kms").encrypt(KeyId=key, Plaintext=b"x")


class TestTagsAndAliases:
    """Access by what a key is called: it changes with the tag and the alias."""

    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    def test_a_tag_of_the_key_opens_and_closes_it(self, account: Account, where: str) -> None:
        statement = allow("kms:Encrypt", Condition={"StringEquals": {"aws:ResourceTag/team": "blue"}})
        user = account.user("user", *([document(statement)] if where == "iam" else []))
        key = open_key(account, *([{**statement, "Principal": named(user.arn)}] if where != "iam" else []))
        kms, guest = account.client("kms"), user.client("kms")
        with refused("AccessDeniedException"):
            guest.encrypt(KeyId=key, Plaintext=b"x")
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "blue"}])
        guest.encrypt(KeyId=key, Plaintext=b"x")
        kms.tag_resource(KeyId=key, Tags=[{"TagKey": "team", "TagValue": "red"}])
        with refused("AccessDeniedException"):
            guest.encrypt(KeyId=key, Plaintext=b"x")

    def test_an_alias_of_the_key_opens_and_closes_it_however_it_is_named(
        self, account: Account, kms: Any, kms_key: str
    ) -> None:
        condition = {"ForAnyValue:StringLike": {"kms:ResourceAliases": "alias/open-*"}}
        guest = account.user("user", document(allow("kms:Encrypt", Condition=condition))).client("kms")
        kms.create_alias(AliasName="alias/closed", TargetKeyId=kms_key)
        for key_id in (kms_key, "alias/closed"):
            with refused("AccessDeniedException"):
                guest.encrypt(KeyId=key_id, Plaintext=b"x")
        kms.create_alias(AliasName="alias/open-now", TargetKeyId=kms_key)
        for key_id in (kms_key, "alias/closed", "alias/open-now"):
            guest.encrypt(KeyId=key_id, Plaintext=b"x")
        kms.delete_alias(AliasName="alias/open-now")
        with refused("AccessDeniedException"):
            guest.encrypt(KeyId=kms_key, Plaintext=b"x")


class TestCreateKey:
    @pytest.mark.parametrize(
        "condition",
        [
            {"StringEquals": {"kms:KeySpec": "RSA_2048"}},
            {"StringEquals": {"kms:KeyUsage": "SIGN_VERIFY"}},
            {"StringEquals": {"kms:KeyOrigin": "EXTERNAL"}},
            {"Bool": {"kms:MultiRegion": "true"}},
            {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}},
            {"StringEquals": {"aws:RequestTag/team": "blue"}},
            {"StringEquals": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}},
        ],
        ids=["spec", "usage", "origin", "multi-region", "bypass", "tag", "service"],
    )
    def test_a_condition_that_the_new_key_does_not_meet(self, account: Account, condition: dict[str, Any]) -> None:
        guest = account.user("maker", document(allow("kms:CreateKey", Condition=condition))).client("kms")
        with refused("AccessDeniedException"):
            guest.create_key()

    def test_conditions_that_the_new_key_meets(self, account: Account) -> None:
        condition = {
            "StringEquals": {
                "kms:KeySpec": "SYMMETRIC_DEFAULT",
                "kms:KeyUsage": "ENCRYPT_DECRYPT",
                "kms:KeyOrigin": "AWS_KMS",
                "kms:CallerAccount": account.account_id,
                "aws:RequestTag/team": "blue",
            },
            "Bool": {"kms:MultiRegion": "false", "kms:BypassPolicyLockoutSafetyCheck": "false"},
        }
        iam = document(allow("kms:CreateKey", "kms:TagResource", Condition=condition))
        tags = [{"TagKey": "team", "TagValue": "blue"}]
        account.user("maker", iam).client("kms").create_key(Tags=tags, BypassPolicyLockoutSafetyCheck=False)

    def test_a_bypass_that_the_request_does_not_speak_of_is_null(self, account: Account, kms_key: str) -> None:
        condition = {"Null": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
        iam = document(allow("kms:CreateKey", "kms:PutKeyPolicy", Condition=condition), allow("kms:GetKeyPolicy"))
        guest = account.user("careful", iam).client("kms")
        policy = guest.get_key_policy(KeyId=kms_key)["Policy"]
        guest.create_key()
        guest.put_key_policy(KeyId=kms_key, Policy=policy)
        for bypass in (True, False):
            with refused("AccessDeniedException"):
                guest.create_key(BypassPolicyLockoutSafetyCheck=bypass)
            with refused("AccessDeniedException"):
                guest.put_key_policy(KeyId=kms_key, Policy=policy, BypassPolicyLockoutSafetyCheck=bypass)

    def test_the_bypass_can_be_denied(self, account: Account, kms_key: str) -> None:
        condition = {"Bool": {"kms:BypassPolicyLockoutSafetyCheck": "true"}}
        iam = document(allow("kms:*"), deny("kms:CreateKey", "kms:PutKeyPolicy", Condition=condition))
        guest = account.user("careful", iam).client("kms")
        policy = guest.get_key_policy(KeyId=kms_key)["Policy"]
        guest.put_key_policy(KeyId=kms_key, Policy=policy)
        with refused("AccessDeniedException"):
            guest.put_key_policy(KeyId=kms_key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)
        with refused("AccessDeniedException"):
            guest.create_key(BypassPolicyLockoutSafetyCheck=True)


class TestTheContextOfVoiceId:
    @pytest.mark.claim("V21")
    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    def test_policies_can_ask_for_the_domain_of_the_context(self, account: Account, where: str) -> None:
        condition = {"StringEquals": {f"kms:EncryptionContext:{DOMAIN_KEY}": DOMAIN_ARN}}
        statement = allow("kms:Decrypt", "kms:Encrypt", Condition=condition)
        user = account.user("user", *([document(statement)] if where == "iam" else []))
        key = open_key(account, *([{**statement, "Principal": named(user.arn)}] if where != "iam" else []))
        guest = user.client("kms")
        context = {DOMAIN_KEY: DOMAIN_ARN}
        blob = guest.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        assert guest.decrypt(CiphertextBlob=blob, EncryptionContext=context)["Plaintext"] == b"x"
        for other in ({}, {DOMAIN_KEY: f"{DOMAIN_ARN}2"}):
            with refused("AccessDeniedException"):
                guest.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=other)
            with refused("AccessDeniedException"):
                guest.decrypt(CiphertextBlob=blob, EncryptionContext=other)

    @pytest.mark.claim("V23")
    def test_describe_key_is_free_and_create_grant_only_for_the_context(self, account: Account) -> None:
        user = account.user("ExampleReadOnlyUser")
        condition = {"StringEquals": {f"kms:EncryptionContext:{DOMAIN_KEY}": DOMAIN_ARN}}
        key = open_key(
            account,
            allow("kms:DescribeKey", Principal=named(user.arn)),
            allow("kms:CreateGrant", Principal=named(user.arn), Condition=condition),
        )
        guest = user.client("kms")
        guest.describe_key(KeyId=key)
        grant(Constraints={"EncryptionContextSubset": {DOMAIN_KEY: DOMAIN_ARN}})(guest, key)
        grant(Constraints={"EncryptionContextEquals": {DOMAIN_KEY: DOMAIN_ARN}})(guest, key)
        for others in ({}, {"Constraints": {"EncryptionContextSubset": {DOMAIN_KEY: f"{DOMAIN_ARN}2"}}}):
            with refused("AccessDeniedException"):
                grant(**others)(guest, key)

    def test_a_statement_without_the_account_leaves_the_named_user_alone_in_charge(self, account: Account) -> None:
        key = key_under(account.client("kms"), allow("kms:*", Principal=named(administrator_arn(account))))
        account.client("kms").create_alias(AliasName=fresh_alias(), TargetKeyId=key)
