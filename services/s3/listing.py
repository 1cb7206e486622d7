"""ListObjectsV2 and ListObjects: keys in the order of their UTF-8 bytes, those beyond a delimiter rolled up.

Keys below a common prefix are passed over in the index, not read: a page costs what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kms.encrypted_store import Record
from services.pages import next_token, page_start
from services.s3 import errors
from services.s3.access import Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import Bucket, get_bucket
from services.s3.buckets import canonical_id
from services.s3.data_classes import OBJECT
from services.s3.object import object_of

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_KEYS = 1000
_MAX_INTEGER = 2_147_483_647
_LAST_CHARACTER = "\U0010ffff"
_PAGE = 200


@dataclass(frozen=True)
class _Listing:
    """last: the key or common prefix that the page ends with, where there is more."""

    records: list[Record]
    prefixes: list[str]
    last: str | None

    @property
    def count(self) -> int:
        return len(self.records) + len(self.prefixes)


def list_objects_v2(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, bucket = _admitted(parameters, call)
    token, start_after = parameters.get("ContinuationToken"), parameters.get("StartAfter", "")
    refusal = errors.invalid_argument("The continuation token provided is incorrect", ArgumentName="continuation-token")
    after = start_after if token is None else page_start(call, refusal)
    listing, shown = _listed(access, bucket, parameters, after)
    spell = speller(parameters)
    owner = {"Owner": {"ID": canonical_id(bucket.account_id)}} if parameters.get("FetchOwner") else {}
    return {
        **shown,
        "Contents": [{**_entry(access, record, spell), **owner} for record in listing.records],
        "KeyCount": listing.count,
        "StartAfter": spell(start_after) if start_after else None,
        "ContinuationToken": token,
        "NextContinuationToken": None if listing.last is None else next_token(call, listing.last),
    }


def list_objects(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, bucket = _admitted(parameters, call)
    marker = parameters.get("Marker", "")
    listing, shown = _listed(access, bucket, parameters, marker)
    spell = speller(parameters)
    owner = {"Owner": {"ID": canonical_id(bucket.account_id)}}
    return {
        **shown,
        "Contents": [{**_entry(access, record, spell), **owner} for record in listing.records],
        "Marker": spell(marker),
        # Without a delimiter the last key is the marker, and goes without saying.
        "NextMarker": spell(listing.last) if listing.last is not None and parameters.get("Delimiter") else None,
    }


def _admitted(parameters: dict[str, Any], call: ServiceCall) -> tuple[Access, Bucket]:
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, "ListBucket", bucket, bucket.arn, conditions_of(parameters))
    return access, bucket


def _listed(
    access: Access, bucket: Bucket, parameters: Mapping[str, Any], after: str
) -> tuple[_Listing, dict[str, Any]]:
    """A page, and what both forms of the answer say of it."""
    prefix, delimiter = parameters.get("Prefix", ""), parameters.get("Delimiter", "")
    most = page_size(parameters.get("MaxKeys", MAX_KEYS), "max-keys")
    listing = _list(access, bucket, prefix, delimiter, after, most)
    spell = speller(parameters)
    return listing, {
        "IsTruncated": listing.last is not None,
        "Name": bucket.name,
        "Prefix": spell(prefix),
        "Delimiter": spell(delimiter) if delimiter else None,
        "MaxKeys": most,
        "EncodingType": parameters.get("EncodingType"),
        "CommonPrefixes": [{"Prefix": spell(one)} for one in listing.prefixes],
    }


def page_size(asked: int, name: str) -> int:
    """Raises: ServiceError InvalidArgument."""
    check_natural(asked, name)
    return min(asked, MAX_KEYS)


def check_natural(number: int, name: str) -> None:
    """Raises: ServiceError InvalidArgument."""
    if not 0 <= number <= _MAX_INTEGER:
        raise errors.invalid_argument(
            f"Argument {name} must be an integer between 0 and {_MAX_INTEGER}",
            ArgumentName=name,
            ArgumentValue=str(number),
        )


def _list(access: Access, bucket: Bucket, prefix: str, delimiter: str, after: str, most: int) -> _Listing:
    records: list[Record] = []
    prefixes: list[str] = []
    last: str | None = None
    for group, record in _grouped(access, bucket, prefix, delimiter, after):
        if len(records) + len(prefixes) == most:
            return _Listing(records, prefixes, last if most else None)
        if group is None:
            records.append(record)
            last = record.record_id
        else:
            prefixes.append(group)
            last = group
    return _Listing(records, prefixes, None)


def _grouped(
    access: Access, bucket: Bucket, prefix: str, delimiter: str, after: str
) -> Iterator[tuple[str | None, Record]]:
    """The objects behind `after`, in order; of those with a common prefix, that prefix and the first of them."""
    group = after if common_prefix(after, prefix, delimiter) == after else None
    while True:
        start = after if group is None else max(after, group + _LAST_CHARACTER)
        records = access.store.page(bucket.arn, OBJECT, after=start, prefix=prefix, limit=_PAGE)
        if not records:
            return
        for record in records:
            key = record.record_id
            after = key
            if group is not None and key.startswith(group):
                continue
            group = common_prefix(key, prefix, delimiter)
            yield group, record
            if group is not None:
                break  # the index knows where the next one is


def common_prefix(key: str, prefix: str, delimiter: str) -> str | None:
    found = key.find(delimiter, len(prefix)) if delimiter else -1
    return None if found < 0 else key[: found + len(delimiter)]


def speller(parameters: Mapping[str, Any]) -> Callable[[str], str]:
    """How names stand in the answer: as they are, or percent-encoded, as XML cannot hold every key."""
    return _percent_encoded if parameters.get("EncodingType") == "url" else str


def _percent_encoded(name: str) -> str:
    return quote(name, safe="/~")


def _entry(access: Access, record: Record, spell: Callable[[str], str]) -> dict[str, Any]:
    stored = object_of(access, record)
    return {
        "Key": spell(stored.key),
        "LastModified": stored.modified,
        "ETag": stored.quoted_etag,
        "Size": stored.size,
        "StorageClass": stored.properties.storage_class,
        "ChecksumAlgorithm": list(stored.checksums),
        "ChecksumType": stored.checksum_type,
    }
