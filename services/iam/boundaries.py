"""Permissions boundaries: a managed policy that limits what a user or role can be allowed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import errors
from services.iam.entities import ROLES, USERS, Entity, authorized, change
from services.iam.policies import find_policy
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall


def put_user_permissions_boundary(parameters: dict[str, Any], call: ServiceCall) -> None:
    _put(USERS, parameters, call)


def put_role_permissions_boundary(parameters: dict[str, Any], call: ServiceCall) -> None:
    _put(ROLES, parameters, call)


def delete_user_permissions_boundary(parameters: dict[str, Any], call: ServiceCall) -> None:
    _delete(USERS, parameters, call)


def delete_role_permissions_boundary(parameters: dict[str, Any], call: ServiceCall) -> None:
    _delete(ROLES, parameters, call)


def _put(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    boundary = parameters["PermissionsBoundary"]
    row = authorized(call, entity, parameters, {"iam:permissionsboundary": boundary})
    change(call, row, boundary_arn=check_boundary(call, boundary))


def _delete(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, entity, parameters)
    if row["boundary_arn"] is None:
        raise errors.no_such(f"{entity.word} permissions boundary", row["name"])
    change(call, row, boundary_arn=None)


def check_boundary(call: ServiceCall, arn: str | None) -> str | None:
    """A boundary is a policy that is there. Raises: InvalidInput, NoSuchEntity."""
    if arn is not None and find_policy(call, arn) is None:
        raise errors.not_attachable(f"Scope ARN: {arn}")
    return arn


def as_wire(row: Row) -> dict[str, str] | None:
    if row["boundary_arn"] is None:
        return None
    return {
        "PermissionsBoundaryType": "PermissionsBoundaryPolicy",
        "PermissionsBoundaryArn": row["boundary_arn"],
    }
