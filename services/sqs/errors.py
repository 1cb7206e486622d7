"""SQS's own errors. Shapes are the service model's; the words are AWS's where they are known, else ours."""

from __future__ import annotations

from kms import errors
from shared.errors import Refusal, ServiceError

_OF_KMS: dict[type[errors.KmsRefusal], str] = {
    errors.AccessDenied: "KmsAccessDenied",
    errors.KeyDisabled: "KmsDisabled",
    errors.InvalidKeyState: "KmsInvalidState",
    errors.InvalidKeyUsage: "KmsInvalidKeyUsage",
    errors.NotFound: "KmsNotFound",
    errors.InvalidArn: "KmsNotFound",
    errors.Throttling: "KmsThrottled",
}


def refuse(refusal: Refusal) -> ServiceError:
    """What KMS refuses has errors of its own in SQS; damage is the service's fault."""
    code = next((code for kind, code in _OF_KMS.items() if isinstance(refusal, kind)), None)
    if code is not None:
        return ServiceError(code, refusal.message)
    return ServiceError("InternalFailure", "The stored message could not be opened.", status=500)


def no_queue() -> ServiceError:
    return ServiceError("QueueDoesNotExist", "The specified queue does not exist.")


def name_exists(attribute: str) -> ServiceError:
    message = f"A queue already exists with the same name and a different value for attribute {attribute}"
    return ServiceError("QueueNameExists", message)


def invalid_value(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValueException", message)


def invalid_parameter(name: str, value: object, reason: str) -> ServiceError:
    """Source: from memory of the service, as are the reasons that AWS gives."""
    return invalid_value(f"Value {value} for parameter {name} is invalid. Reason: {reason}")


def too_long(limit_bytes: int) -> ServiceError:
    return invalid_value(
        f"One or more parameters are invalid. Reason: Message must be shorter than {limit_bytes} bytes."
    )


def invalid_attribute(name: str, reason: str = "") -> ServiceError:
    message = f"Invalid value for the parameter {name}."
    return ServiceError("InvalidAttributeValue", f"{message} Reason: {reason}" if reason else message)


def unknown_attribute(name: str) -> ServiceError:
    return ServiceError("InvalidAttributeName", f"Unknown Attribute {name}.")


def unsupported(message: str) -> ServiceError:
    return ServiceError("UnsupportedOperation", message)


def invalid_receipt(handle: str) -> ServiceError:
    """The trail does not show handles. Source: the text is from memory of the service."""
    what = "is not a valid receipt handle."
    return ServiceError(
        "ReceiptHandleIsInvalid",
        f'The input receipt handle "{handle}" {what}',
        logged=f"The input receipt handle {what}",
    )


def access_denied(arn: str, action: str, resource: str, reason: str) -> ServiceError:
    """SQS writes actions in lower case. Source: from memory of the service."""
    reason, action = reason.replace(action, action.lower()), action.lower()
    message = f"User: {arn} is not authorized to perform: {action} on resource: {resource} {reason}"
    return ServiceError("AccessDeniedException", message, status=403)


def invalid_address(url: str) -> ServiceError:
    return ServiceError("InvalidAddress", f"The address {url} is not valid for this endpoint.")
