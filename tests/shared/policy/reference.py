"""A slow and obvious policy evaluator, to hold the fast one against.

It reads the JSON document anew for each request and follows the user guide's sentences one by one. It
knows nothing of malformed documents, which are not given to it.
"""

from __future__ import annotations

import base64
import operator
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from shared.policy import PolicyRequest
from shared.policy.request import Context

Pattern = list[tuple[str, bool]]  # one pair per character: the character, and whether it is a wildcard


class NoValueError(Exception):
    """A policy variable has no value."""


def matching_statements(document: dict[str, Any], request: PolicyRequest) -> list[tuple[int, str]]:
    """(index, "deny", "allow" or "delegate") of each statement that matches."""
    variables = document.get("Version") == "2012-10-17"
    found = []
    for index, written in enumerate(document["Statement"]):
        how = _principal(written, request)
        if how is not None and _rest_matches(written, request, variables):
            found.append((index, "deny" if written["Effect"] == "Deny" else how))
    return found


def _principal(written: dict[str, Any], request: PolicyRequest) -> str | None:
    if "Principal" in written:
        return _named(written["Principal"], request)
    if "NotPrincipal" not in written:
        return "allow"
    listed = written["NotPrincipal"]
    if written["Effect"] == "Allow":
        return "allow" if _named(listed, request) is None else None
    if listed == "*" or "*" in _listed(listed, "AWS") or request.service_principal in _listed(listed, "Service"):
        return None
    accounts = {request.account_id, f"arn:aws:iam::{request.account_id}:root"}
    account_listed = any(name in accounts for name in _listed(listed, "AWS"))
    others = [arn for arn in request.principal_arns if arn not in accounts]
    return None if account_listed and all(arn in _listed(listed, "AWS") for arn in others) else "allow"


def _named(principal: Any, request: PolicyRequest) -> str | None:
    if principal == "*" or "*" in _listed(principal, "AWS"):
        return "allow"
    if request.service_principal is not None and request.service_principal in _listed(principal, "Service"):
        return "allow"
    if any(arn in _listed(principal, "AWS") for arn in request.principal_arns):
        return "allow"
    root = f"arn:aws:iam::{request.account_id}:root"
    if root in _listed(principal, "AWS") or request.account_id in _listed(principal, "AWS"):
        return "allow" if root in request.principal_arns else "delegate"
    return None


def _listed(principal: Any, kind: str) -> list[str]:
    return [] if principal == "*" else _list(principal.get(kind, []))


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _rest_matches(written: dict[str, Any], request: PolicyRequest, variables: bool) -> bool:
    try:
        # Every part is worked out, also after one that fails: a variable without a value anywhere decides.
        parts = [_actions(written, request), _resources(written, request, variables)]
        for name, keys in written.get("Condition", {}).items():
            for key, values in keys.items():
                parts.append(_condition(name, key, [_text(each) for each in _list(values)], request, variables))
    except NoValueError:
        return False
    return all(parts)


def _actions(written: dict[str, Any], request: PolicyRequest) -> bool:
    negated = "NotAction" in written
    patterns = [_plain(each.lower()) for each in _list(written.get("Action", written.get("NotAction")))]
    return any(_glob(each, request.action.lower()) for each in patterns) is not negated


def _resources(written: dict[str, Any], request: PolicyRequest, variables: bool) -> bool:
    negated = "NotResource" in written
    texts = _list(written.get("Resource", written.get("NotResource")))
    patterns = [_expand(each, request.context, variables) for each in texts]
    return any(_glob(each, request.resource) for each in patterns) is not negated


def _plain(text: str) -> Pattern:
    return [(character, character in "*?") for character in text]


def _expand(text: str, context: Context, variables: bool) -> Pattern:
    """Put the variables' values in place, as plain characters."""
    if not variables or "${" not in text:
        return _plain(text)
    before, rest = text.split("${", 1)
    inside, after = rest.split("}", 1)
    name, comma, default = inside.partition(",")
    value: Any = inside if inside in ("*", "?", "$") else context.get(name.lower())
    if not isinstance(value, str):
        if not comma:
            raise NoValueError
        value = default.strip().strip("'")
    return _plain(before) + [(character, False) for character in value] + _expand(after, context, variables)


