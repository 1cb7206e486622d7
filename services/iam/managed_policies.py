"""Managed policies and their versions: those of the account, and AWS's own, which cannot be changed."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.iam import documents, errors, limits
from services.iam.entities import authorize, page_of, resource_tag_conditions, tag_conditions
from services.iam.tags import as_wire as tags_as_wire
from services.iam.tags import merged, tags_page, without
from shared.aws_managed_policies import AWS_MANAGED_POLICIES, AwsManagedPolicy
from shared.catalog import PARTITION
from shared.database import Row
from shared.errors import ServiceError
from shared.policy import MalformedPolicy, PolicyKind, parse_policy

if TYPE_CHECKING:
    from services.call import ServiceCall

_ARN = re.compile(rf"arn:{PARTITION}:iam::(?:aws|\d{{12}}):policy/[\x21-\x7e]+")
_OLDEST_VERSION = "2012-10-17"
_VERSION_ID = re.compile(r"v[1-9][0-9]*")
_AWS_CREATED_AT = 1423160401.0
"""When AWS made the first of its managed policies: 2015-02-05. Theirs are all given this date here."""


@dataclass(frozen=True)
class ManagedPolicy:
    """One policy, whoever made it. created_at, updated_at: seconds since the epoch."""

    arn: str
    policy_id: str
    name: str
    path: str
    description: str | None
    created_at: float
    updated_at: float
    tags: dict[str, str]
    is_aws: bool = False

    @property
    def sort_key(self) -> str:
        """Lists go by name; of two policies of one name AWS's comes first."""
        return f"{self.name.lower()} {int(not self.is_aws)}"


def find_policy(call: ServiceCall, arn: str) -> ManagedPolicy | None:
    """A policy that the caller's account can use. Raises: InvalidInput for what is no policy's ARN."""
    if not _ARN.fullmatch(arn):
        raise errors.invalid(f"ARN {arn} is not valid.")
    known = AWS_MANAGED_POLICIES.get(arn)
    if known is not None:
        return _of_aws(known)
    row = call.database.find("managed_policies", {"arn": arn, "account_id": call.account_id})
    return None if row is None else _of_row(row)


def _of_aws(known: AwsManagedPolicy) -> ManagedPolicy:
    made = _AWS_CREATED_AT
    return ManagedPolicy(
        known.arn, known.policy_id, known.name, known.path, known.description, made, made, {}, is_aws=True
    )


def _of_row(row: Row) -> ManagedPolicy:
    return ManagedPolicy(
        row["arn"],
        row["policy_id"],
        row["name"],
        row["path"],
        row["description"],
        row["created_at"],
        row["updated_at"],
        row["tags"],
    )


def create_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    name, path = parameters["PolicyName"], parameters.get("Path", "/")
    arn = f"arn:{PARTITION}:iam::{call.account_id}:policy{path}{name}"
    conditions = tag_conditions(parameters.get("Tags", []))
    authorize(call, arn, conditions, shown=f"policy {name}")
    if parameters.get("Tags"):
        authorize(call, arn, conditions, action="TagPolicy", shown=f"policy {name}")
    _check_document(parameters["PolicyDocument"])
    tags = merged({}, parameters.get("Tags", []))
    where = {"account_id": call.account_id, "lower_name": name.lower()}
    if call.database.find("managed_policies", where) is not None:
        raise errors.already_exists(f"A policy called {name} already exists. Duplicate names are not allowed.")
    count = call.database.count("managed_policies", {"account_id": call.account_id})
    limits.check(count, limits.POLICIES_PER_ACCOUNT, "PoliciesPerAccount")
    now = call.clock.now()
    call.database.insert(
        "managed_policies",
        {
            "arn": arn,
            "policy_id": f"ANPA{call.randomness.base32(17)}",
            "name": name,
            "path": path,
            "description": parameters.get("Description"),
            "tags": tags,
            "last_version": 1,
            "created_at": now,
            "updated_at": now,
            **where,
        },
    )
    _add_version(call, arn, 1, parameters["PolicyDocument"], is_default=True)
    return {"Policy": {**_listed(call, _present(call, arn), Counter(), Counter()), "Tags": tags_as_wire(tags)}}


