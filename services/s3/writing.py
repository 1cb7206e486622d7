"""PutObject, CopyObject, DeleteObject and DeleteObjects."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from kms.sealed_pieces import ContentReader
from services.s3 import errors, objects
from services.s3.access import Access
from services.s3.authorization import require
from services.s3.bucket import Bucket, get_bucket
from services.s3.conditions import check_copy_source, check_write
from services.s3.encryption import context_member, members_of, requested
from services.s3.integrity import Digests, Stated, check_whole_body, stated
from services.s3.object import Properties, StoredObject, drop_object, find_object
from shared.aws.checksums import ALGORITHMS
from shared.errors import ServiceError
from shared.work import Work

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_DELETED_KEYS = 1000


class _Put(Work):
    def __init__(self, writer: objects.ObjectWriter) -> None:
        self._writer = writer

    def write(self, data: bytes) -> None:
        self._writer.write(data)

    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        stored = self._writer.finish(trailers)
        content = self._writer.content.content
        return {
            "ETag": stored.quoted_etag,
            **stored.checksum_members(),
            **members_of(content),
            **context_member(content),
        }

    def abandon(self) -> None:
        self._writer.abandon()


def put_object(parameters: dict[str, Any], call: ServiceCall) -> Work:
    """Decide and ask KMS by the headers alone; then take the content as it comes."""
    access = Access.of(call)
    check_length(call)
    properties = Properties.of(parameters)
    key = parameters["Key"]
    bucket = objects.admit_write(access, parameters["Bucket"], key, parameters, properties)
    check_write(find_object(access, bucket, key), key, parameters)
    digests = Digests(stated(parameters, call.request.headers))
    encryption = requested(bucket, parameters)
    return _Put(objects.ObjectWriter(access, bucket, key, properties, encryption, digests, parameters))


def check_length(call: ServiceCall) -> None:
    """Raises: ServiceError MissingContentLength, EntityTooLarge."""
    headers = call.request.headers
    text = headers.get("x-amz-decoded-content-length") or headers.get("content-length")
    if text is None or not text.isdecimal() or len(text) > 15:
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)
    if int(text) > objects.MAX_PUT_BYTES:
        raise errors.too_large(int(text), objects.MAX_PUT_BYTES)


class _Copy(Work):
    """Copies a chunk at a time, so that others are served meanwhile."""

    def __init__(self, reader: ContentReader, writer: objects.ObjectWriter) -> None:
        self._reader = reader
        self._writer = writer

    def step(self) -> bool:
        chunk = next(self._reader, None)
        if chunk is None:
            return False
        self._writer.write(chunk)
        return True

    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        stored = self._writer.finish()
        self._reader.close()
        content = self._writer.content.content
        copied = {"ETag": stored.quoted_etag, "LastModified": stored.modified, **stored.checksum_members()}
        return {"CopyObjectResult": copied, **members_of(content), **context_member(content)}

    def abandon(self) -> None:
        self._reader.close()
        self._writer.abandon()


def copy_object(parameters: dict[str, Any], call: ServiceCall) -> Work:
    """Open the source and seal its content anew, under the key of the request or its bucket, never the source's."""
    access = Access.of(call)
    source = copy_source(access, parameters)
    properties = _copied_properties(source.stored, parameters)
    key = parameters["Key"]
    bucket = objects.admit_write(access, parameters["Bucket"], key, parameters, properties)
    check_write(find_object(access, bucket, key), key, parameters)
    encryption = requested(bucket, parameters)
    is_itself = (source.bucket.name, source.stored.key) == (bucket.name, key)
    if is_itself and not _changes(source, bucket, parameters):
        raise errors.invalid_request(
            "This copy request is illegal because it is trying to copy an object to itself without changing the "
            "object's metadata, storage class, website redirect location or encryption attributes."
        )
    if source.stored.size > objects.MAX_PUT_BYTES:
        raise errors.invalid_request(
            f"The specified copy source is larger than the maximum allowable size for a copy source: "
            f"{objects.MAX_PUT_BYTES}"
        )
    name = parameters.get("ChecksumAlgorithm") or next(iter(source.stored.checksums))
    digests = Digests(Stated(algorithm=ALGORITHMS[name]))
    reader = objects.open_range(access, source, 0, source.stored.size)
    return _Copy(reader, objects.ObjectWriter(access, bucket, key, properties, encryption, digests, parameters))


