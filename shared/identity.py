"""Principals with the policies that hang on them; and the caller: who calls, and on whose behalf.

How they rest, and by which credentials they are known, is in `shared/identities.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property

from shared.catalog import AwsService

USER, ROLE, SESSION, FEDERATED, SERVICE = "IAMUser", "Role", "AssumedRole", "FederatedUser", "AWSService"
"""The kinds of principal, by the words of CloudTrail's userIdentity.type. A role can be named, but cannot call."""

ANONYMOUS = "Anonymous"
"""The kind of whoever signs nothing."""

GROUP = "Group"
"""No principal: it rests beside users and roles, and hands its policies on to its users."""


@dataclass(frozen=True)
class NamedPolicy:
    """A policy document as it hangs on a principal.

    name: of an inline policy, or the ARN of a managed one; and of which group, if the principal has it through one.
    """

    name: str
    text: str


@dataclass(frozen=True)
class Session:
    """What temporary credentials add to the role or user that they are of.

    name: the session's; None for GetSessionToken, whose holder stays the user.
    issuer_arn, issuer_id, issuer_name: the role or user, its unique id and its name.
    issued_at, expires_at: seconds since the epoch; None: never.
    policies: session policies, of which one must allow what the identity policies allow; None: no limit.
    transitive_tag_keys: of the tags that a further session must keep.
    """

    name: str | None
    issuer_arn: str
    issuer_id: str
    issuer_name: str
    issued_at: float
    expires_at: float | None
    policies: tuple[NamedPolicy, ...] | None = None
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None


@dataclass(frozen=True)
class Principal:
    """Who can call: an IAM user, a session of a role or a federated one of a user, or an AWS service.

    name: of the user, the role or the service.
    policies: identity-based policies, inline and managed; a session's are its role's or its user's.
    boundary: the permissions boundary of the user or role, if it has one.
    tags: aws:PrincipalTag/...; a session's own win over its role's.
    session: of temporary credentials only.
    """

    arn: str
    account_id: str
    kind: str
    name: str
    unique_id: str
    policies: tuple[NamedPolicy, ...] = ()
    boundary: NamedPolicy | None = None
    tags: Mapping[str, str] = field(default_factory=dict, hash=False)
    session: Session | None = None

    @property
    def session_name(self) -> str | None:
        return None if self.session is None else self.session.name

    @property
    def role_arn(self) -> str | None:
        """The role that this is a session of."""
        return self.session.issuer_arn if self.session is not None and self.kind == SESSION else None

    @cached_property
    def naming_arns(self) -> tuple[str, ...]:
        """The ARNs by which a policy names this principal: its own first.

        A session goes by its role too, and a federated user by the user whom it is of.
        Source: IAM User Guide, "Policy evaluation logic": resource-based policies that name either.
        """
        if self.kind in (SERVICE, ANONYMOUS):
            return ()
        if self.session is not None and self.kind in (SESSION, FEDERATED):
            return (self.arn, self.session.issuer_arn)
        return (self.arn,)

    @property
    def names(self) -> tuple[str, ...]:
        """What a grant can call this principal: its ARNs, or the service principal.

        Inferred: a grant to a user, which no session policy limits, is not for its federated users.
        """
        return (self.arn,) if self.kind == FEDERATED else self.naming_arns or (self.name,)

    @property
    def service_principal(self) -> str | None:
        return self.name if self.kind == SERVICE else None


@dataclass(frozen=True)
class Caller:
    """One principal making one call.

    invoked_by: the service principal that calls with this caller's session (a forward access session), or None.
    source_arn: the resource for which a service acts alone; policies see it as aws:SourceArn.
    """

    principal: Principal
    region: str
    access_key_id: str | None = None
    source_ip: str = "127.0.0.1"
    user_agent: str = ""
    request_id: str = ""
    invoked_by: AwsService | None = None
    source_arn: str | None = None

    @property
    def account_id(self) -> str:
        return self.principal.account_id

    @property
    def arn(self) -> str:
        return self.principal.arn

    @property
    def is_service(self) -> bool:
        return self.principal.kind == SERVICE

    @property
    def is_anonymous(self) -> bool:
        return self.principal.kind == ANONYMOUS

    @property
    def has_account(self) -> bool:
        """Whether the caller is of an account whose IAM has a say: services that act alone and strangers are not."""
        return not self.is_service and not self.is_anonymous

    @property
    def via_service(self) -> str | None:
        return None if self.invoked_by is None else self.invoked_by.via(self.region)

    def through(self, service: AwsService) -> Caller:
        """This caller's forward access session, in the hands of a service."""
        return replace(self, invoked_by=service)


def service_caller(service: AwsService, region: str, *, request_id: str = "", source_arn: str | None = None) -> Caller:
    """A service calling on its own: it lives off grants and the policies of its own account's keys."""
    principal = Principal(
        arn=service.principal,
        account_id=service.account_id,
        kind=SERVICE,
        name=service.principal,
        unique_id=service.principal,
    )
    return Caller(
        principal,
        region,
        source_ip=service.principal,
        user_agent=service.principal,
        request_id=request_id,
        source_arn=source_arn,
    )


def anonymous_caller(*, source_ip: str, user_agent: str, request_id: str) -> Caller:
    """Whoever sends a request without credentials: policies reach it as one of everyone alone."""
    principal = Principal(
        arn="anonymous", account_id="anonymous", kind=ANONYMOUS, name="anonymous", unique_id="anonymous"
    )
    return Caller(principal, "", source_ip=source_ip, user_agent=user_agent, request_id=request_id)


def user_arn(account_id: str, name: str, path: str = "/") -> str:
    return f"arn:aws:iam::{account_id}:user{path}{name}"


def role_arn(account_id: str, name: str, path: str = "/") -> str:
    return f"arn:aws:iam::{account_id}:role{path}{name}"


def group_arn(account_id: str, name: str, path: str = "/") -> str:
    return f"arn:aws:iam::{account_id}:group{path}{name}"


def assumed_role_arn(account_id: str, role_name: str, session_name: str) -> str:
    """A role's session is named without the role's path."""
    return f"arn:aws:sts::{account_id}:assumed-role/{role_name}/{session_name}"


def federated_user_arn(account_id: str, name: str) -> str:
    return f"arn:aws:sts::{account_id}:federated-user/{name}"


def root_arn(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"
