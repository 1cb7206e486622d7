"""Every operation of every service, with botocore at the other end of the wire."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import pytest
from botocore.awsrequest import HeadersDict, create_request_object, prepare_request_dict
from botocore.model import OperationModel
from botocore.parsers import create_parser
from botocore.serialize import create_serializer

from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import service_model
from shared.aws.protocol import protocol_of
from shared.aws.schema import validate
from shared.errors import ServiceError
from tests.shared.aws.shapes import SERVICES, Values, operation_id, operations

EXAMPLES = 5
ALL = operations(*SERVICES, "iam")


def as_botocore_sends(operation: OperationModel, parameters: dict[str, Any]) -> HttpRequest:
    """The request of boto3's own serializer, with URL and body prepared as its HTTP client does."""
    serializer = create_serializer(operation.service_model.resolved_protocol, include_validation=False)
    request_dict = serializer.serialize_to_request(parameters, operation)
    request_dict["context"] = {}
    prepare_request_dict(request_dict, endpoint_url="http://127.0.0.1:8470")
    prepared = create_request_object(request_dict).prepare()
    path, _, query = prepared.url.removeprefix("http://127.0.0.1:8470").partition("?")
    body = prepared.body or b""
    return HttpRequest(
        prepared.method,
        path,
        query,
        {name.lower(): str(value) for name, value in as_text(prepared.headers).items()},
        body.encode() if isinstance(body, str) else bytes(body),
    )


def as_text(headers: Mapping[str, Any]) -> dict[str, str]:
    return {name: value.decode() if isinstance(value, bytes) else value for name, value in headers.items()}


def as_botocore_reads(operation: OperationModel, response: HttpResponse, shape: Any) -> dict[str, Any]:
    parser = create_parser(operation.service_model.resolved_protocol)
    parsed: dict[str, Any] = parser.parse(
        {
            "body": response.body,
            "headers": HeadersDict(response.headers),
            "status_code": response.status,
        },
        shape,
    )
    return parsed


@pytest.mark.parametrize("operation", [o for o in ALL if o.input_shape], ids=operation_id)
def test_parameters_arrive_as_botocore_sent_them(operation: OperationModel) -> None:
    protocol = protocol_of(operation.service_model)
    for seed in range(EXAMPLES):
        values = Values(operation.service_model.resolved_protocol, f"{operation.name} {seed}")
        parameters = values.structure(operation.input_shape)
        request = as_botocore_sends(operation, parameters)
        route = protocol.route(operation.service_model, request)
        assert route.operation.name == operation.name
        assert validate(route.operation, protocol.parse(route, request)) == parameters


@pytest.mark.parametrize("operation", ALL, ids=operation_id)
def test_botocore_reads_the_result_that_was_written(operation: OperationModel) -> None:
    protocol = protocol_of(operation.service_model)
    shape = operation.output_shape
    is_query = operation.service_model.resolved_protocol == "query"
    for seed in range(EXAMPLES):
        values = Values(operation.service_model.resolved_protocol, f"{operation.name} {seed}")
        result = {} if shape is None else values.structure(shape)
        response = protocol.serialize(operation, dict(result), "request-1")
        parsed = as_botocore_reads(operation, response, shape)
        assert parsed.pop("ResponseMetadata")["RequestId"] == "request-1"
        assert parsed == (in_whole_seconds(result) if is_query else result)


def in_whole_seconds(value: Any) -> Any:
    """The query protocol's answers have no fractions of seconds."""
    if isinstance(value, dict):
        return {name: in_whole_seconds(member) for name, member in value.items()}
    if isinstance(value, list):
        return [in_whole_seconds(item) for item in value]
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


ERRORS = [
    pytest.param(client_name, shape.name, id=f"{client_name}.{shape.name}")
    for client_name in SERVICES
    for shape in service_model(client_name).error_shapes
    # What STS models under this name is about identity providers' tokens; ours are about credentials, for all services.
    if (client_name, shape.name) != ("sts", "ExpiredTokenException")
]


@pytest.mark.parametrize(("client_name", "code"), ERRORS)
def test_botocore_reads_the_error_that_was_written(client_name: str, code: str) -> None:
    model = service_model(client_name)
    operation = model.operation_model(model.operation_names[0])
    response = protocol_of(model).serialize_error(model, ServiceError(code, "All \u00fc <wrong>."), "request-1")
    parsed = as_botocore_reads(operation, response, None)
    shape = next(shape for shape in model.error_shapes if shape.name == code)
    assert parsed["Error"]["Code"] == shape.metadata.get("error", {}).get("code", code)
    assert parsed["Error"]["Message"] == "All \u00fc <wrong>."
    assert parsed["ResponseMetadata"]["RequestId"] == "request-1"
    assert response.status == shape.metadata.get("error", {}).get("httpStatusCode", 400)
