"""Whom a statement names: the Principal and NotPrincipal elements.

An account (its root ARN, or its 12 digits) stands for the power of that account to decide by its own IAM
policies: an Allow delegates to it, a Deny falls on everyone in it. All other names are exact: a wildcard
inside an ARN matches nobody, and a role's ARN stands for its sessions because a session comes with both
ARNs. The unique id of a user, role or session stands for one that is deleted, and matches nobody.

Source: IAM User Guide, "AWS JSON policy elements: Principal" and "NotPrincipal".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum

from shared.policy.errors import INVALID_PRINCIPAL, InvalidPrincipal, MalformedPolicy
from shared.policy.request import PolicyRequest

_ACCOUNT = re.compile(r"(?:arn:(aws[a-z-]*):iam::)?([0-9]{12})(?(1):root)")
_PRINCIPAL_ARN = re.compile(
    r"arn:aws[a-z-]*:(?:iam::[0-9]{12}:(?:user|role)/[\x21-\x7e]+"
    r"|sts::[0-9]{12}:(?:assumed-role/[^/\s]+/[^/\s]+|federated-user/[^/\s]+))"
)
_UNIQUE_ID = re.compile(r"A(?:IDA|ROA)[A-Z0-9]{12,124}(?::[^/\s]+)?")
_SERVICE = re.compile(r"[a-z0-9-]+(?:\.[a-z0-9-]+)*\.amazonaws\.com(?:\.cn)?")


class Reach(Enum):
    """How a Principal element reaches a caller. AS_ONE_OF: by the name of its role, or as one of everyone."""

    NONE = "not at all"
    ACCOUNT = "through its account"
    AS_ONE_OF = "as one of those it names"
    ITSELF = "by itself"


@dataclass(frozen=True)
class Principals:
    """The principals a statement names, or with `negated` all but those.

    accounts: 12 digits -> root ARN. arns: of users, roles and sessions.
    services: such as "voiceid.amazonaws.com". providers: of federated identities, by ARN or domain name.
    """

    everyone: bool
    accounts: dict[str, str] = field(hash=False)
    arns: frozenset[str]
    services: frozenset[str]
    providers: frozenset[str] = frozenset()
    negated: bool = False

    def allow_reach(self, request: PolicyRequest) -> Reach:
        """How an Allow with this element reaches the caller."""
        named = self._named(request)
        if not self.negated:
            return named
        return Reach.AS_ONE_OF if named is Reach.NONE else Reach.NONE

    def deny_reach(self, request: PolicyRequest) -> Reach:
        """How a Deny with this element reaches the caller.

        A Deny with NotPrincipal spares a user or session only if its account is listed too, and a session only if its
        role is: AWS looks at the account first, then the role, then the session.
        """
        if not self.negated:
            return self._named(request)
        return Reach.NONE if self._spares(request) else Reach.ITSELF

    def _named(self, request: PolicyRequest) -> Reach:
        own_arn = request.principal_arns[0] if request.principal_arns else None
        if own_arn in self.arns or own_arn in self.providers or request.service_principal in self.services:
            return Reach.ITSELF
        if self.everyone or any(arn in self.arns or arn in self.providers for arn in request.principal_arns):
            return Reach.AS_ONE_OF
        root_arn = self.accounts.get(request.account_id)
        if root_arn is None:
            return Reach.NONE
        # The root user is its account, so a statement that names the account names this caller itself.
        return Reach.ITSELF if root_arn in request.principal_arns else Reach.ACCOUNT

    def _spares(self, request: PolicyRequest) -> bool:
        if self.everyone or request.service_principal in self.services:
            return True
        root_arn = self.accounts.get(request.account_id)
        return root_arn is not None and (self.arns | self.providers | {root_arn}).issuperset(request.principal_arns)


def parse_principals(names: dict[str, tuple[str, ...]], *, negated: bool) -> Principals:
    """Read the map of a Principal or NotPrincipal element; "*" comes as {"AWS": ("*",)}.

    names: type (AWS, Service, Federated, CanonicalUser) -> names.
    Raises: MalformedPolicy for an unknown type, no names, or one that is no principal, such as an IAM group.
    """
    if not any(names.values()):
        raise MalformedPolicy("A statement must name one or more principals.")
    for kind, values in names.items():
        _check_names(kind, values)
    aws = names.get("AWS", ())
    accounts = dict(_account(name) for name in aws if _ACCOUNT.fullmatch(name))
    others = [name for name in aws if name != "*" and not _ACCOUNT.fullmatch(name)]
    return Principals(
        everyone="*" in aws,
        accounts=accounts,
        arns=frozenset(others),
        services=frozenset(names.get("Service", ())),
        providers=frozenset(names.get("Federated", ())),
        negated=negated,
    )


def _check_names(kind: str, names: tuple[str, ...]) -> None:
    if kind not in _VALID:
        raise MalformedPolicy(f"{kind!r} is no type of principal.")
    if not names:
        raise MalformedPolicy(INVALID_PRINCIPAL)
    for name in names:
        if not _VALID[kind](name):
            raise InvalidPrincipal(kind, name)


def _valid_aws(name: str) -> bool:
    return name == "*" or any(form.fullmatch(name) for form in (_ACCOUNT, _PRINCIPAL_ARN, _UNIQUE_ID))


def _valid_opaque(name: str) -> bool:
    # Identity providers and canonical users make no calls here, so their names need only be names.
    return bool(name.strip()) and "*" not in name


_VALID: dict[str, Callable[[str], bool]] = {
    "AWS": _valid_aws,
    "Service": lambda name: _SERVICE.fullmatch(name) is not None,
    "Federated": _valid_opaque,
    "CanonicalUser": _valid_opaque,
}


def _account(name: str) -> tuple[str, str]:
    found = _ACCOUNT.fullmatch(name)
    assert found is not None
    partition, account_id = found.groups()
    return account_id, f"arn:{partition or 'aws'}:iam::{account_id}:root"
