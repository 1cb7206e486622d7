"""The tables of the database, as numbered migrations. What each column holds stands beside it.

Secrets stand here wrapped or sealed only: `wrapped` under the domain key, `sealed` under a data key, `*_digest`
one way. Everything else is what AWS itself shows in the clear: ids, ARNs, statuses, times, policies.
"""

from __future__ import annotations

from typing import Any

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

migrations = Migrations("connect-at-rest")

JSON_COLUMNS: dict[str, frozenset[str]] = {
    "principals": frozenset({"policies"}),
    "kms_keys": frozenset({"tags"}),
    "grants": frozenset({"operations", "constraints"}),
    "custom_key_stores": frozenset({"configuration"}),
    "scopes": frozenset({"encryption_context"}),
    "records": frozenset({"attributes"}),
    "jobs": frozenset({"state"}),
    "events": frozenset({"resources"}),
}
"""Columns whose values are lists or objects, stored as JSON text."""


def _create(database: SqliteUtils, table: str, columns: dict[str, Any], pk: str | tuple[str, ...]) -> None:
    database[table].create(columns, pk=pk)  # type: ignore[union-attr]


@migrations()
def identities(database: SqliteUtils) -> None:
    _create(database, "meta", {"name": str, "value": str}, "name")
    _create(database, "accounts", {"account_id": str, "name": str, "created_at": float}, "account_id")
    _create(
        database,
        "principals",
        {"arn": str, "account_id": str, "kind": str, "name": str, "unique_id": str, "policies": str},
        "arn",
    )
    database["principals"].create_index(["account_id"])  # type: ignore[union-attr]
    _create(
        database,
        "access_keys",
        {"access_key_id": str, "principal_arn": str, "wrapped_secret": bytes, "is_demo": int},
        "access_key_id",
    )
    database["access_keys"].create_index(["principal_arn"])  # type: ignore[union-attr]


@migrations()
def kms(database: SqliteUtils) -> None:
    _create(
        database,
        "kms_keys",
        {
            "arn": str,
            "key_id": str,
            "account_id": str,
            "region": str,
            "manager": str,  # CUSTOMER, AWS, or SERVICE: the last are AWS owned and shown to no customer
            "state": str,
            "policy": str,
            "description": str,
            "key_spec": str,
            "key_usage": str,
            "origin": str,
            "multi_region": int,
            "tags": str,
            "created_at": float,
            "current_backing_key_id": str,
            "deletion_at": float,
            "pending_window_days": int,
            "rotation_period_days": int,  # null: automatic rotation is off
            "next_rotation_at": float,
            "on_demand_rotations": int,
        },
        "arn",
    )
    database["kms_keys"].create_index(["account_id", "region", "key_id"])  # type: ignore[union-attr]
    database["kms_keys"].create_index(["key_id", "region"])  # type: ignore[union-attr]
    _create(
        database,
        "backing_keys",
        {
            "backing_key_id": str,
            "key_arn": str,
            "wrapped": bytes,
            "created_at": float,
            "rotation_type": str,  # null for the first, else AUTOMATIC or ON_DEMAND
        },
        "backing_key_id",
    )
    database["backing_keys"].create_index(["key_arn"])  # type: ignore[union-attr]
    _create(
        database,
        "aliases",
        {
            "arn": str,
            "account_id": str,
            "region": str,
            "name": str,
            "key_arn": str,
            "created_at": float,
            "updated_at": float,
        },
        "arn",
    )
    database["aliases"].create_index(["key_arn"])  # type: ignore[union-attr]
    _create(
        database,
        "grants",
        {
            "grant_id": str,
            "key_arn": str,
            "issuing_account": str,
            "name": str,
            "grantee_principal": str,
            "retiring_principal": str,
            "operations": str,
            "constraints": str,
            "created_at": float,
        },
        "grant_id",
    )
    database["grants"].create_index(["key_arn", "grantee_principal"])  # type: ignore[union-attr]
    database["grants"].create_index(["retiring_principal"])  # type: ignore[union-attr]
    _create(database, "grant_tokens", {"token_digest": str, "grant_id": str}, "token_digest")
    database["grant_tokens"].create_index(["grant_id"])  # type: ignore[union-attr]


@migrations()
def encrypted_store(database: SqliteUtils) -> None:
    _create(
        database,
        "scopes",
        {
            "arn": str,
            "service": str,
            "account_id": str,
            "region": str,
            "ownership": str,
            "key_arn": str,
            "grant_id": str,
            "encryption_context": str,
            "generation": int,
            "not_after": float,  # null: the key of this scope does not expire
            "created_at": float,
        },
        "arn",
    )
    database["scopes"].create_index(["account_id", "service"])  # type: ignore[union-attr]
    _create(
        database,
        "data_keys",
        {
            "data_key_id": str,
            "scope_arn": str,
            "data_class": str,
            "key_arn": str,
            "ciphertext_blob": bytes,
            "active": int,
            "created_at": float,
        },
        "data_key_id",
    )
    database["data_keys"].create_index(["scope_arn", "data_class", "active"])  # type: ignore[union-attr]
    _create(
        database,
        "records",
        {
            "scope_arn": str,
            "data_class": str,
            "record_id": str,
            "parent": str,
            "data_key_id": str,  # null: nothing of this record is protected
            "sealed": bytes,
            "attributes": str,
            "created_at": float,
        },
        ("scope_arn", "data_class", "record_id"),
    )
    database["records"].create_index(["scope_arn", "data_class", "parent", "record_id"])  # type: ignore[union-attr]
    database["records"].create_index(["data_key_id"])  # type: ignore[union-attr]
    _create(
        database,
        "blind_indexes",
        {"scope_arn": str, "data_class": str, "field": str, "value_digest": str, "record_id": str},
        ("scope_arn", "data_class", "field", "value_digest", "record_id"),
    )
    database["blind_indexes"].create_index(["scope_arn", "data_class", "record_id"])  # type: ignore[union-attr]


