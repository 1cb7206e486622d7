"""S3's errors, in its words; and how S3 says what KMS refused.

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/ErrorResponses.html; the KMS.* codes as recorded.
"""

from __future__ import annotations

from typing import Any

from kms import errors
from kms.engine import error_code
from shared.aws.rest_xml import MALFORMED_XML
from shared.errors import Refusal, ServiceError


def refuse(refusal: Refusal) -> ServiceError:
    """What KMS refuses the caller, S3 hands on: a missing right as AccessDenied, all else under KMS's own code."""
    if isinstance(refusal, errors.RecordRejected | errors.CiphertextRejected):
        return ServiceError("InternalError", "The stored data could not be opened.", status=500)
    if isinstance(refusal, errors.ContentGone):
        return no_such_upload()
    if isinstance(refusal, errors.AccessDenied):
        return access_denied(refusal.message)
    if isinstance(refusal, errors.KmsRefusal):
        return ServiceError(f"KMS.{error_code(refusal)}", refusal.message, status=400)
    raise refusal


def access_denied(message: str = "Access Denied") -> ServiceError:
    return ServiceError("AccessDenied", message, status=403)


def public_policy(caller_arn: str, bucket_arn: str) -> ServiceError:
    """Source: from memory of the service."""
    return access_denied(
        f'User: {caller_arn} is not authorized to perform: s3:PutBucketPolicy on resource: "{bucket_arn}" because '
        "public policies are blocked by the BlockPublicPolicy block public access setting."
    )


def needs_signature() -> ServiceError:
    return invalid_argument(
        "Requests specifying Server Side Encryption with AWS KMS managed keys require AWS Signature Version 4.",
        ArgumentName="Authorization",
        ArgumentValue="null",
    )


def no_such_bucket(name: str) -> ServiceError:
    return ServiceError("NoSuchBucket", "The specified bucket does not exist", status=404, BucketName=name)


def no_such_key(key: str) -> ServiceError:
    return ServiceError("NoSuchKey", "The specified key does not exist.", status=404, Key=key)


def no_such_upload(upload_id: str | None = None) -> ServiceError:
    return ServiceError(
        "NoSuchUpload",
        "The specified upload does not exist. The upload ID may be invalid, or the upload may have been aborted or "
        "completed.",
        status=404,
        UploadId=upload_id,
    )


def no_such_version(version_id: str) -> ServiceError:
    return ServiceError("NoSuchVersion", "The specified version does not exist.", status=404, VersionId=version_id)


def invalid_bucket_name(name: str) -> ServiceError:
    return ServiceError("InvalidBucketName", "The specified bucket is not valid.", status=400, BucketName=name)


def bucket_taken(name: str, *, is_own: bool) -> ServiceError:
    if is_own:
        return ServiceError(
            "BucketAlreadyOwnedByYou",
            "Your previous request to create the named bucket succeeded and you already own it.",
            status=409,
            BucketName=name,
        )
    return ServiceError(
        "BucketAlreadyExists",
        "The requested bucket name is not available. The bucket namespace is shared by all users of the system. "
        "Please select a different name and try again.",
        status=409,
        BucketName=name,
    )


def bucket_not_empty(name: str) -> ServiceError:
    message = "The bucket you tried to delete is not empty"
    return ServiceError("BucketNotEmpty", message, status=409, BucketName=name)


def illegal_location(location: str) -> ServiceError:
    return ServiceError(
        "IllegalLocationConstraintException",
        f"The {location} location constraint is incompatible for the region specific endpoint this request was sent "
        "to.",
        status=400,
    )


def wrong_region(given: str, expected: str) -> ServiceError:
    return ServiceError(
        "AuthorizationHeaderMalformed",
        f"The authorization header is malformed; the region '{given}' is wrong; expecting '{expected}'",
        status=400,
        Region=expected,
        **{"x-amz-bucket-region": expected},
    )


def invalid_argument(message: str, **members: Any) -> ServiceError:
    """members: ArgumentName and ArgumentValue, where S3 tells them."""
    return ServiceError("InvalidArgument", message, status=400, **members)


def invalid_request(message: str) -> ServiceError:
    return ServiceError("InvalidRequest", message, status=400)


def not_simulated(what: str) -> ServiceError:
    return ServiceError("NotImplemented", f"{what} is not simulated.", status=501)


def not_implemented(header: str, additional: str) -> ServiceError:
    """A header that S3 itself does not take. additional: its word on why."""
    message = "A header you provided implies functionality that is not implemented"
    return ServiceError("NotImplemented", message, status=501, Header=header, additionalMessage=additional)


def malformed_policy(message: str) -> ServiceError:
    return ServiceError("MalformedPolicy", message, status=400)


def precondition_failed(condition: str) -> ServiceError:
    return ServiceError(
        "PreconditionFailed",
        "At least one of the pre-conditions you specified did not hold",
        status=412,
        Condition=condition,
    )


