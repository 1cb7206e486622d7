"""Moving a scope's data to its present KMS key, as a durable background job.

Records are resealed in batches under fresh data keys; the blind index key, which must keep its value, goes through KMS
ReEncrypt. A batch is one unit of work with its progress: killed at any moment, the job goes on where it was. An old
data key is destroyed after its last record, the old KMS key given up at the very end. Everything runs as the service
alone, on its grants: the customer who started it may be long gone.

Source: the seed (V4, V5, V14: all of a domain's data under the new key; ReEncrypt for a limited set of data).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from kms import cryptographic
from kms.encrypted_store import EncryptedStore
from kms.engine import Engine
from kms.errors import KmsRefusal
from kms.ownership import Provision, Scope
from kms.scope_keys import INDEX_CLASS
from shared.database import Row
from shared.jobs import Job, JobFailed, Jobs

KIND = "RE_ENCRYPT_SCOPE"
BATCH_RECORDS, BATCH_BYTES = 500, 1 << 20
"""How much is moved in one unit of work: a few milliseconds, between which the server answers requests."""

OpenStore = Callable[[str], EncryptedStore]
"""Makes the background store of a service, by its client name."""


class ReEncryption:
    """The job's steps. open_store: by client name, a store without a caller."""

    def __init__(self, engine: Engine, jobs: Jobs, open_store: OpenStore) -> None:
        self._engine = engine
        self._jobs = jobs
        self._open_store = open_store
        jobs.define(KIND, self.step)

    def start(self, scope: Scope, previous: Provision) -> Job:
        """Move everything that is not under the scope's present key to it, then give the previous key up."""
        left = [_as_json(previous)]
        last = self._jobs.latest(KIND, scope.arn)
        if last is not None and last.status == "FAILED":
            left = last.state["previous"] + [entry for entry in left if entry not in last.state["previous"]]
        state = {
            "service": scope.service,
            "previous": [entry for entry in left if entry["grant_id"] is None or entry["grant_id"] != scope.grant_id],
            "moved": 0,
            "total": self._count_stale(scope),
        }
        return self._jobs.start(KIND, scope.arn, state)

    def retry(self, scope: Scope) -> Job:
        """Start a failed move again."""
        last = self._jobs.latest(KIND, scope.arn)
        previous = last.state["previous"] if last else []
        state = {"service": scope.service, "previous": previous, "moved": 0, "total": self._count_stale(scope)}
        return self._jobs.start(KIND, scope.arn, state)

    def abandon(self, scope: Scope, store: EncryptedStore) -> None:
        """Give up the keys from which data was still to be moved: the scope is about to be deleted."""
        for job in self._jobs.unfinished(KIND, scope.arn):
            self._release(store, scope, job)

    def step(self, job: Job) -> bool:
        """Move one batch; in the end the index key; then give the old keys up. Raises: JobFailed."""
        store = self._open_store(job.state["service"])
        try:
            scope = store.find_scope(job.subject)
            done = scope is None or self._step(store, scope, job)
        except KmsRefusal as refusal:
            raise JobFailed(refusal.message, store.kms.events) from refusal
        store.kms.flush()
        return done

    def _step(self, store: EncryptedStore, scope: Scope, job: Job) -> bool:
        stale = self._stale_data_keys(scope)
        for row in stale:
            if row["data_class"] == INDEX_CLASS:
                continue
            moved = store.reseal_some(
                scope, row["data_class"], row["data_key_id"], records=BATCH_RECORDS, size_bytes=BATCH_BYTES
            )
            if moved:
                job.state["moved"] += moved
                return False
            self._engine.database.delete("data_keys", {"data_key_id": row["data_key_id"]})
        for row in stale:
            if row["data_class"] == INDEX_CLASS:
                self._re_encrypt(store, scope, row)
        self._release(store, scope, job)
        return True

    def _release(self, store: EncryptedStore, scope: Scope, job: Job) -> None:
        for entry in job.state["previous"]:
            provision = Provision(entry["key_arn"], entry["grant_id"])
            store.owner(scope).release(store.kms, scope.arn, scope.region, provision)

    def _stale_data_keys(self, scope: Scope) -> list[Row]:
        where = {"scope_arn": scope.arn, "key_arn__ne": scope.key_arn}
        return self._engine.database.select("data_keys", where, order=["created_at", "data_key_id"])

    def _count_stale(self, scope: Scope) -> int:
        """How many records there are to move."""
        stale = tuple(row["data_key_id"] for row in self._stale_data_keys(scope))
        return self._engine.database.count("records", {"data_key_id": stale}) if stale else 0

    def _re_encrypt(self, store: EncryptedStore, scope: Scope, row: Row) -> None:
        moved = store.kms.perform(
            store.owner(scope).users(scope, None)[0],
            cryptographic.re_encrypt,
            ciphertext_blob=row["ciphertext_blob"],
            source_encryption_context=scope.encryption_context,
            source_key_id=row["key_arn"],
            destination_key_id=scope.key_arn,
            destination_encryption_context=scope.encryption_context,
        )
        changes = {"ciphertext_blob": moved.ciphertext_blob, "key_arn": scope.key_arn}
        self._engine.database.update("data_keys", {"data_key_id": row["data_key_id"]}, changes)


def _as_json(provision: Provision) -> dict[str, Any]:
    return {"key_arn": provision.key_arn, "grant_id": provision.grant_id}
