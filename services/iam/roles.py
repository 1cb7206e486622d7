"""Roles: create, get, list, update, delete, and the trust policy that says who may assume one.

`RoleLastUsed` is always that of a role which nobody has used. There is no AWS Sign-In here: how long its sessions may
last is kept, and no more.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import documents, errors
from services.iam.boundaries import as_wire as boundary_as_wire
from services.iam.boundaries import check_boundary
from services.iam.departures import forget
from services.iam.entities import ROLES, authorized, authorized_new, change, check_deletable, list_page
from services.iam.tags import as_wire as tags_as_wire
from services.iam.tags import merged
from shared.database import Row
from shared.identities import DEFAULT_MAX_SESSION_SECONDS

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_role(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    authorized_new(call, ROLES, parameters)
    trust_policy = parameters["AssumeRolePolicyDocument"]
    documents.check_trust_policy(call, trust_policy)
    boundary = check_boundary(call, parameters.get("PermissionsBoundary"))
    tags = merged({}, parameters.get("Tags", []))
    path = parameters.get("Path", "/")
    call.identities.create_role(call.account_id, parameters["RoleName"], path=path, trust_policy=trust_policy)
    change(
        call,
        _stored(call, parameters),
        tags=tags,
        boundary_arn=boundary,
        description=parameters.get("Description"),
        max_session_seconds=parameters.get("MaxSessionDuration", DEFAULT_MAX_SESSION_SECONDS),
        max_signin_session_seconds=parameters.get("MaxSigninSessionDuration"),
    )
    # As recorded: this answer, and no other, leaves out a duration that was not asked for.
    asked_for = {"MaxSessionDuration": parameters.get("MaxSessionDuration")}
    return {"Role": {**_described(_stored(call, parameters)), **asked_for}}


def get_role(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"Role": {**_described(authorized(call, ROLES, parameters)), "RoleLastUsed": {}}}


def list_roles(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    rows, more = list_page(call, ROLES, parameters)
    return {"Roles": [_listed(row) for row in rows], **more}


def update_role(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    row = authorized(call, ROLES, parameters)
    change(
        call,
        row,
        description=parameters.get("Description", row["description"]),
        max_session_seconds=parameters.get("MaxSessionDuration", row["max_session_seconds"]),
        max_signin_session_seconds=_max_signin_session_seconds(parameters, row),
    )
    return {}


def _max_signin_session_seconds(parameters: dict[str, Any], row: Row) -> int | None:
    """What UpdateRole makes of it. Raises: InvalidInput."""
    seconds: int | None = parameters.get("MaxSigninSessionDuration")
    if not parameters.get("ResetMaxSigninSessionDuration", False):
        return row["max_signin_session_seconds"] if seconds is None else seconds
    if seconds is not None:
        raise errors.invalid("MaxSigninSessionDuration cannot be both specified and reset.")
    return None


def update_role_description(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    row = authorized(call, ROLES, parameters)
    change(call, row, description=parameters["Description"])
    return {"Role": _described(_stored(call, parameters))}


def update_assume_role_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, ROLES, parameters)
    documents.check_trust_policy(call, parameters["PolicyDocument"])
    change(call, row, trust_policy=parameters["PolicyDocument"])


def delete_role(parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, ROLES, parameters)
    check_deletable(row)
    forget(call, row)


def _stored(call: ServiceCall, parameters: dict[str, Any]) -> Row:
    row = call.identities.find_by_name(call.account_id, ROLES.kind, parameters["RoleName"])
    assert row is not None
    return row


def _listed(row: Row) -> dict[str, Any]:
    return {
        "Path": row["path"],
        "RoleName": row["name"],
        "RoleId": row["unique_id"],
        "Arn": row["arn"],
        "CreateDate": row["created_at"],
        "AssumeRolePolicyDocument": documents.trust_as_wire(row["trust_policy"]),
        "Description": row["description"],
        "MaxSessionDuration": row["max_session_seconds"],
        "MaxSigninSessionDuration": row["max_signin_session_seconds"],
    }


def _described(row: Row) -> dict[str, Any]:
    """With what lists leave out."""
    return {
        **_listed(row),
        "PermissionsBoundary": boundary_as_wire(row),
        "Tags": tags_as_wire(row["tags"]),
    }
