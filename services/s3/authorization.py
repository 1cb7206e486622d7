"""May this caller do this to that bucket or object? IAM policies and the bucket's policy, explicit deny first.

In the bucket owner's account either allows; from another account both must. An Allow for the account as a whole
delegates to its IAM policies. Objects are always the bucket owner's: ACLs are off, as they are for new buckets.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/how-s3-evaluates-access-control.html
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from services.s3 import errors
from services.s3.access import Access
from services.s3.bucket import Bucket
from services.s3.publicity import RESTRICT_PUBLIC_BUCKETS, is_public
from shared.identity import NamedPolicy
from shared.permissions import RESOURCE_POLICY, decide, no_allow, refusal_on_resource, request_of
from shared.policy import SILENT, PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.principal_context import Value, of_caller
from shared.rulings import Ruling

_CONDITIONS: dict[str, str] = {
    "ACL": "s3:x-amz-acl",
    "CopySource": "s3:x-amz-copy-source",
    "Delimiter": "s3:delimiter",
    "IfMatch": "s3:if-match",
    "IfNoneMatch": "s3:if-none-match",
    "MaxKeys": "s3:max-keys",
    "MetadataDirective": "s3:x-amz-metadata-directive",
    "ObjectOwnership": "s3:x-amz-object-ownership",
    "Prefix": "s3:prefix",
    "SSEKMSKeyId": "s3:x-amz-server-side-encryption-aws-kms-key-id",
    "ServerSideEncryption": "s3:x-amz-server-side-encryption",
    "StorageClass": "s3:x-amz-storage-class",
    "VersionId": "s3:versionid",
}
"""Parameters that policies can ask for, as they were sent: what a bucket's default adds is not among them."""

_OPEN_TO_STRANGERS = frozenset(
    {
        "AbortMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "GetObject",
        "GetObjectTagging",
        "ListBucket",
        "ListBucketMultipartUploads",
        "ListMultipartUploadParts",
        "PutObject",
        "PutObjectTagging",
    }
)
"""What a bucket's policy can give to those who sign nothing; its settings are for the owner's account."""


def conditions_of(parameters: Mapping[str, Any]) -> dict[str, Value]:
    """The condition keys of a request's parameters."""
    return {key: str(parameters[name]) for name, key in _CONDITIONS.items() if name in parameters}


def require(
    access: Access,
    action: str,
    bucket: Bucket | None,
    resource: str,
    conditions: Mapping[str, Value] | None = None,
) -> None:
    """Refuse what nothing allows, or something denies.

    action: without its "s3:" prefix. bucket: None where there is none to have a policy.
    Raises: ServiceError AccessDenied, worded as IAM words it.
    """
    ruling = _judge(access, action, bucket, resource, conditions or {})
    access.rulings.append(ruling)
    if ruling.refusal is not None and access.caller.is_anonymous:
        raise errors.access_denied()
    if ruling.refusal is not None:
        raise errors.access_denied(
            f'User: {access.caller.arn} is not authorized to perform: s3:{action} on resource: "{resource}" '
            f"{ruling.refusal}"
        )


def _judge(
    access: Access, action: str, bucket: Bucket | None, resource: str, conditions: Mapping[str, Value]
) -> Ruling:
    request = _policy_request(access, action, bucket, resource, conditions)
    note: str | None = None
    policy = None if bucket is None or bucket.policy is None else NamedPolicy("bucket policy", bucket.policy)
    by_bucket = SILENT if policy is None else evaluate(parse_policy(policy.text, PolicyKind.RESOURCE), request)
    owner = access.caller.account_id if bucket is None else bucket.account_id
    if bucket is not None and _is_kept_out(access, bucket):
        by_bucket, note = replace(SILENT, denied_by=by_bucket.denied_by), "RestrictPublicBuckets: the policy is public."
    by_identity = decide(access.caller.principal, request)
    refusal = refusal_on_resource(access.caller, owner, request.action, by_bucket, by_identity)
    if access.caller.is_anonymous and action not in _OPEN_TO_STRANGERS:
        refusal, note = no_allow(RESOURCE_POLICY, request.action), "This takes a signature, whatever a policy says."
    return Ruling(access.caller.principal, request, refusal, policy, note=note, resource_account_id=owner)


def _is_kept_out(access: Access, bucket: Bucket) -> bool:
    """Whether Block Public Access keeps a public policy from giving the caller anything."""
    if access.caller.account_id == bucket.account_id or access.caller.is_service:
        return False
    return bucket.policy is not None and bucket.blocks(RESTRICT_PUBLIC_BUCKETS) and is_public(bucket.policy)


def _policy_request(
    access: Access, action: str, bucket: Bucket | None, resource: str, conditions: Mapping[str, Value]
) -> PolicyRequest:
    context = of_caller(access.caller, access.now) | dict(access.conditions) | dict(conditions)
    if bucket is not None:
        context["aws:resourceaccount"] = context["s3:resourceaccount"] = bucket.account_id
    return request_of(access.caller, f"s3:{action}", resource, context)
