"""The managed policies that AWS itself offers, as far as the simulated services need them.

Source: the AWS Managed Policy Reference Guide. `ReadOnlyAccess` and `PowerUserAccess` are abridged to the services
simulated here; the others are whole.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any

_PREFIX = "arn:aws:iam::aws:policy"


@dataclass(frozen=True)
class AwsManagedPolicy:
    """path, name: of its ARN. description: as IAM lists it. text: the JSON of its only version, v1."""

    name: str
    description: str
    text: str
    path: str = "/"

    @property
    def arn(self) -> str:
        return f"{_PREFIX}{self.path}{self.name}"

    @property
    def policy_id(self) -> str:
        """Of AWS's form, and always the same. Our choice: the real ids are not published."""
        digest = hashlib.sha256(self.name.encode()).hexdigest().upper()
        return f"ANPA{digest[:17].translate(str.maketrans('0189', 'WXYZ'))}"


def _policy(name: str, description: str, *statements: dict[str, Any], path: str = "/") -> AwsManagedPolicy:
    text = json.dumps({"Version": "2012-10-17", "Statement": list(statements)}, indent=4)
    return AwsManagedPolicy(name, description, text, path)


def _allow(*actions: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*"}


_READING = ("BatchGet*", "Describe*", "Get*", "List*", "Search*")
_READABLE = ("app-integrations", "cases", "connect", "connect-campaigns", "iam", "kms", "profile", "voiceid", "wisdom")

AWS_MANAGED_POLICIES: dict[str, AwsManagedPolicy] = {
    policy.arn: policy
    for policy in (
        _policy("AdministratorAccess", "Provides full access to AWS services and resources.", _allow("*")),
        _policy(
            "PowerUserAccess",
            "Provides full access to AWS services and resources, but does not allow management of Users and groups.",
            {"Effect": "Allow", "NotAction": ["iam:*", "organizations:*", "account:*"], "Resource": "*"},
            _allow(
                "iam:CreateServiceLinkedRole", "iam:DeleteServiceLinkedRole", "iam:ListRoles", "account:ListRegions"
            ),
        ),
        _policy(
            "ReadOnlyAccess",
            "Provides read-only access to AWS services and resources.",
            _allow(
                *(f"{prefix}:{verb}" for prefix in _READABLE for verb in _READING),
                "cloudtrail:LookupEvents",
                "sts:GetCallerIdentity",
                "sts:GetAccessKeyInfo",
            ),
        ),
        _policy("IAMFullAccess", "Provides full access to IAM via the AWS Management Console.", _allow("iam:*")),
        _policy(
            "AWSKeyManagementServicePowerUser",
            "Provides access to AWS Key Management Service (KMS).",
            _allow(
                "kms:CreateAlias",
                "kms:CreateKey",
                "kms:DeleteAlias",
                "kms:Describe*",
                "kms:GenerateRandom",
                "kms:Get*",
                "kms:List*",
                "kms:TagResource",
                "kms:UntagResource",
                "iam:ListGroups",
                "iam:ListRoles",
                "iam:ListUsers",
            ),
        ),
        _policy(
            "AmazonConnectVoiceIDFullAccess", "Provides full access to Amazon Connect Voice ID", _allow("voiceid:*")
        ),
        _policy(
            "AWSDenyAll",
            "Deny all access.",
            {"Sid": "DenyAll", "Effect": "Deny", "Action": ["*"], "Resource": "*"},
        ),
    )
}
"""ARN -> policy."""
