from __future__ import annotations

import base64
from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.model import OperationModel, ServiceModel

from shared.aws.models import service_model
from shared.aws.schema import fill_idempotency_tokens, validate
from shared.errors import ServiceError

CONSTRAINT = "failed to satisfy constraint: Member must"


def operation(name: str, client_name: str = "kms") -> OperationModel:
    return service_model(client_name).operation_model(name)


def refusal(document: dict[str, Any], name: str = "Encrypt", client_name: str = "kms") -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        validate(operation(name, client_name), document)
    return refused.value


def encrypt(**changed: Any) -> dict[str, Any]:
    return {"KeyId": "alias/a", "Plaintext": "eA=="} | changed


def test_parameters_come_out_under_member_names_with_pythons_types() -> None:
    parameters = validate(
        operation("ImportKeyMaterial"),
        {"KeyId": "k", "ImportToken": "eA==", "EncryptedKeyMaterial": "eQ==", "ValidTo": 1700000000.5},
    )
    assert parameters["ImportToken"] == b"x"
    assert parameters["ValidTo"] == datetime(2023, 11, 14, 22, 13, 20, 500000, UTC)


def test_location_names_become_member_names() -> None:
    document = {"max-results": 5, "next-token": "t", "DomainName": "d"}
    parameters = validate(operation("ListProfileObjectTypes", "customer-profiles"), document)
    assert parameters == {"MaxResults": 5, "NextToken": "t", "DomainName": "d"}


def test_nulls_and_unknown_members_are_left_out() -> None:
    assert validate(operation("Encrypt"), encrypt(GrantTokens=None, Nonsense=1)) == {
        "KeyId": "alias/a",
        "Plaintext": b"x",
    }


@pytest.mark.parametrize(
    ("document", "text"),
    [
        ({"KeyId": 5}, "NUMBER_VALUE can not be converted to a String"),
        ({"KeyId": True}, "TRUE_VALUE can not be converted to a String"),
        ({"KeyId": ["a"]}, "Start of list found where not expected"),
        ({"KeyId": {}}, "Start of structure or map found where not expected."),
        ({"Plaintext": "e"}, "only base-64-encoded strings are convertible to bytes"),
        ({"Plaintext": "e\u00e9=="}, "only base-64-encoded strings are convertible to bytes"),
        ({"DryRun": 1}, "NUMBER_VALUE can not be converted to a Boolean"),
        ({"DryRun": "true"}, "STRING_VALUE can not be converted to a Boolean"),
        ({"GrantTokens": "a"}, "Expected list or null"),
        ({"EncryptionContext": "a"}, "Expected structure or map or null"),
        ({"EncryptionContext": {"a": 1}}, "NUMBER_VALUE can not be converted to a String"),
    ],
)
def test_a_value_of_the_wrong_type_cannot_be_read(document: dict[str, Any], text: str) -> None:
    error = refusal(encrypt(**document))
    assert (error.code, error.message) == ("SerializationException", text)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("5", "STRING_VALUE can not be converted to an Integer"),
        (True, "TRUE_VALUE can not be converted to an Integer"),
        (5.5, "NUMBER_VALUE can not be converted to an Integer"),
        (2**31, "NUMBER_VALUE can not be converted to an Integer"),
    ],
)
def test_an_integer_is_a_whole_number_of_its_width(value: Any, text: str) -> None:
    assert refusal({"NumberOfBytes": value}, "GenerateRandom").message == text


def test_an_unreadable_value_goes_before_a_broken_constraint() -> None:
    assert refusal({"KeyId": "", "Plaintext": 1}).code == "SerializationException"


@pytest.mark.parametrize(
    ("name", "document", "text"),
    [
        ("DescribeKey", {}, f"Value null at 'keyId' {CONSTRAINT} not be null"),
        ("Encrypt", {"KeyId": "k"}, f"Value at 'plaintext' {CONSTRAINT} not be null"),
        (
            "Encrypt",
            encrypt(Plaintext=base64.b64encode(bytes(4097)).decode()),
            f"Value at 'plaintext' {CONSTRAINT} have length less than or equal to 4096",
        ),
        (
            "Encrypt",
            encrypt(EncryptionAlgorithm="ROT13"),
            f"Value 'ROT13' at 'encryptionAlgorithm' {CONSTRAINT} satisfy enum value set: "
            "[RSAES_OAEP_SHA_1, RSAES_OAEP_SHA_256, SM2PKE, SYMMETRIC_DEFAULT]",
        ),
        (
            "GenerateRandom",
            {"NumberOfBytes": 1025},
            f"Value '1025' at 'numberOfBytes' {CONSTRAINT} have value less than or equal to 1024",
        ),
        (
            "CreateAlias",
            {"AliasName": "a b", "TargetKeyId": "k"},
            f"Value 'a b' at 'aliasName' {CONSTRAINT} satisfy regular expression pattern: ^[a-zA-Z0-9:/_-]+$",
        ),
        (
            "TagResource",
            {"KeyId": "k", "Tags": [{"TagKey": "", "TagValue": "v"}]},
            f"Value '' at 'tags.1.member.tagKey' {CONSTRAINT} have length greater than or equal to 1",
        ),
        (
            "Encrypt",
            encrypt(GrantTokens=["t", ""]),
            f"Value '[t, ]' at 'grantTokens' {CONSTRAINT} satisfy constraint: [Member must have length less than or "
            "equal to 8192, Member must have length greater than or equal to 1]",
        ),
    ],
    ids=[
        "required",
        "required-and-secret",
        "length",
        "enum",
        "range",
        "pattern",
        "list-of-structures",
        "list-of-scalars",
    ],
)
def test_a_broken_constraint_is_told_as_aws_tells_it(name: str, document: dict[str, Any], text: str) -> None:
    error = refusal(document, name)
    assert (error.code, error.message) == ("ValidationException", f"1 validation error detected: {text}")


