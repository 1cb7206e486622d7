"""The tables of the database, as numbered migrations. What each column holds stands beside it.

Secrets stand here wrapped or sealed only: `wrapped` under the domain key, `sealed` under a data key, `*_digest`
one way. Everything else is what AWS itself shows in the clear: ids, ARNs, statuses, times, policies.
"""

from __future__ import annotations

import json
from typing import Any

from sqlite_utils import Database as SqliteUtils
from sqlite_utils import Migrations

migrations = Migrations("connect-at-rest")

JSON_COLUMNS: dict[str, frozenset[str]] = {
    "principals": frozenset({"policies", "attached", "groups", "tags"}),
    "sessions": frozenset({"policy_arns", "tags", "transitive_tag_keys"}),
    "managed_policies": frozenset({"tags"}),
    "kms_keys": frozenset({"tags"}),
    "grants": frozenset({"operations", "constraints"}),
    "custom_key_stores": frozenset({"configuration"}),
    "scopes": frozenset({"encryption_context"}),
    "records": frozenset({"attributes"}),
    "sealed_contents": frozenset({"encryption_context"}),
    "jobs": frozenset({"state"}),
    "events": frozenset({"resources"}),
    "deleted_kms_keys": frozenset({"rotated_at"}),
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
def custom_key_store_outages(database: SqliteUtils) -> None:
    # Both are connection error codes of AWS KMS: what is out of order now, and why the last connection failed.
    for column in ("outage", "connection_error"):
        database["custom_key_stores"].add_column(column, str)  # type: ignore[union-attr]
    _create(
        database,
        "cloudhsm_clusters",
        {"cluster_id": str, "account_id": str, "region": str, "certificate": str},
        ("cluster_id", "account_id", "region"),
    )


@migrations()
def imported_multi_region_material(database: SqliteUtils) -> None:
    # Related keys of imported material have the same material ids, each with its own material.
    database["backing_keys"].transform(pk=("backing_key_id", "key_arn"))  # type: ignore[union-attr]


@migrations()
def cost_meter(database: SqliteUtils) -> None:
    _create(
        database,
        "kms_requests",
        {
            "month": str,  # of the virtual clock, such as 2026-11
            "account_id": str,  # who pays
            "region": str,
            "key_arn": str,  # empty: a request without a key
            "service": str,  # the service principal that made it for the account; empty: the account itself
            "price_class": str,
            "requests": int,
        },
        ("month", "account_id", "region", "key_arn", "service", "price_class"),
    )
    _create(
        database,
        "deleted_kms_keys",
        {
            "arn": str,
            "account_id": str,
            "region": str,
            "created_at": float,
            "free_from": float,  # when its deletion was scheduled
            "rotated_at": str,
        },
        ("arn", "created_at"),  # a replica's ARN can come back
    )
    database["deleted_kms_keys"].create_index(["account_id", "free_from"])  # type: ignore[union-attr]


@migrations()
def users_roles_and_policies(database: SqliteUtils) -> None:
    _create(
        database,
        "sessions",
        {
            "access_key_id": str,
            "issuer_arn": str,
            "kind": str,
            "name": str,
            "wrapped_secret": bytes,
            "session_token_digest": str,
            "policy": str,
            "policy_arns": str,  # null with `policy` null too: no session policy limits it
            "tags": str,
            "transitive_tag_keys": str,
            "source_identity": str,
            "issued_at": float,
            "expires_at": float,  # null: never
        },
        "access_key_id",
    )
    database["sessions"].create_index(["issuer_arn"])  # type: ignore[union-attr]
    _create(
        database,
        "managed_policies",
        {
            "arn": str,
            "account_id": str,
            "policy_id": str,
            "name": str,
            "lower_name": str,
            "path": str,
            "description": str,
            "tags": str,
            "last_version": int,
            "created_at": float,
            "updated_at": float,
        },
        "arn",
    )
    database["managed_policies"].create_index(["account_id", "lower_name"], unique=True)  # type: ignore[union-attr]
    _create(
        database,
        "policy_versions",
        {"policy_arn": str, "version": int, "document": str, "is_default": int, "created_at": float},
        ("policy_arn", "version"),
    )
    _extend_principals(database)


def _extend_principals(database: SqliteUtils) -> None:
    """Policies get names; a role's sessions move from the principals and access keys to a table of their own."""
    principals, access_keys = database["principals"], database["access_keys"]
    for column, kind in {
        "path": str,
        "lower_name": str,  # names that differ in case only are one
        "attached": str,  # ARNs of managed policies
        "tags": str,
        "boundary_arn": str,
        "trust_policy": str,  # this and the next two: of roles
        "description": str,
        "max_session_seconds": int,
    }.items():
        principals.add_column(column, kind)  # type: ignore[union-attr]
    access_keys.add_column("status", str, not_null_default="Active")  # type: ignore[union-attr]
    access_keys.add_column("created_at", float)  # type: ignore[union-attr]
    for session in list(database.query("SELECT * FROM principals WHERE kind = 'AssumedRole'")):
        for key in list(access_keys.rows_where("principal_arn = ?", [session["arn"]])):
            database["sessions"].insert(  # type: ignore[union-attr]
                {
                    "access_key_id": key["access_key_id"],
                    "issuer_arn": session["issuer_arn"],
                    "kind": "AssumedRole",
                    "name": session["arn"].rpartition("/")[2],
                    "wrapped_secret": key["wrapped_secret"],
                    "session_token_digest": key["session_token_digest"],
                    "tags": "{}",
                    "transitive_tag_keys": "[]",
                    "issued_at": session["created_at"],
                }
            )
            access_keys.delete(key["access_key_id"])  # type: ignore[union-attr]
        principals.delete(session["arn"])  # type: ignore[union-attr]
    for row in list(principals.rows):
        named = {f"policy-{number}": text for number, text in enumerate(json.loads(row["policies"]), 1)}
        changes = {"path": "/", "lower_name": row["name"].lower(), "policies": json.dumps(named), "attached": "[]"}
        if row["kind"] == "Role":
            statement = {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{row['account_id']}:root"},
                "Action": "sts:AssumeRole",
            }
            changes["trust_policy"] = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
            changes["max_session_seconds"] = 3600
        principals.update(row["arn"], {**changes, "tags": "{}"})  # type: ignore[union-attr]
    principals.transform(drop={"issuer_arn"})  # type: ignore[union-attr]
    access_keys.transform(drop={"session_token_digest"})  # type: ignore[union-attr]
    principals.create_index(["account_id", "kind", "lower_name"])  # type: ignore[union-attr]


@migrations()
def grants_of_services_and_their_consistency(database: SqliteUtils) -> None:
    # Whether the principals were named by GranteeServicePrincipal and RetiringServicePrincipal.
    database["grants"].add_column("grantee_is_service", int, not_null_default=0)  # type: ignore[union-attr]
    database["grants"].add_column("retiring_is_service", int, not_null_default=0)  # type: ignore[union-attr]
    # Both null but under eventual consistency: without its token a grant works from then on; an ended one until then.
    database["grants"].add_column("works_from", float)  # type: ignore[union-attr]
    database["grants"].add_column("ends_at", float)  # type: ignore[union-attr]
    database["grants"].create_index(["ends_at"])  # type: ignore[union-attr]


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


@migrations()
def sealed_contents(database: SqliteUtils) -> None:
    _create(
        database,
        "sealed_contents",
        {
            "content_id": str,
            "service": str,
            "scope_arn": str,
            "record_id": str,
            "account_id": str,
            "region": str,
            "ownership": str,
            "key_arn": str,
            "encryption_context": str,
            "ciphertext_blob": bytes,
            "created_at": float,
        },
        "content_id",
    )
    database["sealed_contents"].create_index(["scope_arn"])  # type: ignore[union-attr]
    _create(
        database,
        "sealed_pieces",
        {
            "piece_id": str,
            "content_id": str,
            "state": str,  # WRITING, KEPT or GARBAGE
        },
        "piece_id",
    )
    database["sealed_pieces"].create_index(["content_id"])  # type: ignore[union-attr]
    database["sealed_pieces"].create_index(["state"])  # type: ignore[union-attr]
    _create(
        database, "sealed_chunks", {"piece_id": str, "chunk_index": int, "sealed": bytes}, ("piece_id", "chunk_index")
    )


@migrations()
def deadlines(database: SqliteUtils) -> None:
    _create(
        database,
        "deadlines",
        {"kind": str, "subject": str, "item": str, "due_at": float},
        ("kind", "subject", "item"),
    )
    database["deadlines"].create_index(["due_at"])  # type: ignore[union-attr]
    database["deadlines"].create_index(["subject"])  # type: ignore[union-attr]


@migrations()
def tries_of_jobs(database: SqliteUtils) -> None:
    database["jobs"].add_column("tries", int, not_null_default=0)  # type: ignore[union-attr]


@migrations()
def tallies(database: SqliteUtils) -> None:
    # How many there are of what is too many to be counted each time.
    _create(database, "tallies", {"scope_arn": str, "name": str, "amount": int}, ("scope_arn", "name"))
    database.execute(
        "INSERT INTO tallies SELECT scope_arn, data_class, count(*) FROM records"
        " WHERE data_class = 'speaker' GROUP BY scope_arn, data_class"
    )


@migrations()
def groups_of_users(database: SqliteUtils) -> None:
    # ARNs of the groups that a user is in; groups themselves are rows of this table, too, of kind "Group".
    database["principals"].add_column("groups", str, not_null_default="[]")  # type: ignore[union-attr]


@migrations()
def signin_sessions_of_roles(database: SqliteUtils) -> None:
    # How long a session of AWS Sign-In may last, in seconds; None where nobody has said.
    database["principals"].add_column("max_signin_session_seconds", int)  # type: ignore[union-attr]
