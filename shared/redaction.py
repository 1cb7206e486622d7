"""What the trail shows of parameters and results: members the model marks as sensitive, and those that a service
protects, are hidden; blobs and streams are left out.

Source: the Voice ID events of "Logging Amazon Connect API calls", whose words for a hidden member these are.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from botocore.model import Shape

from shared.times import as_event_text, as_iso

_NEVER_THERE = frozenset({"SecretAccessKey"})
"""Members that events do not so much as mention. Source: the samples of AssumeRole's and CreateAccessKey's events."""

HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


def redacted(shape: Shape | None, value: Mapping[str, Any], hidden: frozenset[str]) -> dict[str, Any] | None:
    """A structure as the trail shows it: lower camel case names; None if there is nothing to show."""
    if shape is None:
        return None
    shown: dict[str, Any] = {}
    for name, member in value.items():
        member_shape = shape.members.get(name)
        if member is None or member_shape is None:
            continue
        if member_shape.type_name == "blob" or name in _NEVER_THERE:
            continue
        shown[_camel(name)] = HIDDEN if name in hidden else _value(member_shape, member, hidden)
    return shown or None


def without_hidden(message: str, shape: Shape | None, value: Mapping[str, Any], hidden: frozenset[str]) -> str:
    """An error message without the texts of the request that the trail hides, wherever it repeats one."""
    texts = {str(text) for text in _hidden_values(shape, value, hidden) if isinstance(text, str | int | float)}
    for text in sorted(filter(None, texts), key=len, reverse=True):
        message = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", HIDDEN, message)
    return message


def _hidden_values(shape: Shape | None, value: Any, hidden: frozenset[str], *, inside: bool = False) -> Iterator[Any]:
    """The scalars of a value that are hidden. inside: all of it is."""
    inside = inside or (shape is not None and bool(shape.metadata.get("sensitive")))
    if isinstance(value, Mapping):
        for name, member in value.items():
            yield from _hidden_values(_member(shape, name), member, hidden, inside=inside or name in hidden)
    elif isinstance(value, list):
        for item in value:
            yield from _hidden_values(getattr(shape, "member", None), item, hidden, inside=inside)
    elif inside:
        yield value


def _member(shape: Shape | None, name: str) -> Shape | None:
    if shape is None or shape.type_name == "map":
        return getattr(shape, "value", None)
    return shape.members.get(name) if shape.type_name == "structure" else None


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
    return _date(value) if shape.type_name == "timestamp" else value


def _date(value: datetime | float) -> str:
    """A date as it came in, or seconds since the epoch as operations answer them."""
    return as_iso(value.timestamp()) if isinstance(value, datetime) else as_event_text(value)


def _camel(name: str) -> str:
    return name[0].lower() + name[1:]
