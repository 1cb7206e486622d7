"""A bucket: its name, which the whole world shares, its owner, its Region and its settings."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kms.encrypted_store import Record
from services.s3 import errors
from services.s3.access import REGISTER, Access
from services.s3.data_classes import BUCKET

AES256, AWS_KMS = "AES256", "aws:kms"
DEFAULT_RULE: dict[str, Any] = {
    "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": AES256},
    "BucketKeyEnabled": False,
}

_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_IP_ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
_RESERVED_BEGINNINGS = ("xn--", "sthree-", "amzn-s3-demo-")
_RESERVED_ENDS = ("-s3alias", "--ol-s3", ".mrap", "--x-s3", "--table-s3")


@dataclass(frozen=True)
class Bucket:
    """rule: the encryption of objects whose sender asks for none. policy: JSON text. created_at: epoch seconds.

    public_access: the settings of Block Public Access by name; None where they are deleted.
    """

    record: Record
    name: str
    account_id: str
    region: str
    created_at: float
    rule: dict[str, Any]
    policy: str | None
    tags: dict[str, str]
    public_access: dict[str, bool] | None

    @property
    def arn(self) -> str:
        return bucket_arn(self.name)

    @property
    def has_own_rule(self) -> bool:
        """Whether somebody has chosen the default encryption."""
        return self.record.attributes.get("rule") is not None

    def blocks(self, setting: str) -> bool:
        """Whether a setting of Block Public Access is on."""
        return self.public_access is not None and self.public_access[setting]

    def object_arn(self, key: str) -> str:
        return f"{self.arn}/{key}"


def bucket_arn(name: str) -> str:
    return f"{REGISTER}{name}"


def check_name(name: str) -> None:
    """Source: "Bucket naming rules" of the S3 User Guide. Raises: ServiceError InvalidBucketName."""
    if (
        _NAME.fullmatch(name) is None
        or ".." in name
        or _IP_ADDRESS.fullmatch(name)
        or name.startswith(_RESERVED_BEGINNINGS)
        or name.endswith(_RESERVED_ENDS)
    ):
        raise errors.invalid_bucket_name(name)


def bucket_of(record: Record) -> Bucket:
    attributes = record.attributes
    return Bucket(
        record=record,
        name=record.record_id,
        account_id=record.parent,
        region=attributes["region"],
        created_at=record.created_at,
        rule=attributes.get("rule") or DEFAULT_RULE,
        policy=attributes.get("policy"),
        tags=attributes.get("tags", {}),
        public_access=attributes.get("publicAccess"),
    )


def find_bucket(access: Access, name: str) -> Bucket | None:
    record = access.store.find(REGISTER, BUCKET, name)
    return None if record is None else bucket_of(record)


def get_bucket(access: Access, name: str, expected_owner: str | None = None, *, anywhere: bool = False) -> Bucket:
    """The bucket of a request.

    expected_owner: the account that the caller says it is of. anywhere: from whatever Region it is asked for.
    Raises: ServiceError NoSuchBucket, AccessDenied, AuthorizationHeaderMalformed.
    """
    bucket = find_bucket(access, name)
    if bucket is None:
        raise errors.no_such_bucket(name)
    if expected_owner is not None and expected_owner != bucket.account_id:
        raise errors.access_denied()
    if bucket.region != access.caller.region and not anywhere:
        raise errors.wrong_region(access.caller.region, bucket.region)
    return bucket
