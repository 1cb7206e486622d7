"""Customer Profiles' own errors. Shapes are the service model's; the words are ours."""

from __future__ import annotations

from kms.errors import KmsRefusal
from services.refusals import access_denied, unfit_key
from shared.errors import ServiceError

refuse = access_denied

_BAD_REQUEST = "BadRequestException"


def not_found(what: str) -> ServiceError:
    """what: the kind and name of a thing, such as "Domain customers"."""
    return ServiceError("ResourceNotFoundException", f"{what} does not exist.")


def invalid(message: str) -> ServiceError:
    return ServiceError(_BAD_REQUEST, message)


def invalid_token() -> ServiceError:
    return invalid("The NextToken is not valid.")


def unusable_key(refusal: KmsRefusal) -> ServiceError:
    """A key that cannot protect anything is a fault of the request; a right that is missing is a denial."""
    return unfit_key(refusal, _BAD_REQUEST)
