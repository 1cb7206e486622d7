"""The order in which AWS lists the values of an enumeration: not the model's, but that of a hash table.

"... failed to satisfy constraint: Member must satisfy enum value set: [HMAC_SHA_384, HMAC_SHA_256, ...]"
Source: observed in answers of KMS, DynamoDB and Kinesis, services that speak awsJson: eleven lists of 2 to 13 values
all stand in the order of Java's String.hashCode modulo 32; two values of one slot in that of the alphabet.
"""

from __future__ import annotations

from collections.abc import Iterable

_SLOTS = 32
_FULL = 0.75
"""The part of a table in use at which Java's doubles. No list that was observed is so long."""


def in_hash_order(values: Iterable[str]) -> list[str]:
    names = sorted(values)
    slots = _SLOTS
    while len(names) > slots * _FULL:
        slots *= 2
    return sorted(names, key=lambda name: _java_hash(name) % slots)


def _java_hash(text: str) -> int:
    """`String.hashCode`, modulo 2 to the 32nd: the sign does not matter to a slot."""
    value = 0
    for character in text:
        value = (31 * value + ord(character)) & 0xFFFFFFFF
    return value
