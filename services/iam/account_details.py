"""GetAccountAuthorizationDetails: all users, groups, roles and managed policies of an account at once, page by page.

Source: the model's documentation and the example of the AWS CLI. Of AWS's own policies those that are in use are told;
the order, users, groups, roles, policies, each by name, is our choice.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import documents
from services.iam.boundaries import as_wire as boundary_as_wire
from services.iam.entities import GROUPS, ROLES, USERS, Entity, authorize, page_of
from services.iam.managed_policies import described_policies
from services.iam.policies import find_policy
from services.iam.policy_versions import versions_with_documents
from services.iam.tags import as_wire as tags_as_wire
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall

_MEMBERS = {
    "User": "UserDetailList",
    "Group": "GroupDetailList",
    "Role": "RoleDetailList",
    "LocalManagedPolicy": "Policies",
    "AWSManagedPolicy": "Policies",
}
"""What can be asked for -> where it is told, in the order of the pages."""


def get_account_authorization_details(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    authorize(call, "*")
    wanted = parameters.get("Filter") or list(_MEMBERS)
    details: dict[str, tuple[str, dict[str, Any]]] = {}
    for number, (kind, member) in enumerate(_MEMBERS.items()):
        if kind in wanted:
            details |= {f"{number} {key}": (member, detail) for key, detail in _details(call, kind).items()}
    page, more = page_of(call, details)
    lists = {member: [detail for at, detail in page if at == member] for member in _MEMBERS.values()}
    return {**lists, **more}


def _details(call: ServiceCall, kind: str) -> dict[str, dict[str, Any]]:
    """Everything of a kind, by what it is sorted by."""
    if kind == "LocalManagedPolicy":
        return _policies(call, "Local")
    if kind == "AWSManagedPolicy":
        return _policies(call, "AWS")
    entity = {"User": USERS, "Group": GROUPS, "Role": ROLES}[kind]
    rows = call.database.select("principals", {"account_id": call.account_id, "kind": entity.kind})
    return {row["lower_name"]: _entity(call, entity, row) for row in rows}


def _policies(call: ServiceCall, scope: str) -> dict[str, dict[str, Any]]:
    described = described_policies(call, scope, in_use_only=scope == "AWS")
    return {
        policy.sort_key: {
            **told,
            "Description": policy.description,
            "PolicyVersionList": versions_with_documents(call, policy),
        }
        for policy, told in described
    }


def _entity(call: ServiceCall, entity: Entity, row: Row) -> dict[str, Any]:
    word = entity.word.capitalize()
    detail = {
        "Path": row["path"],
        f"{word}Name": row["name"],
        f"{word}Id": row["unique_id"],
        "Arn": row["arn"],
        "CreateDate": row["created_at"],
        f"{word}PolicyList": [
            {"PolicyName": name, "PolicyDocument": documents.as_wire(text)} for name, text in row["policies"].items()
        ],
        "AttachedManagedPolicies": [_attached(call, arn) for arn in row["attached"]],
    }
    if entity is GROUPS:
        return detail
    detail |= {"PermissionsBoundary": boundary_as_wire(row), "Tags": tags_as_wire(row["tags"])}
    if entity is USERS:
        return {**detail, "GroupList": [arn.rpartition("/")[2] for arn in row["groups"]]}
    trust = documents.trust_as_wire(row["trust_policy"])
    return {**detail, "AssumeRolePolicyDocument": trust, "InstanceProfileList": [], "RoleLastUsed": {}}


def _attached(call: ServiceCall, arn: str) -> dict[str, str]:
    policy = find_policy(call, arn)
    assert policy is not None
    return {"PolicyName": policy.name, "PolicyArn": arn}
