"""Uploads in parts: begun, sent part by part, completed or aborted.

The upload's data key is made when it is begun; each part asks KMS for it again, and so does the completion. Parts stay
as they were sealed: what makes an object of them is the list of them, sealed with the object's record.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html and qfacts.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from kms.encrypted_store import Record
from kms.sealed_contents import ContentReader, OpenContent, Piece, PieceWriter
from services.s3 import errors, objects
from services.s3.access import Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import AES256, Bucket, get_bucket
from services.s3.buckets import canonical_id
from services.s3.conditions import check_write, range_of
from services.s3.data_classes import PART, UPLOAD
from services.s3.encryption import context_member, members_of, requested
from services.s3.integrity import Digests, Stated, stated
from services.s3.listing import page_size
from services.s3.object import Properties, StoredObject, checksum_members, find_object, show_object
from services.s3.writing import check_length, copy_source
from shared.aws.checksums import ALGORITHMS, COMPOSITE, DEFAULT_ALGORITHM, combined, composite
from shared.pipeline import Work

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_PARTS = 10_000
MIN_PART_BYTES = 5 * 1024 * 1024


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


# Beginning and ending


def create_multipart_upload(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, key = Access.of(call), parameters["Key"]
    properties = Properties.of(parameters)
    bucket = objects.admit_write(access, parameters["Bucket"], key, parameters, properties)
    name, kind = _checksum_of(parameters)
    content = requested(bucket, parameters).create_content(access, bucket, key).content
    access.contents.keep(content)
    upload_id = access.simulator.randomness.hex(64)
    attributes = {
        "key": key,
        "content": content.content_id,
        "initiator": access.caller.arn,
        "algorithm": name,
        "checksumType": kind,
        "isStated": "ChecksumAlgorithm" in parameters,
    }
    scope = access.store.get_scope(bucket.arn)
    access.store.put(scope, UPLOAD, upload_id, {"properties": properties.__dict__}, attributes)
    return {
        "Bucket": bucket.name,
        "Key": key,
        "UploadId": upload_id,
        "ChecksumAlgorithm": name,
        "ChecksumType": kind,
        **members_of(content),
        **context_member(content),
    }


def _checksum_of(parameters: Mapping[str, Any]) -> tuple[str, str]:
    """The algorithm and the type of an upload's checksum. Raises: ServiceError InvalidRequest."""
    name, kind = parameters.get("ChecksumAlgorithm"), parameters.get("ChecksumType")
    if name is None and kind is not None:
        raise errors.invalid_request(
            "The x-amz-checksum-type header can only be used with the x-amz-checksum-algorithm header."
        )
    types = ALGORITHMS[name or DEFAULT_ALGORITHM].types
    if kind is not None and kind not in types:
        raise errors.invalid_request(
            f"The {kind} checksum type cannot be used with the {str(name).lower()} checksum algorithm."
        )
    return name or DEFAULT_ALGORITHM, kind or types[0]


