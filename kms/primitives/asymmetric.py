"""Key pairs: RSA, ECDSA and ECDH on the NIST curves and secp256k1, Ed25519 and Ed25519ph, ML-DSA, ML-KEM.

Keys go in and out as DER: private ones as PKCS #8, public ones as SubjectPublicKeyInfo. RSA follows RFC 8017, ECDSA
signatures are DER (ANS X9.62), Ed25519 is RFC 8032, ML-DSA is FIPS 204, ML-KEM is FIPS 203. What is private was made
here, or has passed `fits` before it was stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, mldsa, mlkem, padding, rsa, utils

from kms.primitives import ed25519ph

RAW, DIGEST, EXTERNAL_MU = "RAW", "DIGEST", "EXTERNAL_MU"
MU_BYTES = 64

_HASHES: dict[str, type[hashes.HashAlgorithm]] = {
    "SHA_1": hashes.SHA1,
    "SHA_256": hashes.SHA256,
    "SHA_384": hashes.SHA384,
    "SHA_512": hashes.SHA512,
}
_CURVES: dict[str, type[ec.EllipticCurve]] = {
    "ECC_NIST_P256": ec.SECP256R1,
    "ECC_NIST_P384": ec.SECP384R1,
    "ECC_NIST_P521": ec.SECP521R1,
    "ECC_SECG_P256K1": ec.SECP256K1,
}
_GENERATORS: dict[str, Callable[[], Any]] = {
    "ECC_NIST_EDWARDS25519": ed25519.Ed25519PrivateKey.generate,
    "ML_DSA_44": mldsa.MLDSA44PrivateKey.generate,
    "ML_DSA_65": mldsa.MLDSA65PrivateKey.generate,
    "ML_DSA_87": mldsa.MLDSA87PrivateKey.generate,
    "ML_KEM_768": mlkem.MLKEM768PrivateKey.generate,
    "ML_KEM_1024": mlkem.MLKEM1024PrivateKey.generate,
}
_RSA_EXPONENT = 65_537

WRAPPING_ALGORITHMS: dict[str, str] = {
    "RSAES_OAEP_SHA_1": "RSAES_OAEP_SHA_1",
    "RSAES_OAEP_SHA_256": "RSAES_OAEP_SHA_256",
    "RSA_AES_KEY_WRAP_SHA_1": "RSAES_OAEP_SHA_1",
    "RSA_AES_KEY_WRAP_SHA_256": "RSAES_OAEP_SHA_256",
}
"""How material can be wrapped for import -> the RSA part of it; the rest of RSA_AES_KEY_WRAP is RFC 5649."""


_UNREADABLE = (ValueError, TypeError, UnsupportedAlgorithm)
"""What a key that someone else made may meet."""


class SignatureRejected(Exception):
    """The signature is not of this message under this key."""


class DecryptionFailed(Exception):
    """The ciphertext was not encrypted under this key with this algorithm, or was damaged."""


class BadPublicKey(Exception):
    """Not a public key, or not one that fits."""


class BadLength(Exception):
    """A digest, a message representative or a plaintext of a length that the algorithm does not take."""


def generate(spec: str) -> bytes:
    """A fresh private key. spec: as KMS names them, such as RSA_2048 or ECC_NIST_P256."""
    if spec.startswith("RSA_"):
        key: Any = rsa.generate_private_key(_RSA_EXPONENT, int(spec.removeprefix("RSA_")))
    elif spec in _CURVES:
        key = ec.generate_private_key(_CURVES[spec]())
    else:
        key = _GENERATORS[spec]()
    private: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return private


def public_key(private: bytes) -> bytes:
    public: bytes = (
        _load(private)
        .public_key()
        .public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    return public


def sign(private: bytes, algorithm: str, message: bytes, message_type: str) -> bytes:
    """message_type: RAW, DIGEST (hashed already; by Ed25519ph once more), EXTERNAL_MU (64 bytes, ML-DSA).

    Raises: BadLength.
    """
    key = _load(private)
    signature: bytes
    if algorithm == "ML_DSA_SHAKE_256":
        signature = key.sign_mu(_mu(message)) if message_type == EXTERNAL_MU else key.sign(message)
    elif algorithm == "ED25519_SHA_512":
        signature = key.sign(message)
    elif algorithm == "ED25519_PH_SHA_512":
        signature = ed25519ph.sign(key.private_bytes_raw(), _digest(algorithm, message))
    else:
        signature = key.sign(message, *_scheme(algorithm, message, message_type))
    return signature


def verify(public: bytes, algorithm: str, message: bytes, message_type: str, signature: bytes) -> None:
    """Raises: SignatureRejected, BadLength."""
    key = _load_public(public)
    try:
        if algorithm == "ML_DSA_SHAKE_256" and message_type == EXTERNAL_MU:
            key.verify_mu(signature, _mu(message))
        elif algorithm in ("ML_DSA_SHAKE_256", "ED25519_SHA_512"):
            key.verify(signature, message)
        elif algorithm == "ED25519_PH_SHA_512":
            if not ed25519ph.verifies(key.public_bytes_raw(), _digest(algorithm, message), signature):
                raise SignatureRejected
        else:
            key.verify(signature, message, *_scheme(algorithm, message, message_type))
    except InvalidSignature as error:
        raise SignatureRejected from error


def encrypt(public: bytes, algorithm: str, plaintext: bytes) -> bytes:
    """RSAES-OAEP. Raises: BadLength."""
    key = _load_public(public)
    if len(plaintext) > longest_plaintext(key.key_size, algorithm):
        raise BadLength
    ciphertext: bytes = key.encrypt(plaintext, _oaep(algorithm))
    return ciphertext


def decrypt(private: bytes, algorithm: str, ciphertext: bytes) -> bytes:
    """RSAES-OAEP. Raises: DecryptionFailed."""
    try:
        plaintext: bytes = _load(private).decrypt(ciphertext, _oaep(algorithm))
    except ValueError as error:
        raise DecryptionFailed from error
    return plaintext


def unwrap(private: bytes, algorithm: str, wrapped: bytes) -> bytes:
    """Material that was wrapped for import. Raises: DecryptionFailed."""
    oaep = WRAPPING_ALGORITHMS[algorithm]
    if algorithm == oaep:
        return decrypt(private, oaep, wrapped)
    modulus_bytes = _load(private).key_size // 8
    wrapping_key = decrypt(private, oaep, wrapped[:modulus_bytes])
    try:
        return keywrap.aes_key_unwrap_with_padding(wrapping_key, wrapped[modulus_bytes:])
    except (keywrap.InvalidUnwrap, ValueError) as error:
        raise DecryptionFailed from error


def fits(private: bytes, spec: str) -> bool:
    """Whether these bytes are a private key of that spec, and a sound one."""
    try:
        key = serialization.load_der_private_key(private, None)
    except _UNREADABLE:
        return False
    if spec.startswith("RSA_"):
        return isinstance(key, rsa.RSAPrivateKey) and key.key_size == int(spec.removeprefix("RSA_"))
    if spec in _CURVES:
        return isinstance(key, ec.EllipticCurvePrivateKey) and isinstance(key.curve, _CURVES[spec])
    return isinstance(key, type(_GENERATORS[spec]()))


def longest_plaintext(key_bits: int, algorithm: str) -> int:
    """In bytes, for RSAES-OAEP. Source: RFC 8017, section 7.1.1."""
    return key_bits // 8 - 2 * _hash(algorithm).digest_size - 2


def shared_secret(private: bytes, peer_public: bytes) -> bytes:
    """ECDH: the x coordinate of the shared point. Raises: BadPublicKey if the peer's is none of the same curve."""
    own = _load(private)
    try:
        peer = _load_public(peer_public)
        if not isinstance(peer, ec.EllipticCurvePublicKey):
            raise BadPublicKey
        secret: bytes = own.exchange(ec.ECDH(), peer)
    except _UNREADABLE as error:
        raise BadPublicKey from error
    return secret


