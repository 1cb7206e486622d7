"""Which bucket policies are public, and what Block Public Access makes of them. No operations here.

A policy is public unless each Allow names fixed principals, or is bound to fixed values of a condition key that tells
callers apart. ACLs are off, so the two settings that concern them are kept and shown, and have nothing to do.
Source: "Blocking public access to your Amazon S3 storage", "The meaning of public", of the S3 User Guide.
"""

from __future__ import annotations

import ipaddress
import re

from shared.policy import PolicyKind, Statement, parse_policy
from shared.policy.conditions import Condition

BLOCK_PUBLIC_POLICY, RESTRICT_PUBLIC_BUCKETS = "BlockPublicPolicy", "RestrictPublicBuckets"
SETTINGS = ("BlockPublicAcls", "IgnorePublicAcls", BLOCK_PUBLIC_POLICY, RESTRICT_PUBLIC_BUCKETS)

_TELL_CALLERS_APART = frozenset(
    {
        "aws:principalorgid",
        "aws:principalorgpaths",
        "aws:sourceaccount",
        "aws:sourcearn",
        "aws:sourceowner",
        "aws:sourcevpc",
        "aws:sourcevpce",
        "aws:userid",
        "s3:dataaccesspointaccount",
        "s3:dataaccesspointarn",
        "s3:x-amz-server-side-encryption-aws-kms-key-id",
    }
)
_SOURCE_IP = "aws:sourceip"
_BROADEST_PREFIX = {4: 8, 6: 32}
"""A range of addresses that is broader than this is everyone, unless it is a private one."""

_BINDING = re.compile(r"(ForAnyValue:)?(StringEquals|StringEqualsIgnoreCase|StringLike|ArnEquals|ArnLike|IpAddress)")
_NOT_FIXED = re.compile(r"[*?]|\$\{")


def is_public(policy_text: str) -> bool:
    """Whether a bucket policy that was taken gives anything to everyone."""
    policy = parse_policy(policy_text, PolicyKind.RESOURCE)
    return any(statement.allows and _is_for_everyone(statement) for statement in policy.statements)


def _is_for_everyone(statement: Statement) -> bool:
    principals = statement.principals
    if principals is None or not (principals.everyone or principals.negated):
        return False
    return not any(map(_binds, statement.conditions))


def _binds(condition: Condition) -> bool:
    if not _BINDING.fullmatch(condition.operator):
        return False
    if condition.name == _SOURCE_IP:
        return all(map(_is_narrow, condition.values))
    return condition.name in _TELL_CALLERS_APART and not any(map(_NOT_FIXED.search, condition.values))


def _is_narrow(text: str) -> bool:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return False
    return network.is_private or network.prefixlen >= _BROADEST_PREFIX[network.version]
