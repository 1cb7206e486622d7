"""Policy documents as IAM takes them and gives them back."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

from services.iam import limits
from shared.policy import InvalidJson, MalformedPolicy, PolicyKind, PolicySyntaxError, check_resources, parse_policy
from shared.policy.errors import SYNTAX_ERRORS, InvalidPrincipal
from shared.policy.renaming import with_root_arns

if TYPE_CHECKING:
    from services.call import ServiceCall


def check_identity_policy(text: str) -> None:
    """Raises: MalformedPolicy, which says no more than AWS does."""
    try:
        check_resources(parse_policy(text, PolicyKind.IDENTITY))
    except PolicySyntaxError as error:
        raise MalformedPolicy(SYNTAX_ERRORS) from error


def check_trust_policy(call: ServiceCall, text: str) -> None:
    """The document of who may assume a role: whom it names must be there. Raises: MalformedPolicy, LimitExceeded."""
    limits.check_size(text, limits.TRUST_POLICY_CHARACTERS, "ACLSizePerRole")
    try:
        policy = parse_policy(text, PolicyKind.TRUST)
    except InvalidJson as error:
        raise MalformedPolicy("This policy contains invalid Json") from error
    except InvalidPrincipal as error:
        raise _invalid_principal(error.kind, error.name) from error
    for name in sorted(policy.principal_arns()):
        if not call.identities.can_be_named(name):
            raise _invalid_principal("AWS", name)


def _invalid_principal(kind: str, name: str) -> MalformedPolicy:
    return MalformedPolicy(f'Invalid principal in policy: "{kind.upper()}":"{name}"')


def trust_as_wire(text: str) -> str:
    """A trust policy as it is saved: accounts are named by the ARNs of their roots."""
    return as_wire(with_root_arns(text))


def as_wire(text: str) -> str:
    """IAM gives documents URL-encoded; clients decode them. Source: the model's documentation, RFC 3986."""
    return quote(text, safe="")
