"""Users, roles and groups: what they have in common, and whether the caller may do this to one of them.

IAM asks with the entity's own ARN, path included, so each operation finds its entity before it is authorised; one
that is not there is asked about as if it had no path, so that who may not look learns nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.pages import next_token, page_size, page_start
from shared.aws.credential import unknown_credential
from shared.catalog import PARTITION
from shared.database import Row
from shared.errors import ServiceError
from shared.identity import GROUP, ROLE, SESSION, USER, group_arn, role_arn, user_arn
from shared.permissions import authorize_request, request_of
from shared.principal_context import Value, of_caller

if TYPE_CHECKING:
    from services.call import ServiceCall

PAGE_SIZE = 100

_SORTS_BEHIND_EVERY_PATH = "\U0010ffff"


@dataclass(frozen=True)
class Entity:
    """What tells users, roles and groups apart.

    kind: as in the store. word: as in messages. arn_of: account id, name and path -> ARN. quota_name: as IAM calls it.
    """

    kind: str
    word: str
    arn_of: Callable[[str, str, str], str]
    per_account: int
    quota_name: str
    policy_characters: int

    @property
    def member(self) -> str:
        """The parameter that names one."""
        return f"{self.word.capitalize()}Name"

    def arn(self, account_id: str, name: str, path: str = "/") -> str:
        return self.arn_of(account_id, name, path)


USERS = Entity(USER, "user", user_arn, limits.USERS_PER_ACCOUNT, "UsersPerAccount", limits.USER_POLICY_CHARACTERS)
ROLES = Entity(ROLE, "role", role_arn, limits.ROLES_PER_ACCOUNT, "RolesPerAccount", limits.ROLE_POLICY_CHARACTERS)
GROUPS = Entity(
    GROUP, "group", group_arn, limits.GROUPS_PER_ACCOUNT, "GroupsPerAccount", limits.GROUP_POLICY_CHARACTERS
)


def authorize(
    call: ServiceCall,
    resource: str,
    conditions: Mapping[str, Value] | None = None,
    *,
    action: str | None = None,
    shown: str | None = None,
) -> None:
    """Refuse what the policies on the caller do not allow.

    resource: the ARN that policies are asked about. shown: what a refusal calls it, if not so: IAM says "role NAME" of
        what it was asked for by name. Source: observed.
    conditions: names in lower case. action: without "iam:", where it is not the operation's own name.
    Raises: AccessDenied.
    """
    assert call.operation is not None
    if call.caller.principal.session is not None and call.caller.principal.kind != SESSION:
        # Without MFA, which is not simulated, IAM takes a user's temporary credentials for none.
        raise unknown_credential()
    context = {**of_caller(call.caller, call.clock.now()), **(conditions or {})}
    request = request_of(call.caller, f"iam:{action or call.operation.name}", resource, context)
    authorize_request(call.caller, request, call.rulings, shown=shown)


def authorized(
    call: ServiceCall, entity: Entity, parameters: Mapping[str, Any], conditions: Mapping[str, Value] | None = None
) -> Row:
    """The user, role or group that a request names, once the caller may do this to it.

    Raises: AccessDenied, NoSuchEntity.
    """
    return authorized_by_name(call, entity, parameters[entity.member], conditions)


def authorized_by_name(
    call: ServiceCall, entity: Entity, name: str, conditions: Mapping[str, Value] | None = None
) -> Row:
    row = call.identities.find_by_name(call.account_id, entity.kind, name)
    arn = entity.arn(call.account_id, name) if row is None else row["arn"]
    of_entity = {} if row is None else _conditions_of(row)
    authorize(call, arn, {**of_entity, **(conditions or {})}, shown=f"{entity.word} {name}")
    if row is None:
        raise errors.no_such(entity.word, name)
    return row


def own_or_named_user(call: ServiceCall, parameters: Mapping[str, Any]) -> Row:
    """The user that a request names, else the one who calls. Raises: as `authorized`; ValidationError."""
    name = parameters.get(USERS.member)
    if name is None:
        if call.caller.principal.kind != USER:
            raise ServiceError("ValidationException", "Must specify userName when calling with non-User credentials")
        name = call.caller.principal.name
    return authorized_by_name(call, USERS, name)


def authorized_new(call: ServiceCall, entity: Entity, parameters: Mapping[str, Any]) -> None:
    """The caller may make the user, role or group that the request describes, and nothing stands in its way.

    Raises: AccessDenied, EntityAlreadyExists, LimitExceeded.
    """
    name = parameters[entity.member]
    conditions = tag_conditions(parameters.get("Tags", []))
    if "PermissionsBoundary" in parameters:
        conditions["iam:permissionsboundary"] = parameters["PermissionsBoundary"]
    arn = entity.arn(call.account_id, name, parameters.get("Path", "/"))
    authorize(call, arn, conditions)
    if parameters.get("Tags"):
        authorize(call, arn, conditions, action=f"Tag{entity.word.capitalize()}")
    check_name_is_free(call, entity, name)
    count = call.database.count("principals", {"account_id": call.account_id, "kind": entity.kind})
    limits.check(count, entity.per_account, entity.quota_name)


def check_name_is_free(call: ServiceCall, entity: Entity, name: str) -> None:
    if call.identities.name_is_taken(call.account_id, entity.kind, name):
        raise errors.already_exists(f"{entity.word.capitalize()} with name {name} already exists.")


def change(call: ServiceCall, row: Row, **changes: Any) -> None:
    call.database.update("principals", {"arn": row["arn"]}, changes)


def check_deletable(row: Row) -> None:
    """Policies go first. Raises: DeleteConflict."""
    if row["attached"]:
        raise errors.conflict("Cannot delete entity, must detach all policies first.")
    if row["policies"]:
        raise errors.conflict("Cannot delete entity, must delete policies first.")


def list_page(call: ServiceCall, entity: Entity, parameters: Mapping[str, Any]) -> tuple[list[Row], dict[str, Any]]:
    """A page of an account's users, roles or groups, in the order of their names; and what says what follows."""
    prefix = parameters.get("PathPrefix", "/")
    authorize(call, f"arn:{PARTITION}:iam::{call.account_id}:{entity.word}{prefix}")
    size = page_size(call, PAGE_SIZE)
    where = {
        "account_id": call.account_id,
        "kind": entity.kind,
        "lower_name__gt": page_start(call, _invalid_marker()),
        "path__ge": prefix,
        "path__lt": prefix + _SORTS_BEHIND_EVERY_PATH,
    }
    rows = call.database.select("principals", where, order=["lower_name"], limit=size + 1)
    return rows[:size], _more(call, len(rows) > size, lambda: rows[size - 1]["lower_name"])


