"""Groups: their life, their users, and their policies in the decisions about those users."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.iam.support import EVERYTHING, allow, aws, deny, document, managed, user
from tests.support import Account, refused


class TestLife:
    def test_a_group_is_made_told_listed_and_deleted(self, account: Account, iam: Any) -> None:
        made = iam.create_group(GroupName="Readers", Path="/staff/")["Group"]
        assert made["Arn"] == f"arn:aws:iam::{account.account_id}:group/staff/Readers"
        assert made["GroupId"].startswith("AGPA")
        assert iam.get_group(GroupName="Readers")["Group"] == made
        assert iam.get_group(GroupName="Readers")["Users"] == []
        assert iam.list_groups(PathPrefix="/staff/")["Groups"] == [made]
        assert iam.list_groups(PathPrefix="/other/")["Groups"] == []
        iam.delete_group(GroupName="Readers")
        with refused("NoSuchEntity") as refusal:
            iam.get_group(GroupName="Readers")
        assert refusal.message == "The group with name Readers cannot be found."

    @pytest.mark.parametrize(
        ("call", "code", "message"),
        [
            (
                lambda iam: iam.create_group(GroupName="READERS"),
                "EntityAlreadyExists",
                "Group with name READERS already exists.",
            ),
            (
                lambda iam: iam.add_user_to_group(GroupName="readers", UserName="none"),
                "NoSuchEntity",
                "The user with name none cannot be found.",
            ),
            (
                lambda iam: iam.add_user_to_group(GroupName="none", UserName="ann"),
                "NoSuchEntity",
                "The group with name none cannot be found.",
            ),
            (
                lambda iam: iam.get_group_policy(GroupName="readers", PolicyName="none"),
                "NoSuchEntity",
                "The group policy with name none cannot be found.",
            ),
            (
                lambda iam: iam.delete_user(UserName="ann"),
                "DeleteConflict",
                "Cannot delete entity, must remove users from group first.",
            ),
            (
                lambda iam: iam.delete_group(GroupName="readers"),
                "DeleteConflict",
                "Cannot delete entity, must remove users from group first.",
            ),
        ],
        ids=["name-in-other-case", "unknown-user", "unknown-group", "unknown-policy", "user-in-group", "group-of-user"],
    )
    def test_a_refusal_has_the_words_of_aws(self, iam: Any, call: Any, code: str, message: str) -> None:
        iam.create_user(UserName="ann")
        iam.create_group(GroupName="readers")
        iam.add_user_to_group(GroupName="readers", UserName="ann")
        with refused(code) as refusal:
            call(iam)
        assert refusal.message == message

    def test_a_group_goes_once_nothing_hangs_on_it(self, account: Account, iam: Any) -> None:
        arn = managed(account, "use")
        iam.create_group(GroupName="readers")
        iam.attach_group_policy(GroupName="readers", PolicyArn=arn)
        iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=EVERYTHING)
        with refused("DeleteConflict"):
            iam.delete_policy(PolicyArn=arn)
        for step in (
            lambda: iam.detach_group_policy(GroupName="readers", PolicyArn=arn),
            lambda: iam.delete_group_policy(GroupName="readers", PolicyName="p"),
        ):
            with refused("DeleteConflict"):
                iam.delete_group(GroupName="readers")
            step()
        iam.delete_group(GroupName="readers")


class TestUsers:
    def test_a_user_is_in_ten_groups_at_most(self, iam: Any) -> None:
        iam.create_user(UserName="ann")
        for number in range(11):
            iam.create_group(GroupName=f"g{number:02}")
        for number in range(10):
            iam.add_user_to_group(GroupName=f"g{number:02}", UserName="ann")
        iam.add_user_to_group(GroupName="g00", UserName="ann")
        with refused("LimitExceeded") as refusal:
            iam.add_user_to_group(GroupName="g10", UserName="ann")
        assert refusal.message == "Cannot exceed quota for GroupsPerUser: 10"

    def test_both_sides_are_listed_in_pages(self, iam: Any) -> None:
        for name in ("ann", "bob", "cid"):
            iam.create_user(UserName=name)
            iam.create_group(GroupName=f"of-{name}")
            iam.add_user_to_group(GroupName=f"of-{name}", UserName="ann")
        for name in ("bob", "cid"):
            iam.add_user_to_group(GroupName="of-ann", UserName=name)
        pages = iam.get_paginator("get_group").paginate(GroupName="of-ann", PaginationConfig={"PageSize": 2})
        assert [found["UserName"] for page in pages for found in page["Users"]] == ["ann", "bob", "cid"]
        pages = iam.get_paginator("list_groups_for_user").paginate(UserName="ann", PaginationConfig={"PageSize": 2})
        assert [group["GroupName"] for page in pages for group in page["Groups"]] == ["of-ann", "of-bob", "of-cid"]

    def test_users_stay_in_a_group_that_is_renamed_and_renamed_users_in_theirs(
        self, account: Account, iam: Any
    ) -> None:
        ann = user(account, "ann")
        iam.create_group(GroupName="readers")
        iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
        iam.add_user_to_group(GroupName="readers", UserName="ann")
        iam.update_group(GroupName="readers", NewGroupName="listers", NewPath="/new/")
        iam.update_user(UserName="ann", NewUserName="anna")
        [group] = iam.list_groups_for_user(UserName="anna")["Groups"]
        assert group["Arn"].endswith(":group/new/listers")
        ann.client("kms").list_keys()


class TestDecisions:
    def test_a_user_has_the_policies_of_its_groups_as_long_as_it_is_in_them(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann")
        kms = ann.client("kms")
        iam.create_group(GroupName="readers")
        iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
        with refused("AccessDeniedException") as refusal:
            kms.list_keys()
        assert refusal.message.endswith("because no identity-based policy allows the kms:ListKeys action")
        iam.add_user_to_group(GroupName="readers", UserName="ann")
        kms.list_keys()
        iam.remove_user_from_group(GroupName="readers", UserName="ann")
        with refused("AccessDeniedException"):
            kms.list_keys()

    def test_a_deny_of_a_group_beats_an_allow_of_the_user(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann", EVERYTHING)
        iam.create_group(GroupName="banned")
        arn = managed(account, "ban", document(deny("kms:ListKeys")))
        iam.attach_group_policy(GroupName="banned", PolicyArn=arn)
        assert iam.list_attached_group_policies(GroupName="banned")["AttachedPolicies"][0]["PolicyArn"] == arn
        assert iam.list_entities_for_policy(PolicyArn=arn)["PolicyGroups"][0]["GroupName"] == "banned"
        ann.client("kms").list_keys()
        iam.add_user_to_group(GroupName="banned", UserName="ann")
        with refused("AccessDeniedException") as refusal:
            ann.client("kms").list_keys()
        assert refusal.message.endswith("with an explicit deny in an identity-based policy")

    def test_an_explanation_names_the_group(self, account: Account, iam: Any) -> None:
        ann = user(account, "ann")
        iam.create_group(GroupName="readers")
        iam.put_group_policy(GroupName="readers", PolicyName="p", PolicyDocument=document(allow("kms:ListKeys")))
        iam.add_user_to_group(GroupName="readers", UserName="ann")
        request_id = ann.client("kms").list_keys()["ResponseMetadata"]["RequestId"]
        [event] = account.server.control(f"explain?request={request_id}")["Explanations"]
        [decided] = event["Decisions"][0]["DecidedBy"]
        assert decided["Policy"] == "p of group readers"

    def test_a_key_policy_cannot_name_a_group(self, account: Account, iam: Any) -> None:
        arn = iam.create_group(GroupName="readers")["Group"]["Arn"]
        whole = allow("kms:*", Principal={"AWS": account.account_id})
        with refused("MalformedPolicyDocumentException") as refusal:
            account.client("kms").create_key(Policy=document(whole, allow("kms:Encrypt", Principal={"AWS": arn})))
        assert refusal.message == "Policy contains a statement with one or more invalid principals."

    def test_inline_policies_of_a_group_have_5120_characters(self, iam: Any) -> None:
        iam.create_group(GroupName="readers")
        text = document(allow(*(f"kms:Action{number:03}" for number in range(180))))
        iam.put_group_policy(GroupName="readers", PolicyName="one", PolicyDocument=text)
        with refused("LimitExceeded") as refusal:
            iam.put_group_policy(GroupName="readers", PolicyName="two", PolicyDocument=text)
        assert refusal.message == "Maximum policy size of 5120 bytes exceeded for group readers"


class TestCommandLine:
    def test_the_aws_cli_puts_a_user_into_a_group(self, account: Account, iam: Any) -> None:
        iam.create_user(UserName="ann")
        aws(account, "iam", "create-group", "--group-name", "readers")
        aws(account, "iam", "add-user-to-group", "--group-name", "readers", "--user-name", "ann")
        assert aws(account, "iam", "get-group", "--group-name", "readers")["Users"][0]["UserName"] == "ann"
