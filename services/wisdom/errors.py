"""Wisdom's own errors. Shapes are the service model's; the words are ours."""

from __future__ import annotations

from kms.errors import KmsRefusal
from services.refusals import access_denied, unfit_key
from shared.errors import ServiceError

refuse = access_denied


def not_found(resource: str) -> ServiceError:
    """resource: the id or ARN as the caller named it."""
    return ServiceError("ResourceNotFoundException", f"{resource} does not exist.", resourceName=resource)


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def invalid_token() -> ServiceError:
    return invalid("The nextToken is not valid.")


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)


def stale_revision() -> ServiceError:
    return ServiceError("PreconditionFailedException", "The content has another revision by now.")


def quota_exceeded(what: str, limit: int) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", f"The quota of {limit} {what} is reached.")


def unusable_key(refusal: KmsRefusal) -> ServiceError:
    """A key that cannot protect anything is a fault of the request; a right that is missing is a denial."""
    return unfit_key(refusal)
