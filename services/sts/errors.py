"""What STS refuses, in its words. The texts are widely quoted."""

from __future__ import annotations

from shared.errors import Refusal, ServiceError
from shared.policy import InvalidJson, MalformedPolicy, PolicySyntaxError
from shared.policy.errors import SYNTAX_ERRORS


def refuse(refusal: Refusal) -> ServiceError:
    if isinstance(refusal, InvalidJson):
        return ServiceError("MalformedPolicyDocumentException", "The policy is not in the valid JSON format.")
    if isinstance(refusal, PolicySyntaxError):
        return ServiceError("MalformedPolicyDocumentException", SYNTAX_ERRORS)
    if isinstance(refusal, MalformedPolicy):
        return ServiceError("MalformedPolicyDocumentException", refusal.message)
    raise refusal


def denied(message: str) -> ServiceError:
    return ServiceError("AccessDeniedException", message)


def invalid(message: str) -> ServiceError:
    return ServiceError("ValidationException", message)


def invalid_tags(message: str) -> ServiceError:
    return ServiceError("InvalidParameterValue", message, status=400)
