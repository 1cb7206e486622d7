"""Inline and managed policies, their versions, and permissions boundaries in every decision."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.support import EVERYTHING, allow, aws, deny, document, managed, role, session, trust, user
from tests.support import Account, refused

ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def refusal_of(caller: Account, key: str) -> str:
    with refused("AccessDeniedException") as refusal:
        caller.client("kms").encrypt(KeyId=key, Plaintext=b"x")
    return refusal.message.partition(f"on resource: {key} ")[2]


def key_for(account: Account, *statements: dict[str, Any]) -> str:
    whole = allow("kms:*", Principal={"AWS": account.account_id})
    arn: str = account.client("kms").create_key(Policy=document(whole, *statements))["KeyMetadata"]["Arn"]
    return arn


class TestInlinePolicies:
    def test_a_document_comes_back_as_it_was_put(self, account: Account, iam: Any) -> None:
        iam.create_user(UserName="ann")
        iam.put_user_policy(UserName="ann", PolicyName="b", PolicyDocument=EVERYTHING)
        iam.put_user_policy(UserName="ann", PolicyName="a", PolicyDocument=document(deny("kms:*")))
        assert iam.list_user_policies(UserName="ann")["PolicyNames"] == ["a", "b"]
        assert iam.get_user_policy(UserName="ann", PolicyName="b")["PolicyDocument"] == json.loads(EVERYTHING)
        with refused("NoSuchEntity") as refusal:
            iam.get_user_policy(UserName="ann", PolicyName="c")
        assert refusal.message == "The user policy with name c cannot be found."

    @pytest.mark.parametrize(
        ("text", "message"),
        [
            ("kms:* for everyone", "Syntax errors in policy."),
            ("{}", "Syntax errors in policy."),
            (document(), "Syntax errors in policy."),
            (document({**allow("kms:*"), "Effect": "allow"}), "Syntax errors in policy."),
            (document(allow("kms:*", NotAction="kms:*")), "Syntax errors in policy."),
            (document(allow("kms:*", Other="x")), "Syntax errors in policy."),
            (document(allow("kms:*", Condition={"StringSame": {"aws:a": "b"}})), "Syntax errors in policy."),
            (document({"Effect": "Allow", "Resource": "*"}), "Policy statement must contain actions."),
            (document({"Effect": "Allow", "Action": "kms:*"}), "Policy statement must contain resources."),
            (document(allow()), "Policy statement must contain actions."),
            (document(allow("kms:*", Resource="key")), 'Resource key must be in ARN format or "*".'),
            (document(allow("kms:*", Resource="*key")), 'Resource *key must be in ARN format or "*".'),
            (document(allow("kms:*", Resource="arn:aws:kms::key/*")), "The policy failed legacy parsing"),
            (
                document(allow("kms:*", Resource="arn:amazon:kms:*")),
                'Partition "amazon" is not valid for resource "arn:amazon:kms:*:*:*".',
            ),
            (
                document(allow("kms:*", Resource="arn:aws:*:*:*:key/*")),
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                document(allow("s3:*", Resource="arn:aws:s3:us-west-2::bucket")),
                "Resource arn:aws:s3:us-west-2::bucket can not contain region information.",
            ),
            (
                document(allow("iam:*", Resource="arn:aws:iam:us-west-2:111122223333:user/ann")),
                "IAM resource arn:aws:iam:us-west-2:111122223333:user/ann cannot contain region information.",
            ),
            (
                document(allow("iam:*", NotResource=["arn:aws:iam::111122223333:ann"], Resource=[])),
                "Syntax errors in policy.",
            ),
            (
                document(allow("iam:*", Resource="arn:aws:iam::111122223333:ann")),
                'IAM resource path must either be "*" or start with user/, federated-user/, role/, group/, '
                "instance-profile/, mfa/, server-certificate/, policy/, sms-mfa/, saml-provider/, oidc-provider/, "
                "report/, access-report/.",
            ),
            (
                document(allow("kms:*", Condition={"DateLessThan": {"aws:CurrentTime": "tomorrow"}})),
                "The policy failed legacy parsing",
            ),
            (
                document(allow("kms:*", Resource="arn:aws-cn:kms:*")),
                'Partition "aws-cn" is not valid for resource "arn:aws-cn:kms:*:*:*".',
            ),
            (
                document(allow("kms:*", Resource="arn:aws:*")),
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                document(allow("kms:*", Resource="arn:aws")),
                "Resource vendor must be fully qualified and cannot contain regexes.",
            ),
            (
                document(allow("Encrypt")),
                "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc.",
            ),
            (document(allow("kms:kms:Encrypt")), "Actions/Condition can contain only one colon."),
            (document(allow("k ms:Encrypt")), "Vendor k ms is not valid"),
            (document(allow("kms:*", Principal={"AWS": "*"})), "Policy document should not specify a principal."),
            (
                document(allow("kms:*", Sid="of two words")),
                "Statement IDs (SID) must be alpha-numeric. "
                "Check that your input satisfies the regular expression [0-9A-Za-z]*",
            ),
            (
                document(allow("kms:*", Sid="a"), deny("kms:*", Sid="a")),
                "Statement IDs (SID) in a single policy must be unique.",
            ),
        ],
        ids=[
            "no-json", "no-statement", "statement-empty", "effect-in-lower-case", "action-twice", "unknown-element",
            "unknown-operator", "no-action", "no-resource", "actions-empty", "resource-no-arn", "resource-half-wild",
            "few-colons", "partition", "vendor-wild", "bucket-in-a-region", "iam-in-a-region", "resource-twice",
            "iam-without-a-type", "no-date", "other-partition", "every-vendor", "no-vendor",
            "action-without-vendor", "action-with-two-colons", "bad-vendor", "principal", "bad-sid", "sid-twice",
        ],
    )  # fmt: skip
    def test_a_malformed_document_is_refused_in_the_words_of_aws(self, iam: Any, text: str, message: str) -> None:
        iam.create_user(UserName="ann")
        for put in (
            lambda: iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=text),
            lambda: iam.create_policy(PolicyName="p", PolicyDocument=text),
        ):
            with refused("MalformedPolicyDocument") as refusal:
                put()
            assert (refusal.status, refusal.message) == (400, message)

    @pytest.mark.parametrize(
        "resource",
        [
            "arn:aws:s3:us-west-2:111122223333:accesspoint/x",
            "arn:*:iam::*:role/aws-service-role/*",
            "arn:aws:iam::111122223333:user/${aws:username}",
            "arn:aws:s3:::bucket/*",
            "arn:aws:kms:*:*:alias/a:b",
        ],
        ids=["access-point", "any-partition", "variable", "bucket", "colons"],
    )
    def test_these_resources_are_taken(self, iam: Any, resource: str) -> None:
        policy = document(allow("kms:*", Resource=resource))
        told = iam.create_policy(PolicyName="p", PolicyDocument=policy)["Policy"]
        assert told["DefaultVersionId"] == "v1"

    def test_a_managed_policy_is_of_the_newer_version(self, iam: Any) -> None:
        iam.create_user(UserName="ann")
        for version in ("", '"Version": "2008-10-17", '):
            old = f'{{{version}"Statement": [{{"Effect": "Allow", "Action": "kms:*", "Resource": "*"}}]}}'
            iam.put_user_policy(UserName="ann", PolicyName="p", PolicyDocument=old)
            with refused("MalformedPolicyDocument") as refusal:
                iam.create_policy(PolicyName="p", PolicyDocument=old)
            assert refusal.message == "Policy document must be version 2012-10-17 or greater."

    def test_all_inline_policies_of_a_user_are_limited_together(self, iam: Any) -> None:
        iam.create_user(UserName="ann")
        long = document(allow(*(f"kms:Action{number:03}" for number in range(70))))
        iam.put_user_policy(UserName="ann", PolicyName="one", PolicyDocument=long)
        with refused("LimitExceeded"):
            iam.put_user_policy(UserName="ann", PolicyName="two", PolicyDocument=long)
        iam.put_user_policy(UserName="ann", PolicyName="one", PolicyDocument=long + " " * 3000)


class TestManagedPolicies:
    def test_an_attached_policy_counts_in_its_default_version(self, account: Account, iam: Any, kms_key: str) -> None:
        ann = user(account, "ann")
        arn = managed(account, "use", document(allow("kms:Encrypt")))
        iam.attach_user_policy(UserName="ann", PolicyArn=arn)
        ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        version = iam.create_policy_version(PolicyArn=arn, PolicyDocument=document(allow("kms:Decrypt")))
        assert version["PolicyVersion"]["VersionId"] == "v2"
        ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        iam.set_default_policy_version(PolicyArn=arn, VersionId="v2")
        assert refusal_of(ann, kms_key) == "because no identity-based policy allows the kms:Encrypt action"

    def test_versions_are_numbered_limited_and_deleted(self, account: Account, iam: Any) -> None:
        arn = managed(account, "versioned")
        for _ in range(4):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=EVERYTHING, SetAsDefault=True)
        with refused("LimitExceeded"):
            iam.create_policy_version(PolicyArn=arn, PolicyDocument=EVERYTHING)
        with refused("DeleteConflict"):
            iam.delete_policy_version(PolicyArn=arn, VersionId="v5")
        with refused("DeleteConflict"):
            iam.delete_policy(PolicyArn=arn)
        for number in range(1, 5):
            iam.delete_policy_version(PolicyArn=arn, VersionId=f"v{number}")
        made = iam.create_policy_version(PolicyArn=arn, PolicyDocument=EVERYTHING)["PolicyVersion"]
        assert made["VersionId"] == "v6"
        shown = iam.list_policy_versions(PolicyArn=arn)["Versions"]
        assert [(each["VersionId"], each["IsDefaultVersion"]) for each in shown] == [("v6", False), ("v5", True)]
        assert iam.get_policy_version(PolicyArn=arn, VersionId="v6")["PolicyVersion"]["Document"] == json.loads(
            EVERYTHING
        )

    def test_a_policy_in_use_is_not_deleted(self, account: Account, iam: Any) -> None:
        arn = managed(account, "used")
        iam.create_user(UserName="ann")
        iam.attach_user_policy(UserName="ann", PolicyArn=arn)
        assert iam.get_policy(PolicyArn=arn)["Policy"]["AttachmentCount"] == 1
        assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyUsers"][0]["UserName"] == "ann"
        with refused("DeleteConflict"):
            iam.delete_policy(PolicyArn=arn)
        iam.detach_user_policy(UserName="ann", PolicyArn=arn)
        iam.put_user_permissions_boundary(UserName="ann", PermissionsBoundary=arn)
        with refused("DeleteConflict"):
            iam.delete_policy(PolicyArn=arn)
        iam.delete_user_permissions_boundary(UserName="ann")
        iam.delete_policy(PolicyArn=arn)
        with refused("NoSuchEntity"):
            iam.get_policy(PolicyArn=arn)

    def test_aws_has_policies_of_its_own(self, account: Account, iam: Any, kms_key: str) -> None:
        ann = user(account, "ann")
        names = {policy["PolicyName"] for policy in iam.list_policies(Scope="AWS")["Policies"]}
        assert names >= {"AdministratorAccess", "ReadOnlyAccess", "AWSKeyManagementServicePowerUser"}
        iam.attach_user_policy(UserName="ann", PolicyArn=ADMINISTRATOR)
        ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        attached = iam.list_attached_user_policies(UserName="ann")["AttachedPolicies"]
        assert attached == [{"PolicyName": "AdministratorAccess", "PolicyArn": ADMINISTRATOR}]
        with refused("AccessDenied"):
            iam.create_policy_version(PolicyArn=ADMINISTRATOR, PolicyDocument=EVERYTHING)

    @pytest.mark.parametrize(
        ("arn", "code"),
        [
            ("arn:aws:iam::aws:policy/NoSuchPolicy", "NoSuchEntity"),
            ("arn:aws:iam::aws:user/Administrator", "InvalidInput"),
        ],
        ids=["unknown", "no-policy"],
    )
    def test_only_a_policy_is_attached(self, iam: Any, arn: str, code: str) -> None:
        iam.create_user(UserName="ann")
        with refused(code):
            iam.attach_user_policy(UserName="ann", PolicyArn=arn)

    def test_a_policy_of_another_account_is_none(self, iam: Any, second_account: Account) -> None:
        iam.create_user(UserName="ann")
        with refused("NoSuchEntity"):
            iam.attach_user_policy(UserName="ann", PolicyArn=managed(second_account, "theirs"))

    def test_the_aws_cli_reads_policies(self, account: Account) -> None:
        arn = managed(account, "mine")
        shown = aws(account, "iam", "get-policy-version", "--policy-arn", arn, "--version-id", "v1")
        assert shown["PolicyVersion"]["Document"] == json.loads(EVERYTHING)
        assert aws(account, "iam", "list-policies", "--scope", "Local")["Policies"][0]["Arn"] == arn


class TestBoundaries:
    """The table of the facts: who is named in the key policy, and what an implicit deny elsewhere does."""

    def test_a_boundary_limits_what_iam_allows(self, account: Account, iam: Any, kms_key: str) -> None:
        ann = user(account, "ann", EVERYTHING, PermissionsBoundary=managed(account, "b", document(allow("kms:List*"))))
        ann.client("kms").list_keys()
        assert refusal_of(ann, kms_key) == "because no permissions boundary allows the kms:Encrypt action"
        iam.delete_user_permissions_boundary(UserName="ann")
        ann.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")

    def test_a_boundary_gives_nothing_by_itself(self, account: Account, kms_key: str) -> None:
        ann = user(account, "ann", PermissionsBoundary=ADMINISTRATOR)
        assert refusal_of(ann, kms_key) == "because no identity-based policy allows the kms:Encrypt action"

    def test_a_deny_in_a_boundary_beats_every_allow(self, account: Account) -> None:
        boundary = managed(account, "b", document(allow("*"), deny("kms:Encrypt")))
        ann = user(account, "ann", EVERYTHING, PermissionsBoundary=boundary)
        key = key_for(account, allow("kms:Encrypt", Principal={"AWS": ann.arn}))
        account.client("kms").create_grant(KeyId=key, GranteePrincipal=ann.arn, Operations=["Encrypt"])
        assert refusal_of(ann, key) == "with an explicit deny in a permissions boundary"

    def test_a_key_policy_that_names_the_user_is_not_limited(self, account: Account) -> None:
        ann = user(account, "ann", PermissionsBoundary=managed(account, "b", document(allow("iam:*"))))
        key = key_for(account, allow("kms:Encrypt", Principal={"AWS": ann.arn}))
        ann.client("kms").encrypt(KeyId=key, Plaintext=b"x")

    def test_a_key_policy_that_names_the_role_is_limited(self, account: Account, iam: Any) -> None:
        arn = role(account, "r", trust(account.account_id))
        key = key_for(account, allow("kms:Encrypt", Principal={"AWS": arn}))
        caller = session(account, arn)
        caller.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        boundary = managed(account, "b", document(allow("iam:*")))
        iam.put_role_permissions_boundary(RoleName="r", PermissionsBoundary=boundary)
        assert refusal_of(caller, key) == "because no permissions boundary allows the kms:Encrypt action"

    def test_a_boundary_limits_calls_to_other_services(self, account: Account) -> None:
        ann = user(account, "ann", EVERYTHING, PermissionsBoundary=managed(account, "b", document(allow("kms:*"))))
        with refused("AccessDeniedException") as refusal:
            ann.client("voice-id").list_domains()
        assert refusal.message.endswith("because no permissions boundary allows the voiceid:ListDomains action")
