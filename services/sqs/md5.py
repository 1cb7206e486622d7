"""The MD5 digests by which clients check what SQS took and gave. A checksum against accidents, not a protection.

Source: "Calculating the MD5 message digest for message attributes" of the SQS Developer Guide.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

_STRING, _BINARY = b"\x01", b"\x02"


def of_body(body: str) -> str:
    return _md5(body.encode())


def of_attributes(attributes: Mapping[str, Any]) -> str | None:
    """None for a message without attributes.

    Layout per attribute, sorted by name: name, data type, transport type (1 byte), value; each but the third with
    its length in 4 bytes, big endian, before it.
    """
    if not attributes:
        return None
    encoded = b""
    for name, attribute in sorted(attributes.items()):
        is_binary = "BinaryValue" in attribute
        value = attribute["BinaryValue"] if is_binary else attribute["StringValue"].encode()
        encoded += _sized(name.encode()) + _sized(attribute["DataType"].encode())
        encoded += (_BINARY if is_binary else _STRING) + _sized(value)
    return _md5(encoded)


def _sized(data: bytes) -> bytes:
    return len(data).to_bytes(4, "big") + data


def _md5(data: bytes) -> str:
    return hashlib.md5(data, usedforsecurity=False).hexdigest()
