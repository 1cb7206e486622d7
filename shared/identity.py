"""Accounts, principals and access keys; and the caller: who calls, and on whose behalf.

Secret access keys rest wrapped under the domain key. The demo world's are the exception that is none: they are
printed in the README, and refused when the server listens beyond loopback.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

from shared.catalog import AwsService
from shared.clock import Clock
from shared.database import Database, Row
from shared.randomness import Randomness


class SecretBox(Protocol):
    """Wraps small secrets for their rest on disk."""

    def wrap(self, material: bytes, *, binding: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> Any: ...


@dataclass(frozen=True)
class Principal:
    """Who can call: an IAM user or role of an account, or an AWS service.

    kind: as in CloudTrail's userIdentity.type: IAMUser, AssumedRole or AWSService.
    policies: identity policies as JSON text; none for a service.
    """

    arn: str
    account_id: str
    kind: str
    name: str
    unique_id: str
    policies: tuple[str, ...] = ()
    issuer_arn: str | None = None

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
    access_key_id: str
    secret_access_key: str
    principal_arn: str

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
        self._database.insert(
            "principals",
            {
                "arn": arn,
                "account_id": account_id,
                "kind": "IAMUser",
                "name": name,
                "unique_id": f"AIDA{self._randomness.base32(17)}",
                "policies": [json.dumps(policy) for policy in policies],
            },
        )
        return arn

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
        secret = secret or self._randomness.token_bytes(30).hex()[:40]
        self._database.insert(
            "access_keys",
            {
                "access_key_id": access_key_id,
                "principal_arn": principal_arn,
                "wrapped_secret": self._box.wrap(secret.encode(), binding=access_key_id.encode()),
                "is_demo": int(is_demo),
            },
        )
        return AccessKey(access_key_id, secret, principal_arn)

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

    def principal_of(self, access_key_id: str) -> Principal:
        """The principal behind an access key. Raises: KeyError if there is none."""
        key = self._database.find("access_keys", {"access_key_id": access_key_id})
        principal = None if key is None else self.find_principal(key["principal_arn"])
        if principal is None:
            raise KeyError(access_key_id)
        return principal

    def find_principal(self, arn: str) -> Principal | None:
        row = self._database.find("principals", {"arn": arn})
        return None if row is None else _principal(row)

    def principals(self, account_id: str) -> list[Principal]:
        rows = self._database.select("principals", {"account_id": account_id}, order=["arn"])
        return [_principal(row) for row in rows]

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


def root_arn(account_id: str) -> str:
    return f"arn:aws:iam::{account_id}:root"


def _principal(row: Row) -> Principal:
    return Principal(
        arn=row["arn"],
        account_id=row["account_id"],
        kind=row["kind"],
        name=row["name"],
        unique_id=row["unique_id"],
        policies=tuple(row["policies"]),
    )
