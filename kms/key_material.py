"""Key material for each kind of key, random bytes or a private key: made here, or brought by a customer."""

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


# Shortest and longest material of an imported HMAC key, in bytes. Source: "Importing key material step 3".
_HMAC_BYTES = {"HMAC_224": (28, 64), "HMAC_256": (32, 64), "HMAC_384": (48, 128), "HMAC_512": (64, 128)}


def fits(spec: str, material: bytes) -> bool:
    """Whether material that a customer brings can be that of a key of this spec."""
    if spec == SYMMETRIC_DEFAULT:
        return len(material) == primitives.KEY_BYTES
    if spec in _HMAC_BYTES:
        shortest, longest = _HMAC_BYTES[spec]
        return shortest <= len(material) <= longest
    return asymmetric.fits(material, spec)
