"""Managed policies: create, get, list, delete, tag."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.iam.entities import authorize, page_of, tag_conditions
from services.iam.policies import ManagedPolicy, authorized_policy, find_policy, of_aws, of_row, own_policy
from services.iam.policy_versions import add_version, check_document
from services.iam.tags import as_wire as tags_as_wire
from services.iam.tags import merged, tags_page, without
from shared.aws_managed_policies import AWS_MANAGED_POLICIES
from shared.catalog import PARTITION

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    name, path = parameters["PolicyName"], parameters.get("Path", "/")
    arn = f"arn:{PARTITION}:iam::{call.account_id}:policy{path}{name}"
    conditions = tag_conditions(parameters.get("Tags", []))
    authorize(call, arn, conditions, shown=f"policy {name}")
    if parameters.get("Tags"):
        authorize(call, arn, conditions, action="TagPolicy", shown=f"policy {name}")
    check_document(parameters["PolicyDocument"])
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
    add_version(call, arn, 1, parameters["PolicyDocument"], is_default=True)
    return {"Policy": {**_listed(call, _present(call, arn), Counter(), Counter()), "Tags": tags_as_wire(tags)}}


def get_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    policy = authorized_policy(parameters, call)
    listed = _listed(call, policy, *_uses(call))
    # This answer alone has an empty list where there are no tags. Source: observed.
    return {"Policy": {**listed, "Description": policy.description, "Tags": tags_as_wire(policy.tags) or []}}


def list_policies(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """AWS's own and the account's, in the order of their names."""
    scope, prefix = parameters.get("Scope", "All"), parameters.get("PathPrefix", "/")
    authorize(call, "*", shown=f"policy path {prefix}")
    attached, boundaries = _uses(call)
    counted = boundaries if parameters.get("PolicyUsageFilter") == "PermissionsBoundary" else attached
    policies = _of_scope(call, scope)
    shown = {
        policy.sort_key: policy
        for policy in policies
        if policy.path.startswith(prefix) and (counted[policy.arn] or not parameters.get("OnlyAttached", False))
    }
    page, more = page_of(call, shown)
    return {"Policies": [_listed(call, policy, attached, boundaries) for policy in page], **more}


def described_policies(
    call: ServiceCall, scope: str, *, in_use_only: bool
) -> list[tuple[ManagedPolicy, dict[str, Any]]]:
    """The policies of a scope, each with what lists tell of it. in_use_only: attached, or a boundary."""
    attached, boundaries = _uses(call)
    return [
        (policy, _listed(call, policy, attached, boundaries))
        for policy in _of_scope(call, scope)
        if not in_use_only or attached[policy.arn] or boundaries[policy.arn]
    ]


def _of_scope(call: ServiceCall, scope: str) -> list[ManagedPolicy]:
    """scope: All, AWS or Local, as in ListPolicies."""
    policies = [of_aws(known) for known in AWS_MANAGED_POLICIES.values()] if scope != "Local" else []
    if scope != "AWS":
        rows = call.database.select("managed_policies", {"account_id": call.account_id})
        policies += [of_row(row) for row in rows]
    return policies


def delete_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = own_policy(parameters, call)
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


def tag_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = own_policy(parameters, call, parameters["Tags"])
    tags = merged(policy.tags, parameters["Tags"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"tags": tags})


def untag_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    policy = own_policy(parameters, call)
    tags = without(policy.tags, parameters["TagKeys"])
    call.database.update("managed_policies", {"arn": policy.arn}, {"tags": tags})


def list_policy_tags(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return tags_page(call, authorized_policy(parameters, call).tags)


def _present(call: ServiceCall, arn: str) -> ManagedPolicy:
    policy = find_policy(call, arn)
    assert policy is not None
    return policy


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
