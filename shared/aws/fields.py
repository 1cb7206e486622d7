"""marshmallow fields for the shapes of AWS's service models.

Each field reads one JSON value: it refuses another type outright, converts, and checks its constraints.
Violations carry their path, which grows as they pass through the fields that contain them.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any

from marshmallow import Schema, ValidationError, fields, missing, validate

from shared.aws.json_body import JSON_TIMESTAMP_FORMAT
from shared.aws.patterns import compiled
from shared.aws.values import blob_from_wire, float_from_text, serialization_error, timestamp_from_wire
from shared.aws.violations import PATTERN, Violation, path_name, value_in_words
from shared.errors import ServiceError

NOT_NULL = "Member must not be null"
ONE_MEMBER = "Member must have exactly one member set"

ListedEnumeration = Callable[[Iterable[str]], Iterable[str]]
"""The order in which a service lists the values of an enumeration."""

_INTEGER_BITS = {"byte": 8, "short": 16, "integer": 32, "long": 64}


class FullMatch(validate.Validator):
    """The whole value matches a model's pattern. marshmallow's Regexp anchors only at the start."""

    def __init__(self, pattern: str) -> None:
        self._compiled = compiled(pattern)
        self.words = f"{PATTERN}{pattern}"

    def __call__(self, value: str) -> str:
        if self._compiled is not None and self._compiled.fullmatch(value) is None:
            raise ValidationError(self.words)
        return value


class OneOfWords(validate.Validator):
    """The value is one of a model's enumeration."""

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = frozenset(allowed_list := list(allowed))
        self.words = f"Member must satisfy enum value set: [{', '.join(allowed_list)}]"

    def __call__(self, value: str) -> str:
        if value not in self._allowed:
            raise ValidationError(self.words)
        return value


def constraints_of(shape: Any, listed: ListedEnumeration) -> tuple[list[validate.Validator], list[str]]:
    """The validators of a shape, and all of them in words.

    AWS tells of a broken pattern before a broken length, but names all constraints in one bracket the other way round.
    Source: observed in DynamoDB, Kinesis and Cognito.
    """
    sizes, forms = _size_validators(shape), _form_validators(shape, listed)
    return [*forms.values(), *sizes.values()], [*sizes, *forms]


def _size_validators(shape: Any) -> dict[str, validate.Validator]:
    """In words -> the validator of a length or a range."""
    limits = shape.metadata
    is_number = shape.type_name in ("float", "double", *_INTEGER_BITS)
    kind, quality = (validate.Range, "value") if is_number else (validate.Length, "length")
    found: dict[str, validate.Validator] = {}
    for bound, relation in (("max", "less"), ("min", "greater")):
        if bound in limits:
            words = f"Member must have {quality} {relation} than or equal to {limits[bound]}"
            found[words] = kind(**{bound: limits[bound]}, error=words)
    return found


def _form_validators(shape: Any, listed: ListedEnumeration) -> dict[str, validate.Validator]:
    """In words -> the validator of a pattern or an enumeration."""
    limits = shape.metadata
    found: dict[str, validate.Validator] = {}
    if shape.type_name != "string":
        return found
    if "pattern" in limits:
        pattern = FullMatch(limits["pattern"])
        found[pattern.words] = pattern
    if limits.get("enum"):
        enumeration = OneOfWords(listed(limits["enum"]))
        found[enumeration.words] = enumeration
    return found


class WireField(fields.Field[Any]):
    """A value of one shape. null is the same as absent.

    name: the member's name, empty for elements of lists and maps, whose containers place them.
    listed: how the service lists enumerations, which only texts have.
    """

    is_scalar = True

    def __init__(self, shape: Any, name: str, *, required: bool, listed: ListedEnumeration = list) -> None:
        validators, self.constraints = constraints_of(shape, listed)
        super().__init__(
            required=required,
            validate=validators or None,
            attribute=name or None,
            error_messages={"required": NOT_NULL},
        )
        self.shape = shape
        self._path = (path_name(name),) if name else ()

    def deserialize(self, value: Any, attr: str | None = None, data: Any = None, **kwargs: Any) -> Any:
        try:
            return super().deserialize(missing if value is None else value, attr, data, **kwargs)
        except ValidationError as invalid:
            raise ValidationError(self._located(value, invalid.messages)) from None

    def _located(self, value: Any, problems: Iterable[Any]) -> list[Any]:
        """Texts of its own constraints become violations; its contents' violations get its path in front."""
        return [
            problem.under(*self._path)
            if isinstance(problem, Violation)
            else Violation(str(problem), self._path, _shown(self.shape, value))
            for problem in problems
        ]


def _shown(shape: Any, value: Any) -> str | None:
    return value_in_words(shape, None if value is missing else value)


def mismatch(value: Any, wanted: str) -> ServiceError:
    """The refusal of a JSON value of another type, in the words of AWS's deserialiser."""
    match value:
        case list():
            text = "Start of list found where not expected"
        case dict():
            text = "Start of structure or map found where not expected."
        case _ if wanted in ("List", "Structure", "Map"):
            text = "Expected list or null" if wanted == "List" else "Expected structure or map or null"
        case bool():
            text = f"{str(value).upper()}_VALUE can not be converted to {_article(wanted)} {wanted}"
        case str():
            text = f"STRING_VALUE can not be converted to {_article(wanted)} {wanted}"
        case _:
            text = f"NUMBER_VALUE can not be converted to {_article(wanted)} {wanted}"
    return serialization_error(text)


