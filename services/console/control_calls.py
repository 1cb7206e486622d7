"""What every call of the control API stands on: its JSON body, its unit of work, its errors."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, jsonify, request

from services.blueprints import simulator


class BadRequest(Exception):
    """The body or a parameter is not what the call takes; the text says what it does take."""


def body_of(*allowed: str) -> dict[str, Any]:
    """The JSON object of the request; an empty body is an empty object. Raises: BadRequest."""
    data = request.get_data()
    try:
        body = json.loads(data) if data else {}
    except (ValueError, RecursionError) as error:
        raise BadRequest("The body is not JSON, or nested too deeply.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        takes = f"takes {', '.join(allowed)}" if allowed else "takes no members"
        raise BadRequest(f"Unknown member {unknown[0]}; this call {takes}.")
    return body


def in_unit(function: Callable[[], Response]) -> Callable[[], Response]:
    """Run a control call as one unit of work."""

    @wraps(function)
    def wrapped() -> Response:
        with simulator().database.unit():
            return function()

    return wrapped


def error_response(status: int, message: str, **members: Any) -> Response:
    response = jsonify({"message": message, **members})
    response.status_code = status
    return response


def flag(value: Any, name: str) -> bool:
    """Raises: BadRequest."""
    if not isinstance(value, bool):
        raise BadRequest(f'"{name}" must be true or false.')
    return value
