"""Event patterns: JSON text -> a test of events. Everything "Event patterns" of the EventBridge User Guide documents.

A pattern has the shape of an event; where the event has a value, it has an array of what the value may be. An event
matches if every field of the pattern finds, among the values of that field, one that meets one of its matchers. A
list in an event stands for all its members; what a pattern says of the fields of one object, one member must meet.

Our choice: numbers are equal if their values are (300 and 300.0), as in AWS's own open source matcher.
"""

from __future__ import annotations

import ipaddress
import json
import operator
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any

from shared.errors import Refusal

Scalar = str | int | float | bool | None
Test = Callable[[Scalar], bool]
"""Whether one value of an event meets a matcher."""
EventTest = Callable[[Mapping[str, Any]], bool]
FieldTest = Callable[[Any], bool]
"""Whether what stands at a field meets the pattern there; `_ABSENT` stands for nothing."""

OR = "$or"
MAX_OR_COMBINATIONS = 1_000
MAX_NUMBER = 5.0e9

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_ABSENT = object()


class InvalidPattern(Refusal):
    """A pattern that EventBridge would not take; the message says why."""


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
    tests = [_matcher_test(matcher) for matcher in part if not _is_exists(matcher)]

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


def _matcher_test(matcher: Any) -> Test:
    if isinstance(matcher, list):
        raise InvalidPattern("Match value must be String, number, true, false, or null")
    if not isinstance(matcher, dict):
        return _equals(matcher)
    if len(matcher) != 1:
        raise InvalidPattern("Only one key allowed in match expression")
    kind, wanted = next(iter(matcher.items()))
    if kind not in _MATCHERS:
        raise InvalidPattern(f"Unrecognized match type {kind}")
    return _MATCHERS[kind](wanted)


def _equals(wanted: Any) -> Test:
    if _is_number(wanted):
        return lambda value: _is_number(value) and value == wanted
    return lambda value: type(value) is type(wanted) and value == wanted


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _text(wanted: Any, kind: str) -> str:
    if not isinstance(wanted, str):
        raise InvalidPattern(f"{kind} match pattern must be a string")
    if not wanted:
        raise InvalidPattern(f"{kind} match pattern must not be empty")
    return wanted


def _of_text(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _prefix(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        part = _ignoring_case(wanted, "prefix")
        return _of_text(lambda value: value.lower().startswith(part))
    text = _text(wanted, "prefix")
    return _of_text(lambda value: value.startswith(text))


def _suffix(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        part = _ignoring_case(wanted, "suffix")
        return _of_text(lambda value: value.lower().endswith(part))
    text = _text(wanted, "suffix")
    return _of_text(lambda value: value.endswith(text))


def _ignoring_case(wanted: dict[str, Any], kind: str) -> str:
    if wanted.keys() != {"equals-ignore-case"}:
        raise InvalidPattern(f"{kind} match pattern must be a string or equals-ignore-case")
    return _text(wanted["equals-ignore-case"], "equals-ignore-case").lower()


def _equals_ignore_case(wanted: Any) -> Test:
    if not isinstance(wanted, str):
        raise InvalidPattern("equals-ignore-case match pattern must be a string")
    text = wanted.lower()
    return _of_text(lambda value: value.lower() == text)


def _wildcard(wanted: Any) -> Test:
    """`*` stands for any characters, none too; `\\*` and `\\\\` for themselves. Linear in the length of the value."""
    first, *rest = _wildcard_parts(_text(wanted, "wildcard"))
    if not rest:
        return _of_text(lambda value: value == first)
    *middle, last = rest

    def matches(value: str) -> bool:
        end = len(value) - len(last)
        if not value.startswith(first) or not value.endswith(last) or len(first) > end:
            return False
        place = len(first)
        for part in middle:
            found = value.find(part, place, end)
            if found < 0:
                return False
            place = found + len(part)
        return True

    return _of_text(matches)


def _wildcard_parts(text: str) -> list[str]:
    """The literal texts between the wildcards. Raises: InvalidPattern."""
    parts, characters = [""], iter(text)
    after_wildcard = False
    for character in characters:
        if character == "*":
            if after_wildcard:
                raise InvalidPattern("Consecutive wildcard characters are not allowed")
            parts.append("")
            after_wildcard = True
            continue
        after_wildcard = False
        literal = next(characters, "") if character == "\\" else character
        if character == "\\" and literal not in ("*", "\\"):
            raise InvalidPattern("Invalid escape character in a wildcard")
        parts[-1] += literal
    return parts


def _numeric(wanted: Any) -> Test:
    """One comparison, or a lower and an upper bound."""
    if not isinstance(wanted, list) or len(wanted) not in (2, 4):
        raise InvalidPattern("Value of numeric must be an array of one or two comparisons")
    bounds = list(zip(wanted[::2], wanted[1::2], strict=True))
    for sign, bound in bounds:
        if not isinstance(sign, str) or sign not in _COMPARISONS:
            raise InvalidPattern(f"Unrecognized numeric range operator: {sign}")
        if not _is_number(bound) or abs(bound) > MAX_NUMBER:
            raise InvalidPattern(f"Value of {sign} must be a number between {-MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}")
    if len(bounds) == 2:
        (low_sign, low), (high_sign, high) = bounds
        if not low_sign.startswith(">") or not high_sign.startswith("<"):
            raise InvalidPattern("A numeric range has a lower bound first and an upper bound second")
        if low >= high:
            raise InvalidPattern("Bottom must be less than top")
    return lambda value: _is_number(value) and all(_COMPARISONS[sign](value, bound) for sign, bound in bounds)


def _cidr(wanted: Any) -> Test:
    try:
        network = ipaddress.ip_network(_text(wanted, "cidr"), strict=False)
    except ValueError as error:
        raise InvalidPattern("Malformed CIDR, must be an IP address with a prefix length") from error

    def contains(value: str) -> bool:
        try:
            return ipaddress.ip_address(value) in network
        except ValueError:
            return False

    return _of_text(contains)


def _anything_but(wanted: Any) -> Test:
    """Any value but those named. An absent field has no value, so it is no such value either."""
    if isinstance(wanted, dict):
        if len(wanted) != 1 or next(iter(wanted)) not in _TEXT_MATCHERS:
            raise InvalidPattern(f"anything-but takes one of {', '.join(_TEXT_MATCHERS)}")
        kind, inner = next(iter(wanted.items()))
        make = _TEXT_MATCHERS[kind]
        excluded = [make(item) for item in _members(inner)]
    else:
        excluded = [_equals(item) for item in _members(wanted)]
        if not all(isinstance(item, str) or _is_number(item) for item in _members(wanted)):
            raise InvalidPattern("Inside anything-but list, items must be strings or numbers")
    return lambda value: not any(test(value) for test in excluded)


def _members(value: Any) -> list[Any]:
    if value == []:
        raise InvalidPattern("Empty arrays are not allowed in anything-but")
    return value if isinstance(value, list) else [value]


_TEXT_MATCHERS: dict[str, Callable[[Any], Test]] = {
    "prefix": _prefix,
    "suffix": _suffix,
    "wildcard": _wildcard,
    "equals-ignore-case": _equals_ignore_case,
}
_MATCHERS: dict[str, Callable[[Any], Test]] = {
    **_TEXT_MATCHERS,
    "numeric": _numeric,
    "cidr": _cidr,
    "anything-but": _anything_but,
}
