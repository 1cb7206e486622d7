"""A bucket's default encryption, its policy, its Block Public Access and its tags."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.s3 import errors
from services.s3.access import Access
from services.s3.authorization import require
from services.s3.bucket import AES256, AWS_KMS, Bucket, get_bucket
from services.s3.buckets import checked_bucket_tags, noted
from services.s3.integrity import check_whole_body
from services.s3.object import tag_set
from services.s3.policies import check_policy
from services.s3.publicity import BLOCK_PUBLIC_POLICY, SETTINGS, is_public

if TYPE_CHECKING:
    from services.call import ServiceCall


def _admitted(parameters: dict[str, Any], call: ServiceCall, action: str) -> tuple[Access, Bucket]:
    """The bucket, once the caller may do `action` with it and the body is what was sent."""
    access = Access.of(call)
    bucket = noted(call, get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner")))
    require(access, action, bucket, bucket.arn)
    check_whole_body(call)
    return access, bucket


# Default encryption


def put_bucket_encryption(parameters: dict[str, Any], call: ServiceCall) -> None:
    """For objects whose sender names no encryption. The key is not looked at before it is used."""
    access, bucket = _admitted(parameters, call, "PutEncryptionConfiguration")
    rules = parameters["ServerSideEncryptionConfiguration"]["Rules"]
    if len(rules) != 1 or "ApplyServerSideEncryptionByDefault" not in rules[0]:
        raise errors.malformed_xml()
    rule = rules[0]
    if "BlockedEncryptionTypes" in rule:
        raise errors.not_simulated("BlockedEncryptionTypes")
    by_default = rule["ApplyServerSideEncryptionByDefault"]
    if by_default["SSEAlgorithm"] not in (AES256, AWS_KMS):
        raise errors.not_simulated(f"Default encryption {by_default['SSEAlgorithm']}")
    if by_default["SSEAlgorithm"] == AES256 and "KMSMasterKeyID" in by_default:
        raise errors.invalid_argument(
            "a KMSMasterKeyID is not applicable if the default sse algorithm is not aws:kms or aws:kms:dsse",
            ArgumentName="ApplyServerSideEncryptionByDefault",
        )
    kept = {
        "ApplyServerSideEncryptionByDefault": by_default,
        "BucketKeyEnabled": rule.get("BucketKeyEnabled", False),
    }
    access.store.set_attributes(bucket.record, rule=kept)


def get_bucket_encryption(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _, bucket = _admitted(parameters, call, "GetEncryptionConfiguration")
    return {"ServerSideEncryptionConfiguration": {"Rules": [bucket.rule]}}


def delete_bucket_encryption(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Back to S3's own key: there is no bucket without encryption."""
    access, bucket = _admitted(parameters, call, "PutEncryptionConfiguration")
    access.store.set_attributes(bucket.record, rule=None)


# Policy


def put_bucket_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    access, bucket = _admitted(parameters, call, "PutBucketPolicy")
    check_policy(access, bucket, parameters["Policy"])
    if bucket.blocks(BLOCK_PUBLIC_POLICY) and is_public(parameters["Policy"]):
        raise errors.public_policy(access.caller.arn, bucket.arn)
    access.store.set_attributes(bucket.record, policy=parameters["Policy"])


def get_bucket_policy(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _, bucket = _admitted(parameters, call, "GetBucketPolicy")
    if bucket.policy is None:
        raise errors.absent_setting("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"Policy": bucket.policy}


def delete_bucket_policy(parameters: dict[str, Any], call: ServiceCall) -> None:
    access, bucket = _admitted(parameters, call, "DeleteBucketPolicy")
    access.store.set_attributes(bucket.record, policy=None)


def get_bucket_policy_status(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Whether the bucket's policy is public, blocked or not."""
    _, bucket = _admitted(parameters, call, "GetBucketPolicyStatus")
    if bucket.policy is None:
        raise errors.absent_setting("NoSuchBucketPolicy", "The bucket policy does not exist", bucket.name)
    return {"PolicyStatus": {"IsPublic": is_public(bucket.policy)}}


# Block Public Access


def put_public_access_block(parameters: dict[str, Any], call: ServiceCall) -> None:
    """All settings at once: one that is left out is off. A public policy that is there already stays."""
    access, bucket = _admitted(parameters, call, "PutBucketPublicAccessBlock")
    given = parameters["PublicAccessBlockConfiguration"]
    access.store.set_attributes(bucket.record, publicAccess={name: given.get(name, False) for name in SETTINGS})


def get_public_access_block(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _, bucket = _admitted(parameters, call, "GetBucketPublicAccessBlock")
    if bucket.public_access is None:
        raise errors.absent_setting(
            "NoSuchPublicAccessBlockConfiguration", "The public access block configuration was not found", bucket.name
        )
    return {"PublicAccessBlockConfiguration": bucket.public_access}


def delete_public_access_block(parameters: dict[str, Any], call: ServiceCall) -> None:
    access, bucket = _admitted(parameters, call, "PutBucketPublicAccessBlock")
    access.store.set_attributes(bucket.record, publicAccess=None)


# Tags


def put_bucket_tagging(parameters: dict[str, Any], call: ServiceCall) -> None:
    access, bucket = _admitted(parameters, call, "PutBucketTagging")
    tags = checked_bucket_tags(parameters["Tagging"]["TagSet"])
    access.store.set_attributes(bucket.record, tags=tags)


def get_bucket_tagging(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _, bucket = _admitted(parameters, call, "GetBucketTagging")
    if not bucket.tags:
        raise errors.absent_setting("NoSuchTagSet", "The TagSet does not exist", bucket.name)
    return {"TagSet": tag_set(bucket.tags)}


def delete_bucket_tagging(parameters: dict[str, Any], call: ServiceCall) -> None:
    access, bucket = _admitted(parameters, call, "PutBucketTagging")
    access.store.set_attributes(bucket.record, tags={})
