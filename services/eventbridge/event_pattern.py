"""Event patterns: JSON text -> a test of events. Everything "Event patterns" of the EventBridge User Guide documents.

A pattern has the shape of an event; where the event has a value, it has an array of what the value may be. An event
matches if every field of the pattern finds, among the values of that field, one that meets one of its matchers. A
list in an event stands for all its members; what a pattern says of the fields of one object, one member must meet.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from services.eventbridge.matchers import InvalidPattern, Scalar, matcher_test

EventTest = Callable[[Mapping[str, Any]], bool]
FieldTest = Callable[[Any], bool]
"""Whether what stands at a field meets the pattern there; `_ABSENT` stands for nothing."""

OR = "$or"
MAX_OR_COMBINATIONS = 1_000
_ABSENT = object()


@lru_cache(maxsize=256)
def parse_pattern(text: str) -> EventTest:
    """Compile a pattern. Raises: InvalidPattern."""
    try:
        pattern = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InvalidPattern("Filter is not valid JSON") from error
    if not isinstance(pattern, dict):
        raise InvalidPattern("Filter is not an object")
    if not pattern:
        raise InvalidPattern("Filter is an empty object")
    if _combinations(pattern) > MAX_OR_COMBINATIONS:
        raise InvalidPattern(f"{OR} leads to more than {MAX_OR_COMBINATIONS} rule combinations")
    return _object_test(pattern)


def _combinations(pattern: Mapping[str, Any]) -> int:
    """Into how many patterns without $or a pattern multiplies out."""
    count = 1
    for name, part in pattern.items():
        if name == OR and isinstance(part, list):
            count *= sum(_combinations(choice) for choice in part if isinstance(choice, dict)) or 1
        elif isinstance(part, dict):
            count *= _combinations(part)
    return count


def _object_test(pattern: Mapping[str, Any]) -> EventTest:
    choices = [_or_test(part) for name, part in pattern.items() if name == OR]
    fields = {name: _field_test(name, part) for name, part in pattern.items() if name != OR}

    def matches(event: Mapping[str, Any]) -> bool:
        return all(choice(event) for choice in choices) and all(
            test(event.get(name, _ABSENT)) for name, test in fields.items()
        )

    return matches


def _or_test(part: Any) -> EventTest:
    if not isinstance(part, list) or not part or not all(isinstance(choice, dict) and choice for choice in part):
        raise InvalidPattern(f"{OR} must be an array of objects that are not empty")
    tests = [_object_test(choice) for choice in part]
    return lambda event: any(test(event) for test in tests)


def _field_test(name: str, part: Any) -> FieldTest:
    if isinstance(part, dict):
        if not part:
            raise InvalidPattern(f'Empty objects are not allowed: "{name}"')
        test = _object_test(part)
        # Where there is no object, its fields are all absent, which a pattern may ask for.
        return lambda value: any(test(item) for item in list(_objects(value)) or [{}])
    if not isinstance(part, list):
        raise InvalidPattern(f'"{name}" must be an object or an array')
    if not part:
        raise InvalidPattern(f'Empty arrays are not allowed: "{name}"')
    presence = [matcher["exists"] for matcher in part if _is_exists(matcher)]
    tests = [matcher_test(matcher) for matcher in part if not _is_exists(matcher)]

    def matches(value: Any) -> bool:
        values = list(_values(value))
        return bool(values) in presence or any(test(item) for item in values for test in tests)

    return matches


def _objects(value: Any) -> Iterator[Mapping[str, Any]]:
    """The objects at a field: of a list all."""
    if isinstance(value, dict):
        yield value
    for member in value if isinstance(value, list) else []:
        yield from _objects(member)


def _values(value: Any) -> Iterator[Scalar]:
    """The plain values at a field: of a list all, of an object none."""
    if isinstance(value, list):
        for member in value:
            yield from _values(member)
    elif value is not _ABSENT and not isinstance(value, dict):
        yield value


def _is_exists(matcher: Any) -> bool:
    if not isinstance(matcher, dict) or "exists" not in matcher:
        return False
    if len(matcher) > 1 or not isinstance(matcher["exists"], bool):
        raise InvalidPattern("exists match pattern must be either true or false")
    return True
