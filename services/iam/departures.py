"""What else changes when a user or role is renamed or deleted: its credentials, and the policies that name it.

Its sessions end at once. Key policies, bucket policies, trust policies and grants keep who they name: a new ARN after
a renaming, the unique id after a deletion, so that a new principal of the same name inherits nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from kms.principals import rename_everywhere
from services.s3.policies import rename_in_buckets
from shared.database import Row
from shared.identity import ROLE, assumed_role_arn
from shared.policy.renaming import Rename, rename_principals

if TYPE_CHECKING:
    from services.call import ServiceCall


def rename(call: ServiceCall, row: Row, new_arn: str) -> None:
    """Follow a user to its new ARN. row: as it was before."""
    call.database.update("access_keys", {"principal_arn": row["arn"]}, {"principal_arn": new_arn})
    call.database.update("sessions", {"issuer_arn": row["arn"]}, {"issuer_arn": new_arn})
    _rename_in_policies(call, lambda name: new_arn if name == row["arn"] else None)


def forget(call: ServiceCall, row: Row) -> None:
    """Remove a user or role, and end its sessions."""
    call.database.delete("principals", {"arn": row["arn"]})
    call.database.delete("sessions", {"issuer_arn": row["arn"]})
    sessions = assumed_role_arn(row["account_id"], row["name"], "")

    def to_unique_id(name: str) -> str | None:
        if name == row["arn"]:
            return str(row["unique_id"])
        if row["kind"] == ROLE and name.startswith(sessions):
            return f"{row['unique_id']}:{name.removeprefix(sessions)}"
        return None

    _rename_in_policies(call, to_unique_id)


def _rename_in_policies(call: ServiceCall, rename: Rename) -> None:
    rename_everywhere(call.database, rename)
    rename_in_buckets(call.store, rename)
    for role in call.database.select("principals", {"kind": ROLE}):
        trust_policy = rename_principals(role["trust_policy"], rename)
        if trust_policy is not None:
            call.database.update("principals", {"arn": role["arn"]}, {"trust_policy": trust_policy})
