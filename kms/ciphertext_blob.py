"""The ciphertext blob: KMS's whole opaque output, which names its key and backing key itself.

Layout, big endian: version, 1 byte (1); length of the key id, 1 byte; key id, ASCII; backing key id, 32 bytes; nonce,
16 bytes; ciphertext; tag, 16 bytes. Everything before the nonce is the header, bound to the ciphertext as AAD.
Source: our choice; the real layout is not published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from kms.errors import CiphertextRejected

VERSION = 1
NONCE_BYTES = 16
TAG_BYTES = 16
_BACKING_KEY_ID_BYTES = 32
_KEY_ID = re.compile(r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})\Z")


@dataclass(frozen=True)
class CiphertextBlob:
    """key_id: UUID or mrk- id. backing_key_id: 64 lower-case hex digits. nonce, tag: 16 bytes each."""

    key_id: str
    backing_key_id: str
    nonce: bytes
    ciphertext: bytes
    tag: bytes

    @property
    def header(self) -> bytes:
        return header(self.key_id, self.backing_key_id)

    def to_bytes(self) -> bytes:
        return self.header + self.nonce + self.ciphertext + self.tag

    @classmethod
    def parse(cls, unverified_blob: bytes) -> CiphertextBlob:
        """Read a blob without trusting it: what it says is proven only by decrypting.

        Raises: CiphertextRejected for anything that is not of this layout.
        """
        if len(unverified_blob) < 2 or unverified_blob[0] != VERSION:
            raise CiphertextRejected
        key_id_end = 2 + unverified_blob[1]
        nonce_start = key_id_end + _BACKING_KEY_ID_BYTES
        ciphertext_start = nonce_start + NONCE_BYTES
        if len(unverified_blob) < ciphertext_start + TAG_BYTES:
            raise CiphertextRejected
        key_id = unverified_blob[2:key_id_end].decode("ascii", "replace")
        if not _KEY_ID.match(key_id):
            raise CiphertextRejected
        return cls(
            key_id=key_id,
            backing_key_id=unverified_blob[key_id_end:nonce_start].hex(),
            nonce=unverified_blob[nonce_start:ciphertext_start],
            ciphertext=unverified_blob[ciphertext_start:-TAG_BYTES],
            tag=unverified_blob[-TAG_BYTES:],
        )


def header(key_id: str, backing_key_id: str) -> bytes:
    """The part of a blob that says which key opens it."""
    name = key_id.encode("ascii")
    return bytes([VERSION, len(name)]) + name + bytes.fromhex(backing_key_id)
