"""The whole decision about a call on a key, said slowly and obviously, to hold the engine's against.

It goes through the rules of "Determining whether a request is allowed or denied" and "Troubleshooting key access" one
by one, and asks `tests/shared/policy/reference.py` what each single document says.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from shared.policy import PolicyRequest
from tests.shared.policy.reference import matching_statements

GRANTABLE = {"Encrypt", "Decrypt", "DescribeKey"}
WITHIN_THE_ACCOUNT = {"DisableKey"}
"""Of the actions that the tests use: those that a grant can allow, and those that never work across accounts."""


@dataclass(frozen=True)
class Situation:
    """principal_arns: the caller's own ARN first, then its role's. boundary, session: None where there is none.

    grants: as rows, by (grantee, operations, constraints).
    """

    operation: str
    key_policy: dict[str, Any]
    identity: Sequence[dict[str, Any]]
    boundary: dict[str, Any] | None
    session: Sequence[dict[str, Any]] | None
    grants: Sequence[tuple[str, Sequence[str], Mapping[str, Any]]]
    principal_arns: tuple[str, ...]
    account: str
    owner: str
    service: str | None
    context: Mapping[str, str] = field(default_factory=dict)
    source_arn: str | None = None


def is_allowed(situation: Situation, request: PolicyRequest) -> bool:
    """Whether the call may be made."""
    layers = [situation.identity]
    layers += [[situation.boundary]] if situation.boundary is not None else []
    layers += [situation.session] if situation.session is not None else []
    by_key_policy = [how for _, how in matching_statements(situation.key_policy, request)]
    by_layer = [[how for document in layer for _, how in matching_statements(document, request)] for layer in layers]
    if "deny" in by_key_policy or any("deny" in said for said in by_layer):
        return False
    by_iam = all("allow" in said for said in by_layer)
    limits = all("allow" in said for said in by_layer[1:])
    return _by_policies(situation, request, by_key_policy, by_iam, limits) or _by_grant(situation, by_iam)


def _by_policies(
    situation: Situation, request: PolicyRequest, by_key_policy: list[str], by_iam: bool, limits: bool
) -> bool:
    if situation.service is not None:
        return "allow" in by_key_policy
    if situation.account != situation.owner:
        crosses = situation.operation not in WITHIN_THE_ACCOUNT
        return crosses and by_iam and ("allow" in by_key_policy or "delegate" in by_key_policy)
    # An Allow that names the caller itself: the document says so still when nobody else is named.
    named = _names_alone(situation.key_policy, request)
    if named:
        return True
    if "allow" in by_key_policy:
        return limits
    return "delegate" in by_key_policy and by_iam


def _names_alone(document: dict[str, Any], request: PolicyRequest) -> bool:
    """Whether some Allow lists the caller's very own ARN among its principals."""
    own = request.principal_arns[0]
    for _, how in matching_statements(document, request):
        assert how in ("allow", "delegate")
    statements = [
        written
        for index, written in enumerate(document["Statement"])
        if (index, "allow") in matching_statements(document, request)
    ]
    for written in statements:
        principal = written.get("Principal")
        listed = principal.get("AWS", []) if isinstance(principal, dict) else []
        if own in (listed if isinstance(listed, list) else [listed]):
            return True
        if own.endswith(":root") and "*" not in listed and principal != "*":
            return True
    return False


def _by_grant(situation: Situation, by_iam: bool) -> bool:
    if situation.operation not in GRANTABLE:
        return False
    names = situation.principal_arns if situation.service is None else (situation.service,)
    for grantee, operations, constraints in situation.grants:
        is_for_caller = grantee in names or (grantee == f"arn:aws:iam::{situation.account}:root" and by_iam)
        if is_for_caller and situation.operation in operations and _meets(situation, constraints):
            return True
    return False


def _meets(situation: Situation, constraints: Mapping[str, Any]) -> bool:
    if "SourceArn" in constraints and constraints["SourceArn"] != situation.source_arn:
        return False
    if situation.operation == "DescribeKey":
        return True
    if "EncryptionContextEquals" in constraints:
        return dict(constraints["EncryptionContextEquals"]) == dict(situation.context)
    subset = constraints.get("EncryptionContextSubset", {})
    return all(situation.context.get(name) == value for name, value in subset.items())


def asked(situation: Situation, request: PolicyRequest) -> PolicyRequest:
    """The request with the situation's caller."""
    return replace(
        request,
        principal_arns=situation.principal_arns,
        account_id=situation.account,
        service_principal=situation.service,
    )
