"""EventBridge's own errors. Shapes are the service model's, which have no message member; the words are ours."""

from __future__ import annotations

from shared.errors import Refusal, ServiceError


def refuse(refusal: Refusal) -> ServiceError:
    """EventBridge's keys are its own, so trouble with one is internal."""
    return ServiceError("InternalException", "The service cannot open its data.", status=500)


def not_found(message: str) -> ServiceError:
    return ServiceError("ResourceNotFoundException", message)


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def invalid_pattern(reason: str) -> ServiceError:
    return ServiceError("InvalidEventPatternException", f"Event pattern is not valid. Reason: {reason}")


def exists(message: str) -> ServiceError:
    return ServiceError("ResourceAlreadyExistsException", message)


def limit_exceeded(what: str, limit: int) -> ServiceError:
    return ServiceError(
        "LimitExceededException", f"The requested resource exceeds the maximum number allowed: {limit} {what}."
    )


def invalid_token() -> ServiceError:
    return invalid("The NextToken is not valid.")
