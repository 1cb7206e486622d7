"""The envelope: a stored record sealed under a data key, bound to its place.

Layout: version, 1 byte (1); data key id, 16 bytes; nonce, 12 bytes; ciphertext; tag, 16 bytes. The AAD binds the
header, the service, the scope, the data class and the record id, each preceded by its length in 4 bytes: a row that is
moved, swapped, or rolled onto another id does not open. Source: our choice, after NIST SP 800-38D.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from functools import lru_cache

from kms import primitives
from kms.errors import RecordRejected
from kms.primitives import GCM_NONCE_BYTES, TAG_BYTES, Aead, AuthenticationFailed

VERSION = 1
_HEADER_BYTES = 1 + 16


@dataclass(frozen=True)
class RecordPlace:
    """Where a record belongs."""

    service: str
    scope_arn: str
    data_class: str
    record_id: str

    def to_aad(self) -> bytes:
        return _class_aad(self.service, self.scope_arn, self.data_class) + _with_length(self.record_id.encode())


@dataclass(frozen=True)
class ChunkPlace:
    """Where a chunk of a long content belongs: in a record, a piece of it, at an index, as the last one or not.

    AAD: the record's; then piece id, part number and index in decimal, and "last" or "more", each with its length.
    """

    record: RecordPlace
    piece_id: str
    part: int
    index: int
    is_last: bool

    def to_aad(self) -> bytes:
        parts = (self.piece_id, str(self.part), str(self.index), "last" if self.is_last else "more")
        return self.record.to_aad() + b"".join(_with_length(part.encode()) for part in parts)


class SealingKey:
    """A data key in use: seals and opens the records of one data class of one scope.

    Nonces are random; 2**32 records under one data key keep a collision less likely than 2**-32.
    """

    def __init__(self, data_key_id: str, key: bytes) -> None:
        self.data_key_id = data_key_id
        self._header = bytes([VERSION]) + uuid.UUID(data_key_id).bytes
        self._aead = Aead(key)

    def seal(self, plaintext: bytes, place: RecordPlace | ChunkPlace) -> bytes:
        nonce = primitives.random_bytes(GCM_NONCE_BYTES)
        return self._header + nonce + self._aead.encrypt(nonce, plaintext, self._header + place.to_aad())

    def open(self, unverified_envelope: bytes, place: RecordPlace | ChunkPlace) -> bytes:
        """Raises: RecordRejected if the envelope was damaged, sealed under another data key or for another place."""
        if len(unverified_envelope) < _HEADER_BYTES + GCM_NONCE_BYTES + TAG_BYTES:
            raise RecordRejected("The record is too short to be sealed.")
        if unverified_envelope[:_HEADER_BYTES] != self._header:
            raise RecordRejected("The record was not sealed under this data key.")
        nonce = unverified_envelope[_HEADER_BYTES : _HEADER_BYTES + GCM_NONCE_BYTES]
        ciphertext = unverified_envelope[_HEADER_BYTES + GCM_NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, ciphertext, self._header + place.to_aad())
        except AuthenticationFailed as error:
            raise RecordRejected("The record does not open at its place.") from error


def blind_index(index_key: bytes, *, field: str, value: str) -> str:
    """What stands for a protected value in equality look-ups: hex, one way without the key.

    The exact characters count; nothing is normalised. The field is bound, so that equal values of two fields differ.
    """
    return primitives.hmac_sha256(index_key, _with_length(field.encode()) + value.encode()).hex()


def _with_length(part: bytes) -> bytes:
    return len(part).to_bytes(4, "big") + part


@lru_cache(maxsize=1_024)
def _class_aad(service: str, scope_arn: str, data_class: str) -> bytes:
    """The beginning of the AAD, which all records of a class share."""
    return b"".join(_with_length(part.encode()) for part in (service, scope_arn, data_class))