def page_of(call: ServiceCall, items: Mapping[str, Any]) -> tuple[list[Any], dict[str, Any]]:
    """A page of what is at hand, in the order of the keys; and the members that say what follows."""
    after = page_start(call, _invalid_marker())
    size = page_size(call, PAGE_SIZE)
    keys = sorted(key for key in items if key > after)
    return [items[key] for key in keys[:size]], _more(call, len(keys) > size, lambda: keys[size - 1])


def _more(call: ServiceCall, is_truncated: bool, last: Callable[[], str]) -> dict[str, Any]:
    return {"IsTruncated": True, "Marker": next_token(call, last())} if is_truncated else {"IsTruncated": False}


def _invalid_marker() -> ServiceError:
    return ServiceError("ValidationException", "Invalid Marker.")


def tag_conditions(tags: list[dict[str, str]]) -> dict[str, Value]:
    """What policies can ask about the tags of a request."""
    conditions: dict[str, Value] = {f"aws:requesttag/{tag['Key'].lower()}": tag["Value"] for tag in tags}
    if tags:
        conditions["aws:tagkeys"] = tuple(tag["Key"] for tag in tags)
    return conditions


def resource_tag_conditions(tags: Mapping[str, str]) -> dict[str, Value]:
    return {f"{prefix}:resourcetag/{key.lower()}": value for prefix in ("aws", "iam") for key, value in tags.items()}


def _conditions_of(row: Row) -> dict[str, Value]:
    conditions = resource_tag_conditions(row["tags"])
    if row["boundary_arn"] is not None:
        conditions["iam:permissionsboundary"] = row["boundary_arn"]
    return conditions
