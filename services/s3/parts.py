"""UploadPart, UploadPartCopy and ListParts.

Each part asks KMS for the upload's data key. Parts stay as they were sealed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from kms.sealed_contents import OpenContent
from kms.sealed_pieces import ContentReader, PieceWriter
from services.s3 import errors, objects
from services.s3.access import Access
from services.s3.bucket import AES256
from services.s3.buckets import canonical_id
from services.s3.data_classes import PART
from services.s3.encryption import members_of
from services.s3.integrity import Digests, Stated, stated
from services.s3.listing import check_natural, page_size
from services.s3.object import checksum_members
from services.s3.upload import Part, Upload, admitted, find_upload, part_id, part_of, put_part
from services.s3.writing import check_length, copy_source
from shared.aws.checksums import DEFAULT_ALGORITHM
from shared.work import Work

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_PARTS = 10_000
_COPIED_RANGE = re.compile(r"bytes=(\d{1,19})-(\d{1,19})", re.ASCII)


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
        self._content: OpenContent = access.open_content(upload.content_id)
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
        put_part(access, upload, part)
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
    access, upload = admitted(parameters, call, "PutObject")
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
    _, upload = admitted(parameters, call, "PutObject")
    number = _part_number(parameters)
    size, text = source.stored.size, parameters.get("CopySourceRange")
    start, end = (0, size) if text is None else _copied_range(text, size)
    reader = objects.open_range(access, source, start, end)
    return _PartWork(access, upload, number, Digests(Stated(), upload.algorithm), reader)


def _copied_range(text: str, size: int) -> tuple[int, int]:
    """Both ends are named, and within the source; the end exclusive. Raises: ServiceError InvalidArgument."""
    named = {"ArgumentName": "x-amz-copy-source-range", "ArgumentValue": text}
    found = _COPIED_RANGE.fullmatch(text)
    if found is None or int(found[1]) > int(found[2]):
        raise errors.invalid_argument(
            "The x-amz-copy-source-range value must be of the form bytes=first-last where first and last are the "
            "zero-based offsets of the first and last bytes to copy",
            **named,
        )
    start, end = int(found[1]), int(found[2]) + 1
    if end > size:
        raise errors.invalid_argument(f"Range specified is not valid for source object of size: {size}", **named)
    return start, end


def _part_number(parameters: Mapping[str, Any]) -> int:
    number = int(parameters["PartNumber"])
    if not 1 <= number <= MAX_PARTS:
        raise errors.invalid_argument(
            f"Part number must be an integer between 1 and {MAX_PARTS}, inclusive",
            ArgumentName="partNumber",
            ArgumentValue=str(number),
        )
    return number


def list_parts(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, upload = admitted(parameters, call, "ListMultipartUploadParts")
    marker = parameters.get("PartNumberMarker", 0)
    check_natural(marker, "part-number-marker")
    most = page_size(parameters.get("MaxParts", 1000), "max-parts")
    after = part_id(upload, min(marker, MAX_PARTS))
    records = access.store.page(upload.bucket.arn, PART, parent=upload.upload_id, after=after, limit=most + 1)
    parts = [part_of(access, record) for record in records[:most]]
    return {
        "Bucket": upload.bucket.name,
        "Key": upload.key,
        "UploadId": upload.upload_id,
        "PartNumberMarker": marker,
        "NextPartNumberMarker": parts[-1].number if parts else marker,
        "MaxParts": most,
        "IsTruncated": 0 < most < len(records),
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
