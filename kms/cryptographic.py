"""Encrypt, Decrypt and ReEncrypt; and which encryption key a cryptographic operation may use.

Follows the KMS API reference. The encryption context is bound to every symmetric ciphertext as additional authenticated
data.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from kms import errors, key_specs, refusals
from kms.ciphertexts import Ciphertext, decrypt_under, encrypt_under
from kms.encryption_context import EncryptionContext, encryption_context_to_aad
from kms.key import KmsKey, find_key_by_id, resolve
from kms.key_specs import ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT
from kms.operation import KmsCall, operation
from kms.tables import limit as quota


@dataclass(frozen=True)
class Encrypted:
    ciphertext_blob: bytes
    key_id: str
    encryption_algorithm: str = SYMMETRIC_DEFAULT


@dataclass(frozen=True)
class Decrypted:
    """key_material_id: None for an RSA key, here and below."""

    plaintext: bytes = field(repr=False)
    key_id: str
    key_material_id: str | None
    encryption_algorithm: str = SYMMETRIC_DEFAULT


@dataclass(frozen=True)
class ReEncrypted:
    ciphertext_blob: bytes
    source_key_id: str
    key_id: str
    source_key_material_id: str | None
    destination_key_material_id: str | None
    source_encryption_algorithm: str = SYMMETRIC_DEFAULT
    destination_encryption_algorithm: str = SYMMETRIC_DEFAULT


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
    """Encrypt 1 to 4096 bytes under a key; under RSA, as many as the algorithm takes.

    Raises: as `KmsCall.authorized_key`; InvalidKeyUsage, InvalidRequest, DryRunSucceeded.
    """
    key = _key_for(call, key_id, encryption_context, grant_tokens, encryption_algorithm)
    blob, _ = encrypt_under(call.engine, key, plaintext, encryption_context, encryption_algorithm)
    stop_if_dry(dry_run)
    return Encrypted(blob, key.arn, encryption_algorithm)


@operation
def decrypt(
    call: KmsCall,
    *,
    ciphertext_blob: bytes | None = None,
    encryption_context: EncryptionContext | None = None,
    grant_tokens: Sequence[str] = (),
    key_id: str | None = None,
    encryption_algorithm: str = SYMMETRIC_DEFAULT,
    dry_run: bool = False,
    dry_run_modifiers: Sequence[str] = (),
) -> Decrypted:
    """Decrypt a ciphertext blob; it names its key itself, and `key_id` must be that key if it is given.

    An RSA ciphertext names none: then `key_id` and the algorithm are needed. dry_run_modifiers: IGNORE_CIPHERTEXT tries
    the right to decrypt alone, and needs `key_id` instead of a ciphertext.
    Raises: as `KmsCall.authorized_key`; CiphertextRejected, IncorrectKey, InvalidKeyUsage, DryRunSucceeded.
    """
    ciphertext = _ciphertext_to_open(ciphertext_blob, dry_run, dry_run_modifiers)
    sealed = Ciphertext(ciphertext, key_id, encryption_context, encryption_algorithm)
    key = _key_of(call, sealed, grant_tokens, "Decrypt")
    stop_if_dry(dry_run and ciphertext is None)
    plaintext, key_material_id = decrypt_under(call.engine, key, sealed)
    stop_if_dry(dry_run)
    return Decrypted(plaintext, key.arn, key_material_id, encryption_algorithm)


@operation
def re_encrypt(
    call: KmsCall,
    *,
    destination_key_id: str,
    ciphertext_blob: bytes | None = None,
    source_encryption_context: EncryptionContext | None = None,
    source_key_id: str | None = None,
    destination_encryption_context: EncryptionContext | None = None,
    source_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    destination_encryption_algorithm: str = SYMMETRIC_DEFAULT,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
    dry_run_modifiers: Sequence[str] = (),
) -> ReEncrypted:
    """Decrypt under one key and encrypt under another, inside KMS: the plaintext never leaves it.

    Raises: as `decrypt` for the source and `encrypt` for the destination.
    """
    if call.caller.is_service:
        call.shown = _aads(source_encryption_context, destination_encryption_context)
    ciphertext = _ciphertext_to_open(ciphertext_blob, dry_run, dry_run_modifiers)
    sealed = Ciphertext(ciphertext, source_key_id, source_encryption_context, source_encryption_algorithm)
    conditions = {"kms:reencryptonsamekey": str(_on_same_key(call, sealed, destination_key_id)).lower()}
    source = _key_of(call, sealed, grant_tokens, "ReEncryptFrom", conditions)
    destination = _key_for(
        call,
        destination_key_id,
        destination_encryption_context,
        grant_tokens,
        destination_encryption_algorithm,
        "ReEncryptTo",
        conditions,
    )
    stop_if_dry(dry_run and ciphertext is None)
    plaintext, source_material = decrypt_under(call.engine, source, sealed)
    blob, destination_material = encrypt_under(
        call.engine, destination, plaintext, destination_encryption_context, destination_encryption_algorithm
    )
    stop_if_dry(dry_run)
    return ReEncrypted(
        blob,
        source.arn,
        destination.arn,
        source_material,
        destination_material,
        source_encryption_algorithm,
        destination_encryption_algorithm,
    )


def _ciphertext_to_open(ciphertext: bytes | None, dry_run: bool, modifiers: Sequence[str]) -> bytes | None:
    """The ciphertext, None if it is to be passed over. Raises: InvalidRequest."""
    if modifiers and not dry_run:
        raise errors.InvalidRequest("DryRunModifiers are valid only if DryRun is true.")
    if "IGNORE_CIPHERTEXT" in modifiers:
        return None
    if ciphertext is None:
        raise errors.InvalidRequest("CiphertextBlob is required.")
    return ciphertext


def symmetric_key_for(
    call: KmsCall,
    key_id: str,
    encryption_context: EncryptionContext | None,
    grant_tokens: Sequence[str],
    conditions: Mapping[str, str] | None = None,
) -> KmsKey:
    """A symmetric encryption key that the caller may use for this operation. Raises: as `encrypt`."""
    return _key_for(call, key_id, encryption_context, grant_tokens, SYMMETRIC_DEFAULT, conditions=conditions)


def stop_if_dry(dry_run: bool) -> None:
    """Raises: DryRunSucceeded, once all that could be refused has been tried.

    Source: DryRun ("checks if your request will succeed") and DryRunModifiers (a dry run validates the ciphertext,
    unless told not to) of Decrypt in the KMS API reference; for signatures, codes and peers' keys inferred from it.
    """
    if dry_run:
        raise errors.DryRunSucceeded("The request would have succeeded, but the DryRun option is set.")


def _key_for(
    call: KmsCall,
    key_id: str | KmsKey,
    encryption_context: EncryptionContext | None,
    grant_tokens: Sequence[str],
    algorithm: str,
    permission: str | None = None,
    conditions: Mapping[str, str] | None = None,
) -> KmsKey:
    _check_context(encryption_context or {}, algorithm)
    key = call.authorized_key(
        key_id,
        permission=permission,
        conditions={"kms:encryptionalgorithm": algorithm, **(conditions or {})},
        encryption_context=(encryption_context or {}) if algorithm == SYMMETRIC_DEFAULT else None,
        grant_tokens=grant_tokens,
    )
    key_specs.check(call.name, key, ENCRYPT_DECRYPT, algorithm)
    return key


def _key_of(
    call: KmsCall,
    sealed: Ciphertext,
    grant_tokens: Sequence[str],
    permission: str,
    conditions: Mapping[str, str] | None = None,
) -> KmsKey:
    """The key that encrypted, if the caller may use it; one it may not use looks like one that is not there."""
    context, algorithm = sealed.encryption_context, sealed.algorithm
    if sealed.key_id is not None:
        key = _key_for(call, sealed.key_id, context, grant_tokens, algorithm, permission, conditions)
        if sealed.names_its_key and key.key_id != sealed.blob.key_id:
            raise errors.IncorrectKey(
                "The key ID in the request does not identify a CMK that can perform this operation."
            )
        return key
    if not sealed.names_its_key:
        raise errors.InvalidRequest("A KeyId is required where no ciphertext names its key.")
    found = find_key_by_id(call.engine.database, call.caller.region, sealed.blob.key_id)
    if found is None:
        raise errors.AccessDenied(refusals.of_ciphertext(call.caller, f"kms:{permission}", None))
    try:
        return _key_for(call, found, context, grant_tokens, algorithm, permission, conditions)
    except errors.AccessDenied as denial:
        message = refusals.of_ciphertext(call.caller, f"kms:{permission}", call.rulings[-1])
        raise errors.AccessDenied(message, explicit=denial.explicit) from denial


def _on_same_key(call: KmsCall, sealed: Ciphertext, destination_key_id: str) -> bool:
    destination = resolve(call, destination_key_id, "ReEncryptTo")[0]
    if sealed.names_its_key:
        return destination.key_id == sealed.blob.key_id
    return sealed.key_id is not None and resolve(call, sealed.key_id, "ReEncryptFrom")[0].arn == destination.arn


def _check_context(encryption_context: EncryptionContext, algorithm: str) -> None:
    if algorithm != SYMMETRIC_DEFAULT and encryption_context:
        raise errors.InvalidRequest("Asymmetric encryption algorithms take no encryption context.")
    serialized = json.dumps(dict(encryption_context), ensure_ascii=False, separators=(",", ":"))
    if len(serialized.encode()) > quota("encryptionContextBytes"):
        raise errors.InvalidRequest("The encryption context is too long.")


def _aads(source: EncryptionContext | None, destination: EncryptionContext | None) -> dict[str, str]:
    """What ReEncrypt events of service principals show beside the parameters, in base64.

    Source: the sample event of Voice ID; the direct caller's sample has neither. The layout of the AAD is ours.
    """
    contexts = {"sourceAAD": source, "destinationAAD": destination}
    return {name: base64.b64encode(encryption_context_to_aad(pairs or {})).decode() for name, pairs in contexts.items()}
