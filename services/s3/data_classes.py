"""What S3 protects, and whose keys do it.

An object's content rests under the key that its sender or its bucket chose. What S3 shows of an object without asking
KMS for that key (metadata, tags, ETag, checksums) rests under a key of S3's own: server-side encryption does not cover
it, but an ETag is the MD5 of the content.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsOwned, Ownership, SessionAwsManaged, SessionCustomerManaged
from shared.catalog import SERVICES

CONTENT, OBJECT, MANIFEST, UPLOAD, PART, BUCKET = "content", "object", "manifest", "upload", "part", "bucket"

CONTEXT_KEY = "aws:s3:arn"
"""A pair of every encryption context of S3: this key, and the ARN of the object, or of the bucket with a bucket key."""

_OWN = (AwsOwned.kind,)
_METADATA = frozenset(
    {
        "Metadata",
        "Tagging",
        "TagSet",
        "CacheControl",
        "ContentDisposition",
        "ContentEncoding",
        "ContentLanguage",
        "ContentType",
    }
)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        name=CONTENT,
        title="Content of objects",
        protects=frozenset({"Body"}),
        ownerships=(AwsOwned.kind, SessionAwsManaged.kind, SessionCustomerManaged.kind),
    ),
    DataClass(
        name=OBJECT,
        title="Metadata, tags, ETags and checksums of objects",
        protects=_METADATA,
        ownerships=_OWN,
    ),
    DataClass(
        name=MANIFEST,
        title="What pieces an object consists of",
        protects=frozenset(),
        ownerships=_OWN,
    ),
    DataClass(
        name=UPLOAD,
        title="Metadata and tags of uploads in parts",
        protects=_METADATA,
        ownerships=_OWN,
    ),
    DataClass(
        name=PART,
        title="ETags and checksums of parts",
        protects=frozenset(),
        ownerships=_OWN,
    ),
)

OWNERSHIPS: tuple[Ownership, ...] = (
    AwsOwned(SERVICES["s3"]),
    SessionAwsManaged(SERVICES["s3"]),
    SessionCustomerManaged(SERVICES["s3"]),
)
