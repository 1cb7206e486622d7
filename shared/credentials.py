"""The credentials by which principals are known: access keys of users, and sessions of roles and users.

Secret access keys rest wrapped under the domain key, session tokens as digests. The demo world's secrets are the
exception that is none: they are printed in the README, and refused when the server listens beyond loopback.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from shared.clock import Clock
from shared.database import Database, Row
from shared.identities import Identities
from shared.identity import (
    FEDERATED,
    ROLE,
    SESSION,
    NamedPolicy,
    Principal,
    Session,
    assumed_role_arn,
    federated_user_arn,
)
from shared.randomness import Randomness

ACTIVE = "Active"
SESSION_TOKEN_BYTES = 192
"""Of a session that carries nothing."""

_TEMPORARY_PREFIX = "ASIA"


class SecretBox(Protocol):
    """Wraps small secrets for their rest on disk."""

    def wrap(self, material: bytes, *, binding: bytes) -> bytes: ...

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> Any: ...

    def digest(self, data: bytes) -> str: ...


class CredentialExpired(Exception):
    """Temporary credentials after their time."""


@dataclass(frozen=True)
class AccessKey:
    """A user's access key, or with a session token the temporary credentials of a session."""

    access_key_id: str
    secret_access_key: str
    principal_arn: str
    session_token: str | None = None
    expires_at: float | None = None

    def __repr__(self) -> str:
        return f"AccessKey({self.access_key_id!r}, {self.principal_arn!r})"


@dataclass(frozen=True)
class SessionRequest:
    """What a session is to be.

    name: None for GetSessionToken. duration_seconds: None for credentials that do not expire, as only the control
        API gives them.
    policy, policy_arns: the session policies; both None for no limit.
    token_bytes: how long its session token is to be.
    """

    name: str | None
    duration_seconds: int | None
    policy: str | None = None
    policy_arns: tuple[str, ...] | None = None
    tags: Mapping[str, str] | None = None
    transitive_tag_keys: tuple[str, ...] = ()
    source_identity: str | None = None
    token_bytes: int = SESSION_TOKEN_BYTES


