"""Who may use a key: key policy, IAM where the key policy delegates to it, across accounts; a deny beats everything."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kms.operation import FACTS
from tests.services.kms.support import (
    KEY_CALLS,
    KeyCall,
    Scene,
    administrator_arn,
    allow,
    deny,
    document,
    key_under,
    named,
    open_key,
    with_other_alias,
)
from tests.support import Account, account_policy, refused

HIDING = (
    "this resource because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)
EVERYTHING = document(allow("kms:*"))


def encrypt(caller: Account, key: str) -> None:
    caller.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def re_encrypt(kms: Any, own: str, *, to: str, **others: Any) -> None:
    blob = kms.encrypt(KeyId=own, Plaintext=b"x")["CiphertextBlob"]
    kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=to, **others)


def refusal_of(caller: Account, key: str) -> str:
    with refused("AccessDeniedException") as refusal:
        encrypt(caller, key)
    assert refusal.status == 400
    start = f"User: {caller.arn} is not authorized to perform: kms:Encrypt on "
    assert refusal.message.startswith(start)
    return refusal.message.removeprefix(start).removeprefix(f"resource: {key} ")


def ready_for(call: KeyCall, scene: Scene) -> Scene:
    """The scene with its key of the kind, and in a state, in which the call works."""
    call.prepare(scene)
    if call.operation == "CancelKeyDeletion":
        scene.owner.client("kms").schedule_key_deletion(KeyId=scene.key)
    return scene


class TestShape:
    """AWS's words for each way to be refused."""

    def test_nothing_in_iam(self, account: Account, kms_key: str) -> None:
        reason = "because no identity-based policy allows the kms:Encrypt action"
        assert refusal_of(account.user("nobody"), kms_key) == reason

    def test_nothing_in_a_key_policy_that_does_not_delegate(self, account: Account, kms: Any) -> None:
        key = key_under(kms, allow("kms:Decrypt", Principal=named("*")))
        reason = "because no resource-based policy allows the kms:Encrypt action"
        assert refusal_of(account.user("user", EVERYTHING), key) == reason

    def test_a_deny_in_the_key_policy(self, account: Account) -> None:
        user = account.user("user", EVERYTHING)
        key = open_key(account, deny("kms:Encrypt", Principal=named(user.arn)))
        assert refusal_of(user, key) == "with an explicit deny in a resource-based policy"

    def test_a_deny_in_iam(self, account: Account, kms_key: str) -> None:
        user = account.user("user", EVERYTHING, document(deny("kms:Enc*")))
        assert refusal_of(user, kms_key) == "with an explicit deny in an identity-based policy"