def _glob(pattern: Pattern, value: str) -> bool:
    if not pattern:
        return not value
    (character, wild), rest = pattern[0], pattern[1:]
    if wild and character == "*":
        return any(_glob(rest, value[skipped:]) for skipped in range(len(value) + 1))
    return bool(value) and (wild or character == value[0]) and _glob(rest, value[1:])


def _arn_glob(pattern: Pattern, value: str) -> bool:
    parts: list[Pattern] = [[]]
    for each in pattern:
        if each == (":", False) and len(parts) < 6:
            parts.append([])
        else:
            parts[-1].append(each)
    known = value.split(":", 5)
    return len(parts) == 6 and len(known) == 6 and all(map(_glob, parts, known))


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _condition(name: str, key: str, values: list[str], request: PolicyRequest, variables: bool) -> bool:
    quantifier, _, rest = name.rpartition(":")
    base = rest.removesuffix("IfExists")
    known = request.context.get(key.lower(), ())
    known_values = [known] if isinstance(known, str) else list(known)
    if base == "Null":
        return _text(not known_values) in [each.lower() for each in values]
    negated = "Not" in base
    takes_variables = variables and base.startswith(("String", "Arn", "Bool"))
    patterns = [_expand(each, request.context, takes_variables) for each in values]
    if not known_values:
        if base != rest or quantifier == "ForAllValues":
            return True
        return negated and quantifier == ""
    results = [_one_value(base.replace("Not", ""), negated, each, patterns) for each in known_values]
    return all(results) if quantifier == "ForAllValues" else any(results)


def _one_value(base: str, negated: bool, value: str, patterns: list[Pattern]) -> bool:
    readable = {
        "Numeric": _number,
        "Date": _date,
        "Bool": _bool,
        "Binary": _binary,
        "IpAddress": _address,
        "Arn": _arn,
    }
    for prefix, read in readable.items():
        if base.startswith(prefix) and read(value) is None:
            return False
    return any(_compare(base, value, each) for each in patterns) is not negated


def _compare(base: str, value: str, pattern: Pattern) -> bool:
    written = "".join(character for character, _ in pattern)
    if base == "StringEquals":
        return value == written
    if base == "StringEqualsIgnoreCase":
        return value.lower() == written.lower()
    if base == "StringLike":
        return _glob(pattern, value)
    if base in ("ArnLike", "ArnEquals"):
        return _arn_glob(pattern, value)
    if base == "Bool":
        return _bool(value) == _bool(written)
    if base == "BinaryEquals":
        return _binary(value) == _binary(written)
    if base == "IpAddress":
        address, _, bits = written.partition("/")
        shift = 32 - int(bits or "32")
        return (_address(value) or 0) >> shift == (_address(address) or 0) >> shift
    read: Callable[[str], float | None] = _number if base.startswith("Numeric") else _date
    left, right = read(value), read(written)
    assert left is not None
    assert right is not None
    return _order(base.removeprefix("Numeric").removeprefix("Date"))(left, right)


def _order(name: str) -> Callable[[float, float], bool]:
    return {
        "Equals": operator.eq,
        "LessThan": operator.lt,
        "LessThanEquals": operator.le,
        "GreaterThan": operator.gt,
        "GreaterThanEquals": operator.ge,
    }[name]


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _date(text: str) -> float | None:
    if text.isdigit():
        return float(text)
    for layout in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"):
        try:
            return datetime.strptime(text, layout).replace(tzinfo=UTC).timestamp()
        except ValueError:
            continue
    return None


def _bool(text: str) -> bool | None:
    return text.lower() == "true" if text.lower() in ("true", "false") else None


def _binary(text: str) -> bytes | None:
    try:
        decoded = base64.b64decode(text)
    except ValueError:
        return None
    return decoded if base64.b64encode(decoded).decode() == text else None


def _address(text: str) -> int | None:
    parts = text.split(".")
    if len(parts) != 4 or not all(part.isdigit() for part in parts):
        return None
    return sum(int(part) << shift for part, shift in zip(parts, (24, 16, 8, 0), strict=True))


def _arn(text: str) -> str | None:
    return text if text.count(":") >= 5 else None
