"""Fresh key material for each kind of key: random bytes, or a private key."""

from __future__ import annotations

from kms import primitives
from kms.key_specs import SYMMETRIC_DEFAULT
from kms.primitives import asymmetric


def generate(spec: str) -> bytes:
    """32 bytes for a symmetric key, the bytes of its hash for an HMAC key, PKCS #8 for a key pair."""
    if spec == SYMMETRIC_DEFAULT:
        return primitives.random_bytes(primitives.KEY_BYTES)
    if spec.startswith("HMAC_"):
        return primitives.random_bytes(int(spec.removeprefix("HMAC_")) // 8)
    return asymmetric.generate(spec)
