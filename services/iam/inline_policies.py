"""Inline policies: named documents that live and die with their user, role or group."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import documents, errors, limits
from services.iam.entities import GROUPS, ROLES, USERS, Entity, authorized, change, page_of
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall


def put_user_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _put(USERS, parameters, call)


def put_role_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _put(ROLES, parameters, call)


def put_group_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _put(GROUPS, parameters, call)


def get_user_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _get(USERS, parameters, call)


def get_role_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _get(ROLES, parameters, call)


def get_group_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _get(GROUPS, parameters, call)


def list_user_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list(USERS, parameters, call)


def list_role_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list(ROLES, parameters, call)


def list_group_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return _list(GROUPS, parameters, call)


def delete_user_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _delete(USERS, parameters, call)


def delete_role_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _delete(ROLES, parameters, call)


def delete_group_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    _delete(GROUPS, parameters, call)


def _put(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, entity, parameters)
    text = parameters["PolicyDocument"]
    documents.check_identity_policy(text)
    policies = row["policies"] | {parameters["PolicyName"]: text}
    quota = entity.policy_characters
    if limits.size(policies.values()) > quota:
        raise limits.exceeded(f"Maximum policy size of {quota} bytes exceeded for {entity.word} {row['name']}")
    change(call, row, policies=policies)


def _get(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    row = authorized(call, entity, parameters)
    text = _document(entity, row, parameters["PolicyName"])
    return {
        entity.member: row["name"],
        "PolicyName": parameters["PolicyName"],
        "PolicyDocument": documents.as_wire(text),
    }


def _list(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    names, more = page_of(call, {name: name for name in authorized(call, entity, parameters)["policies"]})
    return {"PolicyNames": names, **more}


def _delete(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, entity, parameters)
    name = parameters["PolicyName"]
    _document(entity, row, name)
    change(call, row, policies={other: text for other, text in row["policies"].items() if other != name})


def _document(entity: Entity, row: Row, name: str) -> str:
    if name not in row["policies"]:
        raise errors.no_such(f"{entity.word} policy", name)
    return str(row["policies"][name])
