"""Objects for whoever has a caller: requests of S3 and the work of other services.

Each function decides as a request would: IAM and bucket policy for the action, KMS for the key, with the caller's
session. They raise what S3 answers, a `ServiceError`, and what KMS refuses, a `KmsRefusal` (`errors.refuse` words it).

    access = Access(simulator, session, caller)
    with closing(objects.read(access, "recordings", "call.wav")) as reader:
        for chunk in reader: ...

    writer = objects.write(access, "results", "output.json", encryption={"SSEKMSKeyId": key, ...})
    writer.write(b"...")
    writer.finish()

Like a request's, their events are the KMS session's, in the trail once that is flushed; those of objects are data
events, which the trail of management events does not hold.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kms.sealed_contents import Content
from kms.sealed_pieces import ContentReader, PieceWriter
from services.s3 import errors
from services.s3.access import Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import AES256, Bucket, find_bucket, get_bucket
from services.s3.conditions import check_write
from services.s3.encryption import Encryption, requested
from services.s3.integrity import Digests, Stated
from services.s3.object import Properties, StoredObject, check_key, drop_object, find_object, pieces_of, show_object
from shared.aws.checksums import FULL_OBJECT
from shared.principal_context import Value

MAX_OBJECT_BYTES = 5 * 1024**4
MAX_PUT_BYTES = 5 * 1024**3
_ONLY_VERSION = "null"


@dataclass(frozen=True)
class Found:
    """An object that the caller may read, and its bucket."""

    bucket: Bucket
    stored: StoredObject
    content: Content


def find(
    access: Access, bucket_name: str, key: str, parameters: Mapping[str, Any] | None = None, action: str = "GetObject"
) -> Found:
    """An object, once the caller may do `action` with it; who may not list the bucket is not told that it is absent.

    Raises: ServiceError NoSuchBucket, AccessDenied, NoSuchKey, NoSuchVersion.
    """
    parameters = parameters or {}
    bucket = get_bucket(access, bucket_name, parameters.get("ExpectedBucketOwner"))
    stored = find_object(access, bucket, key)
    conditions = conditions_of(parameters) | tag_conditions(stored)
    require(access, action, bucket, bucket.object_arn(key), conditions)
    check_version(parameters)
    if stored is None:
        require(access, "ListBucket", bucket, bucket.arn)  # to whom it is denied, not even an absence is told
        raise errors.no_such_key(key)
    return Found(bucket, stored, access.contents.get(stored.content_id))


def check_version(parameters: Mapping[str, Any]) -> None:
    """Buckets have no versions here. Raises: ServiceError NoSuchVersion."""
    version = parameters.get("VersionId", _ONLY_VERSION)
    if version != _ONLY_VERSION:
        raise errors.no_such_version(version)


def tag_conditions(stored: StoredObject | None) -> dict[str, Value]:
    tags = {} if stored is None else stored.properties.tags
    return {f"s3:existingobjecttag/{key.lower()}": value for key, value in tags.items()}


def open_range(access: Access, found: Found, start: int, end: int) -> ContentReader:
    """A range of an object that was found, its end exclusive. Asks KMS. Raises: KmsRefusal."""
    content = access.open_content(found.stored.content_id)
    parts = pieces_of(access, found.bucket, found.stored)
    return ContentReader(access.simulator.pieces, content, parts, start, end)


def read(access: Access, bucket_name: str, key: str) -> ContentReader:
    """All of an object, chunk by chunk; close it. Raises: ServiceError, KmsRefusal."""
    found = find(access, bucket_name, key)
    return open_range(access, found, 0, found.stored.size)


class ObjectWriter:
    """Writes one object: nothing of it is visible before `finish` has returned and its unit of work is committed."""

    def __init__(
        self,
        access: Access,
        bucket: Bucket,
        key: str,
        properties: Properties,
        encryption: Encryption,
        digests: Digests,
        conditions: Mapping[str, Any],
    ) -> None:
        self._access = access
        self._bucket = bucket
        self._key = key
        self._properties = properties
        self._digests = digests
        self._conditions = conditions
        self._random_etag = encryption.algorithm != AES256
        self.content = encryption.create_content(access, bucket, key)
        self._writer = PieceWriter(access.simulator.pieces, self.content, part=1)
        self._size = 0

    def write(self, data: bytes) -> None:
        """Raises: ServiceError EntityTooLarge."""
        self._size += len(data)
        if self._size > MAX_PUT_BYTES:
            raise errors.too_large(self._size, MAX_PUT_BYTES)
        self._digests.update(data)
        self._writer.write(data)

    def finish(self, trailers: Mapping[str, str] | None = None) -> StoredObject:
        """Check what was written and make it the object of its key. Raises: ServiceError."""
        access = self._access
        checksums = self._digests.check(trailers or {})
        bucket = find_bucket(access, self._bucket.name)
        if bucket is None or bucket.created_at != self._bucket.created_at:
            raise errors.no_such_bucket(self._bucket.name)
        check_write(find_object(access, bucket, self._key), self._key, self._conditions)
        piece = self._writer.finish()
        stored = StoredObject(
            key=self._key,
            content_id=self.content.content.content_id,
            size=piece.length,
            modified=access.now,
            # The ETag of an object under a KMS key is not the MD5 of its content.
            etag=access.simulator.randomness.hex(32) if self._random_etag else self._digests.md5,
            checksums=checksums,
            checksum_type=FULL_OBJECT,
            properties=self._properties,
            in_parts=False,
        )
        show_object(access, bucket, stored, self.content.content, [piece], is_new=True)
        return stored

    def abandon(self) -> None:
        self._writer.abandon()


def admit_write(
    access: Access, bucket_name: str, key: str, parameters: Mapping[str, Any], properties: Properties
) -> Bucket:
    """The bucket, once the caller may put such an object there. Raises: ServiceError."""
    bucket = get_bucket(access, bucket_name, parameters.get("ExpectedBucketOwner"))
    check_key(key)
    conditions = conditions_of(parameters) | {
        f"s3:requestobjecttag/{name.lower()}": value for name, value in properties.tags.items()
    }
    require(access, "PutObject", bucket, bucket.object_arn(key), conditions)
    if properties.tags:
        require(access, "PutObjectTagging", bucket, bucket.object_arn(key), conditions)
    return bucket


def write(
    access: Access,
    bucket_name: str,
    key: str,
    *,
    encryption: Mapping[str, Any] | None = None,
    properties: Properties | None = None,
) -> ObjectWriter:
    """Begin an object.

    encryption: PutObject's members for it: ServerSideEncryption, SSEKMSKeyId, SSEKMSEncryptionContext,
        BucketKeyEnabled; without them the bucket's default.
    Raises: ServiceError, KmsRefusal.
    """
    parameters, properties = dict(encryption or {}), properties or Properties()
    bucket = admit_write(access, bucket_name, key, parameters, properties)
    return ObjectWriter(access, bucket, key, properties, requested(bucket, parameters), Digests(Stated()), {})


def delete(access: Access, bucket_name: str, key: str) -> None:
    """Delete an object, if there is one. Raises: ServiceError."""
    bucket = get_bucket(access, bucket_name)
    require(access, "DeleteObject", bucket, bucket.object_arn(key))
    drop_object(access, bucket, key)
