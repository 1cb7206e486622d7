"""Managed policies: those of the account, and AWS's own, which cannot be changed; who may touch one."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.iam import errors
from services.iam.entities import authorize, resource_tag_conditions, tag_conditions
from shared.aws_managed_policies import AWS_MANAGED_POLICIES, AwsManagedPolicy
from shared.catalog import PARTITION
from shared.database import Row
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.call import ServiceCall

_ARN = re.compile(rf"arn:{PARTITION}:iam::(?:aws|\d{{12}}):policy/[\x21-\x7e]+")
_AWS_CREATED_AT = 1423160401.0
"""When AWS made the first of its managed policies: 2015-02-05. Theirs are all given this date here."""


@dataclass(frozen=True)
class ManagedPolicy:
    """One policy, whoever made it. created_at, updated_at: seconds since the epoch."""

    arn: str
    policy_id: str
    name: str
    path: str
    description: str | None
    created_at: float
    updated_at: float
    tags: dict[str, str]
    is_aws: bool = False

    @property
    def sort_key(self) -> str:
        """Lists go by name; of two policies of one name AWS's comes first."""
        return f"{self.name.lower()} {int(not self.is_aws)}"


def find_policy(call: ServiceCall, arn: str) -> ManagedPolicy | None:
    """A policy that the caller's account can use. Raises: InvalidInput for what is no policy's ARN."""
    if not _ARN.fullmatch(arn):
        raise errors.invalid(f"ARN {arn} is not valid.")
    known = AWS_MANAGED_POLICIES.get(arn)
    if known is not None:
        return of_aws(known)
    row = call.database.find("managed_policies", {"arn": arn, "account_id": call.account_id})
    return None if row is None else of_row(row)


def of_aws(known: AwsManagedPolicy) -> ManagedPolicy:
    made = _AWS_CREATED_AT
    return ManagedPolicy(
        known.arn, known.policy_id, known.name, known.path, known.description, made, made, {}, is_aws=True
    )


def of_row(row: Row) -> ManagedPolicy:
    return ManagedPolicy(
        row["arn"],
        row["policy_id"],
        row["name"],
        row["path"],
        row["description"],
        row["created_at"],
        row["updated_at"],
        row["tags"],
    )


def authorized_policy(
    parameters: dict[str, Any], call: ServiceCall, tags: list[dict[str, str]] | None = None
) -> ManagedPolicy:
    """The policy that a request names, once the caller may do this to it."""
    arn = parameters["PolicyArn"]
    policy = find_policy(call, arn)
    known = {} if policy is None else resource_tag_conditions(policy.tags)
    authorize(call, arn, {**known, **tag_conditions(tags or [])}, shown=f"policy {arn}")
    if policy is None:
        raise errors.no_such_policy(arn)
    return policy


def own_policy(
    parameters: dict[str, Any], call: ServiceCall, tags: list[dict[str, str]] | None = None
) -> ManagedPolicy:
    """As `authorized_policy`, for what changes a policy: nobody but AWS changes AWS's own."""
    policy = authorized_policy(parameters, call, tags)
    if policy.is_aws:
        raise ServiceError("AccessDeniedException", f"The policy {policy.arn} is managed by AWS.")
    return policy
