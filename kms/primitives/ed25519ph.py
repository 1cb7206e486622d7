"""Ed25519ph: Ed25519 of a message's SHA-512 digest, with an empty context. RFC 8032, section 5.1.

libsodium alone of the libraries at hand has it.
"""

from __future__ import annotations

from nacl import bindings
from nacl.exceptions import BadSignatureError


def sign(seed: bytes, message: bytes) -> bytes:
    """seed: the private key, 32 bytes. message: what is hashed here, once."""
    _, secret = bindings.crypto_sign_seed_keypair(seed)
    return bindings.crypto_sign_ed25519ph_final_create(_hashed(message), secret)


def verifies(public: bytes, message: bytes, signature: bytes) -> bool:
    """public: 32 bytes."""
    if len(signature) != bindings.crypto_sign_BYTES:
        return False
    try:
        return bindings.crypto_sign_ed25519ph_final_verify(_hashed(message), signature, public)
    except BadSignatureError:
        return False


def _hashed(message: bytes) -> bindings.crypto_sign_ed25519ph_state:
    state = bindings.crypto_sign_ed25519ph_state()
    bindings.crypto_sign_ed25519ph_update(state, message)
    return state
