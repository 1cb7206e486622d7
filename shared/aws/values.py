"""Single values between Python and the wire: timestamps, blobs, numbers, and plain text of paths and forms.

Formats: unixTimestamp (seconds, a number), iso8601, rfc822 (HTTP date). Blobs are base64.
Source: https://smithy.io/2.0/spec/protocol-traits.html#timestampformat-trait
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, parsedate_to_datetime
from typing import Any

from shared.errors import ServiceError

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_INTEGER = re.compile(r"[+-]?[0-9]{1,20}")
_ISO_8601 = re.compile(r"\d{4}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d+)?([Zz]|[+-]\d{2}:\d{2})", re.ASCII)
_NAMED_FLOATS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def serialization_error(message: str) -> ServiceError:
    """The refusal of what cannot be read at all, before any constraint is looked at."""
    return ServiceError("SerializationException", message)


WHOLE_SECONDS = "iso8601 in whole seconds"
ZERO_MILLISECONDS = "iso8601 in whole seconds, with milliseconds of zero"
"""Two formats that no model names."""


def timestamp_to_wire(moment: datetime | float, timestamp_format: str) -> str | float:
    """Write an aware datetime, or seconds since 1970, cut to milliseconds.

    timestamp_format: "unixTimestamp" gives a number, "iso8601" and "rfc822" give text, and so do the two of our own.
        Case is ignored.
    """
    if not isinstance(moment, datetime):
        moment = EPOCH + timedelta(seconds=moment)
    wanted = timestamp_format.lower()
    if wanted == "unixtimestamp":
        return (moment - EPOCH) // _MILLISECOND / 1000
    moment = moment.astimezone(UTC)
    if wanted == "rfc822":
        return format_datetime(moment.replace(microsecond=0), usegmt=True)
    if timestamp_format == ZERO_MILLISECONDS:
        return moment.replace(tzinfo=None).isoformat(timespec="seconds") + ".000Z"
    has_fraction = moment.microsecond >= 1000 and timestamp_format != WHOLE_SECONDS
    precision = "milliseconds" if has_fraction else "seconds"
    return moment.isoformat(timespec=precision).removesuffix("+00:00") + "Z"


def timestamp_from_wire(value: Any, timestamp_format: str) -> datetime:
    """Read a timestamp in its format; a datetime that is already read passes.

    Raises: ServiceError SerializationException.
    """
    if isinstance(value, datetime):
        return value
    try:
        if timestamp_format.lower() == "unixtimestamp":
            return _from_seconds(value)
        return _from_date_text(value, timestamp_format.lower())
    except (ValueError, OverflowError, TypeError):
        raise serialization_error("The timestamp could not be read: expected " + timestamp_format) from None


def _from_seconds(value: Any) -> datetime:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise TypeError("not a number")
    return EPOCH + timedelta(seconds=value)


def _from_date_text(value: Any, wanted: str) -> datetime:
    if not isinstance(value, str):
        raise TypeError("not a text")
    if wanted == "rfc822":
        moment = parsedate_to_datetime(value)
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment
    if _ISO_8601.fullmatch(value) is None:
        raise ValueError("not ISO 8601")
    return datetime.fromisoformat(value.upper())


def blob_to_wire(value: bytes | bytearray | str) -> str:
    """Write bytes as base64; text stands for its UTF-8 bytes."""
    return base64.b64encode(value.encode() if isinstance(value, str) else value).decode("ascii")


def blob_from_wire(value: str) -> bytes:
    """Read base64, strictly. Raises: ServiceError SerializationException."""
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, ValueError):
        raise serialization_error("only base-64-encoded strings are convertible to bytes") from None


def float_to_wire(value: float) -> float | str:
    """JSON has no name for infinities and NaN: they travel as text."""
    if math.isfinite(value):
        return value
    return "NaN" if math.isnan(value) else "Infinity" if value > 0 else "-Infinity"


def float_from_text(text: str) -> float:
    """Raises: ServiceError SerializationException."""
    try:
        return _NAMED_FLOATS[text] if text in _NAMED_FLOATS else _finite(float(text))
    except ValueError:
        raise serialization_error("STRING_VALUE can not be converted to a Double") from None


def _finite(value: float) -> float:
    if not math.isfinite(value):
        raise ValueError("spelt otherwise than AWS does")
    return value


def from_text(shape: Any, text: str, timestamp_format: str) -> Any:
    """Read a scalar that stands as plain text in a path, a query, a header or a form.

    timestamp_format: that of the place, for shapes that name none.
    Raises: ServiceError SerializationException.
    """
    match shape.type_name:
        case "boolean":
            return _boolean_from_text(text)
        case "integer" | "long" | "short" | "byte":
            return _integer_from_text(text)
        case "float" | "double":
            return float_from_text(text)
        case "timestamp":
            return _timestamp_from_text(text, shape.serialization.get("timestampFormat", timestamp_format))
        case "blob":
            return blob_from_wire(text)
        case _:
            return text


def _boolean_from_text(text: str) -> bool:
    if text not in ("true", "false"):
        raise serialization_error("STRING_VALUE can not be converted to a Boolean")
    return text == "true"


def _integer_from_text(text: str) -> int:
    if _INTEGER.fullmatch(text) is None:
        raise serialization_error("STRING_VALUE can not be converted to an Integer")
    return int(text)


def _timestamp_from_text(text: str, timestamp_format: str) -> datetime:
    is_number = timestamp_format.lower() == "unixtimestamp"
    return timestamp_from_wire(float_from_text(text) if is_number else text, timestamp_format)


def to_text(shape: Any, value: Any, timestamp_format: str) -> str:
    """Write a scalar as plain text: the opposite of `from_text`."""
    match shape.type_name:
        case "boolean":
            return "true" if value else "false"
        case "float" | "double":
            return str(float_to_wire(value))
        case "timestamp":
            written = timestamp_to_wire(value, shape.serialization.get("timestampFormat", timestamp_format))
            return f"{written:.3f}" if isinstance(written, float) else str(written)
        case "blob":
            return blob_to_wire(value)
        case _:
            return str(value)
