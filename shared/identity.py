"""Accounts, principals and access keys; and the caller: who calls, and on whose behalf.

Secret access keys rest wrapped under the domain key. The demo world's are the exception that is none: they are
printed in the README, and refused when the server listens beyond loopback.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from shared.catalog import AwsService
from shared.clock import Clock
from shared.database import Database, Row
from shared.randomness import Randomness

USER, ROLE, SESSION = "IAMUser", "Role", "AssumedRole"
"""The kinds of principal that rest."""


class SecretBox(Protocol):
    """Wraps small secrets for their rest on disk."""

    def wrap(self, material: bytes, *, binding: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> Any: ...

    def digest(self, data: bytes) -> str: ...


@dataclass(frozen=True)
class Principal:
    """Who can call: an IAM user, a session of a role, or an AWS service. A role itself can be named, but cannot call.

    kind: as in CloudTrail's userIdentity.type: IAMUser, AssumedRole or AWSService; Role for a role.
    name: of the user, the role or the service. policies: identity policies as JSON text, a session's are its role's.
    issuer_arn, created_at (seconds since the epoch): a session's role, and when the session began.
    """

    arn: str
    account_id: str
    kind: str
    name: str
    unique_id: str
    policies: tuple[str, ...] = ()
    issuer_arn: str | None = None
    created_at: float | None = None

    @property
    def session_name(self) -> str | None:
        return None if self.issuer_arn is None else self.arn.rpartition("/")[2]

    @cached_property
    def naming_arns(self) -> tuple[str, ...]:
        """The ARNs by which a policy or a grant names this principal itself."""
        if self.kind == "AWSService":
            return ()
        return (self.arn,) if self.issuer_arn is None else (self.arn, self.issuer_arn)

    @property
    def names(self) -> tuple[str, ...]:
        """What a grant can call this principal: its ARNs, or the service principal."""
        return self.naming_arns or (self.name,)

    @property
    def service_principal(self) -> str | None:
        return self.name if self.kind == "AWSService" else None


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
        return self.principal.kind == "AWSService"

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
        kind="AWSService",
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


@dataclass(frozen=True)
class AccessKey:
    """session_token: what a role session's requests must carry too; None for a user's key."""

    access_key_id: str
    secret_access_key: str
    principal_arn: str
    session_token: str | None = None

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, {self.principal_arn!r})"


class Identities:
    """The accounts of this world, their principals and access keys."""

    def __init__(self, database: Database, clock: Clock, randomness: Randomness, box: SecretBox) -> None:
        self._database = database
        self._clock = clock
        self._randomness = randomness
        self._box = box
        self.demo_keys_work = True

    def create_account(self, account_id: str | None = None, name: str = "") -> str:
        """Make an account; without an id a fresh 12-digit one. Returns its id."""
        account_id = account_id or self._fresh_account_id()
        self._database.insert("accounts", {"account_id": account_id, "name": name, "created_at": self._clock.now()})
        return account_id

    def create_user(self, account_id: str, name: str, policies: tuple[dict[str, Any], ...]) -> str:
        """Make an IAM user with inline policies. Returns its ARN."""
        arn = user_arn(account_id, name)
        self._add_principal(arn, account_id, USER, name, f"AIDA{self._randomness.base32(17)}", policies)
        return arn

    def create_role(self, account_id: str, name: str, policies: tuple[dict[str, Any], ...]) -> str:
        """Make an IAM role with inline policies. Returns its ARN."""
        arn = role_arn(account_id, name)
        self._add_principal(arn, account_id, ROLE, name, f"AROA{self._randomness.base32(17)}", policies)
        return arn

    def create_session(self, role: str, session_name: str) -> AccessKey:
        """Credentials for a session of a role; one of the same name is the same principal. Raises: KeyError."""
        issuer = self.find_principal(role)
        if issuer is None or issuer.kind != ROLE:
            raise KeyError(role)
        arn = f"arn:aws:sts::{issuer.account_id}:assumed-role/{issuer.name}/{session_name}"
        if self.find_principal(arn) is None:
            unique_id = f"{issuer.unique_id}:{session_name}"
            self._add_principal(arn, issuer.account_id, SESSION, issuer.name, unique_id, (), issuer_arn=role)
        return self._add_access_key(
            AccessKey(
                f"ASIA{self._randomness.base32(16)}",
                self._fresh_secret(),
                arn,
                session_token=self._randomness.token_bytes(96).hex(),
            )
        )

    def _add_principal(
        self,
        arn: str,
        account_id: str,
        kind: str,
        name: str,
        unique_id: str,
        policies: tuple[dict[str, Any], ...],
        issuer_arn: str | None = None,
    ) -> None:
        self._database.insert(
            "principals",
            {
                "arn": arn,
                "account_id": account_id,
                "kind": kind,
                "name": name,
                "unique_id": unique_id,
                "policies": [json.dumps(policy) for policy in policies],
                "issuer_arn": issuer_arn,
                "created_at": self._clock.now(),
            },
        )

    def put_policies(self, principal_arn: str, policies: tuple[dict[str, Any], ...]) -> None:
        """Replace a principal's identity policies."""
        self._database.update(
            "principals", {"arn": principal_arn}, {"policies": [json.dumps(policy) for policy in policies]}
        )

    def create_access_key(
        self, principal_arn: str, *, access_key_id: str | None = None, secret: str | None = None
    ) -> AccessKey:
        """Make an access key; with id and secret given it is one of the demo world's."""
        is_demo = secret is not None
        access_key_id = access_key_id or f"AKIA{self._randomness.base32(16)}"
        key = AccessKey(access_key_id, secret or self._fresh_secret(), principal_arn)
        return self._add_access_key(key, is_demo=is_demo)

    def _add_access_key(self, key: AccessKey, *, is_demo: bool = False) -> AccessKey:
        token = key.session_token
        self._database.insert(
            "access_keys",
            {
                "access_key_id": key.access_key_id,
                "principal_arn": key.principal_arn,
                "wrapped_secret": self._box.wrap(key.secret_access_key.encode(), binding=key.access_key_id.encode()),
                "is_demo": int(is_demo),
                "session_token_digest": None if token is None else self._box.digest(token.encode()),
            },
        )
        return key

    def _fresh_secret(self) -> str:
        return self._randomness.token_bytes(20).hex()

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that works here and now, or None."""
        row = self._database.find("access_keys", {"access_key_id": access_key_id})
        if row is None or (row["is_demo"] and not self.demo_keys_work):
            return None
        return self._unwrap(row)

    def find_access_key(self, principal_arn: str) -> AccessKey | None:
        """A principal's access key with its secret, for whoever holds the data directory."""
        for row in self._database.select("access_keys", {"principal_arn": principal_arn}, order=["is_demo"]):
            if self.demo_keys_work or not row["is_demo"]:
                return AccessKey(row["access_key_id"], self._unwrap(row), principal_arn)
        return None

    def principal_of(self, access_key_id: str, session_token: str | None = None) -> Principal:
        """The principal behind an access key. Raises: KeyError if there is none, or the token is not the key's."""
        key = self._database.find("access_keys", {"access_key_id": access_key_id})
        if key is None or not self._is_token(session_token, key["session_token_digest"]):
            raise KeyError(access_key_id)
        principal = self.find_principal(key["principal_arn"])
        if principal is None:
            raise KeyError(access_key_id)
        return principal

    def _is_token(self, session_token: str | None, digest: str | None) -> bool:
        if session_token is None or digest is None:
            return session_token is digest
        return hmac.compare_digest(self._box.digest(session_token.encode()), digest)

    def find_principal(self, arn: str) -> Principal | None:
        row = self._database.find("principals", {"arn": arn})
        if row is None:
            return None
        issuer = None if row["issuer_arn"] is None else self._database.find("principals", {"arn": row["issuer_arn"]})
        return _principal(row, (issuer or row)["policies"])

    def account_exists(self, account_id: str) -> bool:
        return self._database.find("accounts", {"account_id": account_id}) is not None

    def accounts(self) -> list[Row]:
        return self._database.select("accounts", {}, order=["account_id"])

    def _unwrap(self, row: Row) -> str:
        secret = self._box.unwrap(row["wrapped_secret"], binding=row["access_key_id"].encode())
        return bytes(secret.reveal()).decode()

    def _fresh_account_id(self) -> str:
        while True:
            account_id = str(int.from_bytes(self._randomness.token_bytes(8), "big") % 800_000_000_000 + 10**11)
            if not self.account_exists(account_id):
                return account_id


def user_arn(account_id: str, name: str) -> str:
    return f"arn:aws:iam::{account_id}:user/{name}"


def role_arn(account_id: str, name: str) -> str:
    return f"arn:aws:iam::{account_id}:role/{name}"


def root_arn(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"


def _principal(row: Row, policies: Sequence[str]) -> Principal:
    return Principal(
        arn=row["arn"],
        account_id=row["account_id"],
        kind=row["kind"],
        name=row["name"],
        unique_id=row["unique_id"],
        policies=tuple(policies),
        issuer_arn=row["issuer_arn"],
        created_at=row["created_at"],
    )