class TestKeyPolicyAndIam:
    def test_the_default_policy_leaves_it_to_iam(self, account: Account, kms_key: str) -> None:
        encrypt(account.user("may", document(allow("kms:Encrypt", Resource=kms_key))), kms_key)
        refusal_of(account.user("may-not"), kms_key)

    @pytest.mark.parametrize(
        "principal",
        [lambda account: account.account_id, lambda account: f"arn:aws:iam::{account.account_id}:root"],
        ids=["account-id", "root-arn"],
    )
    def test_naming_the_account_gives_nobody_anything_by_itself(self, account: Account, principal: Any) -> None:
        key = key_under(account.client("kms"), allow("kms:*", Principal=named(principal(account))))
        refusal_of(account.user("nobody"), key)
        encrypt(account.user("user", EVERYTHING), key)

    def test_iam_without_delegation_has_no_effect(self, account: Account) -> None:
        user = account.user("user")
        key = key_under(account.client("kms"), allow("kms:*", Principal=named(user.arn)))
        encrypt(user, key)
        with refused("AccessDeniedException"):
            account.client("kms").describe_key(KeyId=key)
        refusal_of(account.user("other", EVERYTHING), key)

    def test_a_user_named_by_the_key_policy_needs_no_iam(self, account: Account) -> None:
        user = account.user("user")
        key = open_key(account, allow("kms:Encrypt", Principal=named(user.arn)))
        encrypt(user, key)
        with refused("AccessDeniedException"):
            user.client("kms").generate_data_key(KeyId=key, KeySpec="AES_256")
        refusal_of(account.user("other"), key)

    def test_everyone_in_a_key_policy_is_everyone_in_its_account(self, account: Account) -> None:
        user = account.user("nobody")
        for everyone in ({"AWS": "*"}, "*"):
            encrypt(user, open_key(account, allow("kms:Encrypt", Principal=everyone)))

    def test_delegation_of_one_action_is_delegation_of_no_other(self, account: Account) -> None:
        key = key_under(account.client("kms"), allow("kms:Decrypt", Principal=named(account.account_id)))
        refusal_of(account.user("user", EVERYTHING), key)

    @pytest.mark.parametrize(
        "resource",
        ["arn:aws:kms:us-west-2:*:key/00000000-0000-0000-0000-000000000000", "arn:aws:kms:eu-west-1:*:key/*"],
        ids=["another-key", "another-region"],
    )
    def test_iam_for_another_resource_has_no_effect(self, account: Account, kms_key: str, resource: str) -> None:
        refusal_of(account.user("user", document(allow("kms:*", Resource=resource))), kms_key)

    def test_iam_takes_wildcards_and_any_case(self, account: Account, kms_key: str) -> None:
        encrypt(account.user("user", document(allow("KMS:enc?yp*", Resource="arn:aws:kms:*:*:key/*"))), kms_key)

    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    @pytest.mark.parametrize("given_by", ["key-policy", "iam", "grant"])
    def test_a_deny_beats_every_allow(self, account: Account, where: str, given_by: str) -> None:
        policies = [EVERYTHING] if given_by == "iam" else []
        user = account.user("user", *policies, *([document(deny("kms:Encrypt"))] if where == "iam" else []))
        other = account.user("other", *policies)
        statements = [deny("kms:Encrypt", Principal=named(user.arn))] if where == "key-policy" else []
        if given_by == "key-policy":
            statements.append(allow("kms:Encrypt", Principal=named(user.arn, other.arn)))
        key = open_key(account, *statements)
        if given_by == "grant":
            for principal in (user, other):
                account.client("kms").create_grant(
                    KeyId=key, GranteePrincipal=principal.arn, Operations=["Encrypt", "DescribeKey"]
                )
        assert refusal_of(user, key).startswith("with an explicit deny in")
        encrypt(other, key)

    def test_a_deny_on_the_account_falls_on_everyone_in_it(self, account: Account) -> None:
        key = open_key(account, deny("kms:Encrypt", Principal=named(account.account_id)))
        refusal_of(account.user("user", EVERYTHING), key)

    def test_not_action_and_not_principal_turn_round(self, account: Account) -> None:
        user, other = account.user("user", EVERYTHING), account.user("other", EVERYTHING)
        denial = deny("kms:Encrypt")
        denial["NotPrincipal"] = named(user.arn, f"arn:aws:iam::{account.account_id}:root")
        key = open_key(account, denial)
        encrypt(user, key)
        refusal_of(other, key)
        without = {"Effect": "Allow", "NotAction": ["kms:Encrypt"], "Resource": "*"}
        third = account.user("third", document(without))
        third.client("kms").describe_key(KeyId=key)
        refusal_of(third, key)

    def test_a_change_of_the_key_policy_counts_at_once(self, account: Account, kms: Any, kms_key: str) -> None:
        user = account.user("user")
        refusal_of(user, kms_key)
        statement = allow("kms:Encrypt", Principal=named(user.arn))
        kms.put_key_policy(KeyId=kms_key, Policy=account_policy(account.account_id, statement))
        encrypt(user, kms_key)


# In this account nobody is needed for RetireGrant but IAM; a grant's parties have tests of their own.
@pytest.mark.parametrize("call", KEY_CALLS, ids=lambda call: call.name)
class TestEveryOperation:
    def test_its_own_action_is_enough(self, account: Account, scene: Scene, call: KeyCall) -> None:
        user = account.user("user", document(allow(*call.actions)))
        call.make(user.client("kms"), ready_for(call, scene))

    def test_all_others_are_not(self, account: Account, scene: Scene, call: KeyCall) -> None:
        user = account.user("user", document({"Effect": "Allow", "NotAction": list(call.actions), "Resource": "*"}))
        with refused("AccessDeniedException"):
            call.make(user.client("kms"), ready_for(call, scene))

    def test_a_deny_of_any_of_its_actions_refuses_it(self, account: Account, scene: Scene, call: KeyCall) -> None:
        ready_for(call, scene)
        for action in call.actions:
            user = account.user(f"not-{action.partition(':')[2]}", EVERYTHING, document(deny(action)))
            with refused("AccessDeniedException"):
                call.make(user.client("kms"), scene)

    def test_another_account_may_make_it_only_where_that_is_documented(
        self, account: Account, second_account: Account, scene: Scene, call: KeyCall
    ) -> None:
        guest = second_account.user("guest", EVERYTHING)
        policy = account_policy(account.account_id, allow("kms:*", Principal=named(guest.arn)))
        ready_for(call, scene)
        for key in (scene.key, scene.other_key):
            account.client("kms").put_key_policy(KeyId=key, Policy=policy)
        if call.operation in ("CreateAlias", "UpdateAlias", "DeleteAlias"):
            elsewhere = with_other_alias(Scene(second_account, scene.key, guest_key(guest), "alias/x", "", b"", b""))
            with refused(
                "NotFoundException"
                if call.role != "new-target" and call.operation != "CreateAlias"
                else "AccessDeniedException"
            ):
                call.make(guest.client("kms"), elsewhere)
        elif call.operation == "RetireGrant" or not FACTS[call.operation].cross_account:
            with refused("AccessDeniedException"):
                call.make(guest.client("kms"), scene)
        else:
            call.make(guest.client("kms"), scene)


def guest_key(guest: Account) -> str:
    arn: str = guest.client("kms").create_key()["KeyMetadata"]["Arn"]
    return arn


