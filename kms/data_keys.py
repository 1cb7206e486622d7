"""Data keys, for use outside KMS, and random bytes. Follows the KMS API reference."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from kms import backing_keys, custom_key_stores, errors, primitives
from kms.authorization import authorize_by_iam
from kms.cryptographic import stop_if_dry, symmetric_key_for
from kms.encryption_context import EncryptionContext
from kms.operation import KmsCall, operation

DATA_KEY_BYTES = {"AES_128": 16, "AES_256": 32}


@dataclass(frozen=True)
class WrappedDataKey:
    ciphertext_blob: bytes
    key_id: str
    key_material_id: str


@dataclass(frozen=True)
class DataKey(WrappedDataKey):
    plaintext: bytes = field(repr=False)


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
    key = symmetric_key_for(call, key_id, encryption_context, grant_tokens)
    backing_key = backing_keys.current(call.engine, key)
    stop_if_dry(dry_run)
    plaintext = primitives.random_bytes(length_bytes)
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
def generate_random(
    call: KmsCall, *, number_of_bytes: int | None = None, custom_key_store_id: str | None = None
) -> bytes:
    """1 to 1024 random bytes; out of a CloudHSM cluster if its store is named, which must be connected.

    Raises: AccessDenied, InvalidRequest, CustomKeyStoreNotFound, CustomKeyStoreInvalidState.
    """
    if number_of_bytes is None:
        raise errors.InvalidRequest("NumberOfBytes is required.")
    authorize_by_iam(call, permission=call.name)
    if custom_key_store_id is not None:
        custom_key_stores.check_random(call, custom_key_store_id)
    return primitives.random_bytes(number_of_bytes)


def _data_key_bytes(number_of_bytes: int | None, key_spec: str | None) -> int:
    if (number_of_bytes is None) == (key_spec is None):
        raise errors.InvalidRequest("Please specify either number of bytes or key spec.")
    return DATA_KEY_BYTES[key_spec] if key_spec is not None else int(number_of_bytes or 0)
