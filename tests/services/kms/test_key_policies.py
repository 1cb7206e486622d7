"""Key policies through boto3: one per key, checked before it is taken, never one that locks its author out."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.session import get_session

from tests.services.kms.support import administrator_arn, allow, deny, document, key_under, named
from tests.support import Account, account_policy, refused

PRINTED_POLICY = """{
     "Version": "2012-10-17",
     "Statement": [{
     "Effect": "Allow",
     "Principal": {"AWS": "*"},
     "Action": "kms:CreateGrant",
     "Resource": "*",
     "Condition": {
         "StringEquals": {
             "kms:EncryptionContext:"aws:voiceid:domain:arn": "arn:aws:voiceid:us-west-2:111122223333:domain/sample""
          }
     }
}]}"""
"""The condition as the Voice ID page prints it, quotes inside quotes."""

EXAMPLES = get_session().get_component("data_loader").load_service_model("kms", "examples-1")["examples"]

LOCKED_OUT = "The new key policy will not allow you to update the key policy in the future."
INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."

MALFORMED = {
    "printed-with-broken-quotes": PRINTED_POLICY,
    "no-json": "kms:* for everyone",
    "an-array": "[]",
    "empty-object": "{}",
    "no-statement": '{"Version": "2012-10-17", "Statement": []}',
    "unknown-effect": json.dumps(document({**allow("kms:*", Principal=named("*")), "Effect": "Maybe"})),
    "no-effect": '{"Statement": {"Principal": "*", "Action": "kms:*", "Resource": "*"}}',
    "no-principal": json.dumps(document(allow("kms:*"))),
    "unknown-version": '{"Version": "2020-01-01", "Statement": [{"Effect": "Allow", "Principal": "*"}]}',
    "unknown-element": json.dumps(document(allow("kms:*", Principal=named("*"), Conditions={}))),
    "unknown-operator": json.dumps(
        document(allow("kms:*", Principal=named("*"), Condition={"StringSame": {"kms:ViaService": "x"}}))
    ),
    "action-twice": json.dumps(document(allow("kms:*", Principal=named("*"), NotAction="kms:Decrypt"))),
    "a-member-twice": '{"Statement": [{"Effect": "Allow", "Effect": "Deny", "Principal": "*", "Action": "*"}]}',
    "for-all-values-of-a-context": json.dumps(
        document(
            allow(
                "kms:*",
                Principal=named("*"),
                Condition={"ForAllValues:StringEquals": {"kms:EncryptionContext:a": "b"}},
            )
        )
    ),
}

INVALID_PRINCIPALS = {
    "unknown-account": lambda account: "arn:aws:iam::999999999999:root",
    "unknown-account-id": lambda account: "999999999999",
    "unknown-user": lambda account: f"arn:aws:iam::{account.account_id}:user/never-made",
    "unknown-role": lambda account: f"arn:aws:iam::{account.account_id}:role/never-made",
    "account-of-another-partition": lambda account: f"arn:aws-cn:iam::{account.account_id}:root",
    "session-of-another-partition": lambda account: f"arn:aws-cn:sts::{account.account_id}:federated-user/ann",
    "group": lambda account: f"arn:aws:iam::{account.account_id}:group/all",
    "wildcard-in-an-arn": lambda account: f"arn:aws:iam::{account.account_id}:user/*",
    "unique-id": lambda account: "AIDACKCEVSQ6C2EXAMPLE",
    "no-arn": lambda account: "administrator",
    "key": lambda account: f"arn:aws:kms:us-west-2:{account.account_id}:key/x",
}


def policy_of(kms: Any, key: str) -> dict[str, Any]:
    policy: dict[str, Any] = json.loads(kms.get_key_policy(KeyId=key)["Policy"])
    return policy


class TestShape:
    def test_a_key_without_a_policy_of_its_own_has_the_recorded_default(
        self, kms: Any, account: Account, kms_key: str
    ) -> None:
        assert policy_of(kms, kms_key) == {
            "Version": "2012-10-17",
            "Id": "key-default-1",
            "Statement": [
                {
                    "Sid": "Enable IAM User Permissions",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account.account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            ],
        }

    def test_a_policy_is_answered_as_aws_prints_it_however_it_was_written(
        self, kms: Any, account: Account, kms_key: str
    ) -> None:
        actions = ["kms:*", "kms:Get*"]
        statement = allow(
            *actions, Principal=named(account.account_id), Condition={"Bool": {"aws:SecureTransport": ["true"]}}
        )
        kms.put_key_policy(KeyId=kms_key, Policy=json.dumps(document(statement, statement)))
        answer = kms.get_key_policy(KeyId=kms_key)
        printed = f"""{{
    "Effect" : "Allow",
    "Action" : [ "kms:*", "kms:Get*" ],
    "Resource" : "*",
    "Principal" : {{
      "AWS" : [ "arn:aws:iam::{account.account_id}:root" ]
    }},
    "Condition" : {{
      "Bool" : {{
        "aws:SecureTransport" : [ "true" ]
      }}
    }}
  }}"""
        whole = f'{{\n  "Version" : "2012-10-17",\n  "Statement" : [ {printed}, {printed} ]\n}}'
        assert (answer["Policy"], answer["PolicyName"]) == (whole, "default")

    def test_the_default_policy_is_printed_as_in_the_example_of_the_model(
        self, kms: Any, account: Account, kms_key: str
    ) -> None:
        (example,) = EXAMPLES["GetKeyPolicy"]
        expected = example["output"]["Policy"].replace("111122223333", account.account_id)
        assert kms.get_key_policy(KeyId=kms_key)["Policy"] == expected

    def test_a_policy_comes_back_with_the_same_content_in_print_of_its_own(
        self, kms: Any, account: Account, kms_key: str
    ) -> None:
        users = named(administrator_arn(account))
        more = allow("kms:Encrypt", "kms:Decrypt", Sid='\u00e9 "', Principal=users, Condition={})
        text = account_policy(account.account_id, more)
        kms.put_key_policy(KeyId=kms_key, Policy=text.replace(",", " ,\n"))
        answer = kms.get_key_policy(KeyId=kms_key)
        assert answer["PolicyName"] == "default"
        assert json.loads(answer["Policy"]) == json.loads(text)
        assert '"Action" : [ "kms:Encrypt", "kms:Decrypt" ]' in answer["Policy"]
        assert "  }, {\n    " in answer["Policy"]

    @pytest.mark.claim("V17")
    def test_a_key_has_one_policy_and_its_name_is_default(self, kms: Any, account: Account, kms_key: str) -> None:
        answer = kms.list_key_policies(KeyId=kms_key)
        assert (answer["PolicyNames"], answer["Truncated"]) == (["default"], False)
        policy = account_policy(account.account_id)
        kms.put_key_policy(KeyId=kms_key, PolicyName="default", Policy=policy)
        for refused_call in (
            lambda: kms.put_key_policy(KeyId=kms_key, PolicyName="second", Policy=policy),
            lambda: kms.get_key_policy(KeyId=kms_key, PolicyName="second"),
        ):
            with refused("NotFoundException") as refusal:
                refused_call()
            assert refusal.message == "No such policy exists"
        assert kms.list_key_policies(KeyId=kms_key)["PolicyNames"] == ["default"]


class TestBehaviour:
    @pytest.mark.claim("V17")
    def test_a_new_policy_replaces_the_old_one_whole(self, kms: Any, account: Account) -> None:
        user = account.user("guest")
        statement = allow("kms:Encrypt", Principal=named(user.arn))
        key = kms.create_key(Policy=account_policy(account.account_id, statement))["KeyMetadata"]["Arn"]
        user.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        kms.put_key_policy(KeyId=key, Policy=account_policy(account.account_id))
        with refused("AccessDeniedException"):
            user.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        assert len(policy_of(kms, key)["Statement"]) == 1

    @pytest.mark.parametrize("case", MALFORMED)
    def test_a_malformed_policy_is_refused_and_the_old_one_stays(self, kms: Any, kms_key: str, case: str) -> None:
        before = policy_of(kms, kms_key)
        for bypass in (False, True):
            with refused("MalformedPolicyDocumentException") as refusal:
                kms.put_key_policy(KeyId=kms_key, Policy=MALFORMED[case], BypassPolicyLockoutSafetyCheck=bypass)
            assert refusal.message not in ("", LOCKED_OUT)
            with refused("MalformedPolicyDocumentException"):
                kms.create_key(Policy=MALFORMED[case], BypassPolicyLockoutSafetyCheck=bypass)
        assert policy_of(kms, kms_key) == before
        assert len(kms.list_keys()["Keys"]) == 1

    @pytest.mark.claim("V23")
    def test_the_printed_statements_are_taken_once_their_quotes_are_mended(self, kms: Any, account: Account) -> None:
        mended = PRINTED_POLICY.replace('Context:"aws', "Context:aws").replace('sample""', 'sample"')
        statement = json.loads(mended)["Statement"][0]
        kms.create_key(Policy=account_policy(account.account_id, statement))

    @pytest.mark.parametrize("case", INVALID_PRINCIPALS)
    def test_a_principal_that_is_none_is_refused(self, kms: Any, account: Account, kms_key: str, case: str) -> None:
        statement = allow("kms:Decrypt", Principal=named(INVALID_PRINCIPALS[case](account)))
        with refused("MalformedPolicyDocumentException") as refusal:
            kms.put_key_policy(KeyId=kms_key, Policy=account_policy(account.account_id, statement))
        assert refusal.message == INVALID_PRINCIPAL

    def test_principals_that_exist_are_taken(self, kms: Any, account: Account, second_account: Account) -> None:
        names = [
            account.account_id,
            f"arn:aws:iam::{second_account.account_id}:root",
            administrator_arn(second_account),
            "*",
        ]
        statement = deny("kms:Encrypt", Principal={"AWS": names, "Service": "voiceid.amazonaws.com"})
        kms.create_key(Policy=account_policy(account.account_id, statement))

    def test_statement_ids_may_hold_spaces_and_elements_may_be_missing(self, kms: Any, account: Account) -> None:
        without_action = {"Sid": "no effect at all", "Effect": "Allow", "Principal": {"AWS": "*"}, "Resource": "*"}
        kms.create_key(Policy=account_policy(account.account_id, without_action))

    def test_a_policy_has_at_most_32_kibibytes(self, kms: Any, account: Account, kms_key: str) -> None:
        policy = account_policy(account.account_id)
        kms.put_key_policy(KeyId=kms_key, Policy=policy + " " * (32768 - len(policy)))
        with refused("LimitExceededException"):
            kms.put_key_policy(KeyId=kms_key, Policy=policy + " " * (32769 - len(policy)))

    @pytest.mark.parametrize(
        "others",
        [
            lambda account: [allow("kms:Encrypt", Principal=named(administrator_arn(account)))],
            lambda account: [
                allow("kms:*", Principal=named("*")),
                deny("kms:PutKeyPolicy", Principal=named(administrator_arn(account))),
            ],
            lambda account: [allow("kms:*", Principal={"Service": "voiceid.amazonaws.com"})],
        ],
        ids=["another-action", "denied", "another-principal"],
    )
    def test_a_policy_that_locks_its_author_out_is_refused_unless_that_is_wanted(
        self, kms: Any, account: Account, kms_key: str, others: Any
    ) -> None:
        policy = json.dumps(document(*others(account)))
        for refused_call in (
            lambda: kms.put_key_policy(KeyId=kms_key, Policy=policy),
            lambda: kms.create_key(Policy=policy),
        ):
            with refused("MalformedPolicyDocumentException") as refusal:
                refused_call()
            assert refusal.message == LOCKED_OUT
        kms.put_key_policy(KeyId=kms_key, Policy=policy, BypassPolicyLockoutSafetyCheck=True)
        with refused("AccessDeniedException"):
            kms.put_key_policy(KeyId=kms_key, Policy=account_policy(account.account_id))

    def test_naming_the_author_is_enough_to_stay_in(self, account: Account) -> None:
        policy = json.dumps(document(allow("kms:PutKeyPolicy", Principal=named(administrator_arn(account)))))
        account.client("kms").create_key(Policy=policy)

    def test_a_policy_of_services_only_keeps_the_owner_out(self, kms: Any) -> None:
        key = key_under(kms, allow("kms:*", Principal={"Service": "voiceid.amazonaws.com"}))
        with refused("AccessDeniedException"):
            kms.describe_key(KeyId=key)
