"""Cases' own errors. It has no shape for trouble with a key: its keys are its own, so such trouble is internal."""

from __future__ import annotations

from shared.errors import Refusal, ServiceError


def refuse(refusal: Refusal) -> ServiceError:
    return ServiceError("InternalServerException", "The service cannot open its data.", status=500)


def not_found(resource_type: str, resource_id: str) -> ServiceError:
    """resource_type: as Cases names it: Domain, Case, Field, Template, RelatedItem."""
    message = f"The {resource_type} {resource_id} was not found."
    return ServiceError("ResourceNotFoundException", message, resourceId=resource_id, resourceType=resource_type)


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def conflict(message: str) -> ServiceError:
    return ServiceError("ConflictException", message)


def quota_exceeded(what: str, limit: int) -> ServiceError:
    return ServiceError("ServiceQuotaExceededException", f"The quota of {limit} {what} is reached.")


def invalid_token() -> ServiceError:
    return invalid("The nextToken is not valid.")
