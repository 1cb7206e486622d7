"""The data keys of scopes: one active for each data class, and one for the blind index. KMS is asked once a request."""

from __future__ import annotations

from kms import cryptographic, data_keys, errors
from kms.envelope import SealingKey
from kms.ownership import Scope
from kms.scopes import Scopes
from shared.database import Row

INDEX_CLASS = "blind-index"
"""The data class under which a scope's blind index key stands: a data key that is kept for later."""


class ScopeKeys:
    """The data keys of one service's scopes, for one request: what KMS has given out is not asked for again."""

    def __init__(self, scopes: Scopes) -> None:
        self._scopes = scopes
        self._engine = scopes.kms.engine
        self._opened: dict[str, SealingKey] = {}
        self._index_keys: dict[str, bytes] = {}

    def require_access(self, scope: Scope) -> None:
        """Ask KMS for the scope's keys before anything is read or written. Raises: KmsRefusal.

        While data moves there are two KMS keys; the present one decides.
        """
        where = {"scope_arn": scope.arn, "active": 1}
        find = self._engine.database.find
        row = find("data_keys", {**where, "key_arn": scope.key_arn}) or find("data_keys", where)
        if row is not None:
            self.opened(scope.arn, row["data_key_id"])

    def active(self, scope: Scope, data_class: str) -> SealingKey:
        """What seals a data class now, made if there is none. Raises: KmsRefusal."""
        row = self._data_key_row(scope, data_class)
        if row is None:
            row = self._add_data_key(scope, data_class)
        return self.opened(scope.arn, row["data_key_id"])

    def _data_key_row(self, scope: Scope, data_class: str) -> Row | None:
        where = {"scope_arn": scope.arn, "data_class": data_class, "key_arn": scope.key_arn, "active": 1}
        return self._engine.database.find("data_keys", where)

    def _add_data_key(self, scope: Scope, data_class: str) -> Row:
        wrapped = self._scopes.kms.perform(
            self._scopes.users(scope)[0],
            data_keys.generate_data_key_without_plaintext,
            key_id=scope.key_arn,
            encryption_context=scope.encryption_context,
            key_spec="AES_256",
        )
        return self._keep(scope, data_class, wrapped.ciphertext_blob)

    def opened(self, scope_arn: str, data_key_id: str) -> SealingKey:
        """Raises: KmsRefusal, RecordRejected."""
        if data_key_id not in self._opened:
            row = self._engine.database.find("data_keys", {"data_key_id": data_key_id})
            if row is None:
                raise errors.RecordRejected("The data key of this record does not exist.")
            self._opened[data_key_id] = SealingKey(data_key_id, self._decrypt(self._scopes.get_scope(scope_arn), row))
        return self._opened[data_key_id]

    def _decrypt(self, scope: Scope, row: Row) -> bytes:
        """Ask KMS for a data key, as everyone who must be allowed to have it."""
        plaintext = b""
        for user in self._scopes.users(scope):
            plaintext = self._scopes.kms.perform(
                user,
                cryptographic.decrypt,
                ciphertext_blob=row["ciphertext_blob"],
                encryption_context=scope.encryption_context,
                key_id=row["key_arn"],
            ).plaintext
        return plaintext

    def has_index(self, scope: Scope) -> bool:
        """Whether anything of the scope was ever indexed."""
        return self._index_row(scope) is not None

    def _index_row(self, scope: Scope) -> Row | None:
        return self._engine.database.find("data_keys", {"scope_arn": scope.arn, "data_class": INDEX_CLASS, "active": 1})

    def index(self, scope: Scope) -> bytes:
        """The key of the blind index, made if there is none. Raises: KmsRefusal."""
        if scope.arn not in self._index_keys:
            row = self._index_row(scope)
            self._index_keys[scope.arn] = self._decrypt(scope, row) if row is not None else self._add_index_key(scope)
        return self._index_keys[scope.arn]

    def _add_index_key(self, scope: Scope) -> bytes:
        data_key = self._scopes.kms.perform(
            self._scopes.users(scope)[0],
            data_keys.generate_data_key,
            key_id=scope.key_arn,
            encryption_context=scope.encryption_context,
            key_spec="AES_256",
        )
        self._keep(scope, INDEX_CLASS, data_key.ciphertext_blob)
        return data_key.plaintext

    def _keep(self, scope: Scope, data_class: str, ciphertext_blob: bytes) -> Row:
        """Store an encrypted data key as the active one of a data class, under the scope's present KMS key."""
        row: Row = {
            "data_key_id": self._engine.randomness.uuid(),
            "scope_arn": scope.arn,
            "data_class": data_class,
            "key_arn": scope.key_arn,
            "ciphertext_blob": ciphertext_blob,
            "active": 1,
            "created_at": self._engine.clock.now(),
        }
        self._engine.database.insert("data_keys", row)
        return row
