"""Ciphertexts under encryption keys of either kind: what they say of themselves, how they are made and opened.

A symmetric key's names its key and is bound to its encryption context. An RSA key's is bare: nothing in it names
anything.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from kms import backing_keys, errors, key_specs
from kms.ciphertext_blob import CiphertextBlob
from kms.encryption_context import EncryptionContext
from kms.engine import Engine
from kms.key import KmsKey
from kms.key_specs import SYMMETRIC_DEFAULT
from kms.primitives import asymmetric


@dataclass(frozen=True)
class Ciphertext:
    """A ciphertext as a caller gives it, with what the caller says of it. unverified_bytes: None if none counts."""

    unverified_bytes: bytes | None
    key_id: str | None
    encryption_context: EncryptionContext | None
    algorithm: str

    @cached_property
    def blob(self) -> CiphertextBlob:
        """Of a symmetric key. Raises: CiphertextRejected."""
        return CiphertextBlob.parse(self.given)

    @property
    def given(self) -> bytes:
        if self.unverified_bytes is None:
            raise LookupError("A dry run without a ciphertext goes no further than the caller's right.")
        return self.unverified_bytes

    @property
    def names_its_key(self) -> bool:
        return self.unverified_bytes is not None and self.algorithm == SYMMETRIC_DEFAULT


def encrypt_under(
    engine: Engine, key: KmsKey, plaintext: bytes, encryption_context: EncryptionContext | None, algorithm: str
) -> tuple[bytes, str | None]:
    """A ciphertext, and the id of the key material that made it if it is a symmetric key's."""
    backing_key = backing_keys.current(engine, key)
    if key_specs.is_symmetric(key):
        return backing_key.encrypt(plaintext, encryption_context or {}), backing_key.backing_key_id
    try:
        return asymmetric.encrypt(asymmetric.public_key(backing_key.material.reveal()), algorithm, plaintext), None
    except asymmetric.BadLength as error:
        most = asymmetric.longest_plaintext(int(key.key_spec.removeprefix("RSA_")), algorithm)
        raise errors.InvalidRequest(
            f"Algorithm {algorithm} and key spec {key.key_spec} cannot encrypt data larger than {most} bytes."
        ) from error


def decrypt_under(engine: Engine, key: KmsKey, sealed: Ciphertext) -> tuple[bytes, str | None]:
    """A plaintext, and the id of the key material that sealed it. Raises: CiphertextRejected."""
    if key_specs.is_symmetric(key):
        backing_key = backing_keys.get(engine, key, sealed.blob.backing_key_id)
        return backing_key.decrypt(sealed.blob, sealed.encryption_context or {}), backing_key.backing_key_id
    private = backing_keys.current(engine, key).material.reveal()
    try:
        return asymmetric.decrypt(private, sealed.algorithm, sealed.given), None
    except asymmetric.DecryptionFailed as error:
        raise errors.CiphertextRejected from error
