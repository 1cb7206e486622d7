"""Server-side encryption: what a sender or a bucket asks for, which key that means, and how it is told.

SSE-S3 (AES256) under S3's own key, and SSE-KMS (aws:kms) under alias/aws/s3 of the sender's account or a key of the
customer's, which S3 uses with the caller's session. With a bucket key the encryption context names the bucket instead
of the object; every request still asks KMS here. SSE-C and dual-layer encryption are refused by name.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/UsingKMSEncryption.html and bucket-key.html
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from kms.ownership import AwsOwned, SessionAwsManaged, SessionCustomerManaged
from kms.sealed_contents import Content, OpenContent
from services.s3 import errors
from services.s3.access import Access
from services.s3.bucket import AES256, AWS_KMS, Bucket
from services.s3.data_classes import CONTEXT_KEY

_CONTEXT_HEADER = "x-amz-server-side-encryption-context"
_KMS_MEMBERS = {
    "SSEKMSKeyId": "x-amz-server-side-encryption-aws-kms-key-id",
    "SSEKMSEncryptionContext": _CONTEXT_HEADER,
}


@dataclass(frozen=True)
class Encryption:
    """key_id: of the customer's key as it was named, None for alias/aws/s3.

    context: the sender's own pairs, to which S3 adds the ARN; a sender that adds it too must name the same. AWS
    documents that S3 appends its pair, and not what it makes of another: to refuse it is our choice.
    """

    algorithm: str
    key_id: str | None = None
    bucket_key: bool = False
    context: dict[str, str] = field(default_factory=dict)

    @property
    def ownership(self) -> str:
        if self.algorithm == AES256:
            return AwsOwned.kind
        return SessionAwsManaged.kind if self.key_id is None else SessionCustomerManaged.kind

    def create_content(self, access: Access, bucket: Bucket, key: str) -> OpenContent:
        """A data key for an object. Raises: KmsRefusal, ServiceError InvalidArgument."""
        if self.algorithm != AES256:
            access.check_may_use_kms()
        arn = bucket.arn if self.bucket_key else bucket.object_arn(key)
        if self.context.get(CONTEXT_KEY, arn) != arn:
            raise errors.invalid_argument(
                f"The encryption context's {CONTEXT_KEY} is not the ARN that S3 uses: leave it out.",
                ArgumentName=_CONTEXT_HEADER,
            )
        return access.contents.create(
            bucket.arn,
            key,
            self.ownership,
            {**self.context, CONTEXT_KEY: arn},
            account_id=bucket.account_id,
            region=bucket.region,
            key_id=self.key_id,
        )


def requested(bucket: Bucket, parameters: Mapping[str, Any]) -> Encryption:
    """What a sender asks for, else what the bucket has for its default. Raises: ServiceError."""
    for name in ("SSECustomerAlgorithm", "SSECustomerKey", "SSECustomerKeyMD5"):
        if name in parameters:
            raise errors.not_simulated("Server-side encryption with customer-provided keys (SSE-C)")
    algorithm = parameters.get("ServerSideEncryption")
    if algorithm not in (None, AES256, AWS_KMS):
        raise errors.not_simulated(f"Server-side encryption {algorithm}")
    if algorithm != AWS_KMS:
        for name, header in _KMS_MEMBERS.items():
            if name in parameters:
                raise errors.invalid_argument(
                    "Server Side Encryption with AWS KMS managed key requires HTTP header "
                    "x-amz-server-side-encryption : aws:kms",
                    ArgumentName=header,
                )
    if algorithm == AES256:
        return Encryption(AES256)
    if algorithm is None:
        return _default(bucket, parameters)
    return Encryption(
        AWS_KMS,
        key_id=parameters.get("SSEKMSKeyId"),
        bucket_key=bool(parameters.get("BucketKeyEnabled", _has_bucket_key(bucket))),
        context=_context(parameters.get("SSEKMSEncryptionContext")),
    )


def _default(bucket: Bucket, parameters: Mapping[str, Any]) -> Encryption:
    by_default = bucket.rule.get("ApplyServerSideEncryptionByDefault", {})
    if by_default.get("SSEAlgorithm", AES256) == AES256:
        return Encryption(AES256)
    bucket_key = bool(parameters.get("BucketKeyEnabled", bucket.rule.get("BucketKeyEnabled", False)))
    return Encryption(AWS_KMS, by_default.get("KMSMasterKeyID"), bucket_key)


def _has_bucket_key(bucket: Bucket) -> bool:
    by_default = bucket.rule.get("ApplyServerSideEncryptionByDefault", {})
    return by_default.get("SSEAlgorithm") == AWS_KMS and bool(bucket.rule.get("BucketKeyEnabled", False))


def _context(text: str | None) -> dict[str, str]:
    """Raises: ServiceError InvalidArgument."""
    if text is None:
        return {}
    try:
        pairs = json.loads(base64.b64decode(text, validate=True))
    except (binascii.Error, ValueError, RecursionError):
        pairs = None
    if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
        raise errors.invalid_argument(
            f"The header '{_CONTEXT_HEADER}' shall be Base64-encoded UTF-8 string holding JSON which represents a "
            "string-string map",
            ArgumentName=_CONTEXT_HEADER,
        )
    return pairs


def members_of(content: Content) -> dict[str, Any]:
    """How an object's encryption is told in answers."""
    if content.ownership == AwsOwned.kind:
        return {"ServerSideEncryption": AES256}
    is_bucket_key = content.encryption_context[CONTEXT_KEY] == content.scope_arn
    return {
        "ServerSideEncryption": AWS_KMS,
        "SSEKMSKeyId": content.key_arn,
        "BucketKeyEnabled": is_bucket_key or None,
    }


def context_member(content: Content) -> dict[str, Any]:
    """The encryption context, in the answer to whoever sent one."""
    if len(content.encryption_context) == 1:
        return {}
    text = json.dumps(content.encryption_context, separators=(",", ":"))
    return {"SSEKMSEncryptionContext": base64.b64encode(text.encode()).decode("ascii")}