def complete_multipart_upload(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Make an object of the listed parts; those that are not listed go."""
    access, upload = _admitted(parameters, call, "PutObject")
    check_write(find_object(access, upload.bucket, upload.key), upload.key, parameters)
    wanted = parameters.get("MultipartUpload", {}).get("Parts", [])
    kept = {part.number: part for part in _parts(access, upload)}
    parts = _chosen(upload, wanted, kept)
    content = access.contents.open(upload.content_id).content
    checksum = _checksum(upload, parts)
    _check_stated(upload, parts, checksum, parameters, call)
    digest = hashlib.md5(b"".join(bytes.fromhex(part.etag) for part in parts), usedforsecurity=False).hexdigest()
    stored = StoredObject(
        key=upload.key,
        content_id=upload.content_id,
        size=sum(part.piece.length for part in parts),
        modified=access.now,
        etag=f"{digest}-{len(parts)}",
        checksums={upload.algorithm: checksum},
        checksum_type=upload.checksum_type,
        properties=upload.properties,
        in_parts=True,
    )
    listed = {part.number for part in parts}
    for number, part in kept.items():
        if number not in listed:
            access.simulator.pieces.drop(part.piece.piece_id)
    show_object(access, upload.bucket, stored, content, [part.piece for part in parts], is_new=False)
    _forget(access, upload)
    return {
        "Location": f"http://{call.request.headers.get('host', '')}/{upload.bucket.name}/{quote(upload.key)}",
        "Bucket": upload.bucket.name,
        "Key": upload.key,
        "ETag": stored.quoted_etag,
        **stored.checksum_members(),
        **members_of(content),
    }


def _chosen(upload: Upload, wanted: Sequence[Mapping[str, Any]], kept: Mapping[int, Part]) -> list[Part]:
    """The parts that a request lists. Raises: ServiceError."""
    if not wanted or any("PartNumber" not in one for one in wanted):
        raise errors.malformed_xml()
    numbers = [one["PartNumber"] for one in wanted]
    if any(later <= earlier for earlier, later in pairwise(numbers)):
        raise errors.invalid_part_order(upload.upload_id)
    parts = [_chosen_part(upload, one, kept) for one in wanted]
    for part in parts[:-1]:
        if part.piece.length < MIN_PART_BYTES:
            raise errors.too_small(part.piece.length, MIN_PART_BYTES, part.number, part.etag)
    return parts


def _chosen_part(upload: Upload, one: Mapping[str, Any], kept: Mapping[int, Part]) -> Part:
    number, etag = one["PartNumber"], one.get("ETag")
    part = kept.get(number)
    if part is None or etag is None or etag.strip('"') != part.etag:
        raise errors.invalid_part(upload.upload_id, number, etag)
    algorithm = ALGORITHMS[upload.algorithm]
    given = one.get(algorithm.member)
    if given is None and upload.is_stated and upload.checksum_type == COMPOSITE:
        raise errors.invalid_request(
            f"The upload was created using a {algorithm.name.lower()} checksum. The complete request must include the "
            f"checksum for each part. It was missing for part {number} in the request."
        )
    if given not in (None, part.checksums[algorithm.name]):
        raise errors.invalid_part(upload.upload_id, number, etag)
    return part


def _checksum(upload: Upload, parts: Sequence[Part]) -> str:
    algorithm = ALGORITHMS[upload.algorithm]
    if upload.checksum_type == COMPOSITE:
        return composite(algorithm, [part.checksums[algorithm.name] for part in parts])
    return combined(algorithm, [(part.checksums[algorithm.name], part.piece.length) for part in parts])


def _check_stated(
    upload: Upload, parts: Sequence[Part], checksum: str, parameters: Mapping[str, Any], call: ServiceCall
) -> None:
    """What the request says of the object as a whole. Raises: ServiceError."""
    size = sum(part.piece.length for part in parts)
    if size > objects.MAX_OBJECT_BYTES:
        raise errors.too_large(size, objects.MAX_OBJECT_BYTES)
    if parameters.get("MpuObjectSize", size) != size:
        raise errors.invalid_request(
            f"The provided 'x-amz-mp-object-size' header value {parameters['MpuObjectSize']} does not match what was "
            f"computed: {size}"
        )
    if parameters.get("ChecksumType", upload.checksum_type) != upload.checksum_type:
        raise errors.invalid_request(
            f"The upload was created using the {upload.checksum_type} checksum mode. The complete request must use "
            "the same checksum mode."
        )
    for algorithm in ALGORITHMS.values():
        given = call.request.headers.get(algorithm.header)
        if given is None:
            continue
        # The number of parts may be left out.
        if algorithm.name != upload.algorithm or given.partition("-")[0] != checksum.partition("-")[0]:
            raise errors.bad_digest(algorithm.name)


def abort_multipart_upload(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, upload = _admitted(parameters, call, "AbortMultipartUpload")
    access.simulator.pieces.drop_content(upload.content_id)
    _forget(access, upload)
    return {}


def _forget(access: Access, upload: Upload) -> None:
    access.store.delete_children(upload.bucket.arn, PART, upload.upload_id)
    access.store.delete(upload.record)


# Parts


class _PartWork(Work):
    """Takes a part in: from the body, or chunk by chunk from another object."""

    def __init__(
        self, access: Access, upload: Upload, number: int, digests: Digests, reader: ContentReader | None = None
    ) -> None:
        self._access = access
        self._upload = upload
        self._number = number
        self._digests = digests
        self._reader = reader
        self._content: OpenContent = access.contents.open(upload.content_id)
        self._writer = PieceWriter(access.simulator.pieces, self._content, part=number)
        self._size = 0

    def write(self, data: bytes) -> None:
        self._size += len(data)
        if self._size > objects.MAX_PUT_BYTES:
            raise errors.too_large(self._size, objects.MAX_PUT_BYTES)
        self._digests.update(data)
        self._writer.write(data)

    def step(self) -> bool:
        chunk = None if self._reader is None else next(self._reader, None)
        if chunk is None:
            return False
        self.write(chunk)
        return True

    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        checksums = self._digests.check(trailers)
        access, upload = self._access, self._upload
        upload = find_upload(access, upload.bucket, upload.key, upload.upload_id)
        is_own_key = members_of(self._content.content)["ServerSideEncryption"] == AES256
        etag = self._digests.md5 if is_own_key else access.simulator.randomness.hex(32)
        part = Part(self._number, self._writer.finish(), etag, checksums, access.now)
        _put_part(access, upload, part)
        told = {name: value for name, value in checksums.items() if len(checksums) == 1 or name != DEFAULT_ALGORITHM}
        members = members_of(self._content.content)
        if self._reader is None:
            return {"ETag": f'"{etag}"', **checksum_members(told), **members}
        self._reader.close()
        copied = {"ETag": f'"{etag}"', "LastModified": part.modified, **checksum_members(told)}
        return {"CopyPartResult": copied, **members}

    def abandon(self) -> None:
        if self._reader is not None:
            self._reader.close()
        self._writer.abandon()


def upload_part(parameters: dict[str, Any], call: ServiceCall) -> Work:
    check_length(call)
    access, upload = _admitted(parameters, call, "PutObject")
    number = _part_number(parameters)
    said = stated(parameters, call.request.headers)
    if upload.is_stated and said.algorithm is not None and said.algorithm.name != upload.algorithm:
        raise errors.invalid_request(
            f"Checksum Type mismatch occurred, expected checksum Type: {upload.algorithm.lower()}, actual checksum "
            f"Type: {said.algorithm.name.lower()}"
        )
    return _PartWork(access, upload, number, Digests(said, upload.algorithm))


def upload_part_copy(parameters: dict[str, Any], call: ServiceCall) -> Work:
    access = Access.of(call)
    source = copy_source(access, parameters)
    _, upload = _admitted(parameters, call, "PutObject")
    number = _part_number(parameters)
    size, text = source.stored.size, parameters.get("CopySourceRange")
    wanted = range_of(text, size)
    if text is not None and (wanted is None or wanted[1] != int(text.rpartition("-")[2] or -1) + 1):
        raise errors.invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            ArgumentName="x-amz-copy-source-range",
            ArgumentValue=text,
        )
    start, end = wanted or (0, size)
    reader = objects.open_range(access, source, start, end)
    return _PartWork(access, upload, number, Digests(Stated(), upload.algorithm), reader)


def _part_number(parameters: Mapping[str, Any]) -> int:
    number = int(parameters["PartNumber"])
    if not 1 <= number <= MAX_PARTS:
        raise errors.invalid_argument(
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    return number


def _part_id(upload: Upload, number: int) -> str:
    return f"{upload.upload_id}:{number:05d}"


def _put_part(access: Access, upload: Upload, part: Part) -> None:
    """Keep a part in the place of one of the same number."""
    earlier = access.store.find(upload.bucket.arn, PART, _part_id(upload, part.number))
    if earlier is not None:
        access.simulator.pieces.drop(earlier.attributes["piece"])
    access.store.put(
        access.store.get_scope(upload.bucket.arn),
        PART,
        _part_id(upload, part.number),
        {"etag": part.etag, "checksums": part.checksums, "piece": part.piece.piece_id, "length": part.piece.length},
        {"number": part.number, "piece": part.piece.piece_id, "modified": part.modified},
        parent=upload.upload_id,
    )


def _parts(access: Access, upload: Upload) -> list[Part]:
    """All parts of an upload, by their numbers."""
    return [_part(access, record) for record in access.store.stream(upload.bucket.arn, PART, parent=upload.upload_id)]


def _part(access: Access, record: Record) -> Part:
    number, protected = record.attributes["number"], access.store.reveal(record)
    piece = Piece(protected["piece"], number, protected["length"])
    return Part(number, piece, protected["etag"], protected["checksums"], record.attributes["modified"])


# Looking


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


def _admitted(parameters: Mapping[str, Any], call: ServiceCall, action: str) -> tuple[Access, Upload]:
    """The upload of a request, once the caller may do `action` with its object."""
    if "SSECustomerAlgorithm" in parameters:
        raise errors.not_simulated("Server-side encryption with customer-provided keys (SSE-C)")
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, action, bucket, bucket.object_arn(parameters["Key"]), conditions_of(parameters))
    return access, find_upload(access, bucket, parameters["Key"], parameters["UploadId"])


def list_parts(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, upload = _admitted(parameters, call, "ListMultipartUploadParts")
    marker = parameters.get("PartNumberMarker", 0)
    most = page_size(parameters.get("MaxParts", 1000), "max-parts")
    after = _part_id(upload, min(max(marker, 0), MAX_PARTS))
    records = access.store.page(upload.bucket.arn, PART, parent=upload.upload_id, after=after, limit=most + 1)
    parts = [_part(access, record) for record in records[:most]]
    return {
        "Bucket": upload.bucket.name,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": parts[-1].number if parts else marker,
        "MaxParts": most,
        "IsTruncated": len(records) > most,
        "Parts": [
            {
                "PartNumber": part.number,
                "LastModified": part.modified,
                "ETag": f'"{part.etag}"',
                "Size": part.piece.length,
                **checksum_members({upload.algorithm: part.checksums[upload.algorithm]}),
            }
            for part in parts
        ],
        "Initiator": {"ID": upload.record.attributes["initiator"]},
        "Owner": {"ID": canonical_id(upload.bucket.account_id)},
        "StorageClass": upload.properties.storage_class,
        "ChecksumAlgorithm": upload.algorithm,
        "ChecksumType": upload.checksum_type,
    }


def list_multipart_uploads(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """By key, and within a key by age."""
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, "ListBucketMultipartUploads", bucket, bucket.arn, conditions_of(parameters))
    if parameters.get("Delimiter"):
        raise errors.not_simulated("The delimiter of ListMultipartUploads")
    prefix = parameters.get("Prefix", "")
    most = page_size(parameters.get("MaxUploads", 1000), "max-uploads")
    found = sorted(
        (
            (record.attributes["key"], record.created_at, record.record_id, record)
            for record in access.store.stream(bucket.arn, UPLOAD)
            if record.attributes["key"].startswith(prefix)
        ),
        key=lambda one: one[:3],
    )
    remaining = _behind(found, parameters.get("KeyMarker", ""), parameters.get("UploadIdMarker"))
    shown = [record for *_, record in remaining[:most]]
    more = len(remaining) > most and bool(shown)
    return {
        "Bucket": bucket.name,
        "KeyMarker": parameters.get("KeyMarker", ""),
        "UploadIdMarker": parameters.get("UploadIdMarker", ""),
        "NextKeyMarker": shown[-1].attributes["key"] if more else None,
        "NextUploadIdMarker": shown[-1].record_id if more else None,
        "Prefix": prefix,
        "MaxUploads": most,
        "IsTruncated": more,
        "EncodingType": parameters.get("EncodingType"),
        "Uploads": [_upload_entry(bucket, record) for record in shown],
    }


def _behind(found: list[Any], key_marker: str, upload_id_marker: str | None) -> list[Any]:
    ids = [upload_id for key, _, upload_id, _ in found if key == key_marker]
    passed = set(ids[: ids.index(upload_id_marker) + 1] if upload_id_marker in ids else ids)
    return [one for one in found if one[0] > key_marker or (one[0] == key_marker and one[2] not in passed)]


def _upload_entry(bucket: Bucket, record: Record) -> dict[str, Any]:
    return {
        "UploadId": record.record_id,
        "Key": record.attributes["key"],
        "Initiated": record.created_at,
        "StorageClass": "STANDARD",
        "Owner": {"ID": canonical_id(bucket.account_id)},
        "Initiator": {"ID": record.attributes["initiator"]},
        "ChecksumAlgorithm": record.attributes["algorithm"],
        "ChecksumType": record.attributes["checksumType"],
    }
