"""The key hierarchy: the domain key wraps backing keys, backing keys wrap data keys and encrypt small data.

The domain key stands for the HSM: 32 bytes in a file of its own, readable by its owner alone, never in the database.
Follows "AWS KMS key hierarchy" of the AWS KMS Cryptographic Details.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from kms import primitives
from kms.ciphertext_blob import NONCE_BYTES, TAG_BYTES, CiphertextBlob, header
from kms.encryption_context import encryption_context_to_aad
from kms.errors import CiphertextRejected, DomainKeyError
from kms.primitives import AuthenticationFailed, KeyMaterial

_FILE_HEADER = b"connect-at-rest domain key 1\n"
_FILE_MODE = 0o600
_WRAPPING_LABEL = b"connect-at-rest wrap"
_IDENTITY_LABEL = b"connect-at-rest domain key identity"
_MESSAGE_LABEL = b"connect-at-rest message key"
_DIGEST_LABEL = b"connect-at-rest digest"
_MATERIAL_LABEL = b"connect-at-rest key material id"
# A message key encrypts one message, so its nonce need not differ from any other's.
_MESSAGE_NONCE = bytes(primitives.GCM_NONCE_BYTES)


class DomainKey:
    """The local root. It wraps secrets for their rest on disk; nothing else ever sees it."""

    def __init__(self, material: KeyMaterial) -> None:
        secret = material.reveal()
        self._wrapping = primitives.Aead(primitives.derive_key(secret, label=_WRAPPING_LABEL, context=b""))
        self._digest_key = primitives.derive_key(secret, label=_DIGEST_LABEL, context=b"")
        self.identity = primitives.derive_key(secret, label=_IDENTITY_LABEL, context=b"", length_bytes=16).hex()

    @classmethod
    def ephemeral(cls) -> DomainKey:
        """A domain key that dies with the process."""
        return cls(KeyMaterial(primitives.random_bytes(primitives.KEY_BYTES)))

    @classmethod
    def create(cls, path: Path) -> DomainKey:
        """Make a domain key and keep it at `path`, durably, before it is used.

        Raises: FileExistsError; a domain key is never overwritten.
        """
        material = primitives.random_bytes(primitives.KEY_BYTES)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        with os.fdopen(descriptor, "wb") as file:
            file.write(_FILE_HEADER + material)
            file.flush()
            os.fsync(file.fileno())
        directory = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(directory)
        finally:
            os.close(directory)
        return cls(KeyMaterial(material))

    @classmethod
    def load(cls, path: Path) -> DomainKey:
        """Read the domain key at `path`. Raises: DomainKeyError, in one line, if it cannot be used."""
        try:
            mode = stat.S_IMODE(path.stat().st_mode)
            content = path.read_bytes()
        except FileNotFoundError:
            raise DomainKeyError(f"{path} is missing; without it the database cannot be opened.") from None
        except OSError as error:
            raise DomainKeyError(f"{path} cannot be read: {error.strerror}.") from error
        if mode & 0o077:
            raise DomainKeyError(f"{path} is open to others (mode {mode:04o}); chmod it to 0600.")
        if not content.startswith(_FILE_HEADER) or len(content) != len(_FILE_HEADER) + primitives.KEY_BYTES:
            raise DomainKeyError(f"{path} is damaged: it holds no domain key.")
        return cls(KeyMaterial(content[len(_FILE_HEADER) :]))

    def digest(self, data: bytes) -> str:
        """What stands for data that need only be recognised: hex, and without the domain key no guess can be tried."""
        return primitives.hmac_sha256(self._digest_key, data).hex()

    def wrap(self, material: bytes, *, binding: bytes) -> bytes:
        """Wrap a secret; it opens with the same binding only.

        Layout: nonce, 12 bytes; ciphertext; tag, 16 bytes. binding: the AAD, which says whose secret this is.
        """
        nonce = primitives.random_bytes(primitives.GCM_NONCE_BYTES)
        return nonce + self._wrapping.encrypt(nonce, material, binding)

    def unwrap(self, wrapped: bytes, *, binding: bytes) -> KeyMaterial:
        """Raises: DomainKeyError if the secret was wrapped by another domain key, for another place, or changed."""
        nonce, ciphertext = wrapped[: primitives.GCM_NONCE_BYTES], wrapped[primitives.GCM_NONCE_BYTES :]
        try:
            return KeyMaterial(self._wrapping.decrypt(nonce, ciphertext, binding))
        except AuthenticationFailed as error:
            raise DomainKeyError("A wrapped key does not open under this domain key.") from error


@dataclass(frozen=True)
class BackingKey:
    """One generation of a KMS key's material. backing_key_id: 64 lower-case hex digits."""

    backing_key_id: str
    key_id: str
    material: KeyMaterial

    def encrypt(self, plaintext: bytes, encryption_context: Mapping[str, str]) -> bytes:
        """A serialised ciphertext blob, under a key derived for this message alone."""
        nonce = primitives.random_bytes(NONCE_BYTES)
        aad = header(self.key_id, self.backing_key_id) + encryption_context_to_aad(encryption_context)
        sealed = primitives.aead_encrypt(self._message_key(nonce), _MESSAGE_NONCE, plaintext, aad)
        blob = CiphertextBlob(self.key_id, self.backing_key_id, nonce, sealed[:-TAG_BYTES], sealed[-TAG_BYTES:])
        return blob.to_bytes()

    def decrypt(self, blob: CiphertextBlob, encryption_context: Mapping[str, str]) -> bytes:
        """Raises: CiphertextRejected if blob or context is not what was encrypted."""
        aad = blob.header + encryption_context_to_aad(encryption_context)
        sealed = blob.ciphertext + blob.tag
        try:
            return primitives.aead_decrypt(self._message_key(blob.nonce), _MESSAGE_NONCE, sealed, aad)
        except AuthenticationFailed as error:
            raise CiphertextRejected from error

    def _message_key(self, nonce: bytes) -> bytes:
        return primitives.derive_key(self.material.reveal(), label=_MESSAGE_LABEL, context=nonce)


def key_material_id(key_id: str, material: KeyMaterial) -> str:
    """The 64 hex digits that name a key material: the same bytes in the same KMS key have the same name.

    Derived one way, so it reveals nothing of the material. Source: our choice; AWS's derivation is not published.
    """
    return primitives.derive_key(material.reveal(), label=_MATERIAL_LABEL, context=key_id.encode()).hex()