class TestAcrossAccounts:
    @pytest.mark.parametrize("named_how", ["user", "account", "everyone", "not"])
    @pytest.mark.parametrize("iam", [True, False], ids=["with-iam", "without-iam"])
    def test_both_sides_must_allow(self, account: Account, second_account: Account, named_how: str, iam: bool) -> None:
        guest = second_account.user("guest", *([EVERYTHING] if iam else []))
        principals = {"user": [guest.arn], "account": [second_account.account_id], "everyone": ["*"]}
        statements = [allow("kms:Encrypt", Principal=named(*principals[named_how]))] if named_how != "not" else []
        key = open_key(account, *statements)
        if iam and named_how != "not":
            encrypt(guest, key)
        else:
            lacks_iam = named_how != "not"
            by_iam = "because no identity-based policy allows the kms:Encrypt action"
            assert refusal_of(guest, key) == (by_iam if lacks_iam else HIDING)

    @pytest.mark.parametrize("resource", ["key/00000000-0000-4000-8000-000000000000", "alias/none"])
    def test_what_is_not_there_looks_like_what_is_not_shared(
        self, account: Account, second_account: Account, resource: str
    ) -> None:
        guest = second_account.user("guest", EVERYTHING)
        assert refusal_of(guest, f"arn:aws:kms:us-west-2:{account.account_id}:{resource}") == HIDING
        with refused("NotFoundException"):
            account.client("kms").encrypt(
                KeyId=f"arn:aws:kms:us-west-2:{account.account_id}:{resource}", Plaintext=b"x"
            )

    @pytest.mark.parametrize(
        ("action", "make"),
        [
            ("ListAliases", lambda kms, key, own: kms.list_aliases(KeyId=key)),
            ("ReEncryptTo", lambda kms, key, own: re_encrypt(kms, own, to=key)),
            ("ReEncryptFrom", lambda kms, key, own: re_encrypt(kms, own, to=own, SourceKeyId=key)),
            ("RetireGrant", lambda kms, key, own: kms.retire_grant(KeyId=key, GrantId="0" * 64)),
        ],
    )
    def test_operations_that_look_for_a_key_before_they_ask_tell_nothing_either(
        self, account: Account, second_account: Account, kms_key: str, action: str, make: Callable[..., Any]
    ) -> None:
        guest = second_account.user("guest", EVERYTHING)
        own = guest_key(guest)
        absent = f"arn:aws:kms:us-west-2:{account.account_id}:key/00000000-0000-4000-8000-000000000000"
        messages = set()
        for key in (kms_key, absent):
            with refused("AccessDeniedException") as refusal:
                make(guest.client("kms"), key, own)
            messages.add(refusal.message)
        assert messages == {f"User: {guest.arn} is not authorized to perform: kms:{action} on {HIDING}"}

    def test_iam_of_the_owner_gives_other_accounts_nothing(
        self, account: Account, second_account: Account, kms_key: str
    ) -> None:
        refusal_of(second_account.user("guest", EVERYTHING), kms_key)

    def test_a_deny_on_either_side_refuses(self, account: Account, second_account: Account) -> None:
        guest = second_account.user("guest", EVERYTHING)
        here = open_key(account, allow("kms:*", Principal=named("*")), deny("kms:Encrypt", Principal=named(guest.arn)))
        assert refusal_of(guest, here) == HIDING
        barred = second_account.user("barred", EVERYTHING, document(deny("kms:Encrypt")))
        there = open_key(account, allow("kms:*", Principal=named("*")))
        assert refusal_of(barred, there).startswith("with an explicit deny in an identity-based policy")

    def test_a_grant_is_enough_across_accounts(self, account: Account, second_account: Account, kms_key: str) -> None:
        guest = second_account.user("guest")
        account.client("kms").create_grant(KeyId=kms_key, GranteePrincipal=guest.arn, Operations=["Encrypt"])
        encrypt(guest, kms_key)

    def test_an_alias_of_another_account_is_named_by_its_arn(self, account: Account, second_account: Account) -> None:
        key = open_key(account, allow("kms:Encrypt", Principal=named(second_account.account_id)))
        account.client("kms").create_alias(AliasName="alias/shared", TargetKeyId=key)
        alias_arn = key.partition(":key/")[0] + ":alias/shared"
        guest = second_account.client("kms")
        assert guest.encrypt(KeyId=alias_arn, Plaintext=b"x")["KeyId"] == key
        with refused("NotFoundException"):
            guest.encrypt(KeyId="alias/shared", Plaintext=b"x")

    def test_a_bare_key_id_is_one_of_the_callers_account(self, account: Account, second_account: Account) -> None:
        key = open_key(account, allow("kms:Encrypt", Principal=named(second_account.account_id)))
        with refused("NotFoundException"):
            second_account.client("kms").encrypt(KeyId=key.rpartition("/")[2], Plaintext=b"x")

    def test_a_ciphertext_of_another_account_opens_without_its_key_named(
        self, account: Account, second_account: Account
    ) -> None:
        key = open_key(account, allow("kms:Decrypt", Principal=named(administrator_arn(second_account))))
        blob = account.client("kms").encrypt(KeyId=key, Plaintext=b"shared")["CiphertextBlob"]
        assert second_account.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"shared"
