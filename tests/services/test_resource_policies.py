"""What the policy of a bucket or a queue gives, and what permissions boundary and session policies take away of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.s3.support import allow, deny, identity, new_bucket
from tests.support import Account, Server, refused

EVERYTHING = identity(allow("*", "*"))
NOTHING_OF_USE = json.dumps(identity(allow("iam:List*", "*")))

DENIED_BY = {"identity": "identity-based policy", "boundary": "permissions boundary", "session": "session policy"}

CASES = [
    # caller, the name that the resource's policy uses, the layer without an allow, allowed
    ("user", "itself", "identity", True),
    ("user", "itself", "boundary", True),
    ("user", "everyone", "identity", True),
    ("user", "everyone", "boundary", False),
    ("user", "account", "identity", False),
    ("user", "account", "boundary", False),
    ("role", "role", "identity", True),
    ("role", "role", "boundary", False),
    ("role", "role", "session", False),
    ("role", "itself", "identity", True),
    ("role", "itself", "boundary", True),
    ("role", "itself", "session", True),
    ("role", "everyone", "session", False),
    ("role", "account", "session", False),
    ("federated", "itself", "session", True),
    ("federated", "account", "session", False),
]


class Bucket:
    """Reading an object: s3:GetObject."""

    def __init__(self, owner: Account) -> None:
        self._client = owner.client("s3")
        self._name = new_bucket(self._client)
        self._client.delete_public_access_block(Bucket=self._name)
        self._client.put_object(Bucket=self._name, Key="key", Body=b"content")

    def set_policy(self, effect: Any, principal: Any) -> None:
        statement = effect("s3:GetObject", f"arn:aws:s3:::{self._name}/*", principal)
        self._client.put_bucket_policy(Bucket=self._name, Policy=json.dumps(identity(statement)))

    def use(self, caller: Account) -> None:
        caller.client("s3").get_object(Bucket=self._name, Key="key")


class Queue:
    """Reading a queue's attributes: sqs:GetQueueAttributes."""

    def __init__(self, owner: Account) -> None:
        self._client = owner.client("sqs")
        self._url = self._client.create_queue(QueueName="work")["QueueUrl"]
        wanted = self._client.get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])
        self._arn = wanted["Attributes"]["QueueArn"]

    def set_policy(self, effect: Any, principal: Any) -> None:
        policy = json.dumps(identity(effect("sqs:GetQueueAttributes", self._arn, principal)))
        self._client.set_queue_attributes(QueueUrl=self._url, Attributes={"Policy": policy})

    def use(self, caller: Account) -> None:
        caller.client("sqs").get_queue_attributes(QueueUrl=self._url, AttributeNames=["QueueArn"])


KINDS = pytest.mark.parametrize("kind", [Bucket, Queue], ids=["bucket", "queue"])


def boundary_of(account: Account) -> str:
    made = account.client("iam").create_policy(PolicyName="boundary", PolicyDocument=NOTHING_OF_USE)
    return str(made["Policy"]["Arn"])


def make_user(server: Server, account: Account, lacking: str) -> Account:
    iam = account.client("iam")
    limit = {"PermissionsBoundary": boundary_of(account)} if lacking == "boundary" else {}
    arn = iam.create_user(UserName="caller", **limit)["User"]["Arn"]
    if lacking != "identity":
        iam.put_user_policy(UserName="caller", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    key = iam.create_access_key(UserName="caller")["AccessKey"]
    return Account(server, account.account_id, key["AccessKeyId"], key["SecretAccessKey"], arn)


def make_session(server: Server, account: Account, lacking: str) -> Account:
    iam = account.client("iam")
    limit = {"PermissionsBoundary": boundary_of(account)} if lacking == "boundary" else {}
    trust = json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Principal": {"AWS": account.account_id}, "Action": "sts:AssumeRole"},
            ],
        }
    )
    role = iam.create_role(RoleName="role", AssumeRolePolicyDocument=trust, **limit)["Role"]["Arn"]
    if lacking != "identity":
        iam.put_role_policy(RoleName="role", PolicyName="all", PolicyDocument=json.dumps(EVERYTHING))
    policy = {"Policy": NOTHING_OF_USE} if lacking == "session" else {}
    made = account.client("sts").assume_role(RoleArn=role, RoleSessionName="session", **policy)
    return _with(server, account, made["Credentials"], made["AssumedRoleUser"]["Arn"])


