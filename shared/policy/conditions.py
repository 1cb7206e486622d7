"""The Condition block: every operator, its IfExists form, and the set operators ForAllValues and ForAnyValue.

A condition is compiled once into a test of a context. Its policy values are read at parse time, so a number
that is none makes the policy malformed; a request value that cannot be read satisfies no condition, not
even a negated one.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Creating a condition with
multiple keys or values". Inferred: a plain operator on a multi-valued key means ForAnyValue.
"""

from __future__ import annotations

import base64
import binascii
import ipaddress
import operator
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from shared.policy.errors import LEGACY_PARSING, NO_VENDOR, MalformedPolicy, PolicySyntaxError
from shared.policy.patterns import Matcher, Template, Variable, matcher
from shared.policy.request import Context

_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")
_NUMBER = re.compile(r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]{1,4})?")
_EPOCH = re.compile(r"-?[0-9]{1,15}(?:\.[0-9]+)?")
_CIDR = re.compile(r"[0-9A-Fa-f.:]+(?:/[0-9]{1,3})?")

Test = Callable[[Any, Context], bool]
"""Whether a request value, once read, fits one policy value."""


@dataclass(frozen=True)
class Condition:
    """One key under one operator.

    operator, key, values: as the policy writes them; `name` is the key in lower case.
    variables: those that must have a value, or a default, for the statement to match.
    holds: whether a context satisfies it.
    """

    operator: str
    key: str
    values: tuple[str, ...]
    variables: frozenset[Variable]
    holds: Callable[[Context], bool] = field(compare=False, repr=False)

    @property
    def name(self) -> str:
        return self.key.lower()


@dataclass(frozen=True)
class _Family:
    """How operators of one kind work.

    read: a request value, or None if it cannot be read. compile: a policy value.
    """

    read: Callable[[str], Any]
    compile: Callable[[Template], Test]
    variables: bool = False
    wildcards: bool = False


def parse_condition(written: str, key: str, values: tuple[str, ...], *, variables: bool) -> Condition:
    """Compile one key under one operator.

    variables: whether the policy's Version has policy variables.
    Raises: MalformedPolicy for an unknown operator, a key without a prefix, or a value the operator cannot
    read.
    """
    found = _OPERATOR.fullmatch(written)
    if ":" not in key.strip(":"):
        raise MalformedPolicy(NO_VENDOR)
    if written == "Null":
        return Condition(written, key, values, frozenset(), _null_test(key.lower(), values))
    if found is None or found[2] not in _OPERATORS:
        raise PolicySyntaxError(f"{written!r} is no condition operator.")
    quantifier, base, if_exists = found.groups()
    family, negated = _OPERATORS[base]
    templates = [
        Template.parse(value, variables=variables and family.variables, wildcards=family.wildcards) for value in values
    ]
    used = frozenset(variable for template in templates for variable in template.variables)
    holds = _holds(
        key.lower(),
        _fits(family, templates, negated),
        over=all if quantifier == "ForAllValues" else any,
        absent_is_true=bool(if_exists) or quantifier == "ForAllValues" or (negated and quantifier is None),
    )
    return Condition(written, key, values, used, holds)


def _fits(family: _Family, templates: list[Template], negated: bool) -> Matcher:
    """Whether one request value satisfies the operator with all its policy values."""
    read = family.read
    tests = [family.compile(template) for template in templates]

    def fits(value: str, context: Context) -> bool:
        known = read(value)
        return known is not None and any(test(known, context) for test in tests) is not negated

    return fits


def _holds(
    name: str, fits: Matcher, *, over: Callable[[Iterable[object]], bool], absent_is_true: bool
) -> Callable[[Context], bool]:
    def holds(context: Context) -> bool:
        value = context.get(name, ())
        if isinstance(value, str):
            return fits(value, context)
        return over(fits(member, context) for member in value) if value else absent_is_true

    return holds


def _null_test(name: str, values: tuple[str, ...]) -> Callable[[Context], bool]:
    wanted = {_constant(value, _read_bool) for value in values}
    return lambda context: (context.get(name, ()) == ()) in wanted


def _constant(value: str, read: Callable[[str], Any]) -> Any:
    known = read(value)
    if known is None:
        own_words = f"{value!r} is not a value that its condition operator can read."
        raise MalformedPolicy(LEGACY_PARSING if read is _read_date else own_words)
    return known


def _comparing(
    read: Callable[[str], Any],
    compare: Callable[[Any, Any], bool],
    *,
    read_policy: Callable[[str], Any] | None = None,
    variables: bool = False,
) -> _Family:
    """Operators that read and compare both sides; `read_policy` where the policy's side differs."""
    read_expected = read_policy or read

    def compile_value(template: Template) -> Test:
        if template.has_variables:
            return lambda value, context: compare(value, read_expected(template.text_in(context)))
        expected = _constant(template.text_in({}), read_expected)
        return lambda value, _: compare(value, expected)

    return _Family(read, compile_value, variables=variables)


def _read_number(text: str) -> Decimal | None:
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _read_date(text: str) -> float | None:
    """Seconds since 1970 UTC, from ISO 8601 (UTC unless it says otherwise) or from such seconds."""
    if _EPOCH.fullmatch(text):
        return float(text)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _read_bool(text: str) -> bool | None:
    return {"true": True, "false": False}.get(text.lower())


def _read_binary(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        return None


def _read_address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        return None


def _read_network(text: str) -> ipaddress.IPv4Network | ipaddress.IPv6Network | None:
    try:
        return ipaddress.ip_network(text, strict=False) if _CIDR.fullmatch(text) else None
    except ValueError:
        return None


def _read_arn(text: str) -> str | None:
    return text if text.count(":") >= 5 else None


_EQUAL = _comparing(str, operator.eq, variables=True)
_EQUAL_IGNORING_CASE = _comparing(str.casefold, operator.eq, variables=True)
_LIKE = _Family(str, matcher, variables=True, wildcards=True)
_ARN = _Family(_read_arn, partial(matcher, by_arn_parts=True), variables=True, wildcards=True)
_IP = _comparing(_read_address, lambda address, network: address in network, read_policy=_read_network)
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}


def _ordered(prefix: str, read: Callable[[str], Any]) -> dict[str, tuple[_Family, bool]]:
    equals = _comparing(read, operator.eq)
    orders = {f"{prefix}{name}": (_comparing(read, compare), False) for name, compare in _ORDERS.items()}
    return {f"{prefix}Equals": (equals, False), f"{prefix}NotEquals": (equals, True), **orders}


_OPERATORS: dict[str, tuple[_Family, bool]] = {
    "StringEquals": (_EQUAL, False),
    "StringNotEquals": (_EQUAL, True),
    "StringEqualsIgnoreCase": (_EQUAL_IGNORING_CASE, False),
    "StringNotEqualsIgnoreCase": (_EQUAL_IGNORING_CASE, True),
    "StringLike": (_LIKE, False),
    "StringNotLike": (_LIKE, True),
    **_ordered("Numeric", _read_number),
    **_ordered("Date", _read_date),
    "Bool": (_comparing(_read_bool, operator.eq, variables=True), False),
    "BinaryEquals": (_comparing(_read_binary, operator.eq), False),
    "IpAddress": (_IP, False),
    "NotIpAddress": (_IP, True),
    "ArnEquals": (_ARN, False),
    "ArnLike": (_ARN, False),
    "ArnNotEquals": (_ARN, True),
    "ArnNotLike": (_ARN, True),
}
"""Operator without prefix and suffix -> (how it works, whether it is negated)."""