def _article(noun: str) -> str:
    return "an" if noun[0] in "AEIOU" else "a"


class StringField(WireField):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> str:
        if not isinstance(value, str):
            raise mismatch(value, "String")
        return value


class BooleanField(WireField):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bool:
        if not isinstance(value, bool):
            raise mismatch(value, "Boolean")
        return value


class IntegerField(WireField):
    """A whole number that fits the shape's width; 5.0 is one, true is none."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> int:
        wanted = self.shape.type_name.capitalize()
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            raise mismatch(value, wanted)
        limit = 1 << (_INTEGER_BITS[self.shape.type_name] - 1)
        if not -limit <= value < limit:
            raise serialization_error(f"NUMBER_VALUE can not be converted to {_article(wanted)} {wanted}")
        return value


class FloatField(WireField):
    """A number, or the name of one that JSON cannot write."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> float:
        if value in ("NaN", "Infinity", "-Infinity"):
            return float_from_text(value)
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise mismatch(value, self.shape.type_name.capitalize())
        try:
            return float(value)
        except OverflowError:
            return math.inf if value > 0 else -math.inf


class BlobField(WireField):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> bytes:
        if isinstance(value, bytes):
            return value
        if not isinstance(value, str):
            raise mismatch(value, "Blob")
        return blob_from_wire(value)


class TimestampField(WireField):
    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> datetime:
        if isinstance(value, list | dict):
            raise mismatch(value, "Timestamp")
        return timestamp_from_wire(value, self.shape.serialization.get("timestampFormat", JSON_TIMESTAMP_FORMAT))


class DocumentField(WireField):
    """Any JSON value, as it is."""

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> Any:
        return value


class StructureField(WireField):
    """A structure, read by its schema; of a union, exactly one member.

    schema: asked on every use, so that a shape may contain itself.
    """

    is_scalar = False

    def __init__(self, shape: Any, name: str, schema: Callable[[], Schema], *, required: bool = False) -> None:
        super().__init__(shape, name, required=required)
        self._schema = schema

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise mismatch(value, "Structure")
        try:
            members: dict[str, Any] = self._schema().load(value)
        except ValidationError as invalid:
            raise ValidationError(_flattened(invalid.messages)) from None
        if self.shape.is_tagged_union and len(members) != 1:
            raise ValidationError(ONE_MEMBER)
        return members


def _flattened(messages: Any) -> list[Any]:
    """The violations of all members of a schema, in the model's order."""
    return [violation for problems in messages.values() for violation in problems]


class ListField(WireField):
    """A list. Constraints of scalar elements are told of the list as a whole, those of others per element."""

    is_scalar = False

    def __init__(self, shape: Any, name: str, element: WireField, *, required: bool) -> None:
        super().__init__(shape, name, required=required)
        self._element = element

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> list[Any]:
        if not isinstance(value, list):
            raise mismatch(value, "List")
        elements: list[Any] = []
        violations: list[Any] = []
        for position, element in enumerate(value, 1):
            elements.append(_read_element(self._element, element, violations, (str(position), "member")))
        if violations:
            raise ValidationError(_told(self._element, violations, "Member"))
        return elements


class MapField(WireField):
    """A map. Constraints of keys and of scalar values are told of the map as a whole."""

    is_scalar = False

    def __init__(self, shape: Any, name: str, key: WireField, value: WireField, *, required: bool) -> None:
        super().__init__(shape, name, required=required)
        self._key = key
        self._value = value

    def _deserialize(self, value: Any, attr: str | None, data: Any, **kwargs: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise mismatch(value, "Map")
        entries: dict[str, Any] = {}
        of_keys: list[Any] = []
        of_values: list[Any] = []
        for key, element in value.items():
            _read_element(self._key, key, of_keys, ())
            if element is not None:
                entries[key] = _read_element(self._value, element, of_values, (key, "member"))
        if of_keys or of_values:
            raise ValidationError(_told(self._key, of_keys, "Map keys") + _told(self._value, of_values, "Map value"))
        return entries


def _read_element(field: WireField, value: Any, violations: list[Any], path: tuple[str, ...]) -> Any:
    """Read one element; what it breaks goes to `violations`, placed under `path`."""
    if value is None:
        violations.append(Violation(NOT_NULL, path, _shown(field.shape, value)))
        return None
    try:
        return field.deserialize(value)
    except ValidationError as invalid:
        found: list[Any] = list(invalid.messages)
        violations.extend(violation.under(*path) for violation in found)
        return None


def _told(element: WireField, violations: list[Any], subject: str) -> list[Any]:
    """What a container says about its elements' violations: for scalars, the constraints in one bracket."""
    if not violations or not element.is_scalar:
        return violations
    constraints = element.constraints or [NOT_NULL]
    return [f"{subject} must satisfy constraint: [{', '.join(constraints)}]"]


_SCALAR_FIELDS: dict[str, type[WireField]] = {
    "string": StringField,
    "character": StringField,
    "boolean": BooleanField,
    "float": FloatField,
    "double": FloatField,
    "blob": BlobField,
    "timestamp": TimestampField,
    "structure": DocumentField,
} | dict.fromkeys(_INTEGER_BITS, IntegerField)


def scalar_field(shape: Any, name: str, listed: ListedEnumeration, *, required: bool) -> WireField:
    """The field of a shape that contains no other; a document type counts as one."""
    return _SCALAR_FIELDS[shape.type_name](shape, name, required=required, listed=listed)
