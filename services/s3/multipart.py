"""Uploads in parts: begun, completed, aborted.

The upload's data key is made when it is begun; each part asks KMS for it again, and so does the completion. Parts stay
as they were sealed: what makes an object of them is the list of them, sealed with the object's record.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html and qfacts.html
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from services.s3 import errors, objects
from services.s3.access import Access
from services.s3.conditions import check_write
from services.s3.data_classes import PART, UPLOAD
from services.s3.encryption import context_member, members_of, requested
from services.s3.object import Properties, StoredObject, find_object, show_object
from services.s3.upload import Part, Upload, admitted, parts_of
from shared.aws.checksums import ALGORITHMS, COMPOSITE, DEFAULT_ALGORITHM, combined, composite

if TYPE_CHECKING:
    from services.call import ServiceCall

MIN_PART_BYTES = 5 * 1024 * 1024


def create_multipart_upload(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, key = Access.of(call), parameters["Key"]
    if access.caller.is_anonymous:
        raise errors.access_denied()  # whatever the bucket's policy says. Source: "Multipart upload and permissions"
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
        "storageClass": properties.storage_class,
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
    access, upload = admitted(parameters, call, "PutObject")
    existing = find_object(access, upload.bucket, upload.key)
    check_write(existing, upload.key, parameters)
    if "IfMatch" in parameters and existing is not None and existing.modified > upload.record.created_at:
        raise errors.conditional_conflict("If-Match", upload.key)
    if "MultipartUpload" not in parameters:
        raise errors.invalid_request("You must specify at least one part")
    wanted = parameters["MultipartUpload"].get("Parts", [])
    kept = {part.number: part for part in parts_of(access, upload)}
    parts = _chosen(upload, wanted, kept)
    content = access.open_content(upload.content_id).content
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
    access, upload = admitted(parameters, call, "AbortMultipartUpload")
    access.simulator.pieces.drop_content(upload.content_id)
    _forget(access, upload)
    return {}


def _forget(access: Access, upload: Upload) -> None:
    access.store.delete_children(upload.bucket.arn, PART, upload.upload_id)
    access.store.delete(upload.record)
