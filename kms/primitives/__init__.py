"""The cryptographic primitives, and the only package that imports `cryptography`.

AES-256-GCM (NIST SP 800-38D), the KDF in counter mode with HMAC-SHA256 (NIST SP 800-108), HMAC-SHA256 (RFC 2104).
"""

from __future__ import annotations

import hashlib
import hmac
import os
from typing import NoReturn

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.kbkdf import KBKDFHMAC, CounterLocation, Mode

KEY_BYTES = 32
GCM_NONCE_BYTES = 12
TAG_BYTES = 16


class AuthenticationFailed(Exception):
    """The ciphertext, its nonce, its key or its additional data is not what it was when it was encrypted."""


class KeyMaterial:
    """Secret bytes that do not show themselves: not in a repr, not in a pickle, compared in constant time."""

    __slots__ = ("_material",)

    def __init__(self, material: bytes) -> None:
        self._material = bytes(material)

    def reveal(self) -> bytes:
        """The bytes themselves, for the primitive that uses them."""
        return self._material

    def __eq__(self, other: object) -> bool:
        return isinstance(other, KeyMaterial) and constant_time_equal(self._material, other._material)

    def __hash__(self) -> int:
        return id(type(self))

    def __repr__(self) -> str:
        return f"KeyMaterial(<{len(self._material)} bytes hidden>)"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Key material cannot be pickled.")


class Aead:
    """AES-256-GCM under one key, kept for many messages."""

    __slots__ = ("_cipher",)

    def __init__(self, key: bytes) -> None:
        self._cipher = AESGCM(key)

    def encrypt(self, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
        """Ciphertext and its 16-byte tag. nonce: 12 bytes, never used twice under one key."""
        return self._cipher.encrypt(nonce, plaintext, aad)

    def decrypt(self, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
        """Raises: AuthenticationFailed."""
        if len(ciphertext) < TAG_BYTES:
            raise AuthenticationFailed
        try:
            return self._cipher.decrypt(nonce, ciphertext, aad)
        except InvalidTag as error:
            raise AuthenticationFailed from error


def random_bytes(length_bytes: int) -> bytes:
    """From the operating system's generator."""
    return os.urandom(length_bytes)


def aead_encrypt(key: bytes, nonce: bytes, plaintext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM: ciphertext and its 16-byte tag."""
    return Aead(key).encrypt(nonce, plaintext, aad)


def aead_decrypt(key: bytes, nonce: bytes, ciphertext: bytes, aad: bytes) -> bytes:
    """AES-256-GCM. Raises: AuthenticationFailed."""
    return Aead(key).decrypt(nonce, ciphertext, aad)


def derive_key(key: bytes, *, label: bytes, context: bytes, length_bytes: int = KEY_BYTES) -> bytes:
    """A key for one purpose and one context.

    Fixed input: label, a zero byte, context, length in bits as 4 bytes. Source: NIST SP 800-108r1, section 4.1.
    """
    fixed_input = label + b"\0" + context + (length_bytes * 8).to_bytes(4, "big")
    return kdf_counter_mode(key, fixed_input, length_bytes)


def kdf_counter_mode(key: bytes, fixed_input: bytes, length_bytes: int) -> bytes:
    """The KDF in counter mode with HMAC-SHA256: a counter of 32 bits before the fixed input."""
    return KBKDFHMAC(
        algorithm=hashes.SHA256(),
        mode=Mode.CounterMode,
        length=length_bytes,
        rlen=4,
        llen=None,
        location=CounterLocation.BeforeFixed,
        label=None,
        context=None,
        fixed=fixed_input,
    ).derive(key)


def hmac_sha256(key: bytes, data: bytes) -> bytes:
    return hmac.digest(key, data, hashlib.sha256)


def hmac_of(algorithm: str, key: bytes, data: bytes) -> bytes:
    """algorithm: as KMS names them: HMAC_SHA_224, _256, _384 or _512."""
    return hmac.digest(key, data, algorithm.removeprefix("HMAC_").replace("_", "").lower())


def constant_time_equal(one: bytes, other: bytes) -> bool:
    return hmac.compare_digest(one, other)
