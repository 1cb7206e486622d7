"""The errors of outbound campaigns. Shapes are the service model's; the words are ours."""

from __future__ import annotations

from typing import Any

from services.refusals import access_denied
from shared.errors import ServiceError

refuse = access_denied

KMS_KEY_NOT_FOUND, KMS_ACCESS_DENIED = "KMS_KEY_NOT_FOUND", "KMS_ACCESS_DENIED"


def _error(code: str, message: str, **members: Any) -> ServiceError:
    return ServiceError(code, message, xAmzErrorType=code, **members)


def not_found(what: str) -> ServiceError:
    """what: the kind and id of a thing, such as "Campaign 1f2e"."""
    return _error("ResourceNotFoundException", f"{what} does not exist.")


def invalid(message: str) -> ServiceError:
    return _error("ValidationException", message)


def invalid_token() -> ServiceError:
    return invalid("The nextToken is not valid.")


def conflict(message: str) -> ServiceError:
    return _error("ConflictException", message)


def invalid_state(message: str) -> ServiceError:
    return _error("InvalidStateException", message)


def invalid_campaign_state(state: str, action: str) -> ServiceError:
    return _error("InvalidCampaignStateException", f"A campaign that is {state} cannot {action}.", state=state)


def quota_exceeded(what: str, limit: int) -> ServiceError:
    return _error("ServiceQuotaExceededException", f"The quota of {limit} {what} is reached.")
