"""JSON bodies, in and out: shared by awsJson and rest-json.

Writers are compiled from the output shapes on first use: a structure's writer knows each member's wire name
and how its value is converted, so that writing a result touches nothing but the members it has.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.model import ServiceModel

from shared.aws.models import wire_name
from shared.aws.values import (
    blob_to_wire,
    float_to_wire,
    serialization_error,
    timestamp_to_wire,
)

Writer = Callable[[Any], Any]
JSON_TIMESTAMP_FORMAT = "unixTimestamp"
_encode = json.JSONEncoder(separators=(",", ":"), check_circular=False, allow_nan=False).encode


def dump(document: Any) -> bytes:
    """Encode a document of JSON's types, without spaces, in ASCII."""
    return _encode(document).encode("ascii")


def load_object(body: bytes) -> dict[str, Any]:
    """Decode a body that must hold one JSON object; an empty body is an empty object.

    Raises: ServiceError SerializationException: bad UTF-8, bad JSON, lone surrogates, depth, another type.
    """
    if not body.strip():
        return {}
    document = load(body)
    if not isinstance(document, dict):
        raise serialization_error("The request body is not a JSON object.")
    return document


def load(body: bytes) -> Any:
    """Decode a JSON body. Raises: ServiceError SerializationException."""
    try:
        text = body.decode("utf-8")
        document = json.loads(text, parse_constant=_refuse_constant)
        if "\\u" in text:
            # Only an escape can smuggle in half a surrogate pair, which no later step could encode.
            json.dumps(document, ensure_ascii=False).encode("utf-8")
    except UnicodeDecodeError:
        raise serialization_error("The request body is not valid UTF-8.") from None
    except UnicodeEncodeError:
        raise serialization_error("The request body holds text that is not valid Unicode.") from None
    except ValueError:
        raise serialization_error("The request body is not valid JSON.") from None
    except RecursionError:
        raise serialization_error("The request body is nested too deeply.") from None
    return document


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


@cache
def writers_of(model: ServiceModel) -> Writers:
    """The compiled writers of a service, kept as long as its model."""
    return Writers()


class Writers:
    """Compiles a writer per shape; one per structure, so that shapes may contain themselves."""

    def __init__(self) -> None:
        self._structures: dict[str, Writer] = {}

    def of(self, shape: Any) -> Writer | None:  # noqa: PLR0911 - one line per type reads best
        """The function that turns a Python value into JSON's types; None if it can stay as it is."""
        match shape.type_name:
            case "structure":
                return None if shape.is_document_type else self.of_structure(shape)
            case "list":
                return _list_writer(self.of(shape.member))
            case "map":
                return _map_writer(self.of(shape.value))
            case "timestamp":
                wanted = shape.serialization.get("timestampFormat", JSON_TIMESTAMP_FORMAT)
                return lambda moment: timestamp_to_wire(moment, wanted)
            case "blob":
                return blob_to_wire
            case "float" | "double":
                return float_to_wire
            case _:
                return None

    def of_structure(self, shape: Any) -> Writer:
        """The writer of a structure's members that travel in the body."""
        if shape.name not in self._structures:
            members: dict[str, tuple[str, Writer | None]] = {}
            self._structures[shape.name] = _structure_writer(shape.name, members)
            members.update(
                {
                    name: (wire_name(name, member), self.of(member))
                    for name, member in shape.members.items()
                    if "location" not in member.serialization
                }
            )
        return self._structures[shape.name]


def _structure_writer(shape_name: str, members: dict[str, tuple[str, Writer | None]]) -> Writer:
    def write(value: dict[str, Any]) -> dict[str, Any]:
        written = {}
        for name, member_value in value.items():
            if member_value is None:
                continue
            if name not in members:
                raise LookupError(f"{shape_name} has no member {name} in its body.")
            on_wire, convert = members[name]
            written[on_wire] = member_value if convert is None else convert(member_value)
        return written

    return write


def _list_writer(convert: Writer | None) -> Writer | None:
    if convert is None:
        return None
    return lambda values: [convert(value) for value in values]


def _map_writer(convert: Writer | None) -> Writer | None:
    if convert is None:
        return None
    return lambda mapping: {key: convert(value) for key, value in mapping.items() if value is not None}
