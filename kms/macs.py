"""HMAC keys: make a message authentication code, and verify one. Follows the KMS API reference and RFC 2104."""

from __future__ import annotations

from collections.abc import Sequence

from kms import backing_keys, errors, key_specs, primitives
from kms.cryptographic import stop_if_dry
from kms.key import KmsKey
from kms.operation import KmsCall, operation


@operation
def generate_mac(
    call: KmsCall,
    *,
    key_id: str,
    message: bytes,
    mac_algorithm: str,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> tuple[KmsKey, bytes]:
    """The key, and the code of 1 to 4096 bytes.

    Raises: as `KmsCall.authorized_key`; InvalidKeyUsage, DryRunSucceeded.
    """
    key = _key(call, key_id, mac_algorithm, grant_tokens)
    code = _mac(call, key, mac_algorithm, message)
    stop_if_dry(dry_run)
    return key, code


@operation
def verify_mac(
    call: KmsCall,
    *,
    key_id: str,
    message: bytes,
    mac: bytes,
    mac_algorithm: str,
    grant_tokens: Sequence[str] = (),
    dry_run: bool = False,
) -> KmsKey:
    """Verify a code; returning means that it is valid. Raises: as `generate_mac`; InvalidMac."""
    key = _key(call, key_id, mac_algorithm, grant_tokens)
    if not primitives.constant_time_equal(_mac(call, key, mac_algorithm, message), mac):
        raise errors.InvalidMac
    stop_if_dry(dry_run)
    return key


def _key(call: KmsCall, key_id: str, algorithm: str, grant_tokens: Sequence[str]) -> KmsKey:
    key = call.authorized_key(key_id, conditions={"kms:macalgorithm": algorithm}, grant_tokens=grant_tokens)
    key_specs.check(call.name, key, key_specs.GENERATE_VERIFY_MAC, algorithm)
    return key


def _mac(call: KmsCall, key: KmsKey, algorithm: str, message: bytes) -> bytes:
    material = backing_keys.current(call.engine, key).material.reveal()
    return primitives.hmac_of(algorithm, material, message)
