"""What AWS errors look like where the models leave it open: status, casing of the message, choice of code.

Statuses come from the model's error shape first; the tables here hold what no model lists.
Source: https://docs.aws.amazon.com/kms/latest/APIReference/CommonErrors.html (400 in awsJson),
https://docs.aws.amazon.com/cases/latest/APIReference/CommonErrors.html (403 in rest-json and query).
"""

from __future__ import annotations

from collections import Counter
from functools import cache
from types import MappingProxyType

from botocore.model import OperationModel, ServiceModel

from shared.aws.models import error_shapes_by_code
from shared.errors import ServiceError

STATUS_OF_COMMON_ERRORS = MappingProxyType(
    {
        "AccessDeniedException": 400,
        "BadRequestException": 400,
        "ExpiredTokenException": 400,
        "IncompleteSignatureException": 400,
        "InternalFailure": 500,
        "InternalServerException": 500,
        "InvalidParameterException": 400,
        "InvalidSignatureException": 400,
        "MissingAuthenticationTokenException": 400,
        "NotImplemented": 501,
        "NotImplementedException": 501,
        "OptInRequired": 403,
        "RequestEntityTooLargeException": 413,
        "RequestExpired": 400,
        "SerializationException": 400,
        "ServiceUnavailable": 503,
        "ServiceUnavailableException": 503,
        "ThrottlingException": 400,
        "UnknownOperationException": 400,
        "UnrecognizedClientException": 400,
        "UnsupportedMediaTypeException": 415,
        "ValidationException": 400,
    }
)
"""Error code -> HTTP status, as services that speak awsJson answer. Unknown codes are the caller's: 400."""

STATUS_OUTSIDE_AWS_JSON = MappingProxyType(
    {
        "AccessDeniedException": 403,
        "ExpiredTokenException": 403,
        "IncompleteSignatureException": 403,
        "InvalidSignatureException": 403,
        "MissingAuthenticationTokenException": 403,
        "ThrottlingException": 429,
        "UnrecognizedClientException": 403,
    }
)
"""Where rest-json and query differ from awsJson."""

STATUS_ONLY_IN_REST_JSON = MappingProxyType({"UnknownOperationException": 404})
"""A path that names nothing is not found; an action that names nothing is a bad request."""

VALIDATION_ERROR_CODES = (
    "ValidationException",
    "BadRequestException",
    "InvalidParameterException",
    "InvalidRequestException",
)
"""What services call a parameter that breaks a constraint, most usual first."""

QUERY_COMPATIBLE = "awsQueryCompatible"
"""Trait of a service that once spoke the query protocol, and whose clients still know its errors by those codes."""

CODE_OF_QUERY_DAYS = MappingProxyType(
    {
        "AccessDeniedException": "AccessDenied",
        "InvalidParameterValueException": "InvalidParameterValue",
        "KmsAccessDenied": "KMS.AccessDeniedException",
        "KmsDisabled": "KMS.DisabledException",
        "KmsInvalidKeyUsage": "KMS.InvalidKeyUsageException",
        "KmsInvalidState": "KMS.InvalidStateException",
        "KmsNotFound": "KMS.NotFoundException",
        "KmsOptInRequired": "KMS.OptInRequired",
        "KmsThrottled": "KMS.ThrottlingException",
        "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
        "QueueNameExists": "QueueAlreadyExists",
        **{
            name: f"AWS.SimpleQueueService.{name}"
            for name in (
                "BatchEntryIdsNotDistinct",
                "BatchRequestTooLong",
                "EmptyBatchRequest",
                "InvalidBatchEntryId",
                "MessageNotInflight",
                "PurgeQueueInProgress",
                "QueueDeletedRecently",
                "TooManyEntriesInBatchRequest",
                "UnsupportedOperation",
            )
        },
    }
)
"""Error shape -> its code in the query protocol. Source: SQS API reference; earlier botocore models of sqs."""

_DEFAULT_STATUS = 400
_MESSAGE_MEMBERS = ("message", "Message")


def status_of(model: ServiceModel, error: ServiceError) -> int:
    """The HTTP status of an error: its own, else the model's, else the common one of the protocol."""
    return error.status if error.status is not None else _status_of_code(model, error.code)


@cache
def _status_of_code(model: ServiceModel, code: str) -> int:
    protocol = model.resolved_protocol
    if protocol == "query" and code in STATUS_OUTSIDE_AWS_JSON:
        # STS models an ExpiredTokenException of its own, for tokens of identity providers.
        return STATUS_OUTSIDE_AWS_JSON[code]
    shape = error_shapes_by_code(model).get(code)
    if shape is not None:
        modelled = shape.metadata.get("error", {})
        if "httpStatusCode" in modelled:
            return int(modelled["httpStatusCode"])
    if protocol == "rest-json" and code in STATUS_ONLY_IN_REST_JSON:
        return STATUS_ONLY_IN_REST_JSON[code]
    if protocol != "json" and code in STATUS_OUTSIDE_AWS_JSON:
        return STATUS_OUTSIDE_AWS_JSON[code]
    return STATUS_OF_COMMON_ERRORS.get(code, _DEFAULT_STATUS)


def query_error(model: ServiceModel, error: ServiceError) -> str | None:
    """The x-amzn-query-error header of an error: code and fault; None for services that never spoke query."""
    if QUERY_COMPATIBLE not in model.metadata:
        return None
    fault = "Sender" if status_of(model, error) < 500 else "Receiver"
    return f"{CODE_OF_QUERY_DAYS.get(error.code, error.code)};{fault}"


@cache
def message_member(model: ServiceModel, code: str) -> str:
    """How the member that carries an error's text is spelt: "message" or "Message".

    The error's own shape decides, else the other errors of the service. Where a service speaks awsJson and
    does not model AccessDeniedException, its front door writes it, with a capital M. Source: observed.
    """
    shape = error_shapes_by_code(model).get(code)
    if shape is not None:
        for name in _MESSAGE_MEMBERS:
            if name in shape.members:
                return name
    if code == "AccessDeniedException" and model.resolved_protocol == "json":
        return "Message"
    return _usual_message_member(model)


@cache
def _usual_message_member(model: ServiceModel) -> str:
    spellings = Counter(name for shape in model.error_shapes for name in _MESSAGE_MEMBERS if name in shape.members)
    return spellings.most_common(1)[0][0] if spellings else "message"


@cache
def validation_error_code(operation: OperationModel) -> str:
    """What an operation calls a parameter that breaks a constraint of the model.

    ValidationException, unless the operation lists only another usual name, such as BadRequestException; of an XML
    body it is the body that is malformed.
    """
    payload = operation.input_shape.serialization.get("payload") if operation.input_shape else None
    if payload and operation.service_model.resolved_protocol == "rest-xml" and not operation.has_streaming_input:
        return "MalformedXML"
    listed = {shape.name for shape in operation.error_shapes}
    return next((code for code in VALIDATION_ERROR_CODES if code in listed), VALIDATION_ERROR_CODES[0])
