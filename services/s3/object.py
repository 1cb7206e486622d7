"""An object as it rests: what S3 tells of it, and of which pieces it consists."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any
from urllib.parse import parse_qsl

from kms.encrypted_store import Record
from kms.sealed_contents import Content
from kms.sealed_pieces import Piece
from services.s3 import errors
from services.s3.access import Access
from services.s3.bucket import Bucket
from services.s3.data_classes import MANIFEST, OBJECT
from shared.aws.checksums import ALGORITHMS

MAX_KEY_BYTES = 1024
MAX_METADATA_BYTES = 2048
MAX_TAGS = 10
_TAG_CHARACTERS = re.compile(r"[\w\s.:/=+\-@]*")
"""Source: "Categorizing your storage using tags" of the S3 User Guide."""
DEFAULT_CONTENT_TYPE = "binary/octet-stream"
_SYSTEM_METADATA = ("CacheControl", "ContentDisposition", "ContentEncoding", "ContentLanguage", "ContentType")
_STORAGE_CLASSES = frozenset(
    {"STANDARD", "REDUCED_REDUNDANCY", "STANDARD_IA", "ONEZONE_IA", "INTELLIGENT_TIERING", "GLACIER_IR"}
)
_ACLS = frozenset({"private", "bucket-owner-full-control", "bucket-owner-read"})
_UNSIMULATED = {
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWriteACP": "x-amz-grant-write-acp",
    "ObjectLockEventHold": "x-amz-object-lock-event-hold",
    "ObjectLockLegalHoldStatus": "x-amz-object-lock-legal-hold",
    "ObjectLockMode": "x-amz-object-lock-mode",
    "WebsiteRedirectLocation": "x-amz-website-redirect-location",
    "WriteOffsetBytes": "x-amz-write-offset-bytes",
}


@dataclass(frozen=True)
class Properties:
    """What a sender says of an object.

    system: headers by member name, Expires in seconds since the epoch. metadata: x-amz-meta-. tags: key -> value.
    """

    system: dict[str, Any] = field(default_factory=dict)
    metadata: dict[str, str] = field(default_factory=dict)
    tags: dict[str, str] = field(default_factory=dict)
    storage_class: str = "STANDARD"

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Properties:
        """Raises: ServiceError."""
        for name, header in _UNSIMULATED.items():
            if name in parameters:
                raise errors.not_simulated(header)
        if parameters.get("ACL", "private") not in _ACLS:
            raise errors.acls_off()
        _check_metadata(parameters.get("Metadata", {}))
        storage_class = parameters.get("StorageClass", "STANDARD")
        if storage_class not in _STORAGE_CLASSES:
            raise errors.not_simulated(f"Storage class {storage_class}")
        system: dict[str, Any] = {name: parameters[name] for name in _SYSTEM_METADATA if parameters.get(name)}
        if "Expires" in parameters:
            system["Expires"] = parameters["Expires"].timestamp()
        encodings = [word.strip() for word in system.pop("ContentEncoding", "").split(",")]
        kept = ",".join(word for word in encodings if word not in ("", "aws-chunked"))
        if kept:
            system["ContentEncoding"] = kept
        return cls(system, parameters.get("Metadata", {}), _tags_of(parameters.get("Tagging")), storage_class)

    def as_members(self) -> dict[str, Any]:
        return {"ContentType": DEFAULT_CONTENT_TYPE, **self.system, "Metadata": self.metadata}


def _check_metadata(metadata: Mapping[str, str]) -> None:
    """Raises: ServiceError MetadataTooLarge. Source: "Working with object metadata" of the S3 User Guide."""
    size = sum(len(name.encode()) + len(value.encode()) for name, value in metadata.items())
    if size > MAX_METADATA_BYTES:
        raise errors.metadata_too_large(size, MAX_METADATA_BYTES)


def _tags_of(header: str | None) -> dict[str, str]:
    """Tags in the form of a query, as a header carries them."""
    if not header:
        return {}
    pairs = parse_qsl(header, keep_blank_values=True)
    if len(dict(pairs)) < len(pairs) or not all(map(_TAG_CHARACTERS.fullmatch, chain(*pairs))):
        raise errors.invalid_tagging_header(header)
    return checked_tags([{"Key": key, "Value": value} for key, value in pairs])


def checked_tags(
    tag_set: Sequence[Mapping[str, str]],
    most: int = MAX_TAGS,
    reserved: str = "Your TagKey cannot be prefixed with aws:",
) -> dict[str, str]:
    """Tags as a map. reserved: what is said of a key that begins with "aws:".

    Raises: ServiceError InvalidTag, BadRequest.
    """
    if len(tag_set) > most:
        raise errors.too_many_tags(most)
    tags: dict[str, str] = {}
    for tag in tag_set:
        key, value = tag["Key"], tag["Value"]
        if not 1 <= len(key) <= 128 or not _TAG_CHARACTERS.fullmatch(key):
            raise errors.invalid_tag("The TagKey you have provided is invalid", key)
        if len(value) > 256 or not _TAG_CHARACTERS.fullmatch(value):
            raise errors.invalid_tag("The TagValue you have provided is invalid", key, value)
        if key in tags:
            raise errors.invalid_tag("Cannot provide multiple Tags with the same key", key)
        if key.startswith("aws:"):
            raise errors.invalid_tag(reserved, key)
        tags[key] = value
    return tags


def tag_set(tags: Mapping[str, str]) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@dataclass(frozen=True)
class StoredObject:
    """modified: seconds since the epoch. etag: without its quotes. checksums: by algorithm, base64.

    checksum_type: COMPOSITE or FULL_OBJECT. in_parts: it came in an upload of parts.
    """

    key: str
    content_id: str
    size: int
    modified: float
    etag: str
    checksums: dict[str, str]
    checksum_type: str
    properties: Properties
    in_parts: bool

    @property
    def quoted_etag(self) -> str:
        return f'"{self.etag}"'

    def checksum_members(self) -> dict[str, str]:
        return {**checksum_members(self.checksums), "ChecksumType": self.checksum_type}


def checksum_members(checksums: Mapping[str, str]) -> dict[str, str]:
    return {ALGORITHMS[name].member: value for name, value in checksums.items()}


def check_key(key: str) -> None:
    """Raises: ServiceError KeyTooLongError."""
    size = len(key.encode())
    if size > MAX_KEY_BYTES:
        raise errors.key_too_long(size, MAX_KEY_BYTES)


def find_object(access: Access, bucket: Bucket, key: str) -> StoredObject | None:
    record = access.store.find(bucket.arn, OBJECT, key)
    return None if record is None else object_of(access, record)


def object_of(access: Access, record: Record) -> StoredObject:
    protected = access.store.reveal(record)
    return StoredObject(
        key=record.record_id,
        content_id=record.attributes["content"],
        size=record.attributes["size"],
        modified=record.attributes["modified"],
        etag=protected["etag"],
        checksums=protected["checksums"],
        checksum_type=protected["checksumType"],
        properties=Properties(**protected["properties"]),
        in_parts=record.attributes["inParts"],
    )


def put_object_record(access: Access, bucket: Bucket, stored: StoredObject) -> None:
    """Write what is told of an object."""
    scope = access.store.get_scope(bucket.arn)
    protected = {
        "etag": stored.etag,
        "checksums": stored.checksums,
        "checksumType": stored.checksum_type,
        "properties": stored.properties.__dict__,
    }
    attributes = {
        "content": stored.content_id,
        "size": stored.size,
        "modified": stored.modified,
        "inParts": stored.in_parts,
    }
    access.store.put(scope, OBJECT, stored.key, protected, attributes)


def show_object(
    access: Access, bucket: Bucket, stored: StoredObject, content: Content, pieces: Sequence[Piece], *, is_new: bool
) -> None:
    """Make a written object the one of its key, and drop the one it replaces: for one transaction.

    is_new: the content does not rest yet; that of an upload does since it began.
    """
    drop_object(access, bucket, stored.key)
    if is_new:
        access.contents.keep(content)
    scope = access.store.get_scope(bucket.arn)
    rows = [[piece.piece_id, piece.part, piece.length] for piece in pieces]
    access.store.put(scope, MANIFEST, content.content_id, {"pieces": rows})
    put_object_record(access, bucket, stored)


def pieces_of(access: Access, bucket: Bucket, stored: StoredObject) -> list[Piece]:
    """The pieces of an object, in order."""
    manifest = access.store.get(bucket.arn, MANIFEST, stored.content_id)
    return [Piece(*row) for row in access.store.reveal(manifest)["pieces"]]


def drop_object(access: Access, bucket: Bucket, key: str) -> None:
    """Remove an object, if there is one; its data key goes with it."""
    record = access.store.find(bucket.arn, OBJECT, key)
    if record is None:
        return
    content_id = record.attributes["content"]
    access.simulator.pieces.drop_content(content_id)
    manifest = access.store.find(bucket.arn, MANIFEST, content_id)
    if manifest is not None:
        access.store.delete(manifest)
    access.store.delete(record)