def get_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = _authorized(parameters, call)
    listed = _listed(call, policy, *_uses(call))
    # This answer alone has an empty list where there are no tags. Source: observed.
    return {"Policy": {**listed, "Description": policy.description, "Tags": tags_as_wire(policy.tags) or []}}


def list_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """AWS's own and the account's, in the order of their names."""
    scope, prefix = parameters.get("Scope", "All"), parameters.get("PathPrefix", "/")
    authorize(call, "*", shown=f"policy path {prefix}")
    attached, boundaries = _uses(call)
    counted = boundaries if parameters.get("PolicyUsageFilter") == "PermissionsBoundary" else attached
    policies = [_of_aws(known) for known in AWS_MANAGED_POLICIES.values()] if scope != "Local" else []
    if scope != "AWS":
        rows = call.database.select("managed_policies", {"account_id": call.account_id})
        policies += [_of_row(row) for row in rows]
    shown = {
        policy.sort_key: policy
        for policy in policies
        if policy.path.startswith(prefix) and (counted[policy.arn] or not parameters.get("OnlyAttached", False))
    }
    page, more = page_of(call, shown)
    return {"Policies": [_listed(call, policy, attached, boundaries) for policy in page], **more}


def delete_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = _own(parameters, call)
    attached, boundaries = _uses(call)
    if attached[policy.arn] or boundaries[policy.arn]:
        raise errors.conflict("Cannot delete a policy attached to entities.")
    if call.database.count("policy_versions", {"policy_arn": policy.arn}) > 1:
        raise errors.conflict(
            "This policy has more than one version. Before you delete a policy, you must delete the policy's "
            "versions. The default version is deleted with the policy."
        )
    call.database.delete("policy_versions", {"policy_arn": policy.arn})
    call.database.delete("managed_policies", {"arn": policy.arn})


