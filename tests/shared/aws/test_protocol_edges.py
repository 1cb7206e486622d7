"""What botocore never sends: requests that are broken, and the bytes of the answers."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import service_model
from shared.aws.protocol import protocol_of
from shared.errors import ServiceError

KMS, CASES, PROFILES, CAMPAIGNS, WISDOM, STS = map(
    service_model, ("kms", "connectcases", "customer-profiles", "connectcampaigns", "wisdom", "sts")
)
JSON = "application/x-amz-json-1.1"


def kms_request(body: bytes = b"{}", target: str = "TrentService.Encrypt", content_type: str = JSON) -> HttpRequest:
    return HttpRequest("POST", "/", "", {"x-amz-target": target, "content-type": content_type}, body)


def parse(model: Any, request: HttpRequest) -> dict[str, Any]:
    protocol = protocol_of(model)
    return protocol.parse(protocol.route(model, request), request)


def refusal(model: Any, request: HttpRequest) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        parse(model, request)
    return refused.value


def error_response(model: Any, error: ServiceError) -> HttpResponse:
    return protocol_of(model).serialize_error(model, error, "request-1")


class TestAwsJson:
    @pytest.mark.parametrize("content_type", [JSON, "application/x-amz-json-1.0", "application/json; charset=utf-8"])
    def test_json_content_types_are_taken(self, content_type: str) -> None:
        assert parse(KMS, kms_request(content_type=content_type)) == {}

    @pytest.mark.parametrize("content_type", ["", "text/plain", "application/x-www-form-urlencoded"])
    def test_another_content_type_names_no_operation(self, content_type: str) -> None:
        error = refusal(KMS, kms_request(content_type=content_type))
        assert (error.code, error.status) == ("UnknownOperationException", 404)

    @pytest.mark.parametrize("target", ["", "TrentService.Nonsense", "VoiceID.CreateDomain", "Encrypt"])
    def test_an_unknown_target_names_no_operation(self, target: str) -> None:
        assert refusal(KMS, kms_request(target=target)).code == "UnknownOperationException"

    def test_an_empty_body_is_an_empty_object(self) -> None:
        assert parse(KMS, kms_request(b"")) == {}

    @pytest.mark.parametrize(
        "body",
        [
            b"[]",
            b'"x"',
            b"null",
            b"{",
            b'{"a":NaN}',
            b'{"KeyId":"\xff"}',
            b'{"KeyId":"\\ud800"}',
            b"[" * 100_000,
            b'{"a":' * 100_000,
            b'{"a":' + b"9" * 5000 + b"}",
        ],
        ids=["list", "string", "null", "broken", "nan", "utf8", "surrogate", "deep", "deep-object", "huge-number"],
    )
    def test_what_is_no_json_object_cannot_be_read(self, body: bytes) -> None:
        assert refusal(KMS, kms_request(body)).code == "SerializationException"

    def test_an_error_without_a_message_has_no_such_member(self) -> None:
        response = error_response(KMS, ServiceError("InvalidCiphertextException"))
        assert json.loads(response.body) == {"__type": "InvalidCiphertextException"}

    def test_an_operation_without_output_answers_an_empty_body(self) -> None:
        response = protocol_of(KMS).serialize(KMS.operation_model("EnableKey"), {}, "request-1")
        assert (response.status, response.body) == (200, b"")
        assert response.headers == {"x-amzn-RequestId": "request-1", "Content-Type": JSON}

    def test_members_that_are_none_are_left_out(self) -> None:
        operation = KMS.operation_model("Encrypt")
        response = protocol_of(KMS).serialize(operation, {"KeyId": "k", "CiphertextBlob": None}, "r")
        assert response.body == b'{"KeyId":"k"}'

    def test_a_member_that_the_model_does_not_know_is_our_bug(self) -> None:
        with pytest.raises(LookupError):
            protocol_of(KMS).serialize(KMS.operation_model("Encrypt"), {"KeyID": "k"}, "r")

    def test_an_error_carries_its_type_and_members(self) -> None:
        model = service_model("voice-id")
        error = ServiceError("ConflictException", "No.", ConflictType="DOMAIN_NOT_ACTIVE")
        response = error_response(model, error)
        assert response.status == 400
        assert json.loads(response.body) == {
            "__type": "ConflictException",
            "Message": "No.",
            "ConflictType": "DOMAIN_NOT_ACTIVE",
        }


class TestRestJson:
    @given(label=st.text(st.characters(exclude_categories=["Cs"]), min_size=1))
    def test_a_label_is_decoded_once(self, label: str) -> None:
        request = HttpRequest("GET", f"/tags/{quote(label, safe='')}", "", {}, b"")
        assert parse(WISDOM, request) == {"resourceArn": label}

    def test_a_label_keeps_what_was_encoded_twice(self) -> None:
        assert parse(WISDOM, HttpRequest("GET", "/tags/a%252Fb", "", {}, b"")) == {"resourceArn": "a%2Fb"}

    def test_a_literal_segment_goes_before_a_label(self) -> None:
        route = protocol_of(PROFILES).route(PROFILES, HttpRequest("GET", "/domains/d/integrations", "", {}, b""))
        assert route.operation.name == "ListIntegrations"

    @pytest.mark.parametrize(
        ("method", "path"),
        [("GET", "/"), ("GET", "/nonsense"), ("PATCH", "/domains"), ("GET", "/domains//cases"), ("GET", "")],
    )
    def test_a_path_that_names_nothing_is_not_found(self, method: str, path: str) -> None:
        error = refusal(CASES, HttpRequest(method, path, "", {}, b""))
        assert error.code == "UnknownOperationException"
        assert error_response(CASES, error).status == 404

    @pytest.mark.parametrize("path", ["/tags/%ff", "/tags/%C3"])
    def test_a_label_that_is_not_utf8_cannot_be_read(self, path: str) -> None:
        assert refusal(WISDOM, HttpRequest("GET", path, "", {}, b"")).code == "SerializationException"

    @pytest.mark.parametrize("query", ["max-results=x", "max-results=", "max-results=5.0", "next-token=%ff"])
    def test_a_query_that_does_not_fit_cannot_be_read(self, query: str) -> None:
        error = refusal(PROFILES, HttpRequest("GET", "/domains", query, {}, b""))
        assert error.code == "SerializationException"

    def test_a_body_does_not_speak_for_the_path(self) -> None:
        body = b'{"DomainName":"other","KeyName":"_phone"}'
        request = HttpRequest("POST", "/domains/mine/profiles/search", "", {}, body)
        assert parse(PROFILES, request) == {"DomainName": "mine", "KeyName": "_phone"}

    def test_another_content_type_is_refused(self) -> None:
        headers = {"content-type": "text/plain"}
        error = refusal(CASES, HttpRequest("POST", "/domains", "", headers, b"{}"))
        assert error.code == "UnsupportedMediaTypeException"
        assert error_response(CASES, error).status == 415

    def test_an_error_carries_its_type_once(self) -> None:
        error = ServiceError("ConflictException", "No.", xAmzErrorType="ConflictException")
        response = error_response(CAMPAIGNS, error)
        assert response.status == 409
        assert [name for name in response.headers if name.lower() == "x-amzn-errortype"] == ["x-amzn-ErrorType"]
        assert json.loads(response.body) == {"message": "No."}

    def test_a_member_of_an_error_may_travel_in_a_header(self) -> None:
        response = error_response(CASES, ServiceError("InternalServerException", "", retryAfterSeconds=3))
        assert response.headers["Retry-After"] == "3"

    def test_a_status_without_a_body_has_none(self) -> None:
        operation = WISDOM.operation_model("DeleteContent")
        response = protocol_of(WISDOM).serialize(operation, {}, "request-1")
        assert (response.status, response.body) == (204, b"")


class TestQuery:
    def form(self, body: str) -> HttpRequest:
        return HttpRequest("POST", "/", "", {"content-type": "application/x-www-form-urlencoded"}, body.encode())

    def test_lists_come_in_order_whatever_the_order_of_the_form(self) -> None:
        form = "Action=AssumeRole&PolicyArns.member.10.arn=c&PolicyArns.member.2.arn=b&PolicyArns.member.1.arn=a"
        assert parse(STS, self.form(form)) == {"PolicyArns": [{"arn": "a"}, {"arn": "b"}, {"arn": "c"}]}

    @pytest.mark.parametrize(
        ("form", "code"),
        [
            ("", "MissingAction"),
            ("Action=Nonsense", "UnknownOperationException"),
            ("Action=GetCallerIdentity&Version=1999-01-01", "UnknownOperationException"),
            ("Action=AssumeRole&DurationSeconds=x", "SerializationException"),
        ],
    )
    def test_a_broken_form_is_refused(self, form: str, code: str) -> None:
        assert refusal(STS, self.form(form)).code == code

    @pytest.mark.parametrize(
        ("code", "on_wire", "status"),
        [
            ("UnrecognizedClientException", "InvalidClientTokenId", 403),
            ("InvalidSignatureException", "SignatureDoesNotMatch", 403),
            ("MissingAuthenticationTokenException", "MissingAuthenticationToken", 403),
            ("AccessDeniedException", "AccessDenied", 403),
            ("UnknownOperationException", "InvalidAction", 400),
            ("ValidationException", "ValidationError", 400),
            ("PackedPolicyTooLargeException", "PackedPolicyTooLarge", 400),
        ],
    )
    def test_common_errors_have_other_names(self, code: str, on_wire: str, status: int) -> None:
        response = error_response(STS, ServiceError(code, "No \x00."))
        root = ElementTree.fromstring(response.body)
        assert root.findtext("{*}Error/{*}Code") == on_wire
        assert root.findtext("{*}Error/{*}Message") == "No \ufffd."
        assert root.findtext("{*}RequestId") == "request-1"
        assert response.status == status
