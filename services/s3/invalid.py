"""What breaks a constraint of S3's model, in the words that S3 has for it.

Source: the error responses of the S3 API reference; the messages are unverified, from memory of the service.
"""

from __future__ import annotations

from services.s3 import errors
from shared.aws.checksums import ALGORITHMS
from shared.aws.rest_xml import MALFORMED_XML
from shared.errors import InvalidParameters, ServiceError

_ARGUMENTS: dict[str, tuple[str, str]] = {
    "aCL": ("x-amz-acl", ""),
    "copySource": (
        "x-amz-copy-source",
        "Copy Source must mention the source bucket and key: sourcebucket/sourcekey",
    ),
    "encodingType": ("encoding-type", "Invalid Encoding Method specified in Request"),
    "metadataDirective": ("x-amz-metadata-directive", "Unknown metadata directive."),
    "serverSideEncryption": ("x-amz-server-side-encryption", "The encryption method specified is not supported"),
    "taggingDirective": ("x-amz-tagging-directive", "Unknown tagging directive."),
}
"""A member -> its wire name, and the message of InvalidArgument."""

_ERRORS: dict[str, tuple[str, str, str | None]] = {
    "checksumAlgorithm": (
        "InvalidRequest",
        "Checksum algorithm provided is unsupported. Please try again with any of the valid types: "
        f"[{', '.join(sorted(ALGORITHMS))}]",
        None,
    ),
    "createBucketConfiguration.locationConstraint": (
        "InvalidLocationConstraint",
        "The specified location-constraint is not valid",
        "LocationConstraint",
    ),
    "storageClass": ("InvalidStorageClass", "The storage class you specified is not valid", "StorageClassRequested"),
}
"""A member -> an error of its own, and the element in which that tells the value."""


def refuse_parameters(invalid: InvalidParameters) -> ServiceError:
    """The first of them is told; what has no words of its own stays as it is, and a malformed body is just that."""
    path, value = invalid.broken[0]
    if path in _ARGUMENTS:
        name, message = _ARGUMENTS[path]
        return errors.invalid_argument(message, ArgumentName=name, ArgumentValue=value)
    if path in _ERRORS:
        code, message, element = _ERRORS[path]
        return ServiceError(code, message, status=400, **({} if element is None else {element: value}))
    if invalid.code == "MalformedXML":
        return ServiceError(invalid.code, MALFORMED_XML, status=400)
    return invalid
