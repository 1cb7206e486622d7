"""The JSON of a policy, read strictly, no key twice in one object and numbers only as condition values; and printed.

Source: IAM User Guide, "Grammar of the IAM JSON policy language".
"""

from __future__ import annotations

import json
from typing import Any

from shared.policy.errors import InvalidJson, PolicySyntaxError


class _Number(str):
    """A JSON number as the document writes it: only condition values may leave out the quotes."""

    __slots__ = ()


def load(text: str) -> dict[str, Any]:
    """The object that a text holds. Raises: PolicySyntaxError if it holds none."""
    try:
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_int=_Number,
            parse_float=_Number,
            parse_constant=_refuse_constant,
        )
    except (ValueError, RecursionError) as error:
        raise InvalidJson("The policy is not valid JSON.") from error
    if not isinstance(document, dict):
        raise PolicySyntaxError("A policy must be a JSON object.")
    return document


def printed(value: Any, depth: int = 0) -> str:
    """JSON as AWS prints a key policy: a line for each member of an object, arrays in a row.

    Source: the example of GetKeyPolicy in the AWS KMS API Reference.
    """
    if isinstance(value, dict) and value:
        inner = "  " * (depth + 1)
        members = [f"{inner}{json.dumps(name)} : {printed(member, depth + 1)}" for name, member in value.items()]
        return "{\n" + ",\n".join(members) + "\n" + "  " * depth + "}"
    if isinstance(value, list) and value:
        return f"[ {', '.join(printed(item, depth) for item in value)} ]"
    return {"{}": "{ }", "[]": "[ ]"}.get(text := json.dumps(value, ensure_ascii=False), text)


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        raise PolicySyntaxError("A JSON object of the policy holds the same key twice.")
    return members


def _refuse_constant(name: str) -> None:
    raise InvalidJson(f"{name} is not valid JSON.")


def check_object(value: Any, what: str) -> None:
    if not isinstance(value, dict):
        raise PolicySyntaxError(f"{what} must be a JSON object.")


def check_elements(written: dict[str, Any], known: set[str], what: str) -> None:
    unknown = sorted(written.keys() - known)
    if unknown:
        raise PolicySyntaxError(f"{unknown[0]!r} is no element of {what}.")


def one_of(written: dict[str, Any], name: str) -> str | None:
    """Which of an element and its Not form is there. Raises: PolicySyntaxError if both are."""
    present = [element for element in (name, f"Not{name}") if element in written]
    if len(present) > 1:
        raise PolicySyntaxError(f"A statement must not have both {name} and Not{name}.")
    return present[0] if present else None


def text_of(value: Any, what: str) -> str:
    if not isinstance(value, str) or isinstance(value, _Number):
        raise PolicySyntaxError(f"{what} must be a string.")
    return value


def texts_of(value: Any, what: str, *, numbers: bool = False) -> tuple[str, ...]:
    """A string or an array of strings; with `numbers`, of numbers and booleans too."""
    values = value if isinstance(value, list) else [value]
    return tuple(_unquoted(item, what) if numbers else text_of(item, what) for item in values)


def _unquoted(value: Any, what: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, _Number) else text_of(value, what)
