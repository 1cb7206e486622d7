"""Sealed records: services never hand plaintext to the database.

A record has plain attributes that AWS itself does not protect (ids, ARNs, statuses, times) and one sealed envelope. It
is sealed under its scope's data key for its data class; KMS is asked for that data key once per request, so that what
happens to the KMS key is felt at the next request. Equality look-ups go through a blind index.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from itertools import takewhile
from typing import Any

from kms.engine import Session
from kms.envelope import RecordPlace, blind_index
from kms.ownership import Ownership, Scope
from kms.protected_members import decode, encode
from kms.scope_keys import ScopeKeys
from kms.scopes import Scopes
from shared.identity import Caller

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


class EncryptedStore(Scopes):
    """The scopes and records of one service, for one request. caller: None for background work of the service."""

    def __init__(self, kms: Session, ownerships: Mapping[str, Ownership], service: str, caller: Caller | None) -> None:
        super().__init__(kms, ownerships, service, caller)
        self._keys = ScopeKeys(self)

    def require_access(self, scope: Scope) -> None:
        """Ask KMS for the scope's keys before anything is read or written. Raises: KmsRefusal."""
        self._keys.require_access(scope)

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
        key = self._keys.active(scope, data_class)
        sealed = key.seal(encode(protected), self._place(scope.arn, data_class, record_id))
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
        key = self._keys.opened(record.scope_arn, record.data_key_id)
        place = self._place(record.scope_arn, record.data_class, record.record_id)
        return decode(key.open(record.sealed, place))

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
        if not self._keys.has_index(scope):
            return []
        digest = blind_index(self._keys.index(scope), field=field, value=value)
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
        old, new = self._keys.opened(scope.arn, data_key_id), self._keys.active(scope, data_class)
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

    def _index(self, scope: Scope, data_class: str, record_id: str, index: Collection[tuple[str, str]]) -> None:
        key = self._keys.index(scope)
        where = {"scope_arn": scope.arn, "data_class": data_class, "record_id": record_id}
        self._database.delete("blind_indexes", where)
        for field, value in index:
            digest = blind_index(key, field=field, value=value)
            self._database.upsert("blind_indexes", {**where, "field": field, "value_digest": digest})

    def _place(self, scope_arn: str, data_class: str, record_id: str) -> RecordPlace:
        return RecordPlace(self._service, scope_arn, data_class, record_id)


def _key_of(record: Record) -> dict[str, str]:
    return {
        "scope_arn": record.scope_arn,
        "data_class": record.data_class,
        "record_id": record.record_id,
    }
