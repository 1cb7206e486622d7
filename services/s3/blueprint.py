"""The blueprint of Amazon S3."""

from __future__ import annotations

from services.s3 import buckets, errors, listing, multipart, parts, reading, settings, tagging, upload_listing, writing
from services.s3.data_classes import DATA_CLASSES
from services.s3.invalid import refuse_parameters
from shared.service import Service

DATA_EVENTS = frozenset(
    {
        "AbortMultipartUpload",
        "CompleteMultipartUpload",
        "CopyObject",
        "CreateMultipartUpload",
        "DeleteObject",
        "DeleteObjectTagging",
        "DeleteObjects",
        "GetObject",
        "GetObjectTagging",
        "HeadBucket",
        "HeadObject",
        "ListMultipartUploads",
        "ListObjects",
        "ListObjectsV2",
        "ListParts",
        "PutObject",
        "PutObjectTagging",
        "UploadPart",
        "UploadPartCopy",
    }
)
"""What CloudTrail logs as data events only. Source: "Amazon S3 CloudTrail events" of the S3 User Guide."""

SERVICE = Service(
    client_name="s3",
    modules=(buckets, listing, multipart, parts, reading, settings, tagging, upload_listing, writing),
    refuse=errors.refuse,
    refuse_parameters=refuse_parameters,
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)),
    authorizes_itself=True,
    admits_strangers=True,
    trail_names={"bucket": "bucketName", "policy": "bucketPolicy"},
    data_events=DATA_EVENTS,
)
