"""What becomes of key policies and grants when a user or role is renamed or deleted.

A key policy keeps who it names: by the new ARN, or by the unique id of one that is gone. A grant does the same; for
grants this is inferred.
"""

from __future__ import annotations

from collections.abc import Iterator

from shared.database import Database, Row
from shared.policy.renaming import Rename, rename_principals

_PORTION = 500


def rename_everywhere(database: Database, rename: Rename) -> None:
    """Give principals another name in all key policies and grants of the world.

    rename: ARN -> the new ARN or the unique id, or None.
    """
    for row in _in_portions(database, "kms_keys", "arn"):
        policy = rename_principals(row["policy"], rename)
        if policy is not None:
            database.update("kms_keys", {"arn": row["arn"]}, {"policy": policy})
    for row in _in_portions(database, "grants", "grant_id"):
        names = {column: row[column] for column in ("grantee_principal", "retiring_principal") if row[column]}
        renamed = {column: new for column, name in names.items() if (new := rename(name)) is not None}
        if renamed:
            database.update("grants", {"grant_id": row["grant_id"]}, renamed)


def _in_portions(database: Database, table: str, key: str) -> Iterator[Row]:
    after = ""
    while rows := database.select(table, {f"{key}__gt": after}, order=[key], limit=_PORTION):
        yield from rows
        after = rows[-1][key]
