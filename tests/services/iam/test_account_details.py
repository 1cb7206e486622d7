"""GetAccountAuthorizationDetails: who is in the account, with which policies."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.iam.support import EVERYTHING, allow, aws, document, managed, role, trust, user
from tests.support import Account, refused

TRUST = document({"Effect": "Allow", "Principal": {"Service": "connect.amazonaws.com"}, "Action": "sts:AssumeRole"})
READ_ONLY = "arn:aws:iam::aws:policy/ReadOnlyAccess"


@pytest.fixture
def policy(account: Account, iam: Any) -> str:
    """The ARN of a policy that limits ann, who is in the group of readers."""
    arn = managed(account, "limit")
    user(account, "ann", EVERYTHING, Path="/staff/", PermissionsBoundary=arn, Tags=[{"Key": "Team", "Value": "red"}])
    role(account, "r", TRUST)
    iam.create_group(GroupName="readers")
    iam.add_user_to_group(GroupName="readers", UserName="ann")
    iam.attach_group_policy(GroupName="readers", PolicyArn=READ_ONLY)
    return arn


def test_everything_is_told(account: Account, iam: Any, policy: str) -> None:
    told = iam.get_account_authorization_details()
    [ann] = [one for one in told["UserDetailList"] if one["UserName"] == "ann"]
    described = iam.get_user(UserName="ann")["User"]
    assert {name: ann[name] for name in described} == described
    assert ann["UserPolicyList"] == [{"PolicyName": "p0", "PolicyDocument": json.loads(EVERYTHING)}]
    assert (ann["GroupList"], ann["AttachedManagedPolicies"]) == (["readers"], [])
    [readers] = told["GroupDetailList"]
    assert readers["AttachedManagedPolicies"] == [{"PolicyName": "ReadOnlyAccess", "PolicyArn": READ_ONLY}]
    [only_role] = told["RoleDetailList"]
    assert only_role["AssumeRolePolicyDocument"] == json.loads(TRUST)
    assert [one["Arn"] for one in told["Policies"]] == [policy, READ_ONLY]
    limit = told["Policies"][0]
    assert (limit["AttachmentCount"], limit["PermissionsBoundaryUsageCount"]) == (0, 1)
    [version] = limit["PolicyVersionList"]
    assert (version["VersionId"], version["Document"]) == ("v1", json.loads(EVERYTHING))


def test_pages_hold_what_one_answer_does(iam: Any, policy: str) -> None:
    whole = iam.get_account_authorization_details()
    members = ("UserDetailList", "GroupDetailList", "RoleDetailList", "Policies")
    pages = list(iam.get_paginator("get_account_authorization_details").paginate(PaginationConfig={"PageSize": 1}))
    assert len(pages) == sum(len(whole[member]) for member in members)
    for member in members:
        assert [one for page in pages for one in page[member]] == whole[member]


def test_a_filter_leaves_out_the_rest(iam: Any, policy: str) -> None:
    told = iam.get_account_authorization_details(Filter=["Role", "LocalManagedPolicy"])
    assert (told["UserDetailList"], told["GroupDetailList"]) == ([], [])
    assert len(told["RoleDetailList"]) == 1
    assert [one["Arn"] for one in told["Policies"]] == [policy]


def test_it_is_a_right_of_its_own(account: Account) -> None:
    with refused("AccessDenied") as refusal:
        user(account, "bob", document(allow("iam:List*"))).client("iam").get_account_authorization_details()
    assert "iam:GetAccountAuthorizationDetails on resource: * because no identity-based policy" in refusal.message


def test_the_aws_cli_tells_it(account: Account) -> None:
    role(account, "r", trust(account.account_id))
    told = aws(account, "iam", "get-account-authorization-details", "--filter", "Role")
    assert [one["RoleName"] for one in told["RoleDetailList"]] == ["r"]