def create_policy_version(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = _own(parameters, call)
    _check_document(parameters["PolicyDocument"])
    if call.database.count("policy_versions", {"policy_arn": policy.arn}) >= limits.VERSIONS_PER_POLICY:
        raise limits.exceeded(
            f"A managed policy can have up to {limits.VERSIONS_PER_POLICY} versions. Before you create a new version, "
            "you must delete an existing version."
        )
    row = call.database.find("managed_policies", {"arn": policy.arn})
    assert row is not None
    number = row["last_version"] + 1
    is_default = parameters.get("SetAsDefault", False)
    if is_default:
        _set_default(call, policy.arn, None)
    _add_version(call, policy.arn, number, parameters["PolicyDocument"], is_default=is_default)
    changes = {"last_version": number, "updated_at": call.clock.now()}
    call.database.update("managed_policies", {"arn": policy.arn}, changes)
    return {"PolicyVersion": _version(_stored_version(call, policy, f"v{number}"), with_document=False)}


def get_policy_version(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = _authorized(parameters, call)
    return {"PolicyVersion": _version(_stored_version(call, policy, parameters["VersionId"]), with_document=True)}


def list_policy_versions(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Newest first."""
    policy = _authorized(parameters, call)
    rows = (
        [_aws_version(policy)] if policy.is_aws else call.database.select("policy_versions", {"policy_arn": policy.arn})
    )
    # Pages go by ascending keys: what is newer has the smaller one.
    page, more = page_of(call, {f"{10**9 - row['version']:010}": row for row in rows})
    return {"Versions": [_version(row, with_document=False) for row in page], **more}


def set_default_policy_version(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = _own(parameters, call)
    row = _stored_version(call, policy, parameters["VersionId"])
    _set_default(call, policy.arn, row["version"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"updated_at": call.clock.now()})


def delete_policy_version(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = _own(parameters, call)
    row = _stored_version(call, policy, parameters["VersionId"])
    if row["is_default"]:
        raise errors.conflict("Cannot delete the default version of a policy.")
    call.database.delete("policy_versions", {"policy_arn": policy.arn, "version": row["version"]})


def tag_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = _own(parameters, call, parameters["Tags"])
    tags = merged(policy.tags, parameters["Tags"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"tags": tags})


def untag_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = _own(parameters, call)
    tags = without(policy.tags, parameters["TagKeys"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"tags": tags})


def list_policy_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return tags_page(call, _authorized(parameters, call).tags)


def _authorized(
    parameters: dict[str, Any], call: ServiceCall, tags: list[dict[str, str]] | None = None
) -> ManagedPolicy:
    """The policy that a request names, once the caller may do this to it."""
    arn = parameters["PolicyArn"]
    policy = find_policy(call, arn)
    known = {} if policy is None else resource_tag_conditions(policy.tags)
    authorize(call, arn, {**known, **tag_conditions(tags or [])}, shown=f"policy {arn}")
    if policy is None:
        raise errors.no_such_policy(arn)
    return policy


def _own(parameters: dict[str, Any], call: ServiceCall, tags: list[dict[str, str]] | None = None) -> ManagedPolicy:
    """As `_authorized`, for what changes a policy: nobody but AWS changes AWS's own."""
    policy = _authorized(parameters, call, tags)
    if policy.is_aws:
        raise ServiceError("AccessDeniedException", f"The policy {policy.arn} is managed by AWS.")
    return policy


def _present(call: ServiceCall, arn: str) -> ManagedPolicy:
    policy = find_policy(call, arn)
    assert policy is not None
    return policy


def _check_document(text: str) -> None:
    documents.check_identity_policy(text)
    if parse_policy(text, PolicyKind.IDENTITY).version < _OLDEST_VERSION:
        raise MalformedPolicy(f"Policy document must be version {_OLDEST_VERSION} or greater.")
    limits.check_size(text, limits.MANAGED_POLICY_CHARACTERS, "PolicySize")


def _add_version(call: ServiceCall, arn: str, number: int, text: str, *, is_default: bool) -> None:
    call.database.insert(
        "policy_versions",
        {
            "policy_arn": arn,
            "version": number,
            "document": text,
            "is_default": int(is_default),
            "created_at": call.clock.now(),
        },
    )


def _set_default(call: ServiceCall, arn: str, number: int | None) -> None:
    """Make one version the default; None: no version, until one is added."""
    call.database.update("policy_versions", {"policy_arn": arn}, {"is_default": 0})
    if number is not None:
        call.database.update("policy_versions", {"policy_arn": arn, "version": number}, {"is_default": 1})


def _stored_version(call: ServiceCall, policy: ManagedPolicy, version_id: str) -> Row:
    if policy.is_aws and version_id == "v1":
        return _aws_version(policy)
    row = None
    if not policy.is_aws and _VERSION_ID.fullmatch(version_id) and len(version_id) < 10:
        where = {"policy_arn": policy.arn, "version": int(version_id[1:])}
        row = call.database.find("policy_versions", where)
    if row is None:
        raise ServiceError(
            "NoSuchEntityException", f"Policy {policy.arn} version {version_id} does not exist or is not attachable."
        )
    return row


def _aws_version(policy: ManagedPolicy) -> Row:
    text = AWS_MANAGED_POLICIES[policy.arn].text
    return {"version": 1, "is_default": 1, "created_at": policy.created_at, "document": text}


def _version(row: Row, *, with_document: bool) -> dict[str, Any]:
    described = {
        "VersionId": f"v{row['version']}",
        "IsDefaultVersion": bool(row["is_default"]),
        "CreateDate": row["created_at"],
    }
    return {**described, "Document": documents.as_wire(row["document"])} if with_document else described


def _uses(call: ServiceCall) -> tuple[Counter[str], Counter[str]]:
    """How often each policy is attached in the account, and how often it is a boundary."""
    rows = call.database.select("principals", {"account_id": call.account_id})
    attached = Counter(arn for row in rows for arn in row["attached"])
    return attached, Counter(row["boundary_arn"] for row in rows if row["boundary_arn"] is not None)


def _listed(
    call: ServiceCall, policy: ManagedPolicy, attached: Counter[str], boundaries: Counter[str]
) -> dict[str, Any]:
    default = None
    if not policy.is_aws:
        default = call.database.find("policy_versions", {"policy_arn": policy.arn, "is_default": 1})
    return {
        "PolicyName": policy.name,
        "PolicyId": policy.policy_id,
        "Arn": policy.arn,
        "Path": policy.path,
        "DefaultVersionId": "v1" if default is None else f"v{default['version']}",
        "AttachmentCount": attached[policy.arn],
        "PermissionsBoundaryUsageCount": boundaries[policy.arn],
        "IsAttachable": True,
        "CreateDate": policy.created_at,
        "UpdateDate": policy.updated_at,
    }
