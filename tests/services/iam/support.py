"""What the IAM and STS tests share: documents in few words, and principals made through the APIs themselves."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.support import Account


def allow(*actions: str, **elements: Any) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}


def deny(*actions: str, **elements: Any) -> dict[str, Any]:
    return {**allow(*actions, **elements), "Effect": "Deny"}


def document(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


EVERYTHING = document(allow("*"))


def trust(principal: Any, *actions: str, effect: str = "Allow", **condition: Any) -> str:
    """A trust policy. principal: an ARN or account, or a whole Principal element."""
    statement: dict[str, Any] = {
        "Effect": effect,
        "Principal": {"AWS": principal} if isinstance(principal, str | list) else principal,
        "Action": list(actions) or "sts:AssumeRole",
    }
    if condition:
        statement["Condition"] = condition
    return document(statement)


def user(account: Account, name: str, *policies: str, **more: Any) -> Account:
    """A user made through IAM, with inline policies, acting with an access key of its own."""
    iam = account.client("iam")
    arn = iam.create_user(UserName=name, **more)["User"]["Arn"]
    for number, policy in enumerate(policies):
        iam.put_user_policy(UserName=name, PolicyName=f"p{number}", PolicyDocument=policy)
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return Account(account.server, account.account_id, key["AccessKeyId"], key["SecretAccessKey"], arn)


def role(account: Account, name: str, trust_policy: str, *policies: str, **more: Any) -> str:
    """A role made through IAM, with inline policies. Returns its ARN."""
    iam = account.client("iam")
    arn: str = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust_policy, **more)["Role"]["Arn"]
    for number, policy in enumerate(policies):
        iam.put_role_policy(RoleName=name, PolicyName=f"p{number}", PolicyDocument=policy)
    return arn


def session(caller: Account, role_arn: str, name: str = "session", **more: Any) -> Account:
    """A session of a role, assumed by the caller."""
    answer = caller.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name, **more)
    return acting(caller, answer["Credentials"], role_arn.split(":")[4], answer["AssumedRoleUser"]["Arn"])


def acting(caller: Account, credentials: dict[str, Any], account_id: str, arn: str) -> Account:
    """Whoever has these temporary credentials."""
    secrets = credentials["AccessKeyId"], credentials["SecretAccessKey"]
    return Account(caller.server, account_id, *secrets, arn, credentials["SessionToken"])


def managed(account: Account, name: str, text: str = EVERYTHING, **more: Any) -> str:
    """A managed policy. Returns its ARN."""
    arn: str = account.client("iam").create_policy(PolicyName=name, PolicyDocument=text, **more)["Policy"]["Arn"]
    return arn


def aws(account: Account, *arguments: str) -> Any:
    """What the AWS CLI answers, read from its JSON."""
    environment = {**os.environ, **account.environment}
    if account.session_token is not None:
        environment["AWS_SESSION_TOKEN"] = account.session_token
    result = subprocess.run(
        [Path(sys.executable).parent / "aws", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(result.stdout) if result.stdout else None
