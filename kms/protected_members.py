"""What of a record is protected, as bytes to be sealed: JSON, and bytes in it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from typing import Any


def encode(protected: Mapping[str, Any]) -> bytes:
    """JSON, in which {"$bytes": base64} stands for bytes, and a key that begins with "$" has one more of it."""
    payload = json.dumps(protected, separators=(",", ":"), default=_bytes_as_json)
    if '"$' in payload:
        payload = json.dumps(_escaped(protected), separators=(",", ":"), default=_bytes_as_json)
    return payload.encode()


def _bytes_as_json(value: Any) -> dict[str, str]:
    if not isinstance(value, bytes):
        raise TypeError(f"{type(value).__name__} cannot be sealed")
    return {"$bytes": base64.b64encode(value).decode()}


def _escaped(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {f"${name}" if name.startswith("$") else name: _escaped(inner) for name, inner in value.items()}
    return [_escaped(item) for item in value] if isinstance(value, list | tuple) else value


def decode(payload: bytes) -> dict[str, Any]:
    decoded: dict[str, Any] = json.loads(payload, object_hook=_from_json if b'"$' in payload else None)
    return decoded


def _from_json(value: dict[str, Any]) -> Any:
    if value.keys() == {"$bytes"}:
        return base64.b64decode(value["$bytes"])
    return {name.removeprefix("$"): inner for name, inner in value.items()}
