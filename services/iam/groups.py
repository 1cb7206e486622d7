"""Groups: create, get, list, update, delete; and the users in them, who have a group's policies besides their own.

A group is no principal: it cannot call, and no policy of a resource can name it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.iam.entities import (
    GROUPS,
    USERS,
    authorize,
    authorized,
    authorized_new,
    change,
    check_deletable,
    check_name_is_free,
    list_page,
    page_of,
)
from services.iam.users import as_listed as user_as_listed
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_group(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    authorized_new(call, GROUPS, parameters)
    call.identities.create_group(call.account_id, parameters["GroupName"], path=parameters.get("Path", "/"))
    row = call.identities.find_by_name(call.account_id, GROUPS.kind, parameters["GroupName"])
    assert row is not None
    return {"Group": _listed(row)}


def get_group(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The group with a page of its users."""
    group = authorized(call, GROUPS, parameters)
    users = {row["lower_name"]: user_as_listed(row) for row in _users_of(call, group)}
    page, more = page_of(call, users)
    return {"Group": _listed(group), "Users": page, **more}


def list_groups(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    rows, more = list_page(call, GROUPS, parameters)
    return {"Groups": [_listed(row) for row in rows], **more}


def list_groups_for_user(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    user = authorized(call, USERS, parameters)
    groups = [row for arn in user["groups"] for row in call.database.select("principals", {"arn": arn})]
    page, more = page_of(call, {row["lower_name"]: _listed(row) for row in groups})
    return {"Groups": page, **more}


def update_group(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Rename a group, or move it to another path; its users stay in it."""
    group = authorized(call, GROUPS, parameters)
    name: str = parameters.get("NewGroupName") or group["name"]
    path: str = parameters.get("NewPath") or group["path"]
    new_arn = GROUPS.arn(call.account_id, name, path)
    authorize(call, new_arn)
    if name.lower() != group["lower_name"]:
        check_name_is_free(call, GROUPS, name)
    users = _users_of(call, group)
    change(call, group, arn=new_arn, name=name, lower_name=name.lower(), path=path)
    for user in users:
        change(call, user, groups=[new_arn if arn == group["arn"] else arn for arn in user["groups"]])


def delete_group(parameters: dict[str, Any], call: ServiceCall) -> None:
    group = authorized(call, GROUPS, parameters)
    if _users_of(call, group):
        raise errors.conflict("Cannot delete entity, must remove users from group first.")
    check_deletable(group)
    call.database.delete("principals", {"arn": group["arn"]})


def add_user_to_group(parameters: dict[str, Any], call: ServiceCall) -> None:
    """A user who is in it already stays in it."""
    group, user = authorized(call, GROUPS, parameters), _named_user(parameters, call)
    if group["arn"] in user["groups"]:
        return
    limits.check(len(user["groups"]), limits.GROUPS_PER_USER, "GroupsPerUser")
    change(call, user, groups=[*user["groups"], group["arn"]])


def remove_user_from_group(parameters: dict[str, Any], call: ServiceCall) -> None:
    """A user who is not in it is left alone. Inferred: the model has no error for it."""
    group, user = authorized(call, GROUPS, parameters), _named_user(parameters, call)
    change(call, user, groups=[arn for arn in user["groups"] if arn != group["arn"]])


def _named_user(parameters: dict[str, Any], call: ServiceCall) -> Row:
    """The user who enters or leaves a group; the right to do so is asked about the group alone. Raises: NoSuchEntity.

    Source: "Actions, resources, and condition keys for AWS IAM" of the Service Authorization Reference.
    """
    row = call.identities.find_by_name(call.account_id, USERS.kind, parameters["UserName"])
    if row is None:
        raise errors.no_such(USERS.word, parameters["UserName"])
    return row


def _users_of(call: ServiceCall, group: Row) -> list[Row]:
    users = call.database.select("principals", {"account_id": call.account_id, "kind": USERS.kind})
    return [row for row in users if group["arn"] in row["groups"]]


def _listed(row: Row) -> dict[str, Any]:
    return {
        "Path": row["path"],
        "GroupName": row["name"],
        "GroupId": row["unique_id"],
        "Arn": row["arn"],
        "CreateDate": row["created_at"],
    }
