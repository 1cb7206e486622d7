"""How services word what the KMS engine refuses: as their own errors, with the cause kept in the message.

Source: the seed for Voice ID ("AccessDeniedException errors"); the other services have no other shape that fits.
"""

from __future__ import annotations

from kms import errors
from shared.errors import Refusal, ServiceError


def access_denied(refusal: Refusal) -> ServiceError:
    """Whatever keeps a service from its key is AccessDeniedException to the caller; damage is the service's fault.

    Request quotas of KMS count against the caller, who is told so.
    """
    if isinstance(refusal, errors.RecordRejected | errors.CiphertextRejected):
        return ServiceError("InternalServerException", "The stored data could not be opened.", status=500)
    if isinstance(refusal, errors.Throttling):
        return ServiceError("ThrottlingException", refusal.message)
    if isinstance(refusal, errors.KmsRefusal):
        return ServiceError("AccessDeniedException", refusal.message or "Access to the KMS key was denied.")
    raise refusal


_UNFIT_KEYS = (
    errors.NotFound,
    errors.InvalidArn,
    errors.KeyDisabled,
    errors.InvalidKeyState,
    errors.InvalidKeyUsage,
    errors.UnsupportedOperation,
)


def unfit_key(refusal: errors.KmsRefusal, code: str = "ValidationException") -> ServiceError:
    """A key that a customer chose and that cannot serve is a fault of the request; a missing right is not."""
    if isinstance(refusal, _UNFIT_KEYS):
        return ServiceError(code, refusal.message)
    return access_denied(refusal)
