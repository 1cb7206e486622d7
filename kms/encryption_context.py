"""The encryption context as bytes: what KMS binds to a ciphertext as additional authenticated data."""

from __future__ import annotations

from collections.abc import Mapping

EncryptionContext = Mapping[str, str]


def encryption_context_to_aad(encryption_context: EncryptionContext) -> bytes:
    """Encode an encryption context as AAD: one byte string per distinct context.

    Layout, big endian: pair count, 2 bytes; then per pair, sorted by UTF-8 key: key length, 2 bytes; key; value
    length, 2 bytes; value. An empty context is two zero bytes.
    Raises: OverflowError if the pair count, or a key or value in bytes, exceeds 65,535.
    Source: our choice, after the AWS Encryption SDK's encoding.
    """
    pairs = sorted((key.encode(), value.encode()) for key, value in encryption_context.items())
    aad = len(pairs).to_bytes(2, "big")
    for key, value in pairs:
        aad += len(key).to_bytes(2, "big") + key + len(value).to_bytes(2, "big") + value
    return aad
