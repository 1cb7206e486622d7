"""rest-json: the operation by method and path, parameters in path, query, headers and a JSON body.

Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

from typing import Any

from botocore.model import OperationModel, ServiceModel

from shared.aws import json_body
from shared.aws.errors import message_member, status_of
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import error_shapes_by_code
from shared.aws.protocol import Route
from shared.aws.rest_bindings import Plan, input_plan, parse_located, take_located
from shared.aws.rest_paths import path_table
from shared.aws.values import serialization_error
from shared.errors import ServiceError

CONTENT_TYPE = "application/json"
ERROR_TYPE_HEADER = "x-amzn-ErrorType"
_NO_BODY_STATUSES = frozenset({204, 304})


class RestJsonProtocol:
    """The protocol of connectcases, customer-profiles, wisdom and connectcampaigns."""

    def route(self, model: ServiceModel, request: HttpRequest) -> Route:
        """Raises: ServiceError UnknownOperationException; SerializationException for labels not in UTF-8."""
        found = path_table(model).find(request.method, request.raw_path)
        if found is None:
            raise ServiceError("UnknownOperationException")
        return Route(*found)

    def parse(self, route: Route, request: HttpRequest) -> dict[str, Any]:
        if route.operation.input_shape is None:
            return {}
        plan = input_plan(route.operation)
        document = _parse_body(plan, request)
        parse_located(plan, route, request, document)
        return document

    def serialize(self, operation: OperationModel, result: dict[str, Any], request_id: str) -> HttpResponse:
        result = {name: value for name, value in result.items() if value is not None}
        status = int(operation.http.get("responseCode", 200))
        headers = {"x-amzn-RequestId": request_id}
        shape = operation.output_shape
        if shape is None:
            if result:
                raise LookupError(f"{operation.name} has no output.")
            return HttpResponse(status, b"", headers)
        status = take_located(shape, result, headers) or status
        body = _write_body(operation.service_model, shape, result, headers)
        return HttpResponse(status, b"" if status in _NO_BODY_STATUSES else body, headers)

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        headers = {"x-amzn-RequestId": request_id, "Content-Type": CONTENT_TYPE}
        members = {name: value for name, value in error.members.items() if value is not None}
        shape = error_shapes_by_code(model).get(error.code)
        if shape is not None:
            take_located(shape, members, headers)
            members = json_body.writers_of(model).of_structure(shape)(members)
        for name in [name for name in headers if name.lower() == ERROR_TYPE_HEADER.lower()]:
            del headers[name]
        headers[ERROR_TYPE_HEADER] = error.code
        body = {message_member(model, error.code): error.message} | members
        return HttpResponse(status_of(model, error), json_body.dump(body), headers)


def _parse_body(plan: Plan, request: HttpRequest) -> dict[str, Any]:
    if plan.payload is not None:
        return _parse_payload(*plan.payload, request)
    if not plan.body:
        return {}
    _check_content_type(request)
    document = json_body.load_object(request.body)
    # A body must not speak for a path: only members that belong there are taken from it.
    return {name: value for name, value in document.items() if name in plan.body}


def _parse_payload(name: str, shape: Any, request: HttpRequest) -> dict[str, Any]:
    if not request.body:
        return {}
    if shape.type_name == "blob":
        return {name: request.body}
    if shape.type_name == "string":
        try:
            return {name: request.body.decode("utf-8")}
        except UnicodeDecodeError:
            raise serialization_error("The request body is not valid UTF-8.") from None
    _check_content_type(request)
    return {name: json_body.load(request.body)}


def _check_content_type(request: HttpRequest) -> None:
    content_type = request.headers.get("content-type", CONTENT_TYPE)
    if request.body and content_type.partition(";")[0].strip().lower() != CONTENT_TYPE:
        raise ServiceError(
            "UnsupportedMediaTypeException", f"The Content-Type must be {CONTENT_TYPE}, not {content_type}."
        )


def _write_body(model: ServiceModel, shape: Any, result: dict[str, Any], headers: dict[str, str]) -> bytes:
    payload = shape.serialization.get("payload")
    if payload is None:
        headers["Content-Type"] = CONTENT_TYPE
        return json_body.dump(json_body.writers_of(model).of_structure(shape)(result))
    member = shape.members[payload]
    value = result.get(payload)
    if member.type_name in ("blob", "string"):
        headers.setdefault("Content-Type", "application/octet-stream" if member.type_name == "blob" else "text/plain")
        return b"" if value is None else value.encode() if isinstance(value, str) else bytes(value)
    headers["Content-Type"] = CONTENT_TYPE
    writer = json_body.writers_of(model).of(member)
    return json_body.dump({} if value is None else value if writer is None else writer(value))
