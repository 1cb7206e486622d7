"""Managed policies on users, roles and groups: attach, detach, list from either side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.iam.entities import GROUPS, ROLES, USERS, Entity, authorize, authorized, change, page_of
from services.iam.policies import find_policy

if TYPE_CHECKING:
    from services.call import ServiceCall


def attach_user_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _attach(USERS, parameters, call)


def attach_role_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _attach(ROLES, parameters, call)


def attach_group_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _attach(GROUPS, parameters, call)


def detach_user_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _detach(USERS, parameters, call)


def detach_role_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _detach(ROLES, parameters, call)


def detach_group_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _detach(GROUPS, parameters, call)


def list_attached_user_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list_attached(USERS, parameters, call)


def list_attached_role_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list_attached(ROLES, parameters, call)


def list_attached_group_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list_attached(GROUPS, parameters, call)


def list_entities_for_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Who has the policy: attached, or as a boundary."""
    arn = parameters["PolicyArn"]
    policy = find_policy(call, arn)
    authorize(call, arn, shown=f"policy {arn}")
    if policy is None:
        raise errors.no_such_policy(arn)
    usage, kind = parameters.get("PolicyUsageFilter"), parameters.get("EntityFilter")
    prefix = parameters.get("PathPrefix", "/")
    shown: dict[str, tuple[Entity, dict[str, str]]] = {}
    for entity, filter_name in ((USERS, "User"), (ROLES, "Role"), (GROUPS, "Group")):
        if kind not in (None, filter_name):
            continue
        where = {"account_id": call.account_id, "kind": entity.kind}
        for row in call.database.select("principals", where):
            attached = usage != "PermissionsBoundary" and arn in row["attached"]
            limited = usage != "PermissionsPolicy" and arn == row["boundary_arn"]
            if (attached or limited) and row["path"].startswith(prefix):
                named = {entity.member: row["name"], f"{filter_name}Id": row["unique_id"]}
                shown[f"{row['lower_name']} {entity.word}"] = entity, named
    page, more = page_of(call, shown)
    return {
        "PolicyGroups": [named for entity, named in page if entity is GROUPS],
        "PolicyUsers": [named for entity, named in page if entity is USERS],
        "PolicyRoles": [named for entity, named in page if entity is ROLES],
        **more,
    }


def _attach(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    arn = parameters["PolicyArn"]
    row = authorized(call, entity, parameters, {"iam:policyarn": arn})
    if find_policy(call, arn) is None:
        raise errors.not_attachable(f"Policy {arn}")
    if arn in row["attached"]:
        return
    quota = f"PoliciesPer{entity.word.capitalize()}"
    limits.check(len(row["attached"]), limits.ATTACHED_POLICIES, quota)
    change(call, row, attached=[*row["attached"], arn])


def _detach(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    arn = parameters["PolicyArn"]
    row = authorized(call, entity, parameters, {"iam:policyarn": arn})
    if arn not in row["attached"]:
        raise errors.no_such_policy(arn)
    change(call, row, attached=[other for other in row["attached"] if other != arn])


def _list_attached(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    row = authorized(call, entity, parameters)
    attached = {}
    for arn in row["attached"]:
        policy = find_policy(call, arn)
        if policy is not None and policy.path.startswith(parameters.get("PathPrefix", "/")):
            attached[policy.sort_key] = {"PolicyName": policy.name, "PolicyArn": arn}
    page, more = page_of(call, attached)
    return {"AttachedPolicies": page, **more}
