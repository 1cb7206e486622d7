"""Tags of users, roles and managed policies; policies see those of the caller as aws:PrincipalTag.

Keys that differ in case only are one; each keeps the case it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.iam.entities import ROLES, USERS, Entity, authorized, change, page_of, tag_conditions
from shared.principal_context import Value

if TYPE_CHECKING:
    from services.call import ServiceCall


def tag_user(parameters: dict[str, Any], call: ServiceCall) -> None:
    _tag(USERS, parameters, call)


def tag_role(parameters: dict[str, Any], call: ServiceCall) -> None:
    _tag(ROLES, parameters, call)


def untag_user(parameters: dict[str, Any], call: ServiceCall) -> None:
    _untag(USERS, parameters, call)


def untag_role(parameters: dict[str, Any], call: ServiceCall) -> None:
    _untag(ROLES, parameters, call)


def list_user_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return tags_page(call, authorized(call, USERS, parameters)["tags"])


def list_role_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return tags_page(call, authorized(call, ROLES, parameters)["tags"])


def _tag(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    row = authorized(call, entity, parameters, tag_conditions(parameters["Tags"]))
    change(call, row, tags=merged(row["tags"], parameters["Tags"]))


def _untag(entity: Entity, parameters: dict[str, Any], call: ServiceCall) -> None:
    keys: dict[str, Value] = {"aws:tagkeys": tuple(parameters["TagKeys"])}
    row = authorized(call, entity, parameters, keys)
    change(call, row, tags=without(row["tags"], parameters["TagKeys"]))


def merged(tags: Mapping[str, str], new: list[dict[str, str]]) -> dict[str, str]:
    """Tags with the new ones added. Raises: InvalidInput, LimitExceeded."""
    added = {tag["Key"]: tag["Value"] for tag in new}
    if len({key.lower() for key in added}) < len(new):
        raise errors.invalid("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.lower().startswith("aws:") for key in added):
        raise errors.invalid("Tag keys that begin with aws: are reserved.")
    together = without(tags, list(added)) | added
    limits.check(len(together) - 1, limits.TAGS, "TagsPerResource")
    return together


def without(tags: Mapping[str, str], keys: list[str]) -> dict[str, str]:
    gone = {key.lower() for key in keys}
    return {key: value for key, value in tags.items() if key.lower() not in gone}


def tags_page(call: ServiceCall, tags: Mapping[str, str]) -> dict[str, Any]:
    page, more = page_of(call, {key: {"Key": key, "Value": value} for key, value in tags.items()})
    return {"Tags": page, **more}


def as_wire(tags: Mapping[str, str]) -> list[dict[str, str]] | None:
    """None where there are none: IAM leaves the member out."""
    return [{"Key": key, "Value": value} for key, value in tags.items()] or None
