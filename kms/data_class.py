"""A class of data that a service protects, declared once: comparison, redaction and canary tests follow from it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class DataClass:
    """name: as in the store. protects: the API members whose values are only ever stored sealed.

    ownerships: the ownership kinds it can be under, the default first. claims: what the seed says of it.
    """

    name: str
    title: str
    protects: frozenset[str]
    ownerships: tuple[str, ...]
    claims: tuple[str, ...] = ()
