"""The demo world: two accounts with the same four users each, and credentials that anyone may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from shared.credentials import Credentials
from shared.identities import Identities
from shared.identity import user_arn

REGION = "us-west-2"
ACCOUNTS = {"111122223333": "first demo account", "444455556666": "second demo account"}
DEFAULT_ACCOUNT = "111122223333"
DEFAULT_USER = "administrator"


def _policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def _allow(*actions: str, **condition: Any) -> dict[str, Any]:
    statement: dict[str, Any] = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    return {**statement, "Condition": condition} if condition else statement


ADMINISTRATOR_POLICY = _policy(_allow("*"))

USERS: dict[str, tuple[dict[str, Any], ...]] = {
    "administrator": (ADMINISTRATOR_POLICY,),
    # Works with customers' data through the services, and may use a key only in their hands.
    "agent": (
        _policy(
            _allow("cases:*", "profile:*", "voiceid:*", "wisdom:*", "connect-campaigns:*"),
            _allow(
                "kms:Decrypt",
                "kms:DescribeKey",
                StringLike={"kms:ViaService": ["voiceid.*.amazonaws.com", "profile.*.amazonaws.com"]},
            ),
        ),
    ),
    "auditor": (_policy(_allow("cloudtrail:LookupEvents", "kms:Describe*", "kms:Get*", "kms:List*")),),
    "nobody": (),
}
"""User name -> identity policies; the same in both accounts."""


@dataclass(frozen=True)
class DemoCredentials:
    access_key_id: str
    secret_access_key: str


def credentials(account_id: str, user: str) -> DemoCredentials:
    """The fixed credentials of a demo user. Raises: KeyError if there is no such account or user."""
    if account_id not in ACCOUNTS:
        raise KeyError(account_id)
    if user not in USERS:
        raise KeyError(user)
    label = user[:6].upper().ljust(8, "2")
    return DemoCredentials(
        f"AKIADEMO{account_id[:4]}{label[:8]}"[:20], f"not-a-secret/{account_id}/{user}".ljust(40, "+")
    )


def populate(identities: Identities, access_keys: Credentials) -> None:
    """Make the demo accounts, users and access keys in an empty world."""
    for account_id, name in ACCOUNTS.items():
        identities.create_account(account_id, name)
        for user, policies in USERS.items():
            identities.create_user(account_id, user, policies)
            demo = credentials(account_id, user)
            access_keys.create_access_key(
                user_arn(account_id, user),
                access_key_id=demo.access_key_id,
                secret=demo.secret_access_key,
                is_demo=True,
            )
