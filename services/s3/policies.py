"""What makes a bucket policy one that S3 takes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html; messages as observed.
"""

from __future__ import annotations

from kms.encrypted_store import EncryptedStore
from services.s3 import errors
from services.s3.access import REGISTER, Access
from services.s3.bucket import Bucket
from services.s3.data_classes import BUCKET
from shared.policy import MalformedPolicy, Policy, PolicyKind, Statement, parse_policy
from shared.policy.renaming import Rename, rename_principals

MAX_POLICY_BYTES = 20 * 1024


def check_policy(access: Access, bucket: Bucket, text: str) -> None:
    """Raises: ServiceError MalformedPolicy."""
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise errors.malformed_policy(
            f"Normalized policy document exceeds the maximum allowed size of {MAX_POLICY_BYTES} bytes."
        )
    try:
        policy = parse_policy(text, PolicyKind.RESOURCE)
    except MalformedPolicy as error:
        raise errors.malformed_policy(error.message) from error
    for statement in policy.statements:
        _check_actions(statement)
        _check_resources(statement, bucket)
    _check_principals(access, policy)


def _check_actions(statement: Statement) -> None:
    if statement.actions is None:
        raise errors.malformed_policy("Missing required field Action")
    if not all(action == "*" or action.lower().startswith("s3:") for action in statement.actions.texts):
        raise errors.malformed_policy("Policy has invalid action")


def _check_resources(statement: Statement, bucket: Bucket) -> None:
    if statement.resources is None:
        raise errors.malformed_policy("Missing required field Resource")
    if not all(text.startswith(bucket.arn) for text in statement.resources.texts):
        raise errors.malformed_policy("Policy has invalid resource")


def _check_principals(access: Access, policy: Policy) -> None:
    for arn in sorted(policy.principal_arns()):
        if not access.simulator.identities.can_be_named(arn):
            raise errors.malformed_policy("Invalid principal in policy")


def rename_in_buckets(store: EncryptedStore, rename: Rename) -> None:
    """Give principals another name in the policies of all buckets of the world."""
    for record in store.stream(REGISTER, BUCKET):
        text = record.attributes.get("policy")
        renamed = None if text is None else rename_principals(text, rename)
        if renamed is not None:
            store.set_attributes(record, policy=renamed)