def test_several_broken_constraints_are_told_together() -> None:
    message = refusal({"KeyId": ""}).message
    assert message == (
        f"2 validation errors detected: Value '' at 'keyId' {CONSTRAINT} have length greater than or equal to 1; "
        f"Value at 'plaintext' {CONSTRAINT} not be null"
    )


def test_a_broken_pattern_is_told_before_a_broken_length() -> None:
    message = refusal({"AliasName": "", "TargetKeyId": "k"}, "CreateAlias").message
    assert message == (
        f"2 validation errors detected: Value '' at 'aliasName' {CONSTRAINT} satisfy regular expression pattern: "
        f"^[a-zA-Z0-9:/_-]+$; Value '' at 'aliasName' {CONSTRAINT} have length greater than or equal to 1"
    )


def test_a_sensitive_value_is_not_repeated() -> None:
    document = {"DomainId": "d" * 22, "SpeakerId": "id#secret?"}
    message = refusal(document, "DescribeSpeaker", "voice-id").message
    assert "Value at 'speakerId'" in message
    assert "secret" not in message


def test_a_map_is_told_as_a_whole() -> None:
    document = {"Name": "n", "Tags": {"": "v"}} | {"DomainName": "d", "DefaultExpirationDays": 1}
    message = refusal(document, "CreateDomain", "customer-profiles").message
    assert "Value '{=v}' at 'tags' failed to satisfy constraint: Map keys must satisfy constraint: [" in message


def test_customer_profiles_calls_it_a_bad_request() -> None:
    assert refusal({}, "CreateDomain", "customer-profiles").code == "BadRequestException"


def test_a_length_is_counted_in_characters_not_bytes() -> None:
    document = {"KeyId": "k", "Tags": [{"TagKey": "\U0001d11e" * 128, "TagValue": ""}]}
    validate(operation("TagResource"), document)


def test_a_pattern_must_match_the_whole_value() -> None:
    assert refusal({"AliasName": "alias/a\n", "TargetKeyId": "k"}, "CreateAlias").code == "ValidationException"


class TestUnion:
    def case_filter(self, value: dict[str, Any]) -> dict[str, Any]:
        return {"domainId": "d", "filter": value}

    @pytest.mark.parametrize("value", [{}, {"not": {"andAll": []}, "andAll": []}], ids=["none", "two"])
    def test_a_union_has_exactly_one_member(self, value: dict[str, Any]) -> None:
        error = refusal(self.case_filter(value), "SearchCases", "connectcases")
        assert "at 'filter' failed to satisfy constraint: Member must have exactly one member set" in error.message

    def test_a_shape_may_contain_itself(self) -> None:
        nested = {"not": {"not": {"andAll": []}}}
        parameters = validate(operation("SearchCases", "connectcases"), self.case_filter(nested))
        assert parameters["filter"] == nested

    def test_what_is_nested_too_deeply_cannot_be_read(self) -> None:
        nested: dict[str, Any] = {"andAll": []}
        for _ in range(5000):
            nested = {"not": nested}
        error = refusal(self.case_filter(nested), "SearchCases", "connectcases")
        assert error.code == "SerializationException"


def test_document_types_pass_through() -> None:
    description = {
        "metadata": {"protocol": "json", "apiVersion": "1", "endpointPrefix": "x"},
        "operations": {"Put": {"name": "Put", "input": {"shape": "In"}}},
        "shapes": {
            "In": {"type": "structure", "members": {"Any": {"shape": "Doc"}}},
            "Doc": {"type": "structure", "members": {}, "document": True},
        },
    }
    put = ServiceModel(description, "x").operation_model("Put")
    assert validate(put, {"Any": [1, {"a": None}]}) == {"Any": [1, {"a": None}]}


def test_missing_idempotency_tokens_are_filled_in_and_given_ones_kept() -> None:
    create = operation("CreateDomain", "voice-id")
    assert fill_idempotency_tokens(create, {"Name": "n"}, lambda: "new") == {"Name": "n", "ClientToken": "new"}
    assert fill_idempotency_tokens(create, {"ClientToken": "own"}, lambda: "new") == {"ClientToken": "own"}
