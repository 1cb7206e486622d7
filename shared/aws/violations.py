"""How AWS words a parameter that breaks a constraint.

"1 validation error detected: Value 'x' at 'keyId' failed to satisfy constraint: Member must have length ..."
Source: recorded answers of KMS; several are joined with "; ". Values of sensitive shapes and blobs stay out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

PATTERN = "Member must satisfy regular expression pattern: "


@dataclass(frozen=True)
class Violation:
    """One broken constraint, at a path that grows as it travels up: ("tags", "1", "member", "tagKey").

    value: the value in words, in quotes, or null without; None if it must not be shown or is of no matter.
    """

    constraint: str
    path: tuple[str, ...] = ()
    value: str | None = None

    @property
    def unquoted(self) -> str | None:
        """The value without its quotes."""
        return self.value if self.value in (None, "null") else self.value[1:-1]

    def under(self, *path: str) -> Violation:
        return replace(self, path=(*path, *self.path))

    def __str__(self) -> str:
        value = "Value" if self.value is None else f"Value {self.value}"
        return f"{value} at '{'.'.join(self.path)}' failed to satisfy constraint: {self.constraint}"


def without_values(violations: Sequence[Violation]) -> list[Violation]:
    """The same without what was sent: values may be what must not rest in the clear."""
    return [replace(violation, value=None) for violation in violations]


_WORDS_OF_IAM = {
    r"[\w+=,.@-]+": "It must contain only alphanumeric characters and/or the following: +=,.@_-",
    r"(\u002F)|(\u002F[\u0021-\u007E]+\u002F)": (
        "It must begin and end with / and contain only alphanumeric characters and/or / characters."
    ),
}
"""Pattern -> what IAM, and no other service, says of a value that does not match it. Source: observed."""


def describe(violations: Sequence[Violation], service_name: str = "") -> str:
    """The message of a ValidationException."""
    if service_name == "iam":
        for violation in violations:
            pattern = violation.constraint.removeprefix(PATTERN)
            if pattern in _WORDS_OF_IAM:
                return f"The specified value for {violation.path[-1]} is invalid. {_WORDS_OF_IAM[pattern]}"
    noun = "error" if len(violations) == 1 else "errors"
    return f"{len(violations)} validation {noun} detected: {'; '.join(map(str, violations))}"


def path_name(member_name: str) -> str:
    """A member's name as paths spell it: KeyId is keyId, SSEType is sSEType."""
    return member_name[:1].lower() + member_name[1:]


def value_in_words(shape: Any, value: Any) -> str | None:
    """A value as AWS quotes it, printed as Java does; None if any of it must not be shown.

    value: as it came in, under wire names, of the shape's type; None for one that is missing, which has no quotes.
    """
    if _hides(shape, frozenset()):
        return None
    return "null" if value is None else f"'{_in_words(shape, value)}'"


def _hides(shape: Any, seen: frozenset[str]) -> bool:
    if shape.metadata.get("sensitive") or shape.type_name == "blob":
        return True
    if shape.name in seen:
        return False
    seen = seen | {shape.name}
    match shape.type_name:
        case "structure":
            return any(_hides(member, seen) for member in shape.members.values())
        case "list":
            return _hides(shape.member, seen)
        case "map":
            return _hides(shape.key, seen) or _hides(shape.value, seen)
        case _:
            return False


def _in_words(shape: Any, value: Any) -> str:
    match value:
        case None:
            return "null"
        case bool():
            return "true" if value else "false"
        case list():
            member = getattr(shape, "member", None)
            return f"[{', '.join(_in_words(member, element) for element in value)}]"
        case dict() if getattr(shape, "type_name", "map") == "structure":
            members = getattr(shape, "members", {})
            inside = ", ".join(f"{path_name(name)}={_in_words(members.get(name), v)}" for name, v in value.items())
            return f"{shape.name}({inside})"
        case dict():
            of_value = getattr(shape, "value", None)
            return f"{{{', '.join(f'{key}={_in_words(of_value, v)}' for key, v in value.items())}}}"
        case _:
            return str(value)