class Credentials:
    """The credentials of this world's principals."""

    def __init__(
        self, database: Database, clock: Clock, randomness: Randomness, identities: Identities, box: SecretBox
    ) -> None:
        self._database = database
        self._clock = clock
        self._randomness = randomness
        self._identities = identities
        self._box = box
        self.demo_keys_work = True

    def create_access_key(
        self,
        principal_arn: str,
        *,
        access_key_id: str | None = None,
        secret: str | None = None,
        is_demo: bool = False,
    ) -> AccessKey:
        """Make an access key of a user. access_key_id, secret: of one that is known already. is_demo: to everybody."""
        key = AccessKey(
            access_key_id or f"AKIA{self._randomness.base32(16)}", secret or self._fresh_secret(), principal_arn
        )
        self._database.insert(
            "access_keys",
            {
                "access_key_id": key.access_key_id,
                "principal_arn": principal_arn,
                "wrapped_secret": self._wrap(key),
                "is_demo": int(is_demo),
                "status": ACTIVE,
                "created_at": self._clock.now(),
            },
        )
        return key

    def create_session(self, issuer_arn: str, request: SessionRequest, kind: str = SESSION) -> AccessKey:
        """Temporary credentials of a role (AssumedRole) or a user (FederatedUser, IAMUser). Raises: KeyError."""
        issuer = self._identities.find_principal(issuer_arn)
        if issuer is None or (issuer.kind == ROLE) != (kind == SESSION):
            raise KeyError(issuer_arn)
        row = self._session_row(issuer, kind, request)
        token = self._randomness.hex(request.token_bytes)
        key = AccessKey(
            f"{_TEMPORARY_PREFIX}{self._randomness.base32(16)}",
            self._fresh_secret(),
            _session_arn(issuer, kind, request.name),
            session_token=token,
            expires_at=row["expires_at"],
        )
        self._database.insert(
            "sessions",
            {
                "access_key_id": key.access_key_id,
                "wrapped_secret": self._wrap(key),
                "session_token_digest": self._box.digest(token.encode()),
                **row,
            },
        )
        return key

    def role_session(self, role: Principal, request: SessionRequest) -> Principal:
        """A session of a role in the hands of a service, which needs no credentials here."""
        return self._session_of(role, self._session_row(role, SESSION, request))

    def _session_row(self, issuer: Principal, kind: str, request: SessionRequest) -> Row:
        now = self._clock.now()
        return {
            "issuer_arn": issuer.arn,
            "kind": kind,
            "name": request.name,
            "policy": request.policy,
            "policy_arns": None if request.policy_arns is None else list(request.policy_arns),
            "tags": dict(request.tags or {}),
            "transitive_tag_keys": list(request.transitive_tag_keys),
            "source_identity": request.source_identity,
            "issued_at": now,
            "expires_at": None if request.duration_seconds is None else now + request.duration_seconds,
        }

    def secret_of(self, access_key_id: str) -> str | None:
        """The secret of an access key that works here and now, or of a session; None if there is none."""
        row = self._find_credential(access_key_id)
        return None if row is None else self._unwrap(row)

    def find_access_key(self, principal_arn: str) -> AccessKey | None:
        """A user's access key with its secret, for whoever holds the data directory."""
        where = {"principal_arn": principal_arn, "status": ACTIVE}
        for row in self._database.select("access_keys", where, order=["is_demo"]):
            if self.demo_keys_work or not row["is_demo"]:
                return AccessKey(row["access_key_id"], self._unwrap(row), principal_arn)
        return None

    def principal_of(self, access_key_id: str, session_token: str | None = None) -> Principal:
        """The principal behind a credential.

        Raises: KeyError if there is none, or the token is not its own; CredentialExpired.
        """
        row = self._find_credential(access_key_id)
        if row is None or not self._is_token(session_token, row.get("session_token_digest")):
            raise KeyError(access_key_id)
        is_session = access_key_id.startswith(_TEMPORARY_PREFIX)
        issuer = self._identities.find_principal(row["issuer_arn" if is_session else "principal_arn"])
        if issuer is None:
            raise KeyError(access_key_id)
        if not is_session:
            return issuer
        if row["expires_at"] is not None and row["expires_at"] <= self._clock.now():
            raise CredentialExpired(access_key_id)
        return self._session_of(issuer, row)

    def _session_of(self, issuer: Principal, row: Row) -> Principal:
        name, kind = row["name"], row["kind"]
        return Principal(
            arn=_session_arn(issuer, kind, name),
            account_id=issuer.account_id,
            kind=kind,
            name=name if kind == FEDERATED else issuer.name,
            unique_id=_session_id(issuer, kind, name),
            policies=issuer.policies,
            boundary=issuer.boundary,
            tags=_merged(issuer.tags, row["tags"]),
            session=Session(
                name=name,
                issuer_arn=issuer.arn,
                issuer_id=issuer.unique_id,
                issuer_name=issuer.name,
                issued_at=row["issued_at"],
                expires_at=row["expires_at"],
                policies=self._session_policies(row),
                transitive_tag_keys=tuple(row["transitive_tag_keys"]),
                source_identity=row["source_identity"],
            ),
        )

    def _session_policies(self, row: Row) -> tuple[NamedPolicy, ...] | None:
        if row["policy"] is None and row["policy_arns"] is None:
            # A federated user has what both its user and its session policy allow: without one, nothing.
            return () if row["kind"] == FEDERATED else None
        inline = () if row["policy"] is None else (NamedPolicy("Policy", row["policy"]),)
        return (*inline, *(self._identities.managed_policy(arn) for arn in row["policy_arns"] or ()))

    def _find_credential(self, access_key_id: str) -> Row | None:
        table = "sessions" if access_key_id.startswith(_TEMPORARY_PREFIX) else "access_keys"
        row = self._database.find(table, {"access_key_id": access_key_id})
        if row is None or table == "sessions":
            return row
        works = row["status"] == ACTIVE and (self.demo_keys_work or not row["is_demo"])
        return row if works else None

    def _is_token(self, session_token: str | None, digest: str | None) -> bool:
        if session_token is None or digest is None:
            return session_token is digest
        return hmac.compare_digest(self._box.digest(session_token.encode()), digest)

    def _fresh_secret(self) -> str:
        return self._randomness.token_bytes(20).hex()

    def _wrap(self, key: AccessKey) -> bytes:
        return self._box.wrap(key.secret_access_key.encode(), binding=key.access_key_id.encode())

    def _unwrap(self, row: Row) -> str:
        secret = self._box.unwrap(row["wrapped_secret"], binding=row["access_key_id"].encode())
        return bytes(secret.reveal()).decode()

    def account_of_access_key(self, access_key_id: str) -> str | None:
        """Whose credentials these are, in use or not."""
        is_session = access_key_id.startswith(_TEMPORARY_PREFIX)
        table, column = ("sessions", "issuer_arn") if is_session else ("access_keys", "principal_arn")
        row = self._database.find(table, {"access_key_id": access_key_id})
        return None if row is None else str(row[column]).split(":")[4]


def _session_arn(issuer: Principal, kind: str, name: str | None) -> str:
    if name is None:
        return issuer.arn
    if kind == FEDERATED:
        return federated_user_arn(issuer.account_id, name)
    return assumed_role_arn(issuer.account_id, issuer.name, name)


def _session_id(issuer: Principal, kind: str, name: str | None) -> str:
    """As GetCallerIdentity and aws:userid tell it."""
    if name is None:
        return issuer.unique_id
    return f"{issuer.account_id if kind == FEDERATED else issuer.unique_id}:{name}"


def _merged(tags: Mapping[str, str], session_tags: Mapping[str, str]) -> Mapping[str, str]:
    """A session's tags over its role's: keys that differ in case only are one."""
    if not session_tags:
        return tags
    own = {key.lower() for key in session_tags}
    return {key: value for key, value in tags.items() if key.lower() not in own} | dict(session_tags)