@migrations()
def trail_and_jobs(database: SqliteUtils) -> None:
    _create(
        database,
        "events",
        {
            "sequence": int,
            "event_id": str,
            "account_id": str,  # whose trail holds it
            "region": str,
            "time": float,
            "name": str,
            "source": str,
            "read_only": int,
            "username": str,
            "access_key_id": str,
            "request_id": str,
            "resources": str,
            "body": str,
        },
        "sequence",
    )
    database["events"].create_index(["account_id", "sequence"])  # type: ignore[union-attr]
    _create(
        database,
        "jobs",
        {
            "job_id": str,
            "kind": str,
            "subject": str,
            "status": str,
            "message": str,
            "state": str,
            "created_at": float,
            "updated_at": float,
        },
        "job_id",
    )
    database["jobs"].create_index(["status"])  # type: ignore[union-attr]
    database["jobs"].create_index(["subject"])  # type: ignore[union-attr]
    _create(
        database,
        "client_tokens",
        {"token_digest": str, "request_digest": str, "resource": str, "created_at": float},
        "token_digest",
    )


@migrations()
def role_sessions(database: SqliteUtils) -> None:
    database["principals"].add_column("issuer_arn", str)  # type: ignore[union-attr]
    database["principals"].add_column("created_at", float)  # type: ignore[union-attr]
    database["access_keys"].add_column("session_token_digest", str)  # type: ignore[union-attr]


@migrations()
def imported_material(database: SqliteUtils) -> None:
    # Of imported material `wrapped` is null while it is not there.
    database["backing_keys"].add_column("valid_to", float)  # type: ignore[union-attr]
    database["backing_keys"].add_column("expiration_model", str)  # type: ignore[union-attr]
    database["backing_keys"].add_column("description", str)  # type: ignore[union-attr]
    database["backing_keys"].add_column("pending", int, not_null_default=0)  # type: ignore[union-attr]


@migrations()
def multi_region_keys(database: SqliteUtils) -> None:
    database["kms_keys"].add_column("primary_region", str)  # type: ignore[union-attr]


@migrations()
def custom_key_stores(database: SqliteUtils) -> None:
    _create(
        database,
        "custom_key_stores",
        {
            "store_id": str,
            "account_id": str,
            "region": str,
            "name": str,
            "kind": str,
            "state": str,
            "configuration": str,
            "created_at": float,
        },
        "store_id",
    )
    for column in ("custom_key_store_id", "xks_key_id", "state_when_available"):
        database["kms_keys"].add_column(column, str)  # type: ignore[union-attr]


@migrations()
def event_buses_and_queues(database: SqliteUtils) -> None:
    # What an event says is a sealed record of its bus; here stands only how far it has come.
    _create(
        database,
        "bus_events",
        {
            "sequence": int,
            "event_id": str,
            "bus_arn": str,
            "account_id": str,
            "region": str,
            "state": str,  # STAGED, ARRIVED, DONE; LOST if it could not be opened any more
            "published_at": float,
            "due_at": float,  # when it leaves the staging area
            "arrived_at": float,
        },
        "sequence",
    )
    database["bus_events"].create_index(["event_id"], unique=True)  # type: ignore[union-attr]
    database["bus_events"].create_index(["state", "due_at"])  # type: ignore[union-attr]
    database["bus_events"].create_index(["account_id", "sequence"])  # type: ignore[union-attr]
    _create(
        database,
        "event_deliveries",
        {
            "sequence": int,
            "event_id": str,
            "rule_arn": str,
            "rule_name": str,
            "target_id": str,
            "target_arn": str,
            "state": str,  # PENDING, DELIVERED, DEAD_LETTERED, FAILED
            "attempts": int,
            "due_at": float,
            "error_code": str,
            "error_message": str,
        },
        "sequence",
    )
    database["event_deliveries"].create_index(["event_id"])  # type: ignore[union-attr]
    database["event_deliveries"].create_index(["state", "due_at"])  # type: ignore[union-attr]
    # What a message says is a sealed record of `scope_arn`.
    _create(
        database,
        "queue_messages",
        {
            "sequence": int,
            "message_id": str,
            "queue_arn": str,
            "scope_arn": str,
            "sender_id": str,
            "sent_at": float,
            "visible_at": float,
            "expires_at": float,
            "receive_count": int,
            "first_received_at": float,
            "receipt": str,  # of the latest receipt; null before the first
            "dead_letter_source": str,
        },
        "sequence",
    )
    database["queue_messages"].create_index(["message_id"], unique=True)  # type: ignore[union-attr]
    database["queue_messages"].create_index(["queue_arn", "visible_at"])  # type: ignore[union-attr]
    database["queue_messages"].create_index(["expires_at"])  # type: ignore[union-attr]
