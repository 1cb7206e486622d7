"""Users: create, get, list, update, delete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import errors
from services.iam.boundaries import as_wire as boundary_as_wire
from services.iam.boundaries import check_boundary
from services.iam.departures import forget, rename
from services.iam.entities import (
    USERS,
    authorize,
    authorized,
    authorized_new,
    change,
    check_deletable,
    check_name_is_free,
    list_page,
    own_or_named_user,
)
from services.iam.tags import as_wire as tags_as_wire
from services.iam.tags import merged
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_user(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    authorized_new(call, USERS, parameters)
    boundary = check_boundary(call, parameters.get("PermissionsBoundary"))
    tags = merged({}, parameters.get("Tags", []))
    path = parameters.get("Path", "/")
    call.identities.create_user(call.account_id, parameters["UserName"], path=path)
    row = _stored(call, parameters["UserName"])
    change(call, row, tags=tags, boundary_arn=boundary)
    return {"User": _described(_stored(call, parameters["UserName"]))}


def get_user(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"User": _described(own_or_named_user(call, parameters))}


def list_users(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    rows, more = list_page(call, USERS, parameters)
    return {"Users": [as_listed(row) for row in rows], **more}


def update_user(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Rename a user, or move it to another path; policies that name it go on naming it."""
    row = authorized(call, USERS, parameters)
    name: str = parameters.get("NewUserName") or row["name"]
    path: str = parameters.get("NewPath") or row["path"]
    new_arn = USERS.arn(call.account_id, name, path)
    authorize(call, new_arn)
    if name.lower() != row["lower_name"]:
        check_name_is_free(call, USERS, name)
    change(call, row, arn=new_arn, name=name, lower_name=name.lower(), path=path)
    rename(call, row, new_arn)


def delete_user(parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, USERS, parameters)
    if row["groups"]:
        raise errors.conflict("Cannot delete entity, must remove users from group first.")
    check_deletable(row)
    if call.database.count("access_keys", {"principal_arn": row["arn"]}):
        raise errors.conflict("Cannot delete entity, must delete access keys first.")
    forget(call, row)


def _stored(call: ServiceCall, name: str) -> Row:
    row = call.identities.find_by_name(call.account_id, USERS.kind, name)
    assert row is not None
    return row


def as_listed(row: Row) -> dict[str, Any]:
    return {
        "Path": row["path"],
        "UserName": row["name"],
        "UserId": row["unique_id"],
        "Arn": row["arn"],
        "CreateDate": row["created_at"],
    }


def _described(row: Row) -> dict[str, Any]:
    """With what lists leave out."""
    return {
        **as_listed(row),
        "PermissionsBoundary": boundary_as_wire(row),
        "Tags": tags_as_wire(row["tags"]),
    }
