"""Where the members of a rest-json or rest-xml operation travel besides the body: path, query, headers, status.

What the model says about each member is compiled once per operation into a plan.
Source: https://smithy.io/2.0/spec/http-bindings.html
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import parse_qsl

from botocore.model import OperationModel

from shared.aws import json_body
from shared.aws.http import HttpRequest
from shared.aws.models import wire_name
from shared.aws.protocol import Route
from shared.aws.values import from_text, serialization_error, to_text

_HEADER_TIMESTAMP_FORMAT = "rfc822"
_QUERY_TIMESTAMP_FORMAT = "iso8601"


@dataclass(frozen=True)
class Plan:
    """Where the members of one structure travel: (wire name, member's shape) per place."""

    uri: tuple[tuple[str, Any], ...]
    query: tuple[tuple[str, Any], ...]
    query_map: tuple[str, Any] | None
    headers: tuple[tuple[str, Any], ...]
    header_maps: tuple[tuple[str, Any], ...]
    payload: tuple[str, Any] | None
    body: frozenset[str]

    @classmethod
    def of(cls, shape: Any) -> Plan:
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
def input_plan(operation: OperationModel) -> Plan:
    return Plan.of(operation.input_shape)


def parse_located(plan: Plan, route: Route, request: HttpRequest, document: dict[str, Any]) -> None:
    """Add what stands outside the body to a document keyed by wire names. Raises: ServiceError."""
    for name, shape in plan.uri:
        document[name] = from_text(shape, route.path_parameters[name], _QUERY_TIMESTAMP_FORMAT)
    if request.query_string and (plan.query or plan.query_map):
        _parse_query(plan, request.query_string, document)
    if plan.headers or plan.header_maps:
        _parse_headers(plan, request.headers, document)


def _parse_query(plan: Plan, query_string: str, document: dict[str, Any]) -> None:
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


def _parse_headers(plan: Plan, headers: Mapping[str, str], document: dict[str, Any]) -> None:
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


def take_located(shape: Any, result: dict[str, Any], headers: dict[str, str]) -> int | None:
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
