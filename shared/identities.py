"""Accounts, users, roles, groups and managed policies as they rest. `shared.credentials` tells who is who."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from shared.aws_managed_policies import AWS_MANAGED_POLICIES
from shared.clock import Clock
from shared.database import Database, Row
from shared.identity import (
    GROUP,
    ROLE,
    USER,
    NamedPolicy,
    Principal,
    group_arn,
    role_arn,
    root_arn,
    user_arn,
)
from shared.randomness import Randomness

DEFAULT_MAX_SESSION_SECONDS = 3600

_ALLOWS_NOTHING = '{"Version":"2012-10-17","Statement":[{"Effect":"Allow","NotAction":"*","Resource":"*"}]}'
"""Stands for a managed policy that a session was limited to and that is deleted since."""


class Identities:
    """The accounts of this world, their principals and policies."""

    def __init__(self, database: Database, clock: Clock, randomness: Randomness) -> None:
        self._database = database
        self._clock = clock
        self._randomness = randomness

    # Accounts

    def create_account(self, account_id: str | None = None, name: str = "") -> str:
        """Make an account; without an id a fresh 12-digit one. Returns its id."""
        account_id = account_id or self._fresh_account_id()
        self._database.insert("accounts", {"account_id": account_id, "name": name, "created_at": self._clock.now()})
        return account_id

    def account_exists(self, account_id: str) -> bool:
        return self._database.find("accounts", {"account_id": account_id}) is not None

    def accounts(self) -> list[Row]:
        return self._database.select("accounts", {}, order=["account_id"])

    def _fresh_account_id(self) -> str:
        while True:
            account_id = str(int.from_bytes(self._randomness.token_bytes(8), "big") % 800_000_000_000 + 10**11)
            if not self.account_exists(account_id):
                return account_id

    # Users, roles and groups

    def create_user(self, account_id: str, name: str, policies: Sequence[dict[str, Any]] = (), path: str = "/") -> str:
        """Make an IAM user with inline policies. Returns its ARN."""
        arn = user_arn(account_id, name, path)
        self._add_principal(arn, account_id, USER, name, path, policies, {})
        return arn

    def create_role(
        self,
        account_id: str,
        name: str,
        policies: Sequence[dict[str, Any]] = (),
        path: str = "/",
        trust_policy: str | None = None,
    ) -> str:
        """Make an IAM role with inline policies. Returns its ARN.

        trust_policy: without one the role's account may assume it.
        """
        arn = role_arn(account_id, name, path)
        trust = trust_policy or _trust_of_account(account_id)
        role = {"trust_policy": trust, "max_session_seconds": DEFAULT_MAX_SESSION_SECONDS}
        self._add_principal(arn, account_id, ROLE, name, path, policies, role)
        return arn

    def create_group(self, account_id: str, name: str, path: str = "/") -> str:
        """Make an IAM group without users. Returns its ARN."""
        arn = group_arn(account_id, name, path)
        self._add_principal(arn, account_id, GROUP, name, path, (), {})
        return arn

    def _add_principal(
        self,
        arn: str,
        account_id: str,
        kind: str,
        name: str,
        path: str,
        policies: Sequence[dict[str, Any]],
        more: Mapping[str, Any],
    ) -> None:
        prefix = {USER: "AIDA", ROLE: "AROA", GROUP: "AGPA"}[kind]
        self._database.insert(
            "principals",
            {
                "arn": arn,
                "account_id": account_id,
                "kind": kind,
                "name": name,
                "lower_name": name.lower(),
                "path": path,
                "unique_id": f"{prefix}{self._randomness.base32(17)}",
                "policies": {f"policy-{number}": json.dumps(policy) for number, policy in enumerate(policies, 1)},
                "attached": [],
                "groups": [],
                "tags": {},
                "created_at": self._clock.now(),
                **more,
            },
        )

    def find_principal(self, arn: str) -> Principal | None:
        """The user or role of an ARN."""
        row = self._database.find("principals", {"arn": arn})
        return None if row is None or row["kind"] == GROUP else self._principal(row)

    def find_by_name(self, account_id: str, kind: str, name: str) -> Row | None:
        """The stored user, role or group of a name, whatever its path."""
        where = {"account_id": account_id, "kind": kind, "lower_name": name.lower(), "name": name}
        return self._database.find("principals", where)

    def name_is_taken(self, account_id: str, kind: str, name: str) -> bool:
        """Names that differ in case only are one."""
        where = {"account_id": account_id, "kind": kind, "lower_name": name.lower()}
        return self._database.find("principals", where) is not None

    def can_be_named(self, name: str) -> bool:
        """Whether a policy may name this: an account, a user, a role, or a session of one that is there."""
        if name.isdigit():
            return self.account_exists(name)
        if not name.startswith("arn:aws:"):
            return False
        account_id, resource = name.split(":", 5)[4:]
        kind, _, rest = resource.partition("/")
        if kind in ("root", "federated-user"):
            return self.account_exists(account_id)
        if kind == "assumed-role":
            return self.find_by_name(account_id, ROLE, rest.partition("/")[0]) is not None
        return self.find_principal(name) is not None

    def _principal(self, row: Row) -> Principal:
        boundary = row["boundary_arn"]
        return Principal(
            arn=row["arn"],
            account_id=row["account_id"],
            kind=row["kind"],
            name=row["name"],
            unique_id=row["unique_id"],
            policies=(*self._hanging_on(row), *self._through_groups(row)),
            boundary=None if boundary is None else self.managed_policy(boundary),
            tags=row["tags"],
        )

    def _hanging_on(self, row: Row) -> Iterator[NamedPolicy]:
        """The policies of a user, role or group itself."""
        yield from (NamedPolicy(name, text) for name, text in row["policies"].items())
        yield from (self.managed_policy(arn) for arn in row["attached"])

    def _through_groups(self, row: Row) -> Iterator[NamedPolicy]:
        """The policies of the groups that a user is in."""
        for arn in row["groups"]:
            group = self._database.find("principals", {"arn": arn})
            assert group is not None
            for policy in self._hanging_on(group):
                yield NamedPolicy(f"{policy.name} of group {group['name']}", policy.text)

    def find_role(self, arn: str) -> Row | None:
        """The stored role of an ARN."""
        row = self._database.find("principals", {"arn": arn})
        return row if row is not None and row["kind"] == ROLE else None

    def managed_policy_exists(self, arn: str, account_id: str) -> bool:
        """Whether it is AWS's, or the account's own."""
        if arn in AWS_MANAGED_POLICIES:
            return True
        return self._database.find("managed_policies", {"arn": arn, "account_id": account_id}) is not None

    def managed_policy(self, arn: str) -> NamedPolicy:
        """A managed policy in its default version; one that is gone allows nothing."""
        known = AWS_MANAGED_POLICIES.get(arn)
        if known is not None:
            return NamedPolicy(arn, known.text)
        version = self._database.find("policy_versions", {"policy_arn": arn, "is_default": 1})
        return NamedPolicy(arn, _ALLOWS_NOTHING if version is None else version["document"])


def _trust_of_account(account_id: str) -> str:
    statement = {"Effect": "Allow", "Principal": {"AWS": root_arn(account_id)}, "Action": "sts:AssumeRole"}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})
