"""Voice ID's own errors. Shapes and enumerations are the service model's; the words are ours."""

from __future__ import annotations

from kms.errors import AccessDenied, KmsRefusal
from services.refusals import access_denied, unfit_key
from shared.errors import ServiceError

refuse = access_denied

DOMAIN_NOT_ACTIVE = "DOMAIN_NOT_ACTIVE"
LOCKED = "DOMAIN_LOCKED_FROM_ENCRYPTION_UPDATES"
CONCURRENT_CHANGES = "CONCURRENT_CHANGES"
QUOTA_EXCEEDED = "ServiceQuotaExceededException"
LAST_WATCHLIST = "FRAUDSTER_MUST_BELONG_TO_AT_LEAST_ONE_WATCHLIST"
NON_EMPTY_WATCHLIST = "CANNOT_DELETE_NON_EMPTY_WATCHLIST"
ANOTHER_STREAM = "ANOTHER_ACTIVE_STREAM"
SPEAKER_NOT_SET = "SPEAKER_NOT_SET"
SPEAKER_OPTED_OUT = "SPEAKER_OPTED_OUT"
ENROLLMENT_EXISTS = "ENROLLMENT_ALREADY_EXISTS"
SPEAKER_FIXED = "CANNOT_CHANGE_SPEAKER_AFTER_ENROLLMENT"

_CONFLICTS = {
    DOMAIN_NOT_ACTIVE: "The domain is not active.",
    SPEAKER_FIXED: "You cannot change the speaker ID after an enrollment has been requested.",
    ENROLLMENT_EXISTS: "There is already an enrollment for this session.",
    SPEAKER_NOT_SET: "You must set the speaker ID before requesting an enrollment.",
    SPEAKER_OPTED_OUT: "You cannot request an enrollment for an opted out speaker.",
    LOCKED: "The domain's data is being re-encrypted under another KMS key.",
    ANOTHER_STREAM: "The session is streaming already.",
    NON_EMPTY_WATCHLIST: "There are fraudsters on the watchlist.",
    LAST_WATCHLIST: "A fraudster must be on at least one watchlist.",
}
"""The message of each ConflictType. Source: ConflictException of the service model; of the last four, our choice."""


def not_found(resource_type: str, resource_id: str) -> ServiceError:
    """resource_type: of the model's ResourceType: BATCH_JOB, DOMAIN, SESSION, WATCHLIST."""
    message = f"The {resource_type.lower().replace('_', ' ')} {resource_id} was not found."
    return ServiceError("ResourceNotFoundException", message, ResourceType=resource_type)


def speaker_not_found() -> ServiceError:
    """Does not repeat the id: a customer's id of a speaker is protected, and messages reach the trail."""
    message = "The speaker was not found."
    return ServiceError("ResourceNotFoundException", message, ResourceType="SPEAKER")


def fraudster_not_found() -> ServiceError:
    """Does not repeat the id: the service model marks it as sensitive."""
    message = "The fraudster was not found."
    return ServiceError("ResourceNotFoundException", message, ResourceType="FRAUDSTER")


def no_consent() -> ServiceError:
    """Source: ResourceType of the model; that it is this error is inferred."""
    message = "The terms for the use of biometric data were not acknowledged in this account."
    return ServiceError("ResourceNotFoundException", message, ResourceType="COMPLIANCE_CONSENT")


def conflict(conflict_type: str) -> ServiceError:
    return ServiceError("ConflictException", _CONFLICTS[conflict_type], ConflictType=conflict_type)


def token_reused() -> ServiceError:
    """The model has no ConflictType for this; the nearest one is our choice."""
    message = "The client token was used before with other parameters."
    return ServiceError("ConflictException", message, ConflictType=CONCURRENT_CHANGES)


def quota_exceeded(what: str, limit: int) -> ServiceError:
    return ServiceError(QUOTA_EXCEEDED, f"The quota of {limit} {what} is reached.")


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def invalid_token() -> ServiceError:
    return invalid("The NextToken is not valid.")


def unusable_key(refusal: KmsRefusal, key_id: str, account_id: str) -> ServiceError:
    """A key that cannot protect a domain is a fault of the request; a right that is missing is a denial.

    Of a key in another account nobody can tell which of the two it is, so the key is the fault.
    """
    if isinstance(refusal, AccessDenied) and key_id.startswith("arn:") and f":{account_id}:" not in key_id:
        return invalid(f"The KMS key {key_id} does not exist or is not accessible. {refusal.message}")
    return unfit_key(refusal)