def _changes(source: objects.Found, bucket: Bucket, parameters: Mapping[str, Any]) -> bool:
    """Whether a copy of an object onto itself is meant to change anything."""
    return (
        parameters.get("MetadataDirective") == "REPLACE"
        or "ServerSideEncryption" in parameters
        or parameters.get("StorageClass", source.stored.properties.storage_class)
        != source.stored.properties.storage_class
        # A default encryption that somebody has set is put on in this way. Source: reported of AWS, unverified.
        or bucket.has_own_rule
    )


def copy_source(access: Access, parameters: Mapping[str, Any]) -> objects.Found:
    """The object that a copy is of. Raises: ServiceError."""
    path, _, query = parameters["CopySource"].partition("?")
    bucket_name, _, key = unquote(path).removeprefix("/").partition("/")
    if not bucket_name or not key or (query and not query.startswith("versionId=")):
        raise errors.invalid_argument(
            "Invalid copy source object key", ArgumentName="x-amz-copy-source", ArgumentValue=path
        )
    if "CopySourceSSECustomerAlgorithm" in parameters:
        raise errors.not_simulated("Server-side encryption with customer-provided keys (SSE-C)")
    about = {"ExpectedBucketOwner": parameters.get("ExpectedSourceBucketOwner")}
    version = query.removeprefix("versionId=")
    found = objects.find(access, bucket_name, key, {**about, **({"VersionId": version} if version else {})})
    check_copy_source(found.stored, parameters)
    return found


def _copied_properties(source: StoredObject, parameters: Mapping[str, Any]) -> Properties:
    given, kept = Properties.of(parameters), source.properties
    replaces = parameters.get("MetadataDirective") == "REPLACE"
    return Properties(
        system=given.system if replaces else kept.system,
        metadata=given.metadata if replaces else kept.metadata,
        tags=given.tags if parameters.get("TaggingDirective") == "REPLACE" else kept.tags,
        storage_class=given.storage_class,
    )


def delete_object(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """An object that is not there is deleted just as well; no key is needed."""
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    key = parameters["Key"]
    stored = find_object(access, bucket, key)
    require(access, "DeleteObject", bucket, bucket.object_arn(key), objects.tag_conditions(stored))
    objects.check_version(parameters)
    if "IfMatch" in parameters:
        check_write(stored, key, {"IfMatch": parameters["IfMatch"]})
    drop_object(access, bucket, key)
    return {}


def delete_objects(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Up to 1000 objects, each decided for itself."""
    access = Access.of(call)
    check_whole_body(call, must_be_stated=True)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    wanted = parameters["Delete"]["Objects"]
    if len(wanted) > MAX_DELETED_KEYS:
        raise errors.malformed_xml()
    deleted: list[dict[str, Any]] = []
    refused: list[dict[str, Any]] = []
    for one in wanted:
        try:
            _delete_one(access, bucket, one)
            deleted.append({"Key": one["Key"]})
        except ServiceError as error:
            refused.append({"Key": one["Key"], "Code": error.code, "Message": error.message})
    quiet = parameters["Delete"].get("Quiet", False)
    return {"Deleted": [] if quiet else deleted, "Errors": refused}


def _delete_one(access: Access, bucket: Bucket, one: Mapping[str, Any]) -> None:
    stored = find_object(access, bucket, one["Key"])
    require(access, "DeleteObject", bucket, bucket.object_arn(one["Key"]), objects.tag_conditions(stored))
    objects.check_version(one)
    if "ETag" in one:
        check_write(stored, one["Key"], {"IfMatch": one["ETag"]})
    drop_object(access, bucket, one["Key"])