def encapsulate(public: bytes) -> tuple[bytes, bytes]:
    """ML-KEM: a fresh secret of 32 bytes, and its ciphertext."""
    secret, ciphertext = _load_public(public).encapsulate()
    return secret, ciphertext


def decapsulate(private: bytes, ciphertext: bytes) -> bytes:
    """ML-KEM. Raises: DecryptionFailed for a ciphertext of another length."""
    try:
        secret: bytes = _load(private).decapsulate(ciphertext)
    except ValueError as error:
        raise DecryptionFailed from error
    return secret


def _load(private: bytes) -> Any:
    # To prove an RSA key's primes again takes a hundred times as long as to sign with it.
    return serialization.load_der_private_key(private, None, unsafe_skip_rsa_key_validation=True)


def _load_public(public: bytes) -> Any:
    return serialization.load_der_public_key(public)


def _hash(algorithm: str) -> hashes.HashAlgorithm:
    return _HASHES[algorithm[algorithm.index("SHA_") :]]()


def _oaep(algorithm: str) -> padding.OAEP:
    """The same hash for OAEP and MGF1, and no label."""
    return padding.OAEP(padding.MGF1(_hash(algorithm)), _hash(algorithm), None)


def _scheme(algorithm: str, message: bytes, message_type: str) -> tuple[Any, ...]:
    """What sign and verify of RSA and ECDSA take besides the message."""
    hash_algorithm = _hash(algorithm)
    digest: Any = hash_algorithm
    if message_type == DIGEST:
        _digest(algorithm, message)
        digest = utils.Prehashed(hash_algorithm)
    if algorithm.startswith("ECDSA"):
        return (ec.ECDSA(digest),)
    if "PKCS1" in algorithm:
        return (padding.PKCS1v15(), digest)
    return (padding.PSS(padding.MGF1(hash_algorithm), padding.PSS.DIGEST_LENGTH), digest)


def _digest(algorithm: str, message: bytes) -> bytes:
    if len(message) != _hash(algorithm).digest_size:
        raise BadLength
    return message


def _mu(message: bytes) -> bytes:
    if len(message) != MU_BYTES:
        raise BadLength
    return message
