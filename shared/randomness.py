"""Where ids come from. Key material and nonces never do: those are the operating system's, in `kms/primitives.py`."""

from __future__ import annotations

import hashlib
import hmac
import os
import string
import uuid

from shared.database import Database

_POSITION = "randomness_position"
_ALPHANUMERIC = string.ascii_letters + string.digits
_BASE32 = string.ascii_uppercase + "234567"


class Randomness:
    """Ids: unpredictable, or with a seed the same for the same calls in the same order.

    A seeded sequence notes its position in the database with each request, so that a restart goes on where it
    was and repeats no id.
    """

    def __init__(self, database: Database, seed: int | None = None) -> None:
        self._database = database
        self._seed = None if seed is None else f"connect-at-rest {seed}".encode()
        self._position = int(database.get_meta(_POSITION) or 0) if seed is not None else 0
        self._saved_position = self._position

    def token_bytes(self, length_bytes: int) -> bytes:
        if self._seed is None:
            return os.urandom(length_bytes)
        blocks = b""
        while len(blocks) < length_bytes:
            self._position += 1
            blocks += hmac.digest(self._seed, self._position.to_bytes(8, "big"), hashlib.sha256)
        return blocks[:length_bytes]

    def hex(self, digits: int) -> str:
        return self.token_bytes((digits + 1) // 2).hex()[:digits]

    def uuid(self) -> str:
        return str(uuid.UUID(bytes=self.token_bytes(16), version=4))

    def alphanumeric(self, length: int) -> str:
        """The form of Voice ID's identifiers."""
        return _spell(self.token_bytes(length * 2), _ALPHANUMERIC)

    def base32(self, length: int) -> str:
        """The form of IAM's unique ids and access key ids."""
        return _spell(self.token_bytes(length * 2), _BASE32)

    def save_position(self) -> None:
        if self._seed is not None and self._position != self._saved_position:
            self._database.set_meta(_POSITION, str(self._position))
            self._saved_position = self._position

    def reset(self) -> None:
        self._position = 0
        self._saved_position = 0


def _spell(random_bytes: bytes, alphabet: str) -> str:
    pairs = zip(random_bytes[::2], random_bytes[1::2], strict=True)
    return "".join(alphabet[(high << 8 | low) % len(alphabet)] for high, low in pairs)
