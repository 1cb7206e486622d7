"""What key pairs do: sign and verify, give the public key, agree on a secret or encapsulate one; and data key pairs.

Follows the KMS API reference. The private key never leaves; a data key pair's leaves because it is made to.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kms import backing_keys, errors, key_specs
from kms.cryptographic import stop_if_dry, symmetric_key_for
from kms.encryption_context import EncryptionContext
from kms.key import KmsKey
from kms.operation import KmsCall, operation
from kms.primitives import asymmetric
from kms.primitives.asymmetric import DIGEST, EXTERNAL_MU, RAW

MESSAGE_TYPES: Mapping[str, frozenset[str]] = {
    "ED25519_SHA_512": frozenset({RAW}),
    "ED25519_PH_SHA_512": frozenset({DIGEST}),
    "ML_DSA_SHAKE_256": frozenset({RAW, EXTERNAL_MU}),
}
"""Algorithm -> the message types it takes; all others take RAW and DIGEST."""

_RSA_AND_ECDSA = frozenset({RAW, DIGEST})


@dataclass(frozen=True)
class PublicKey:
    """public_key: SubjectPublicKeyInfo, DER."""

    key: KmsKey
    public_key: bytes


@dataclass(frozen=True)
class DataKeyPair:
    """private_key_plaintext: PKCS #8, DER; None where it was not asked for."""

    private_key_ciphertext_blob: bytes
    public_key: bytes
    key_id: str
    key_pair_spec: str
    key_material_id: str
    private_key_plaintext: bytes | None = field(default=None, repr=False)


