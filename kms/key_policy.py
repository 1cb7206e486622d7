"""The key policy: exactly one per key, named `default`; its default text, what makes one valid, and its operations.

Follows "Key policies in AWS KMS" and the lockout safety check of PutKeyPolicy.
"""

from __future__ import annotations

import json
from typing import Any

from kms import errors
from kms.conditions import condition_values
from kms.key import AWS, KmsKey, change_key
from kms.operation import KmsCall, operation
from kms.paging import Page
from kms.tables import limit as quota
from shared.catalog import AwsService
from shared.identity import root_arn
from shared.permissions import request_of
from shared.policy import MalformedPolicy, Policy, PolicyKind, evaluate, parse_policy
from shared.policy.json_text import printed
from shared.policy.renaming import with_root_arns

POLICY_NAME = "default"


def default_policy(account_id: str) -> str:
    """What CreateKey gives a key without a policy: the account decides by IAM. Source: recorded."""
    statement = {
        "Sid": "Enable IAM User Permissions",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn(account_id)},
        "Action": "kms:*",
        "Resource": "*",
    }
    return _document("key-default-1", statement)


def aws_owned_policy(service: AwsService) -> str:
    """The service alone uses its keys. Source: our choice; AWS shows no such policy."""
    statement = {
        "Sid": f"Allow {service.title} the use of its own key",
        "Effect": "Allow",
        "Principal": {"Service": service.principal},
        "Action": "kms:*",
        "Resource": "*",
    }
    return _document("aws-owned-key", statement)


def aws_managed_policy(prefix: str, title: str, via_service: str, account_id: str) -> str:
    """Whoever is authorised to use the service, through it alone. Source: the policies of aws/... keys.

    prefix: of its alias. title: what the key protects. via_service: the value of kms:ViaService.
    """
    use = {
        "Sid": f"Allow access through {title} for all principals in the account that are authorized to use {title}",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": [
            "kms:Encrypt",
            "kms:Decrypt",
            "kms:ReEncrypt*",
            "kms:GenerateDataKey*",
            "kms:CreateGrant",
            "kms:DescribeKey",
        ],
        "Resource": "*",
        "Condition": {"StringEquals": {"kms:CallerAccount": account_id, "kms:ViaService": via_service}},
    }
    metadata = {
        "Sid": "Allow direct access to key metadata to the account",
        "Effect": "Allow",
        "Principal": {"AWS": root_arn(account_id)},
        "Action": ["kms:Describe*", "kms:Get*", "kms:List*"],
        "Resource": "*",
    }
    return _document(f"auto-{prefix}-1", use, metadata)


def printed_policy(key: KmsKey) -> str:
    """The key's policy as KMS answers it, however it was written: accounts by their roots' ARNs, JSON in one form."""
    return printed(json.loads(with_root_arns(key.policy)))


def _document(policy_id: str, *statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Id": policy_id, "Statement": list(statements)})


def bypass_condition(bypass: bool | None) -> dict[str, str]:
    """The condition key of the lockout check. Absent where the request says nothing: AWS's examples test by Null."""
    return {} if bypass is None else {"kms:bypasspolicylockoutsafetycheck": str(bypass).lower()}


def check_policy(call: KmsCall, text: str, *, key: KmsKey | None, bypass_lockout_check: bool | None) -> None:
    """Refuse a policy that AWS would not take, or that would lock its author out.

    key: None for one that is yet to be made.
    Raises: MalformedPolicyDocument, LimitExceeded.
    """
    if len(text.encode()) > quota("keyPolicyBytes"):
        raise errors.LimitExceeded("The key policy is longer than 32768 bytes.")
    try:
        policy = parse_policy(text, PolicyKind.RESOURCE)
    except MalformedPolicy as error:
        raise errors.MalformedPolicyDocument(error.message) from error
    _check_principals_exist(call, policy)
    if not bypass_lockout_check and not _can_put_policy(call, policy, key):
        raise errors.MalformedPolicyDocument(
            "The new key policy will not allow you to update the key policy in the future."
        )


def _check_principals_exist(call: KmsCall, policy: Policy) -> None:
    for arn in sorted(policy.principal_arns()):
        if not call.engine.identities.can_be_named(arn):
            raise errors.MalformedPolicyDocument("Policy contains a statement with one or more invalid principals.")


def _can_put_policy(call: KmsCall, policy: Policy, key: KmsKey | None) -> bool:
    """Whether the policy lets its author, or the author's account, call PutKeyPolicy once more. Inferred: by its text
    alone, for the same caller in the same circumstances.
    """
    values = condition_values(call, key, conditions={}, encryption_context=None)
    request = request_of(call.caller, "kms:PutKeyPolicy", "*" if key is None else key.arn, values)
    decision = evaluate(policy, request)
    allowed = decision.allowed_by is not None or decision.delegated_by is not None
    return allowed and decision.denied_by is None


@operation
def put_key_policy(
    call: KmsCall,
    *,
    key_id: str,
    policy: str,
    policy_name: str = POLICY_NAME,
    bypass_policy_lockout_safety_check: bool | None = None,
) -> None:
    """Replace the key's policy.

    Raises: as `KmsCall.authorized_key`; MalformedPolicyDocument, LimitExceeded, UnsupportedOperation, NotFound.
    """
    key = call.authorized_key(key_id, conditions=bypass_condition(bypass_policy_lockout_safety_check))
    _check_name(policy_name)
    if key.manager == AWS:
        raise errors.UnsupportedOperation(f"{key.arn} is an AWS managed key; its policy cannot be changed.")
    check_policy(call, policy, key=key, bypass_lockout_check=bypass_policy_lockout_safety_check)
    change_key(call.engine.database, key, policy=policy)
    call.response = {"keyId": key.arn}


@operation
def get_key_policy(call: KmsCall, *, key_id: str, policy_name: str = POLICY_NAME) -> str:
    """The key's policy as JSON text."""
    key = call.authorized_key(key_id)
    _check_name(policy_name)
    return printed_policy(key)


@operation
def list_key_policies(call: KmsCall, *, key_id: str, limit: int | None = None, marker: str | None = None) -> Page[str]:
    """Every key has exactly one policy, and its name is always `default`."""
    call.authorized_key(key_id)
    if marker is not None:
        raise errors.InvalidMarker("The marker is not valid.")
    return Page([POLICY_NAME], None)


def _check_name(policy_name: str) -> None:
    if policy_name != POLICY_NAME:
        raise errors.NotFound("No such policy exists")
