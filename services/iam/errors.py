"""What IAM refuses, in its words. The texts are widely quoted; statuses and codes are the model's."""

from __future__ import annotations

from shared.errors import Refusal, ServiceError
from shared.policy import MalformedPolicy


def refuse(refusal: Refusal) -> ServiceError:
    if isinstance(refusal, MalformedPolicy):
        return ServiceError("MalformedPolicyDocumentException", refusal.message)
    raise refusal


def no_such(what: str, name: str) -> ServiceError:
    """what: such as "user" or "role policy"; name: its name or id."""
    attribute = "id" if what == "Access Key" else "name"
    return ServiceError("NoSuchEntityException", f"The {what} with {attribute} {name} cannot be found.")


def no_such_policy(arn: str) -> ServiceError:
    return ServiceError("NoSuchEntityException", f"Policy {arn} was not found.")


def already_exists(message: str) -> ServiceError:
    return ServiceError("EntityAlreadyExistsException", message)


def conflict(message: str) -> ServiceError:
    """What has to go first is still there."""
    return ServiceError("DeleteConflictException", message)


def invalid(message: str) -> ServiceError:
    return ServiceError("InvalidInputException", message)


def not_attachable(policy: str) -> ServiceError:
    """policy: as the message calls it, such as "Policy arn:aws:iam::aws:policy/x"."""
    return ServiceError("NoSuchEntityException", f"{policy} does not exist or is not attachable.")
