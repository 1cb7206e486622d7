"""The cryptographic operations on symmetric encryption keys: Encrypt, Decrypt, ReEncrypt, data keys, random bytes.

Follows the KMS API reference. The encryption context is bound to every ciphertext as additional authenticated data.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kms import backing_keys, errors, primitives
from kms.authorization import authorize_by_iam
from kms.ciphertext_blob import CiphertextBlob
from kms.encryption_context import encryption_context_to_aad
from kms.key import KmsKey, find_key_by_id, resolve
from kms.operation import KmsCall, operation

SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
DATA_KEY_BYTES = {"AES_128": 16, "AES_256": 32}

_HIDDEN_KEY = (
    "The ciphertext refers to a customer master key that does not exist, does not exist in this region, "
    "or you are not allowed to access."
)
EncryptionContext = Mapping[str, str]


@dataclass(frozen=True)
class Encrypted:
    ciphertext_blob: bytes
    key_id: str
    encryption_algorithm: str = SYMMETRIC_DEFAULT


@dataclass(frozen=True)
class Decrypted:
    plaintext: bytes = field(repr=False)
    key_id: str
    key_material_id: str
    encryption_algorithm: str = SYMMETRIC_DEFAULT


@dataclass(frozen=True)
class ReEncrypted:
    ciphertext_blob: bytes
    source_key_id: str
    key_id: str
    source_key_material_id: str
    destination_key_material_id: str
    source_encryption_algorithm: str = SYMMETRIC_DEFAULT
    destination_encryption_algorithm: str = SYMMETRIC_DEFAULT


@dataclass(frozen=True)
class WrappedDataKey:
    ciphertext_blob: bytes
    key_id: str
    key_material_id: str


@dataclass(frozen=True)
class DataKey(WrappedDataKey):
    plaintext: bytes = field(repr=False)


@operation
def encrypt(
    call: KmsCall,
    *,
    key_id: str,
    plaintext: bytes,
    encryption_context: EncryptionContext | None = None,
    grant_tokens: Sequence[str] = (),
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
    dry_run: bool = False,
) -> Encrypted:
    """Encrypt 1 to 4096 bytes under a key.

    Raises: as `KmsCall.authorized_key`; InvalidKeyUsage, DryRunSucceeded.
    """
    key = _key_for(call, key_id, encryption_context, grant_tokens, encryption_algorithm)
    _stop_if_dry(dry_run)
    blob = backing_keys.current(call.engine, key).encrypt(plaintext, encryption_context or {})
    return Encrypted(blob, key.arn)


@operation
def decrypt(
    call: KmsCall,
    *,
    ciphertext_blob: bytes,
    encryption_context: EncryptionContext | None = None,
    grant_tokens: Sequence[str] = (),
    key_id: str | None = None,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
    dry_run: bool = False,
) -> Decrypted:
    """Decrypt a ciphertext blob; it names its key itself, and `key_id` must be that key if it is given.

    Raises: as `KmsCall.authorized_key`; CiphertextRejected, IncorrectKey, InvalidKeyUsage, DryRunSucceeded.
    """
    blob = CiphertextBlob.parse(ciphertext_blob)
    key = _key_of_blob(call, blob, key_id, encryption_context, grant_tokens, "Decrypt", encryption_algorithm)
    _stop_if_dry(dry_run)
    backing_key = backing_keys.get(call.engine, key, blob.backing_key_id)
    return Decrypted(backing_key.decrypt(blob, encryption_context or {}), key.arn, blob.backing_key_id)


@operation
def re_encrypt(
    call: KmsCall,
    *,
    ciphertext_blob: bytes,
    destination_key_id: str,
    source_encryption_context: EncryptionContext | None = None,
    source_key_id: str | None = None,
    destination_encryption_context: EncryptionContext | None = None,
    source_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    destination_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> ReEncrypted:
    """Decrypt under one key and encrypt under another, inside KMS: the plaintext never leaves it.

    Raises: as `decrypt` for the source and `encrypt` for the destination.
    """
    if call.caller.is_service:
        call.shown = _aads(source_encryption_context, destination_encryption_context)
    blob = CiphertextBlob.parse(ciphertext_blob)
    on_same_key = resolve(call, destination_key_id)[0].key_id == blob.key_id
    conditions = {"kms:reencryptonsamekey": str(on_same_key).lower()}
    source = _key_of_blob(
        call,
        blob,
        source_key_id,
        source_encryption_context,
        grant_tokens,
        "ReEncryptFrom",
        source_encryption_algorithm,
        conditions,
    )
    destination = _key_for(
        call,
        destination_key_id,
        destination_encryption_context,
        grant_tokens,
        destination_encryption_algorithm,
        "ReEncryptTo",
        conditions,
    )
    _stop_if_dry(dry_run)
    source_backing = backing_keys.get(call.engine, source, blob.backing_key_id)
    plaintext = source_backing.decrypt(blob, source_encryption_context or {})
    backing_key = backing_keys.current(call.engine, destination)
    return ReEncrypted(
        backing_key.encrypt(plaintext, destination_encryption_context or {}),
        source.arn,
        destination.arn,
        blob.backing_key_id,
        backing_key.backing_key_id,
    )


@operation
def generate_data_key(
    call: KmsCall,
    *,
    key_id: str,
    encryption_context: EncryptionContext | None = None,
    number_of_bytes: int | None = None,
    key_spec: str | None = None,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> DataKey:
    """A fresh data key, in the clear and encrypted under the KMS key.

    number_of_bytes: 1 to 1024; or key_spec: AES_128 or AES_256; exactly one of the two.
    Raises: as `encrypt`; InvalidRequest.
    """
    length_bytes = _data_key_bytes(number_of_bytes, key_spec)
    key = _key_for(call, key_id, encryption_context, grant_tokens, SYMMETRIC_DEFAULT)
    _stop_if_dry(dry_run)
    plaintext = primitives.random_bytes(length_bytes)
    backing_key = backing_keys.current(call.engine, key)
    blob = backing_key.encrypt(plaintext, encryption_context or {})
    return DataKey(blob, key.arn, backing_key.backing_key_id, plaintext)


@operation
def generate_data_key_without_plaintext(
    call: KmsCall,
    *,
    key_id: str,
    encryption_context: EncryptionContext | None = None,
    number_of_bytes: int | None = None,
    key_spec: str | None = None,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> WrappedDataKey:
    """A fresh data key for later use, encrypted only. Raises: as `generate_data_key`."""
    data_key = generate_data_key(
        call,
        key_id=key_id,
        encryption_context=encryption_context,
        number_of_bytes=number_of_bytes,
        key_spec=key_spec,
        grant_tokens=grant_tokens,
        dry_run=dry_run,
    )
    return WrappedDataKey(data_key.ciphertext_blob, data_key.key_id, data_key.key_material_id)


@operation
def generate_random(call: KmsCall, *, number_of_bytes: int | None = None) -> bytes:
    """1 to 1024 random bytes. Raises: AccessDenied, InvalidRequest."""
    if number_of_bytes is None:
        raise errors.InvalidRequest("NumberOfBytes is required.")
    authorize_by_iam(call, permission=call.name)
    return primitives.random_bytes(number_of_bytes)


def _key_for(
    call: KmsCall,
    key_id: str | KmsKey,
    encryption_context: EncryptionContext | None,
    grant_tokens: Sequence[str],
    algorithm: str,
    permission: str | None = None,
    conditions: Mapping[str, str] | None = None,
) -> KmsKey:
    _check_context(encryption_context or {})
    key = call.authorized_key(
        key_id,
        permission=permission,
        conditions={"kms:encryptionalgorithm": algorithm, **(conditions or {})},
        encryption_context=encryption_context or {},
        grant_tokens=grant_tokens,
    )
    _check_usage(call, key, algorithm)
    return key


def _key_of_blob(
    call: KmsCall,
    blob: CiphertextBlob,
    key_id: str | None,
    encryption_context: EncryptionContext | None,
    grant_tokens: Sequence[str],
    permission: str,
    algorithm: str,
    conditions: Mapping[str, str] | None = None,
) -> KmsKey:
    """The key that encrypted a blob, if the caller may use it; one it may not use looks like one that is not there."""
    if key_id is not None:
        key = _key_for(call, key_id, encryption_context, grant_tokens, algorithm, permission, conditions)
        if key.key_id != blob.key_id:
            raise errors.IncorrectKey(
                "The key ID in the request does not identify a CMK that can perform this operation."
            )
        return key
    found = find_key_by_id(call.engine.database, call.caller.region, blob.key_id)
    if found is None:
        raise errors.AccessDenied(_HIDDEN_KEY)
    try:
        return _key_for(call, found, encryption_context, grant_tokens, algorithm, permission, conditions)
    except errors.AccessDenied as denial:
        raise errors.AccessDenied(_HIDDEN_KEY, explicit=denial.explicit) from denial


def _check_context(encryption_context: EncryptionContext) -> None:
    try:
        encryption_context_to_aad(encryption_context)
    except OverflowError as error:
        raise errors.InvalidRequest("The encryption context is too long.") from error


def _check_usage(call: KmsCall, key: KmsKey, algorithm: str) -> None:
    if key.key_usage != "ENCRYPT_DECRYPT":
        raise errors.InvalidKeyUsage(f"{key.arn} key usage is {key.key_usage} which is not valid for {call.name}.")
    if key.key_spec == SYMMETRIC_DEFAULT and algorithm != SYMMETRIC_DEFAULT:
        raise errors.InvalidKeyUsage(f"Algorithm {algorithm} is incompatible with key spec {key.key_spec}.")


def _data_key_bytes(number_of_bytes: int | None, key_spec: str | None) -> int:
    if (number_of_bytes is None) == (key_spec is None):
        raise errors.InvalidRequest("Please specify either number of bytes or key spec.")
    return DATA_KEY_BYTES[key_spec] if key_spec is not None else int(number_of_bytes or 0)


def _aads(source: EncryptionContext | None, destination: EncryptionContext | None) -> dict[str, str]:
    """What ReEncrypt events of service principals show beside the parameters, in base64.

    Source: the sample event of Voice ID; the direct caller's sample has neither. The layout of the AAD is ours.
    """
    contexts = {"sourceAAD": source, "destinationAAD": destination}
    return {name: base64.b64encode(encryption_context_to_aad(pairs or {})).decode() for name, pairs in contexts.items()}


def _stop_if_dry(dry_run: bool) -> None:
    if dry_run:
        raise errors.DryRunSucceeded("The request would have succeeded, but the DryRun option is set.")
