"""Sealed records: services never hand plaintext to the database.

A record has plain attributes that AWS itself does not protect (ids, ARNs, statuses, times) and one sealed envelope. It
is sealed under its scope's data key for its data class; KMS is asked for that data key once per request, so that what
happens to the KMS key is felt at the next request. Equality look-ups go through a blind index.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from kms import cryptographic, errors
from kms.engine import Session
from kms.envelope import RecordPlace, SealingKey, blind_index
from kms.ownership import Ownership, Provision, Scope
from shared.database import Row
from shared.identity import Caller

INDEX_CLASS = "blind-index"
"""The data class under which a scope's blind index key stands: a data key that is kept for later."""

_PAGE = 200


@dataclass(frozen=True)
class Record:
    """One record as it rests. created_at: seconds since the epoch. sealed: None if nothing of it is protected."""

    scope_arn: str
    data_class: str
    record_id: str
    parent: str
    data_key_id: str | None
    sealed: bytes | None
    attributes: dict[str, Any]
    created_at: float


class EncryptedStore:
    """The records of one service, for one request. caller: None for background work of the service itself."""

    def __init__(self, kms: Session, ownerships: Mapping[str, Ownership], service: str, caller: Caller | None) -> None:
        self.kms = kms
        self._database = kms.engine.database
        self._ownerships = ownerships
        self._service = service
        self._caller = caller
        self._opened: dict[str, SealingKey] = {}
        self._index_keys: dict[str, bytes] = {}

    # Scopes

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

    # Records

    def put(
        self,
        scope: Scope,
        data_class: str,
        record_id: str,
        protected: Mapping[str, Any],
        attributes: Mapping[str, Any] | None = None,
        *,
        parent: str = "",
        index: Collection[tuple[str, str]] | None = None,
    ) -> Record:
        """Seal and store a record, replacing one of the same id.

        protected: JSON values and bytes; only ever stored sealed. index: fields and values
            to find it by again.
        Raises: KmsRefusal.
        """
        key = self._active_key(scope, data_class)
        sealed = key.seal(_encode(protected), self._place(scope.arn, data_class, record_id))
        found = self.find(scope.arn, data_class, record_id)
        created_at = found.created_at if found else self.kms.engine.clock.now()
        record = Record(
            scope.arn,
            data_class,
            record_id,
            parent,
            key.data_key_id,
            sealed,
            dict(attributes or {}),
            created_at,
        )
        self._database.upsert("records", record.__dict__)
        if index is not None:
            self._index(scope, data_class, record_id, index)
        return record

    def put_plain(
        self,
        scope_arn: str,
        data_class: str,
        record_id: str,
        attributes: Mapping[str, Any],
        *,
        parent: str = "",
    ) -> Record:
        """Store a record of which nothing is protected; `scope_arn` need not be a scope with a key."""
        found = self.find(scope_arn, data_class, record_id)
        created_at = found.created_at if found else self.kms.engine.clock.now()
        record = Record(scope_arn, data_class, record_id, parent, None, None, dict(attributes), created_at)
        self._database.upsert("records", record.__dict__)
        return record

    def set_attributes(self, record: Record, **changes: Any) -> Record:
        """Change plain attributes; the sealed part stays as it is."""
        changed = replace(record, attributes={**record.attributes, **changes})
        self._database.update("records", _key_of(record), {"attributes": changed.attributes})
        return changed

    def find(self, scope_arn: str, data_class: str, record_id: str) -> Record | None:
        where = {"scope_arn": scope_arn, "data_class": data_class, "record_id": record_id}
        row = self._database.find("records", where)
        return None if row is None else Record(**row)

    def get(self, scope_arn: str, data_class: str, record_id: str) -> Record:
        """Raises: KeyError."""
        record = self.find(scope_arn, data_class, record_id)
        if record is None:
            raise KeyError(record_id)
        return record

    def reveal(self, record: Record) -> dict[str, Any]:
        """The protected members of a record. Raises: KmsRefusal; RecordRejected for one that was tampered with."""
        if record.sealed is None or record.data_key_id is None:
            return {}
        key = self._opened_key(record.scope_arn, record.data_key_id)
        place = self._place(record.scope_arn, record.data_class, record.record_id)
        return _decode(key.open(record.sealed, place))

    def page(
        self,
        scope_arn: str,
        data_class: str,
        *,
        parent: str | None = None,
        after: str = "",
        prefix: str = "",
        limit: int = 100,
    ) -> list[Record]:
        """Records in the order of their ids, from the one behind `after`; at most `limit`.

        prefix: only those whose ids begin so.
        """
        where: dict[str, Any] = {"scope_arn": scope_arn, "data_class": data_class, "record_id__gt": after}
        if parent is not None:
            where["parent"] = parent
        if prefix:
            where["record_id__ge"] = prefix
        rows = self._database.select("records", where, order=["record_id"], limit=limit)
        return [Record(**row) for row in takewhile(lambda row: row["record_id"].startswith(prefix), rows)]

    def stream(self, scope_arn: str, data_class: str, *, parent: str | None = None) -> Iterator[Record]:
        """All records in the order of their ids, never more than a page of them in memory."""
        after = ""
        while records := self.page(scope_arn, data_class, parent=parent, after=after, limit=_PAGE):
            yield from records
            after = records[-1].record_id

    def find_by(self, scope: Scope, data_class: str, field: str, value: str) -> list[str]:
        """The ids of the records whose indexed field has this value. Raises: KmsRefusal."""
        if self._index_row(scope) is None:
            return []
        digest = blind_index(self._index_key(scope), field=field, value=value)
        where = {"scope_arn": scope.arn, "data_class": data_class, "field": field, "value_digest": digest}
        return [row["record_id"] for row in self._database.select("blind_indexes", where, order=["record_id"])]

    def count(self, scope_arn: str, data_class: str, *, parent: str | None = None) -> int:
        where = {"scope_arn": scope_arn, "data_class": data_class}
        return self._database.count("records", where if parent is None else {**where, "parent": parent})

    def tally(self, scope_arn: str, name: str, by: int) -> None:
        """Keep count of what is too many to be counted each time."""
        self._database.count_up("tallies", {"scope_arn": scope_arn, "name": name}, "amount", by)

    def tallied(self, scope_arn: str, name: str) -> int:
        row = self._database.find("tallies", {"scope_arn": scope_arn, "name": name})
        return 0 if row is None else int(row["amount"])

    def delete(self, record: Record) -> None:
        self._database.delete("records", _key_of(record))
        self._database.delete("blind_indexes", _key_of(record))

    def delete_children(self, scope_arn: str, data_class: str, parent: str) -> None:
        """Delete all records of a class below a parent; none of them may be indexed."""
        self._database.delete("records", {"scope_arn": scope_arn, "data_class": data_class, "parent": parent})

    def reseal_some(self, scope: Scope, data_class: str, data_key_id: str, *, records: int, size_bytes: int) -> int:
        """Seal some of what an old data key sealed under the active one. Returns how many records; 0: none is left.

        records, size_bytes: how much at once at most, so that no batch takes long or much memory; one record at least.
        Raises: KmsRefusal; RecordRejected for a record that was tampered with.
        """
        old, new = self._opened_key(scope.arn, data_key_id), self._active_key(scope, data_class)
        batch: list[tuple[bytes, str, str, str, str]] = []
        size = 0
        rows = self._database.stream("records", {"data_key_id": data_key_id}, ("record_id", "sealed"), limit=records)
        for record_id, sealed in rows:
            place = self._place(scope.arn, data_class, record_id)
            resealed = new.seal(old.open(sealed, place), place)
            batch.append((resealed, new.data_key_id, scope.arn, data_class, record_id))
            size += len(sealed)
            if size >= size_bytes:
                break
        self._database.update_many(
            "records", ("scope_arn", "data_class", "record_id"), ("sealed", "data_key_id"), batch
        )
        return len(batch)

    # Data keys

    def require_access(self, scope: Scope) -> None:
        """Ask KMS for the scope's keys before anything is read or written. Raises: KmsRefusal."""
        rows = self._database.select("data_keys", {"scope_arn": scope.arn, "active": 1}, limit=1)
        if rows:
            self._opened_key(scope.arn, rows[0]["data_key_id"])

    def _active_key(self, scope: Scope, data_class: str) -> SealingKey:
        row = self._data_key_row(scope, data_class)
        if row is None:
            row = self._add_data_key(scope, data_class)
        return self._opened_key(scope.arn, row["data_key_id"])

    def _data_key_row(self, scope: Scope, data_class: str) -> Row | None:
        where = {"scope_arn": scope.arn, "data_class": data_class, "key_arn": scope.key_arn, "active": 1}
        return self._database.find("data_keys", where)

    def _add_data_key(self, scope: Scope, data_class: str) -> Row:
        maker = self.owner(scope).users(scope, self._caller)[0]
        wrapped = self.kms.perform(
            self._on_behalf(maker),
            cryptographic.generate_data_key_without_plaintext,
            key_id=scope.key_arn,
            encryption_context=scope.encryption_context,
            key_spec="AES_256",
        )
        return self.store_data_key(scope, data_class, wrapped.ciphertext_blob)

    def store_data_key(self, scope: Scope, data_class: str, ciphertext_blob: bytes) -> Row:
        """Keep an encrypted data key as the active one of a data class, under the scope's present KMS key."""
        row: Row = {
            "data_key_id": self.kms.engine.randomness.uuid(),
            "scope_arn": scope.arn,
            "data_class": data_class,
            "key_arn": scope.key_arn,
            "ciphertext_blob": ciphertext_blob,
            "active": 1,
            "created_at": self.kms.engine.clock.now(),
        }
        self._database.insert("data_keys", row)
        return row

    def _opened_key(self, scope_arn: str, data_key_id: str) -> SealingKey:
        if data_key_id not in self._opened:
            row = self._database.find("data_keys", {"data_key_id": data_key_id})
            if row is None:
                raise errors.RecordRejected("The data key of this record does not exist.")
            self._opened[data_key_id] = SealingKey(data_key_id, self._decrypt(self.get_scope(scope_arn), row))
        return self._opened[data_key_id]

    def _decrypt(self, scope: Scope, row: Row) -> bytes:
        """Ask KMS for a data key, as everyone who must be allowed to have it."""
        plaintext = b""
        for user in self.owner(scope).users(scope, self._caller):
            plaintext = self.kms.perform(
                self._on_behalf(user),
                cryptographic.decrypt,
                ciphertext_blob=row["ciphertext_blob"],
                encryption_context=scope.encryption_context,
                key_id=row["key_arn"],
            ).plaintext
        return plaintext

    def _on_behalf(self, user: Caller) -> Caller:
        """A service acting for this request carries its id, so that the trail can tell what caused what."""
        return user if self._caller is None else replace(user, request_id=self._caller.request_id)

    # The blind index

    def _index(self, scope: Scope, data_class: str, record_id: str, index: Collection[tuple[str, str]]) -> None:
        key = self._index_key(scope)
        where = {"scope_arn": scope.arn, "data_class": data_class, "record_id": record_id}
        self._database.delete("blind_indexes", where)
        for field, value in index:
            digest = blind_index(key, field=field, value=value)
            self._database.upsert("blind_indexes", {**where, "field": field, "value_digest": digest})

    def _index_row(self, scope: Scope) -> Row | None:
        return self._database.find("data_keys", {"scope_arn": scope.arn, "data_class": INDEX_CLASS, "active": 1})

    def _index_key(self, scope: Scope) -> bytes:
        if scope.arn not in self._index_keys:
            row = self._index_row(scope)
            self._index_keys[scope.arn] = self._decrypt(scope, row) if row is not None else self._add_index_key(scope)
        return self._index_keys[scope.arn]

    def _add_index_key(self, scope: Scope) -> bytes:
        maker = self.owner(scope).users(scope, self._caller)[0]
        data_key = self.kms.perform(
            self._on_behalf(maker),
            cryptographic.generate_data_key,
            key_id=scope.key_arn,
            encryption_context=scope.encryption_context,
            key_spec="AES_256",
        )
        self.store_data_key(scope, INDEX_CLASS, data_key.ciphertext_blob)
        return data_key.plaintext

    # Helpers

    def _place(self, scope_arn: str, data_class: str, record_id: str) -> RecordPlace:
        return RecordPlace(self._service, scope_arn, data_class, record_id)

    def _foreground(self) -> Caller:
        if self._caller is None:
            raise errors.AccessDenied("Only a caller can give a service a key.")
        return self._caller


def _key_of(record: Record) -> dict[str, str]:
    return {
        "scope_arn": record.scope_arn,
        "data_class": record.data_class,
        "record_id": record.record_id,
    }


def _encode(protected: Mapping[str, Any]) -> bytes:
    """JSON, in which {"$bytes": base64} stands for bytes, and a key that begins with "$" has one more of it."""
    payload = json.dumps(protected, separators=(",", ":"), default=_bytes_as_json)
    if '"$' in payload:
        payload = json.dumps(_escaped(protected), separators=(",", ":"), default=_bytes_as_json)
    return payload.encode()


def _bytes_as_json(value: Any) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be sealed")
    return {"$bytes": base64.b64encode(value).decode()}


def _escaped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {f"${name}" if name.startswith("$") else name: _escaped(inner) for name, inner in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value


def _decode(payload: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(payload, object_hook=_from_json if b'"$' in payload else None)
    return decoded


def _from_json(value: dict[str, Any]) -> Any:
    if value.keys() == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    return {name.removeprefix("$"): inner for name, inner in value.items()}
