"""ListMultipartUploads: by key, and within a key by age; keys beyond a delimiter rolled up.

Source: ListMultipartUploads of the S3 API reference. A bucket has few uploads under way, so a page sorts them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.s3.access import Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import Bucket, get_bucket
from services.s3.buckets import canonical_id
from services.s3.data_classes import UPLOAD
from services.s3.listing import common_prefix, page_size, speller

if TYPE_CHECKING:
    from services.call import ServiceCall


@dataclass(frozen=True)
class _Entry:
    """What a page shows: an upload, or a common prefix. name: its key or the prefix."""

    name: str
    record: Record | None

    @property
    def upload_id(self) -> str:
        return "" if self.record is None else self.record.record_id


def list_multipart_uploads(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, "ListBucketMultipartUploads", bucket, bucket.arn, conditions_of(parameters))
    prefix, delimiter = parameters.get("Prefix", ""), parameters.get("Delimiter", "")
    key_marker, upload_id_marker = parameters.get("KeyMarker", ""), parameters.get("UploadIdMarker", "")
    most = page_size(parameters.get("MaxUploads", 1000), "max-uploads")
    records = _behind(_sorted(access, bucket, prefix), key_marker, upload_id_marker if key_marker else "")
    entries = list(_rolled_up(records, prefix, delimiter, key_marker))
    page, more = entries[:most], 0 < most < len(entries)
    spell = speller(parameters)
    return {
        "Bucket": bucket.name,
        "KeyMarker": spell(key_marker),
        "UploadIdMarker": upload_id_marker,
        "NextKeyMarker": spell(page[-1].name) if more else None,
        "NextUploadIdMarker": page[-1].upload_id if more else None,
        "Prefix": spell(prefix),
        "Delimiter": spell(delimiter) if delimiter else None,
        "MaxUploads": most,
        "IsTruncated": more,
        "EncodingType": parameters.get("EncodingType"),
        "Uploads": [
            {"Key": spell(entry.name), **_told(bucket, entry.record)} for entry in page if entry.record is not None
        ],
        "CommonPrefixes": [{"Prefix": spell(entry.name)} for entry in page if entry.record is None],
    }


def _sorted(access: Access, bucket: Bucket, prefix: str) -> list[Record]:
    found = [
        record for record in access.store.stream(bucket.arn, UPLOAD) if str(record.attributes["key"]).startswith(prefix)
    ]
    return sorted(found, key=lambda record: (record.attributes["key"], record.created_at, record.record_id))


def _behind(records: Sequence[Record], key_marker: str, upload_id_marker: str) -> list[Record]:
    """The uploads behind the markers. Of a marker that has been completed or aborted, those of a greater id."""
    ids = [record.record_id for record in records if record.attributes["key"] == key_marker]
    if upload_id_marker in ids:
        waiting = set(ids[ids.index(upload_id_marker) + 1 :])
    else:
        waiting = {upload_id for upload_id in ids if upload_id_marker and upload_id > upload_id_marker}
    return [record for record in records if record.attributes["key"] > key_marker or record.record_id in waiting]


def _rolled_up(records: Sequence[Record], prefix: str, delimiter: str, key_marker: str) -> Iterator[_Entry]:
    """A common prefix that is not behind the marker is none of this page, nor is what it stands for."""
    last: str | None = None
    for record in records:
        group = common_prefix(record.attributes["key"], prefix, delimiter)
        if group is None:
            yield _Entry(record.attributes["key"], record)
        elif group != last and group > key_marker:
            yield _Entry(group, None)
        last = group


def _told(bucket: Bucket, record: Record) -> dict[str, Any]:
    return {
        "UploadId": record.record_id,
        "Initiated": record.created_at,
        "StorageClass": record.attributes.get("storageClass", "STANDARD"),
        "Owner": {"ID": canonical_id(bucket.account_id)},
        "Initiator": {"ID": record.attributes["initiator"]},
        "ChecksumAlgorithm": record.attributes["algorithm"],
        "ChecksumType": record.attributes["checksumType"],
    }