def not_modified(etag: str, modified: str) -> ServiceError:
    """Its members are headers, as the answer has no body. modified: an HTTP date."""
    return ServiceError("NotModified", "", status=304, **{"ETag": etag, "Last-Modified": modified})


def conditional_conflict(condition: str, key: str) -> ServiceError:
    """Source: the text is from memory of the service."""
    return ServiceError(
        "ConditionalRequestConflict",
        "The conditional request cannot succeed due to a conflicting operation against this resource.",
        status=409,
        Condition=condition,
        Key=key,
    )


def invalid_range(text: str, size: int) -> ServiceError:
    return ServiceError(
        "InvalidRange",
        "The requested range is not satisfiable",
        status=416,
        RangeRequested=text,
        ActualObjectSize=str(size),
    )


def key_too_long(size_bytes: int, most: int) -> ServiceError:
    return ServiceError(
        "KeyTooLongError", "Your key is too long", status=400, Size=str(size_bytes), MaxSizeAllowed=str(most)
    )


def too_large(proposed: int, most: int) -> ServiceError:
    return ServiceError(
        "EntityTooLarge",
        "Your proposed upload exceeds the maximum allowed size",
        status=400,
        ProposedSize=str(proposed),
        MaxSizeAllowed=str(most),
    )


def bad_digest(what: str) -> ServiceError:
    return ServiceError("BadDigest", f"The {what} you specified did not match the calculated checksum.", status=400)


def wrong_content_md5(expected: str, calculated: str) -> ServiceError:
    """Both in base64."""
    return ServiceError(
        "BadDigest",
        "The Content-MD5 you specified did not match what we received.",
        status=400,
        ExpectedDigest=expected,
        CalculatedDigest=calculated,
    )


def missing_checksum() -> ServiceError:
    return invalid_request("Missing required header for this request: Content-MD5 OR x-amz-checksum-*")


def metadata_too_large(size_bytes: int, most: int) -> ServiceError:
    return ServiceError(
        "MetadataTooLarge",
        "Your metadata headers exceed the maximum allowed metadata size",
        status=400,
        Size=str(size_bytes),
        MaxSizeAllowed=str(most),
    )


def invalid_digest(value: str) -> ServiceError:
    message = "The Content-MD5 you specified was invalid."
    return ServiceError("InvalidDigest", message, status=400, **{"Content-MD5": value})


def invalid_part(upload_id: str, part_number: int, etag: str | None) -> ServiceError:
    return ServiceError(
        "InvalidPart",
        "One or more of the specified parts could not be found.  The part may not have been uploaded, or the "
        "specified entity tag may not match the part's entity tag.",
        status=400,
        UploadId=upload_id,
        PartNumber=str(part_number),
        ETag=etag,
    )


def invalid_part_order(upload_id: str) -> ServiceError:
    return ServiceError(
        "InvalidPartOrder",
        "The list of parts was not in ascending order. The parts list must be specified in order by part number.",
        status=400,
        UploadId=upload_id,
    )


def too_small(size: int, least: int, part_number: int, etag: str) -> ServiceError:
    return ServiceError(
        "EntityTooSmall",
        "Your proposed upload is smaller than the minimum allowed size",
        status=400,
        ProposedSize=str(size),
        MinSizeAllowed=str(least),
        PartNumber=str(part_number),
        ETag=etag,
    )


def acls_off() -> ServiceError:
    return ServiceError("AccessControlListNotSupported", "The bucket does not allow ACLs", status=400)


def bucket_acls_off() -> ServiceError:
    return ServiceError(
        "InvalidBucketAclWithObjectOwnership",
        "Bucket cannot have ACLs set with ObjectOwnership's BucketOwnerEnforced setting",
        status=400,
    )


def invalid_tag(message: str, key: str, value: str | None = None) -> ServiceError:
    return ServiceError("InvalidTag", message, status=400, TagKey=key, TagValue=value)


def invalid_tagging_header(header: str) -> ServiceError:
    return invalid_argument(
        "The header 'x-amz-tagging' shall be encoded as UTF-8 then URLEncoded URL query parameters without tag name "
        "duplicates.",
        ArgumentName="x-amz-tagging",
        ArgumentValue=header,
    )


def too_many_tags(most: int) -> ServiceError:
    return ServiceError("BadRequest", f"Object tags cannot be greater than {most}", status=400)


def invalid_part_number(part_number: int, parts: int) -> ServiceError:
    return ServiceError(
        "InvalidPartNumber",
        "The requested partnumber is not satisfiable",
        status=416,
        PartNumberRequested=str(part_number),
        ActualPartCount=str(parts),
    )


def malformed_xml() -> ServiceError:
    return ServiceError("MalformedXML", MALFORMED_XML, status=400)


def absent_setting(code: str, message: str, bucket_name: str) -> ServiceError:
    return ServiceError(code, message, status=404, BucketName=bucket_name)
