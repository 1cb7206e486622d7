"""Scopes: what a service keeps under one key, such as a domain or a queue. Made, given another key, given up."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from kms import errors
from kms.engine import Session
from kms.ownership import Ownership, Provision, Scope
from shared.identity import Caller


class Scopes:
    """The scopes of one service, for one request. caller: None for background work of the service itself."""

    def __init__(self, kms: Session, ownerships: Mapping[str, Ownership], service: str, caller: Caller | None) -> None:
        self.kms = kms
        self._database = kms.engine.database
        self._ownerships = ownerships
        self._service = service
        self._caller = caller

    def create_scope(
        self,
        arn: str,
        ownership: str,
        encryption_context: dict[str, str],
        *,
        key_id: str | None = None,
    ) -> Scope:
        """Let an owner provide a key for a new scope. Raises: KmsRefusal."""
        return self._add_scope(self._foreground(), arn, ownership, encryption_context, key_id)

    def create_own_scope(
        self, arn: str, ownership: str, encryption_context: dict[str, str], *, key_id: str | None = None
    ) -> Scope:
        """Let an owner provide a key for a scope that the service makes on its own, for the account that `arn` names.

        Raises: KmsRefusal.
        """
        service = self._ownerships[ownership].alone(arn.split(":")[3], arn)
        return self._add_scope(service, arn, ownership, encryption_context, key_id)

    def _add_scope(
        self, caller: Caller, arn: str, ownership: str, encryption_context: dict[str, str], key_id: str | None
    ) -> Scope:
        provision = self._ownerships[ownership].provide(self.kms, caller, arn, encryption_context, key_id)
        scope = Scope(
            arn=arn,
            service=self._service,
            account_id=arn.split(":")[4],
            region=caller.region,
            ownership=ownership,
            key_arn=provision.key_arn,
            grant_id=provision.grant_id,
            encryption_context=encryption_context,
            generation=1,
            not_after=provision.not_after,
            created_at=self.kms.engine.clock.now(),
        )
        self._database.insert("scopes", scope.__dict__)
        return scope

    def find_scope(self, arn: str) -> Scope | None:
        row = self._database.find("scopes", {"arn": arn, "service": self._service})
        return None if row is None else Scope.from_row(row)

    def get_scope(self, arn: str) -> Scope:
        """Raises: KeyError."""
        scope = self.find_scope(arn)
        if scope is None:
            raise KeyError(arn)
        return scope

    def scopes_under(self, arn: str) -> list[Scope]:
        """The scopes whose ARNs stand below another, such as those of one queue."""
        where = {"service": self._service, "arn__ge": f"{arn}/", "arn__lt": f"{arn}0"}  # "0" follows "/"
        return [Scope.from_row(row) for row in self._database.select("scopes", where, order=["arn"])]

    def rekey_scope(self, scope: Scope, ownership: str, *, key_id: str | None = None) -> Scope:
        """Give a scope another key for all that is written from now on; the old one still opens the old records.

        Raises: KmsRefusal.
        """
        owner = self._ownerships[ownership]
        caller = self._foreground()
        provision = owner.provide(self.kms, caller, scope.arn, scope.encryption_context, key_id)
        return self.adopt(scope, ownership, provision)

    def adopt(self, scope: Scope, ownership: str, provision: Provision) -> Scope:
        """Write a provided key into the scope."""
        changed = replace(
            scope,
            ownership=ownership,
            key_arn=provision.key_arn,
            grant_id=provision.grant_id,
            not_after=provision.not_after,
            generation=scope.generation + 1,
        )
        self._database.upsert("scopes", changed.__dict__)
        return changed

    def is_provided(self, scope: Scope) -> bool:
        """Whether the service still has what it was given to reach the scope's key."""
        return self.owner(scope).still_holds(self.kms, Provision(scope.key_arn, scope.grant_id, scope.not_after))

    def delete_scope(self, scope: Scope) -> None:
        """Forget a scope with all its records and data keys, and give its key up."""
        for table in ("records", "blind_indexes", "data_keys", "tallies"):
            self._database.delete(table, {"scope_arn": scope.arn})
        self._database.delete("scopes", {"arn": scope.arn})
        provision = Provision(scope.key_arn, scope.grant_id, scope.not_after)
        self.owner(scope).release(self.kms, scope.arn, scope.region, provision)

    def owner(self, scope: Scope) -> Ownership:
        return self._ownerships[scope.ownership]

    def users(self, scope: Scope) -> list[Caller]:
        """Who must be allowed the scope's key, as callers of KMS.

        A service acting for this request carries its id, so that the trail can tell what caused what.
        """
        users = self.owner(scope).users(scope, self._caller)
        return [user if self._caller is None else replace(user, request_id=self._caller.request_id) for user in users]

    def _foreground(self) -> Caller:
        if self._caller is None:
            raise errors.AccessDenied("Only a caller can give a service a key.")
        return self._caller
