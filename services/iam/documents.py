"""Policy documents as IAM takes them and gives them back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from services.iam import limits
from shared.policy import MalformedPolicy, PolicyKind, parse_policy

if TYPE_CHECKING:
    from services.call import ServiceCall


def check_identity_policy(text: str) -> None:
    """Raises: MalformedPolicy."""
    parse_policy(text, PolicyKind.IDENTITY)


def check_trust_policy(call: ServiceCall, text: str) -> None:
    """The document of who may assume a role: whom it names must be there. Raises: MalformedPolicy, LimitExceeded."""
    limits.check_size(text, limits.TRUST_POLICY_CHARACTERS, "ACLSizePerRole")
    policy = parse_policy(text, PolicyKind.TRUST)
    for name in sorted(policy.principal_arns()):
        if not call.identities.can_be_named(name):
            raise MalformedPolicy(f'Invalid principal in policy: "AWS":"{name}"')


def as_wire(text: str) -> str:
    """IAM gives documents URL-encoded; clients decode them. Source: the model's documentation, RFC 3986."""
    return quote(text, safe="")
