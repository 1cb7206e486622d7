"""awsJson 1.0 and 1.1: one path, the operation in X-Amz-Target, a JSON object each way.

Source: https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html; the errors' form as observed.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from botocore.model import OperationModel, ServiceModel

from shared.aws import json_body
from shared.aws.errors import message_member, query_error, status_of
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import error_shapes_by_code, operations_by_target
from shared.aws.protocol import Route
from shared.errors import ServiceError

_CONTENT_TYPES = frozenset({"application/x-amz-json-1.0", "application/x-amz-json-1.1", "application/json"})


class JsonProtocol:
    """The protocol of kms, voice-id, cloudtrail, events and sqs."""

    def route(self, model: ServiceModel, request: HttpRequest) -> Route:
        """Raises: ServiceError UnknownOperationException: 400 for the target, 404 for the content type.

        AWS's front door takes another content type for another protocol, which has no such operation.
        Source: observed in DynamoDB's front door, which speaks the same protocol.
        """
        content_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if content_type not in _CONTENT_TYPES:
            raise ServiceError(
                "UnknownOperationException",
                f"Content-Type {content_type!r} names no operation, {_content_type(model)} does.",
                status=404,
            )
        operation = operations_by_target(model).get(request.headers.get("x-amz-target", ""))
        if operation is None or request.method != "POST":
            raise ServiceError("UnknownOperationException")
        return _route(operation)

    def parse(self, route: Route, request: HttpRequest) -> dict[str, Any]:
        return json_body.load_object(request.body)

    def serialize(self, operation: OperationModel, result: dict[str, Any], request_id: str) -> HttpResponse:
        model = operation.service_model
        shape = operation.output_shape
        body = b""
        if shape is not None:
            body = json_body.dump(json_body.writers_of(model).of_structure(shape)(result))
        elif any(value is not None for value in result.values()):
            raise LookupError(f"{operation.name} has no output.")
        return HttpResponse(200, body, _headers(model, request_id))

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        document = {"__type": error.code}
        if error.message:  # AWS leaves out a message that it has not
            document[message_member(model, error.code)] = error.message
        shape = error_shapes_by_code(model).get(error.code)
        if shape is None:
            document.update({name: value for name, value in error.members.items() if value is not None})
        else:
            document.update(json_body.writers_of(model).of_structure(shape)(error.members))
        headers = _headers(model, request_id)
        if (in_query_days := query_error(model, error)) is not None:
            headers["x-amzn-query-error"] = in_query_days
        return HttpResponse(status_of(model, error), json_body.dump(document), headers)


@cache
def _route(operation: OperationModel) -> Route:
    return Route(operation)


@cache
def _content_type(model: ServiceModel) -> str:
    return f"application/x-amz-json-{model.metadata['jsonVersion']}"


def _headers(model: ServiceModel, request_id: str) -> dict[str, str]:
    return {"x-amzn-RequestId": request_id, "Content-Type": _content_type(model)}