def make_federated(server: Server, account: Account, lacking: str) -> Account:
    assert lacking == "session"
    made = account.client("sts").get_federation_token(Name="guest", Policy=NOTHING_OF_USE)
    return _with(server, account, made["Credentials"], made["FederatedUser"]["Arn"])


def _with(server: Server, account: Account, credentials: Any, arn: str) -> Account:
    secrets = credentials["AccessKeyId"], credentials["SecretAccessKey"]
    return Account(server, account.account_id, *secrets, arn, credentials["SessionToken"])


MAKERS = {"user": make_user, "role": make_session, "federated": make_federated}


def principal(caller: Account, named: str) -> Any:
    names = {
        "itself": {"AWS": caller.arn},
        "role": {"AWS": f"arn:aws:iam::{caller.account_id}:role/role"},
        "account": {"AWS": f"arn:aws:iam::{caller.account_id}:root"},
        "everyone": "*",
    }
    return names[named]


@KINDS
@pytest.mark.parametrize(
    ("who", "named", "lacking", "allowed"), CASES, ids=["-".join(map(str, case[:3])) for case in CASES]
)
def test_who_is_named_how_decides_which_layers_limit_it(
    server: Server, account: Account, kind: Any, who: str, named: str, lacking: str, allowed: bool
) -> None:
    resource, caller = kind(account), MAKERS[who](server, account, lacking)
    resource.set_policy(allow, principal(caller, named))
    if allowed:
        resource.use(caller)
        return
    with refused("AccessDenied") as refusal:
        resource.use(caller)
    assert f"because no {DENIED_BY[lacking]} allows" in refusal.message


@KINDS
def test_without_a_policy_of_the_resource_all_layers_must_allow(server: Server, account: Account, kind: Any) -> None:
    resource = kind(account)
    with refused("AccessDenied") as refusal:
        resource.use(make_user(server, account, "boundary"))
    assert "because no permissions boundary allows" in refusal.message
    resource.use(account.user("free", EVERYTHING))


@KINDS
@pytest.mark.parametrize("layer", ["identity", "boundary", "session"])
def test_a_deny_in_any_layer_beats_the_resources_allow(server: Server, account: Account, kind: Any, layer: str) -> None:
    resource, iam = kind(account), account.client("iam")
    never = json.dumps(identity(allow("*", "*"), deny(["s3:GetObject", "sqs:GetQueueAttributes"], "*")))
    if layer == "session":
        made = account.client("sts").get_federation_token(Name="guest", Policy=never)
        caller = _with(server, account, made["Credentials"], made["FederatedUser"]["Arn"])
    else:
        caller = make_user(server, account, "none")
        if layer == "identity":
            iam.put_user_policy(UserName="caller", PolicyName="never", PolicyDocument=never)
        else:
            made = iam.create_policy(PolicyName="never", PolicyDocument=never)
            iam.put_user_permissions_boundary(UserName="caller", PermissionsBoundary=made["Policy"]["Arn"])
    resource.set_policy(allow, {"AWS": caller.arn})
    with refused("AccessDenied") as refusal:
        resource.use(caller)
    article = "an" if layer == "identity" else "a"
    assert f"with an explicit deny in {article} {DENIED_BY[layer]}" in refusal.message


@KINDS
@pytest.mark.parametrize("iam_allows", [True, False])
@pytest.mark.parametrize("named", ["itself", "account", "nobody"])
def test_across_accounts_both_sides_must_allow(
    account: Account, second_account: Account, kind: Any, named: str, iam_allows: bool
) -> None:
    resource = kind(account)
    caller = second_account.user("caller", *([EVERYTHING] if iam_allows else []))
    if named != "nobody":
        resource.set_policy(allow, principal(caller, named))
    if iam_allows and named != "nobody":
        resource.use(caller)
        return
    with refused("AccessDenied") as refusal:
        resource.use(caller)
    missing = "resource-based policy" if named == "nobody" else "identity-based policy"
    assert f"because no {missing} allows" in refusal.message