@operation
def sign(
    call: KmsCall,
    *,
    key_id: str,
    message: bytes,
    signing_algorithm: str,
    message_type: str = RAW,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> tuple[KmsKey, bytes]:
    """Sign 1 to 4096 bytes, or a digest of more. Returns the key and the signature.

    Raises: as `KmsCall.authorized_key`; InvalidKeyUsage, InvalidRequest, DryRunSucceeded.
    """
    key = _signing_key(call, key_id, signing_algorithm, message_type, grant_tokens)
    try:
        signature = asymmetric.sign(_private(call, key), signing_algorithm, message, message_type)
    except asymmetric.BadLength as error:
        raise _invalid_length(signing_algorithm) from error
    stop_if_dry(dry_run)
    return key, signature


@operation
def verify(
    call: KmsCall,
    *,
    key_id: str,
    message: bytes,
    signature: bytes,
    signing_algorithm: str,
    message_type: str = RAW,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> KmsKey:
    """Verify a signature; returning means that it is valid. Raises: as `sign`; InvalidSignature."""
    key = _signing_key(call, key_id, signing_algorithm, message_type, grant_tokens)
    try:
        asymmetric.verify(_public(call, key), signing_algorithm, message, message_type, signature)
    except asymmetric.BadLength as error:
        raise _invalid_length(signing_algorithm) from error
    except asymmetric.SignatureRejected as error:
        raise errors.InvalidSignature from error
    stop_if_dry(dry_run)
    return key


@operation
def get_public_key(call: KmsCall, *, key_id: str, grant_tokens: Sequence[str] = ()) -> PublicKey:
    """The public half of a key pair. Raises: as `KmsCall.authorized_key`; UnsupportedOperation."""
    key = call.authorized_key(key_id, grant_tokens=grant_tokens)
    if not key_specs.has_key_pair(key):
        raise errors.UnsupportedOperation(f"{key.arn} has no public key: its key spec is {key.key_spec}.")
    return PublicKey(key, _public(call, key))


@operation
def derive_shared_secret(
    call: KmsCall,
    *,
    key_id: str,
    key_agreement_algorithm: str,
    public_key: bytes,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> tuple[KmsKey, bytes]:
    """The secret that this key pair shares with a peer's. Raises: as `sign`."""
    conditions = {"kms:keyagreementalgorithm": key_agreement_algorithm}
    key = call.authorized_key(key_id, conditions=conditions, grant_tokens=grant_tokens)
    key_specs.check(call.name, key, key_specs.KEY_AGREEMENT, key_agreement_algorithm)
    try:
        secret = asymmetric.shared_secret(_private(call, key), public_key)
    except asymmetric.BadPublicKey as error:
        raise errors.InvalidRequest from error
    stop_if_dry(dry_run)
    return key, secret


@operation
def encapsulate(
    call: KmsCall,
    *,
    key_id: str,
    encapsulation_algorithm: str,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> tuple[KmsKey, bytes, bytes]:
    """The key, a fresh secret, and that secret encapsulated for the key's owner. Raises: as `sign`."""
    key = _encapsulation_key(call, key_id, encapsulation_algorithm, grant_tokens)
    encapsulated = asymmetric.encapsulate(_public(call, key))
    stop_if_dry(dry_run)
    return (key, *encapsulated)


@operation
def decapsulate(
    call: KmsCall,
    *,
    key_id: str,
    shared_secret_ciphertext_blob: bytes,
    encapsulation_algorithm: str,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> tuple[KmsKey, bytes]:
    """The key and the secret. A ciphertext of the right length always opens, if not to what was meant: FIPS 203.

    Raises: as `sign`; CiphertextRejected.
    """
    key = _encapsulation_key(call, key_id, encapsulation_algorithm, grant_tokens)
    try:
        secret = asymmetric.decapsulate(_private(call, key), shared_secret_ciphertext_blob)
    except asymmetric.DecryptionFailed as error:
        raise errors.CiphertextRejected from error
    stop_if_dry(dry_run)
    return key, secret


@operation
def generate_data_key_pair(
    call: KmsCall,
    *,
    key_id: str,
    key_pair_spec: str,
    encryption_context: EncryptionContext | None = None,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> DataKeyPair:
    """A fresh key pair for use outside KMS, its private key in the clear and encrypted under the KMS key.

    Raises: as `encrypt`; UnsupportedOperation for a spec that is not simulated.
    """
    if key_pair_spec not in key_specs.DATA_KEY_PAIR_SPECS:
        raise errors.UnsupportedOperation(f"KeyPairSpec {key_pair_spec} is not simulated.")
    key = symmetric_key_for(
        call, key_id, encryption_context, grant_tokens, conditions={"kms:datakeypairspec": key_pair_spec}
    )
    if key.custom_key_store_id is not None:
        raise errors.UnsupportedOperation(f"{key.arn} origin is {key.origin} which is not valid for this operation.")
    backing_key = backing_keys.current(call.engine, key)
    stop_if_dry(dry_run)
    call.key_pair_spec = key_pair_spec
    private = asymmetric.generate(key_pair_spec)
    return DataKeyPair(
        backing_key.encrypt(private, encryption_context or {}),
        asymmetric.public_key(private),
        key.arn,
        key_pair_spec,
        backing_key.backing_key_id,
        private,
    )


@operation
def generate_data_key_pair_without_plaintext(
    call: KmsCall,
    *,
    key_id: str,
    key_pair_spec: str,
    encryption_context: EncryptionContext | None = None,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> DataKeyPair:
    """As `generate_data_key_pair`, with the private key encrypted only."""
    pair = generate_data_key_pair(
        call,
        key_id=key_id,
        key_pair_spec=key_pair_spec,
        encryption_context=encryption_context,
        grant_tokens=grant_tokens,
        dry_run=dry_run,
    )
    return DataKeyPair(
        pair.private_key_ciphertext_blob, pair.public_key, pair.key_id, pair.key_pair_spec, pair.key_material_id
    )


def _signing_key(call: KmsCall, key_id: str, algorithm: str, message_type: str, grant_tokens: Sequence[str]) -> KmsKey:
    conditions = {"kms:signingalgorithm": algorithm, "kms:messagetype": message_type}
    key = call.authorized_key(key_id, conditions=conditions, grant_tokens=grant_tokens)
    key_specs.check(call.name, key, key_specs.SIGN_VERIFY, algorithm)
    if message_type not in MESSAGE_TYPES.get(algorithm, _RSA_AND_ECDSA):
        raise errors.InvalidRequest(f"MessageType {message_type} is not valid for algorithm {algorithm}.")
    return key


def _encapsulation_key(call: KmsCall, key_id: str, algorithm: str, grant_tokens: Sequence[str]) -> KmsKey:
    conditions = {"kms:encapsulationalgorithm": algorithm}
    key = call.authorized_key(key_id, conditions=conditions, grant_tokens=grant_tokens)
    key_specs.check(call.name, key, key_specs.ENCAPSULATE_DECAPSULATE, algorithm)
    return key


def _private(call: KmsCall, key: KmsKey) -> bytes:
    return backing_keys.current(call.engine, key).material.reveal()


def _public(call: KmsCall, key: KmsKey) -> bytes:
    return asymmetric.public_key(_private(call, key))


def _invalid_length(algorithm: str) -> errors.InvalidRequest:
    return errors.InvalidRequest(f"Digest is invalid length for algorithm {algorithm}.")
