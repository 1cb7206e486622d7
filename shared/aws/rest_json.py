"""rest-json: the operation by method and path, parameters in path, query, headers and a JSON body.

What the model says about each parameter is compiled once per operation into a plan.
Source: https://smithy.io/2.0/aws/protocols/aws-restjson1-protocol.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationModel, ServiceModel

from shared.aws import json_body
from shared.aws.errors import message_member, status_of
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import error_shapes_by_code, wire_name
from shared.aws.protocol import Route
from shared.aws.rest_paths import path_table
from shared.aws.values import from_text, serialization_error, to_text
from shared.errors import ServiceError

CONTENT_TYPE = "application/json"
ERROR_TYPE_HEADER = "x-amzn-ErrorType"
_HEADER_TIMESTAMP_FORMAT = "rfc822"
_QUERY_TIMESTAMP_FORMAT = "iso8601"
_NO_BODY_STATUSES = frozenset({204, 304})


@dataclass(frozen=True)
class _Plan:
    """Where the members of one structure travel: (wire name, member's shape) per place."""

    uri: tuple[tuple[str, Any], ...]
    query: tuple[tuple[str, Any], ...]
    query_map: tuple[str, Any] | None
    headers: tuple[tuple[str, Any], ...]
    header_maps: tuple[tuple[str, Any], ...]
    payload: tuple[str, Any] | None
    body: frozenset[str]

    @classmethod
    def of(cls, shape: Any) -> _Plan:
        placed: dict[str, list[tuple[str, Any]]] = {}
        for name, member in shape.members.items():
            location = member.serialization.get("location", "body")
            placed.setdefault(location, []).append((wire_name(name, member), member))
        queries = placed.get("querystring", [])
        payload = shape.serialization.get("payload")
        return cls(
            uri=tuple(placed.get("uri", ())),
            query=tuple((name, member) for name, member in queries if member.type_name != "map"),
            query_map=next(((name, member) for name, member in queries if member.type_name == "map"), None),
            headers=tuple(placed.get("header", ())),
            header_maps=tuple(placed.get("headers", ())),
            payload=None if payload is None else _named(shape, payload),
            body=frozenset(name for name, _ in placed.get("body", ())),
        )


def _named(shape: Any, name: str) -> tuple[str, Any]:
    member = shape.members[name]
    return wire_name(name, member), member


@cache
def _input_plan(operation: OperationModel) -> _Plan:
    return _Plan.of(operation.input_shape)


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
        plan = _input_plan(route.operation)
        document = _parse_body(plan, request)
        for name, shape in plan.uri:
            document[name] = from_text(shape, route.path_parameters[name], _QUERY_TIMESTAMP_FORMAT)
        if request.query_string and (plan.query or plan.query_map):
            _parse_query(plan, request.query_string, document)
        if plan.headers or plan.header_maps:
            _parse_headers(plan, request.headers, document)
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
        status = _take_located(shape, result, headers) or status
        body = _write_body(operation.service_model, shape, result, headers)
        return HttpResponse(status, b"" if status in _NO_BODY_STATUSES else body, headers)

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        headers = {"x-amzn-RequestId": request_id, "Content-Type": CONTENT_TYPE}
        members = {name: value for name, value in error.members.items() if value is not None}
        shape = error_shapes_by_code(model).get(error.code)
        if shape is not None:
            _take_located(shape, members, headers)
            members = json_body.writers_of(model).of_structure(shape)(members)
        for name in [name for name in headers if name.lower() == ERROR_TYPE_HEADER.lower()]:
            del headers[name]
        headers[ERROR_TYPE_HEADER] = error.code
        body = {message_member(model, error.code): error.message} | members
        return HttpResponse(status_of(model, error), json_body.dump(body), headers)


def _parse_body(plan: _Plan, request: HttpRequest) -> dict[str, Any]:
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


def _parse_query(plan: _Plan, query_string: str, document: dict[str, Any]) -> None:
    try:
        pairs = parse_qsl(query_string, keep_blank_values=True, errors="strict")
    except UnicodeDecodeError:
        raise serialization_error("The query string is not valid UTF-8.") from None
    values: dict[str, list[str]] = {}
    for name, value in pairs:
        values.setdefault(name, []).append(value)
    for name, shape in plan.query:
        given = values.pop(name, None)
        if given is None:
            continue
        if shape.type_name == "list":
            document[name] = [from_text(shape.member, value, _QUERY_TIMESTAMP_FORMAT) for value in given]
        else:
            document[name] = from_text(shape, given[-1], _QUERY_TIMESTAMP_FORMAT)
    if plan.query_map is not None:
        name, shape = plan.query_map
        takes_lists = shape.value.type_name == "list"
        document[name] = {key: given if takes_lists else given[-1] for key, given in values.items()}


def _parse_headers(plan: _Plan, headers: Mapping[str, str], document: dict[str, Any]) -> None:
    for name, shape in plan.headers:
        text = headers.get(name.lower())
        if text is not None:
            document[name] = _from_header(shape, text)
    for name, _ in plan.header_maps:
        prefix = name.lower()
        document[name] = {key[len(prefix) :]: value for key, value in headers.items() if key.startswith(prefix)}


def _from_header(shape: Any, text: str) -> Any:
    if shape.serialization.get("jsonvalue"):
        return _json_value(text)
    if shape.type_name == "list":
        elements = _split_dates(text) if _is_http_date(shape.member) else _split_quoted(text)
        return [from_text(shape.member, element, _HEADER_TIMESTAMP_FORMAT) for element in elements]
    return from_text(shape, text, _HEADER_TIMESTAMP_FORMAT)


def _json_value(text: str) -> str:
    """A jsonvalue travels as base64 of JSON; the model's type for it is string."""
    try:
        decoded = base64.b64decode(text, validate=True).decode("utf-8")
        json.loads(decoded)
    except (ValueError, RecursionError):
        raise serialization_error("The header is not base64-encoded JSON.") from None
    return decoded


def _is_http_date(shape: Any) -> bool:
    wanted: str = shape.serialization.get("timestampFormat", _HEADER_TIMESTAMP_FORMAT)
    return bool(shape.type_name == "timestamp") and wanted.lower() == _HEADER_TIMESTAMP_FORMAT


def _split_dates(text: str) -> list[str]:
    """HTTP dates hold a comma each, so a list of them is split at every second one."""
    parts = [part.strip() for part in text.split(",")]
    return [", ".join(parts[i : i + 2]) for i in range(0, len(parts), 2)]


def _split_quoted(text: str) -> list[str]:
    """Split at commas outside double quotes; inside, a backslash escapes a quote."""
    elements, element, quoted, escaped = [], "", False, False
    for character in text:
        if escaped:
            element, escaped = element + character, False
        elif quoted and character == "\\":
            escaped = True
        elif character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            elements.append(element.strip())
            element = ""
        else:
            element += character
    return [*elements, element.strip()]


def _take_located(shape: Any, result: dict[str, Any], headers: dict[str, str]) -> int | None:
    """Move what travels outside the body from `result` to `headers`; returns the status if a member is it."""
    status = None
    for name, member, location in _located_members(shape):
        if name not in result:
            continue
        value = result.pop(name)
        if location == "statusCode":
            status = int(value)
        elif location == "headers":
            prefix = wire_name(name, member)
            headers.update({f"{prefix}{key}": str(text) for key, text in value.items()})
        else:
            headers[wire_name(name, member)] = _to_header(member, value)
    return status


@cache
def _located_members(shape: Any) -> tuple[tuple[str, Any, str], ...]:
    return tuple(
        (name, member, member.serialization["location"])
        for name, member in shape.members.items()
        if "location" in member.serialization
    )


def _to_header(shape: Any, value: Any) -> str:
    if shape.serialization.get("jsonvalue"):
        return base64.b64encode(json_body.dump(value)).decode("ascii")
    if shape.type_name == "list":
        return ",".join(to_text(shape.member, element, _HEADER_TIMESTAMP_FORMAT) for element in value)
    return to_text(shape, value, _HEADER_TIMESTAMP_FORMAT)


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
