"""What makes a bucket policy one that S3 takes.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucket-policies.html; messages from memory of the service.
"""

from __future__ import annotations

import re

from kms.encrypted_store import EncryptedStore
from services.s3 import errors
from services.s3.access import REGISTER, Access
from services.s3.bucket import Bucket
from services.s3.data_classes import BUCKET
from shared.policy import InvalidJson, MalformedPolicy, Policy, PolicyKind, Statement, parse_policy
from shared.policy.json_text import load
from shared.policy.renaming import Rename, rename_principals

MAX_POLICY_BYTES = 20 * 1024
_FIELDS = ("Effect", "Principal", "Action", "Resource")

_OF_OBJECTS = re.compile(
    r"s3:((Get|Put|Delete|Restore|Replicate)Object\w*|AbortMultipartUpload|ListMultipartUploadParts)", re.IGNORECASE
)
_OF_BUCKETS = re.compile(r"s3:((Get|Put|Delete|List)Bucket\w*|(Get|Put)EncryptionConfiguration)", re.IGNORECASE)
"""Actions whose resource is known; of others, and of those with wildcards, nothing is said.

Source: "Actions, resources, and condition keys for Amazon S3" of the Service Authorization Reference.
"""


def check_policy(access: Access, bucket: Bucket, text: str) -> None:
    """Raises: ServiceError MalformedPolicy."""
    if len(text.encode()) > MAX_POLICY_BYTES:
        raise errors.malformed_policy(
            f"Normalized policy document exceeds the maximum allowed size of {MAX_POLICY_BYTES} bytes."
        )
    try:
        _check_fields(text)
        policy = parse_policy(text, PolicyKind.RESOURCE)
    except InvalidJson as error:
        raise errors.malformed_policy("Policies must be valid JSON and the first byte must be '{'") from error
    except MalformedPolicy as error:
        raise errors.malformed_policy(error.message) from error
    for statement in policy.statements:
        _check_actions(statement)
        _check_resources(statement, bucket)
        _check_actions_apply(statement)
    _check_principals(access, policy)


def _check_fields(text: str) -> None:
    """Raises: ServiceError MalformedPolicy, InvalidJson, PolicySyntaxError."""
    if not text.startswith("{"):
        raise InvalidJson(text)
    document = load(text)
    if "Statement" not in document:
        raise errors.malformed_policy("Missing required field Statement")
    written = document["Statement"]
    for statement in written if isinstance(written, list) else [written]:
        for field in _FIELDS:
            if isinstance(statement, dict) and field not in statement and f"Not{field}" not in statement:
                raise errors.malformed_policy(f"Missing required field {field}")


def _check_actions(statement: Statement) -> None:
    assert statement.actions is not None
    if not all(action == "*" or action.lower().startswith("s3:") for action in statement.actions.texts):
        raise errors.malformed_policy("Policy has invalid action")


def _check_resources(statement: Statement, bucket: Bucket) -> None:
    assert statement.resources is not None
    if not all(text.startswith(bucket.arn) for text in statement.resources.texts):
        raise errors.malformed_policy("Policy has invalid resource")


def _check_actions_apply(statement: Statement) -> None:
    """Refuse an action on objects that names no object, and one on buckets that names no bucket."""
    assert statement.actions is not None
    assert statement.resources is not None
    if statement.actions.negated or statement.resources.negated:
        return
    resources = statement.resources.texts
    names_object = any("/" in text or "*" in text for text in resources)
    names_bucket = any("/" not in text for text in resources)
    for action in statement.actions.texts:
        if (_OF_OBJECTS.fullmatch(action) and not names_object) or (_OF_BUCKETS.fullmatch(action) and not names_bucket):
            raise errors.malformed_policy("Action does not apply to any resource(s) in statement")


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
