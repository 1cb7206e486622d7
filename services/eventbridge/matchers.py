"""The matchers of event patterns: what one value of an event may be, as an array in a pattern says it.

Our choice: numbers are equal if their values are (300 and 300.0), as in AWS's own open source matcher.
Source: "Comparison operators for use in event patterns" of the EventBridge User Guide.
"""

from __future__ import annotations

import ipaddress
import operator
from collections.abc import Callable
from typing import Any

from shared.errors import Refusal

Scalar = str | int | float | bool | None
Test = Callable[[Scalar], bool]
"""Whether one value of an event meets a matcher."""

MAX_NUMBER = 5.0e9

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class InvalidPattern(Refusal):
    """A pattern that EventBridge would not take; the message says why."""


def matcher_test(matcher: Any) -> Test:
    """Compile what stands in an array of a pattern, "exists" apart. Raises: InvalidPattern."""
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


def _text(wanted: Any, kind: str, *, may_be_empty: bool = False) -> str:
    """may_be_empty: an empty prefix or suffix is a way to match every text. Raises: InvalidPattern."""
    if not isinstance(wanted, str):
        raise InvalidPattern(f"{kind} match pattern must be a string")
    if not wanted and not may_be_empty:
        raise InvalidPattern(f"{kind} match pattern must not be empty")
    return wanted


def _of_text(test: Callable[[str], bool]) -> Test:
    return lambda value: isinstance(value, str) and test(value)


def _prefix(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        part = _ignoring_case(wanted, "prefix")
        return _of_text(lambda value: value.lower().startswith(part))
    text = _text(wanted, "prefix", may_be_empty=True)
    return _of_text(lambda value: value.startswith(text))


def _suffix(wanted: Any) -> Test:
    if isinstance(wanted, dict):
        part = _ignoring_case(wanted, "suffix")
        return _of_text(lambda value: value.lower().endswith(part))
    text = _text(wanted, "suffix", may_be_empty=True)
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
        if kind in ("prefix", "suffix") and "" in _members(inner):
            raise InvalidPattern("Null prefix/suffix not allowed")
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
