from __future__ import annotations

import pytest

from shared.aws.errors import message_member, status_of, validation_error_code
from shared.aws.models import service_model
from shared.errors import ServiceError


@pytest.mark.parametrize(
    ("client_name", "code", "status"),
    [
        ("kms", "NotFoundException", 400),
        ("kms", "KMSInternalException", 500),
        ("kms", "AccessDeniedException", 400),
        ("kms", "ThrottlingException", 400),
        ("kms", "UnknownOperationException", 400),
        ("voice-id", "InternalServerException", 500),
        ("connectcases", "ServiceQuotaExceededException", 402),
        ("connectcases", "InvalidSignatureException", 403),
        ("connectcases", "UnknownOperationException", 404),
        ("customer-profiles", "ThrottlingException", 429),
        ("sts", "MissingAuthenticationTokenException", 403),
        ("sts", "UnknownOperationException", 400),
        ("sts", "PackedPolicyTooLarge", 400),
        ("kms", "RequestEntityTooLargeException", 413),
        ("kms", "InternalFailure", 500),
        ("kms", "NeverHeardOfException", 400),
    ],
)
def test_an_error_has_its_status(client_name: str, code: str, status: int) -> None:
    assert status_of(service_model(client_name), ServiceError(code)) == status


def test_a_status_that_is_given_wins() -> None:
    assert status_of(service_model("kms"), ServiceError("NotFoundException", status=418)) == 418


@pytest.mark.parametrize(
    ("client_name", "code", "member"),
    [
        ("kms", "NotFoundException", "message"),
        ("kms", "AccessDeniedException", "Message"),
        ("kms", "ValidationException", "message"),
        ("voice-id", "ValidationException", "Message"),
        ("voice-id", "InvalidSignatureException", "Message"),
        ("customer-profiles", "BadRequestException", "Message"),
        ("connectcases", "SerializationException", "message"),
        ("wisdom", "ConflictException", "message"),
    ],
)
def test_the_message_is_spelt_as_the_service_spells_it(client_name: str, code: str, member: str) -> None:
    assert message_member(service_model(client_name), code) == member


@pytest.mark.parametrize(
    ("client_name", "operation", "code"),
    [
        ("kms", "Encrypt", "ValidationException"),
        ("customer-profiles", "CreateDomain", "BadRequestException"),
        ("connect", "AssociateInstanceStorageConfig", "InvalidParameterException"),
        ("wisdom", "CreateContent", "ValidationException"),
    ],
)
def test_a_validation_error_is_called_as_the_operation_calls_it(client_name: str, operation: str, code: str) -> None:
    assert validation_error_code(service_model(client_name).operation_model(operation)) == code
