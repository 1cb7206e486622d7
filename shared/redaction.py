"""What the trail shows of parameters and results: members the model marks as sensitive, and those that a service
protects, are hidden; blobs and streams are left out.

Source: the Voice ID events of "Logging Amazon Connect API calls", whose words for a hidden member these are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.model import Shape

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"

_QUOTED_VALUE = re.compile(r"Value '.*?' at '", re.DOTALL)


def redacted(shape: Shape | None, value: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any] | None:
    """A structure as the trail shows it: lower camel case names; None if there is nothing to show."""
    if shape is None:
        return None
    shown: dict[str, Any] = {}
    for name, member in value.items():
        member_shape = shape.members.get(name)
        if member is None or member_shape is None:
            continue
        if member_shape.type_name == "blob":
            continue
        shown[_camel(name)] = HIDDEN if name in hidden else _value(member_shape, member, hidden)
    return shown or None


def without_values(message: str) -> str:
    """A validation message without the values that it quotes: they may be what must not rest in the clear."""
    return _QUOTED_VALUE.sub("Value at '", message)


def _value(shape: Shape, value: Any, hidden: frozenset[str]) -> Any:
    if shape.metadata.get("sensitive"):
        return HIDDEN
    if shape.type_name == "structure" and isinstance(value, Mapping):
        return redacted(shape, value, hidden) or {}
    if shape.type_name == "list":
        return [_value(shape.member, item, hidden) for item in value]
    if shape.type_name == "map":
        return {key: _value(shape.value, item, hidden) for key, item in value.items()}
    if shape.type_name == "blob":
        return HIDDEN
    return value.strftime("%Y-%m-%dT%H:%M:%SZ") if isinstance(value, datetime) else value


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
