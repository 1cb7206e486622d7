"""An upload in parts as it rests, and its parts: finding them and keeping them. No operations here."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.sealed_pieces import Piece
from services.s3 import errors
from services.s3.access import Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import Bucket, get_bucket
from services.s3.data_classes import PART, UPLOAD
from services.s3.object import Properties

if TYPE_CHECKING:
    from services.call import ServiceCall


@dataclass(frozen=True)
class Upload:
    """algorithm, checksum_type: of the checksum that its object will have. is_stated: its sender asked for that one."""

    record: Record
    bucket: Bucket
    key: str
    content_id: str
    properties: Properties
    algorithm: str
    checksum_type: str
    is_stated: bool

    @property
    def upload_id(self) -> str:
        return self.record.record_id


@dataclass(frozen=True)
class Part:
    number: int
    piece: Piece
    etag: str
    checksums: dict[str, str]
    modified: float


def find_upload(access: Access, bucket: Bucket, key: str, upload_id: str) -> Upload:
    """Raises: ServiceError NoSuchUpload."""
    record = access.store.find(bucket.arn, UPLOAD, upload_id)
    if record is None or record.attributes["key"] != key:
        raise errors.no_such_upload(upload_id)
    attributes = record.attributes
    return Upload(
        record=record,
        bucket=bucket,
        key=key,
        content_id=attributes["content"],
        properties=Properties(**access.store.reveal(record)["properties"]),
        algorithm=attributes["algorithm"],
        checksum_type=attributes["checksumType"],
        is_stated=attributes["isStated"],
    )


def admitted(parameters: Mapping[str, Any], call: ServiceCall, action: str) -> tuple[Access, Upload]:
    """The upload of a request, once the caller may do `action` with its object."""
    if "SSECustomerAlgorithm" in parameters:
        raise errors.not_simulated("Server-side encryption with customer-provided keys (SSE-C)")
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, action, bucket, bucket.object_arn(parameters["Key"]), conditions_of(parameters))
    return access, find_upload(access, bucket, parameters["Key"], parameters["UploadId"])


def part_id(upload: Upload, number: int) -> str:
    return f"{upload.upload_id}:{number:05d}"


def put_part(access: Access, upload: Upload, part: Part) -> None:
    """Keep a part in the place of one of the same number."""
    earlier = access.store.find(upload.bucket.arn, PART, part_id(upload, part.number))
    if earlier is not None:
        access.simulator.pieces.drop(earlier.attributes["piece"])
    access.store.put(
        access.store.get_scope(upload.bucket.arn),
        PART,
        part_id(upload, part.number),
        {"etag": part.etag, "checksums": part.checksums, "piece": part.piece.piece_id, "length": part.piece.length},
        {"number": part.number, "piece": part.piece.piece_id, "modified": part.modified},
        parent=upload.upload_id,
    )


def parts_of(access: Access, upload: Upload) -> list[Part]:
    """All parts of an upload, by their numbers."""
    return [part_of(access, record) for record in access.store.stream(upload.bucket.arn, PART, parent=upload.upload_id)]


def part_of(access: Access, record: Record) -> Part:
    number, protected = record.attributes["number"], access.store.reveal(record)
    piece = Piece(protected["piece"], number, protected["length"])
    return Part(number, piece, protected["etag"], protected["checksums"], record.attributes["modified"])
