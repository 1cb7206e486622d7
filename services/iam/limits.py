"""The quotas of IAM, and the refusal of what goes beyond one.

Source: IAM User Guide, "IAM and AWS STS quotas": the defaults, which cannot be raised here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from shared.errors import ServiceError

USERS_PER_ACCOUNT = 5000
ROLES_PER_ACCOUNT = 1000
GROUPS_PER_ACCOUNT = 300
GROUPS_PER_USER = 10
POLICIES_PER_ACCOUNT = 1500
ACCESS_KEYS_PER_USER = 2
ATTACHED_POLICIES = 10
VERSIONS_PER_POLICY = 5
TAGS = 50
USER_POLICY_CHARACTERS = 2048
ROLE_POLICY_CHARACTERS = 10_240
GROUP_POLICY_CHARACTERS = 5120
MANAGED_POLICY_CHARACTERS = 6144
TRUST_POLICY_CHARACTERS = 2048

_WHITE_SPACE = re.compile(r"\s")


def check(count: int, quota: int, name: str) -> None:
    """Refuse one more than a quota allows. name: of the quota, as IAM calls it. Raises: LimitExceeded."""
    if count >= quota:
        raise exceeded(f"Cannot exceed quota for {name}: {quota}")


def check_size(text: str, quota: int, name: str) -> None:
    """Refuse a policy that is too long. Raises: LimitExceeded."""
    if size([text]) > quota:
        raise exceeded(f"Cannot exceed quota for {name}: {quota}")


def size(texts: Iterable[str]) -> int:
    """The characters of policies together; white space does not count."""
    return sum(len(_WHITE_SPACE.sub("", text)) for text in texts)


def exceeded(message: str) -> ServiceError:
    return ServiceError("LimitExceededException", message)
