"""The checksums of S3: the algorithms, their headers, and what they make of parts.

CRC-32C, CRC-64/NVME and the XXHashes come from the AWS Common Runtime, with which the AWS CLI and SDKs compute them.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity.html
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

COMPOSITE, FULL_OBJECT = "COMPOSITE", "FULL_OBJECT"
"""How the checksum of parts is made: of the parts' checksums, or as if the object had come in one piece."""

DEFAULT_ALGORITHM = "CRC64NVME"
"""What S3 computes of an object whose sender names none."""


class Checksum:
    """A running checksum."""

    def update(self, data: bytes) -> None:
        raise NotImplementedError

    def digest(self) -> bytes:
        raise NotImplementedError

    def text(self) -> str:
        """As it stands in headers: base64."""
        return base64.b64encode(self.digest()).decode("ascii")


class _Hash(Checksum):
    def __init__(self, name: str) -> None:
        self._hash = hashlib.new(name, usedforsecurity=False)

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return self._hash.digest()


class _XxHash(Checksum):
    """name: of the runtime's constructor."""

    def __init__(self, name: str) -> None:
        self._hash = getattr(_runtime("XXHash"), name)()

    def update(self, data: bytes) -> None:
        self._hash.update(data)

    def digest(self) -> bytes:
        return bytes(self._hash.finalize())


class _Crc(Checksum):
    def __init__(self, step: Callable[[bytes, int], int], length_bytes: int) -> None:
        self._step = step
        self._value = 0
        self._length_bytes = length_bytes

    def update(self, data: bytes) -> None:
        self._value = self._step(data, self._value)

    def digest(self) -> bytes:
        return self._value.to_bytes(self._length_bytes, "big")


def _runtime(name: str) -> Any:
    from awscrt import checksums

    return getattr(checksums, name)


@dataclass(frozen=True)
class Algorithm:
    """name: as in ChecksumAlgorithm. combines: whether parts make a FULL_OBJECT checksum; only CRCs do.

    types: what an upload of parts may ask for, the default first.
    """

    name: str
    new: Callable[[], Checksum]
    types: tuple[str, ...]
    length_bytes: int

    @property
    def header(self) -> str:
        return f"x-amz-checksum-{self.name.lower()}"

    @property
    def member(self) -> str:
        return f"Checksum{self.name}"

    def is_well_formed(self, text: str) -> bool:
        """Whether a stated value is base64 of as many bytes as the algorithm gives."""
        try:
            return len(base64.b64decode(text, validate=True)) == self.length_bytes
        except ValueError:
            return False


ALGORITHMS: dict[str, Algorithm] = {
    algorithm.name: algorithm
    for algorithm in (
        Algorithm("CRC32", lambda: _Crc(zlib.crc32, 4), (COMPOSITE, FULL_OBJECT), 4),
        Algorithm("CRC32C", lambda: _Crc(_runtime("crc32c"), 4), (COMPOSITE, FULL_OBJECT), 4),
        Algorithm("CRC64NVME", lambda: _Crc(_runtime("crc64nvme"), 8), (FULL_OBJECT,), 8),
        Algorithm("SHA1", lambda: _Hash("sha1"), (COMPOSITE,), 20),
        Algorithm("SHA256", lambda: _Hash("sha256"), (COMPOSITE,), 32),
        Algorithm("SHA512", lambda: _Hash("sha512"), (COMPOSITE,), 64),
        Algorithm("MD5", lambda: _Hash("md5"), (COMPOSITE,), 16),
        Algorithm("XXHASH64", lambda: _XxHash("new_xxhash64"), (COMPOSITE,), 8),
        Algorithm("XXHASH3", lambda: _XxHash("new_xxhash3_64"), (COMPOSITE,), 8),
        Algorithm("XXHASH128", lambda: _XxHash("new_xxhash3_128"), (COMPOSITE,), 16),
    )
}


def composite(algorithm: Algorithm, parts: Sequence[str]) -> str:
    """The checksum of the parts' checksums, with their number. parts: base64, in order."""
    whole = algorithm.new()
    for part in parts:
        whole.update(base64.b64decode(part))
    return f"{whole.text()}-{len(parts)}"


def combined(algorithm: Algorithm, parts: Sequence[tuple[str, int]]) -> str:
    """The checksum of what the parts make together, out of their own. parts: base64 and length, in order."""
    combine = _runtime(f"combine_{algorithm.name.lower()}")
    value = 0
    for text, length in parts:
        value = combine(value, int.from_bytes(base64.b64decode(text), "big"), length)
    return base64.b64encode(value.to_bytes(algorithm.length_bytes, "big")).decode("ascii")
