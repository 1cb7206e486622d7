"""The versions of managed policies: at most five, of which one is the default and counts."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from services.iam import documents, errors, limits
from services.iam.entities import page_of
from services.iam.policies import ManagedPolicy, authorized_policy, own_policy
from shared.aws_managed_policies import AWS_MANAGED_POLICIES
from shared.database import Row
from shared.errors import ServiceError
from shared.policy import MalformedPolicy, PolicyKind, parse_policy

if TYPE_CHECKING:
    from services.call import ServiceCall

_OLDEST_VERSION = "2012-10-17"
_VERSION_ID = re.compile(r"v[1-9][0-9]*")


def create_policy_version(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = own_policy(parameters, call)
    check_document(parameters["PolicyDocument"])
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
    add_version(call, policy.arn, number, parameters["PolicyDocument"], is_default=is_default)
    changes = {"last_version": number, "updated_at": call.clock.now()}
    call.database.update("managed_policies", {"arn": policy.arn}, changes)
    return {"PolicyVersion": _version(_stored_version(call, policy, f"v{number}"), with_document=False)}


def get_policy_version(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = authorized_policy(parameters, call)
    return {"PolicyVersion": _version(_stored_version(call, policy, parameters["VersionId"]), with_document=True)}


def list_policy_versions(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Newest first."""
    policy = authorized_policy(parameters, call)
    # Pages go by ascending keys: what is newer has the smaller one.
    page, more = page_of(call, {f"{10**9 - row['version']:010}": row for row in _versions(call, policy)})
    return {"Versions": [_version(row, with_document=False) for row in page], **more}


def versions_with_documents(call: ServiceCall, policy: ManagedPolicy) -> list[dict[str, Any]]:
    """Newest first."""
    rows = sorted(_versions(call, policy), key=lambda row: -row["version"])
    return [_version(row, with_document=True) for row in rows]


def _versions(call: ServiceCall, policy: ManagedPolicy) -> list[Row]:
    if policy.is_aws:
        return [_aws_version(policy)]
    return call.database.select("policy_versions", {"policy_arn": policy.arn})


def set_default_policy_version(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = own_policy(parameters, call)
    row = _stored_version(call, policy, parameters["VersionId"])
    _set_default(call, policy.arn, row["version"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"updated_at": call.clock.now()})


def delete_policy_version(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = own_policy(parameters, call)
    row = _stored_version(call, policy, parameters["VersionId"])
    if row["is_default"]:
        raise errors.conflict("Cannot delete the default version of a policy.")
    call.database.delete("policy_versions", {"policy_arn": policy.arn, "version": row["version"]})


def check_document(text: str) -> None:
    documents.check_identity_policy(text)
    if parse_policy(text, PolicyKind.IDENTITY).version < _OLDEST_VERSION:
        raise MalformedPolicy(f"Policy document must be version {_OLDEST_VERSION} or greater.")
    limits.check_size(text, limits.MANAGED_POLICY_CHARACTERS, "PolicySize")


def add_version(call: ServiceCall, arn: str, number: int, text: str, *, is_default: bool) -> None:
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
