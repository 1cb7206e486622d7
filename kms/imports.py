"""Imported key material: keys of origin EXTERNAL, whose material the customer brings, renews and takes away.

Follows "Importing key material in AWS KMS keys" and the KMS API reference. A key is usable only while all the material
that ever was its own is there; only the same material can be brought again. An import token carries the private half of
its wrapping key, sealed under the domain key: nothing of it is stored. Related multi-Region keys have the same
materials, and each must be brought its own: new material comes to the primary, and replicas wait for it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from kms import backing_keys, errors, key_material, key_specs
from kms.backing_keys import Generation
from kms.engine import Engine
from kms.errors import DomainKeyError
from kms.key import EXTERNAL, KmsKey, change_key, get_key
from kms.key_hierarchy import key_material_id as id_of
from kms.multi_region import related, replicas, require_primary
from kms.operation import KmsCall, operation
from kms.own_events import DELETE_EXPIRED, own_event
from kms.primitives import KeyMaterial, asymmetric
from kms.tables import limit as quota
from kms.times import DAY_SECONDS
from shared.times import as_event_text

EXPIRES, DOES_NOT_EXPIRE = "KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"
NEW, EXISTING = "NEW_KEY_MATERIAL", "EXISTING_KEY_MATERIAL"

_TOKEN = b"import token"


@dataclass(frozen=True)
class ImportParameters:
    """public_key: SubjectPublicKeyInfo, DER. valid_to: seconds since the epoch."""

    key_arn: str
    public_key: bytes
    import_token: bytes
    valid_to: float


@operation
def get_parameters_for_import(
    call: KmsCall, *, key_id: str, wrapping_algorithm: str, wrapping_key_spec: str
) -> ImportParameters:
    """A wrapping key and the token that belongs to it, good for 24 hours.

    Raises: as `KmsCall.authorized_key`; UnsupportedOperation.
    """
    conditions = {"kms:wrappingalgorithm": wrapping_algorithm, "kms:wrappingkeyspec": wrapping_key_spec}
    key = _external_key(call, key_id, conditions)
    if wrapping_algorithm not in asymmetric.WRAPPING_ALGORITHMS:
        raise errors.UnsupportedOperation(f"WrappingAlgorithm {wrapping_algorithm} is not supported.")
    if not wrapping_key_spec.startswith("RSA_"):
        raise errors.UnsupportedOperation(f"WrappingKeySpec {wrapping_key_spec} is not simulated.")
    _check_wrapping(key, wrapping_algorithm, wrapping_key_spec)
    private = asymmetric.generate(wrapping_key_spec)
    valid_to = call.engine.clock.now() + DAY_SECONDS
    content = {
        "key": key.arn,
        "algorithm": wrapping_algorithm,
        "valid_to": valid_to,
        "private": base64.b64encode(private).decode(),
    }
    token = call.engine.domain_key.wrap(json.dumps(content).encode(), binding=_TOKEN)
    return ImportParameters(key.arn, asymmetric.public_key(private), token, valid_to)


@operation
def import_key_material(
    call: KmsCall,
    *,
    key_id: str,
    import_token: bytes,
    encrypted_key_material: bytes,
    valid_to: datetime | None = None,
    expiration_model: str | None = None,
    import_type: str | None = None,
    key_material_description: str | None = None,
    key_material_id: str | None = None,
) -> tuple[str, str]:
    """Bring a key its material. Returns the key's ARN and the material's id.

    Raises: as `KmsCall.authorized_key`; InvalidRequest, InvalidImportToken, ExpiredImportToken, CiphertextRejected,
    IncorrectKeyMaterial, InvalidKeyState.
    """
    # Policies see what the request says: AWS's examples test by Null whether it names a model.
    conditions = {} if expiration_model is None else {"kms:expirationmodel": expiration_model}
    expiration_model = expiration_model or EXPIRES
    expires_at = _expiry(call.engine, expiration_model, valid_to)
    if valid_to is not None:
        conditions["kms:validto"] = f"{valid_to.timestamp():.0f}"
    key = _external_key(call, key_id, conditions)
    material = _unwrap(call.engine, key, import_token, encrypted_key_material)
    if not key_material.fits(key.key_spec, material):
        raise errors.IncorrectKeyMaterial(f"The key material does not fit key spec {key.key_spec}.")
    material_id = id_of(key.key_id, KeyMaterial(material))
    known = {one.backing_key_id: one for one in backing_keys.generations(call.engine, key)}
    chosen = import_type or (EXISTING if known else NEW)
    _check_choice(key, known, chosen, material_id, key_material_id)
    if not key_specs.is_symmetric(key) and (import_type or key_material_description or key_material_id):
        raise errors.InvalidRequest("ImportType, KeyMaterialDescription and KeyMaterialId are for symmetric keys.")
    about = {"expiration_model": expiration_model, "valid_to": expires_at}
    if key_material_description is not None:
        about["description"] = key_material_description
    backing_keys.bring(call.engine, key, material_id, material, about, is_pending=chosen == NEW and bool(known))
    if chosen == NEW:
        _announce(call.engine, key, material_id)
    _settle(call.engine, key, material_id if not known else key.current_backing_key_id)
    call.response = {"keyId": key.arn}
    return key.arn, material_id


@operation
def delete_imported_key_material(
    call: KmsCall, *, key_id: str, key_material_id: str | None = None
) -> tuple[str, str | None]:
    """Take material away, the current one if none is named; the same may be brought again. Returns ARN and id.

    Raises: as `KmsCall.authorized_key`; NotFound.
    """
    key = _external_key(call, key_id, {})
    named = key_material_id or key.current_backing_key_id
    found = {one.backing_key_id: one for one in backing_keys.generations(call.engine, key)}
    if key_material_id is not None and key_material_id not in found:
        raise errors.NotFound(f"Key material '{key_material_id}' does not exist")
    if named is not None:
        _take_away(call.engine, key, found[named])
    call.response = {"keyId": key.arn}
    return key.arn, named


def expire(engine: Engine, generation: Generation) -> None:
    """Take away material whose time is over, as AWS does by itself."""
    key = get_key(engine.database, generation.key_arn)
    _take_away(engine, key, generation)
    engine.trail.record(own_event(DELETE_EXPIRED, key, generation.valid_to))


def rotate_to_pending(engine: Engine, key: KmsKey, when: float, rotation_type: str) -> str:
    """Rotate to the material that waits for it, in related keys too; returns its id. Raises: InvalidKeyState."""
    pending = backing_keys.find_pending(engine, key)
    if pending is None or not is_everywhere(engine, key, pending.backing_key_id):
        raise errors.InvalidKeyState(f"No available key material pending rotation for the key: {key.arn}.")
    for one in related(engine, key):
        backing_keys.make_current(engine, one, pending.backing_key_id, when, rotation_type)
    return pending.backing_key_id


def is_everywhere(engine: Engine, key: KmsKey, material_id: str) -> bool:
    """Whether a material is here in a key and all that are related to it."""
    return all(
        any(one.is_here and one.backing_key_id == material_id for one in backing_keys.generations(engine, kin))
        for kin in related(engine, key)
    )


def earliest_expiry(engine: Engine, key: KmsKey) -> tuple[str | None, float | None]:
    """The expiration model of a key, and when the first of its materials expires; what waits for rotation is not one.

    Source: ValidTo of KeyMetadata. A recorded answer shows that a key without material has no expiration model.
    """
    here = [one for one in backing_keys.generations(engine, key) if one.is_here and not one.is_pending]
    ends = [one.valid_to for one in here if one.valid_to is not None]
    if ends:
        return EXPIRES, min(ends)
    return (DOES_NOT_EXPIRE if here else None), None


def _external_key(call: KmsCall, key_id: str, conditions: Mapping[str, str]) -> KmsKey:
    """A key that takes imported material. Raises: as `KmsCall.authorized_key`; UnsupportedOperation."""
    key = call.authorized_key(key_id, conditions=conditions)
    if key.origin != EXTERNAL:
        raise errors.UnsupportedOperation(f"{key.arn} origin is {key.origin} which is not valid for this operation.")
    return key


def _announce(engine: Engine, key: KmsKey, material_id: str) -> None:
    """Replicas wait for what is new in their primary."""
    (new,) = [one for one in backing_keys.generations(engine, key) if one.backing_key_id == material_id]
    for replica in replicas(engine, key):
        backing_keys.expect(engine, replica, new)


def _take_away(engine: Engine, key: KmsKey, generation: Generation) -> None:
    """Of a primary, material that waits for its rotation goes from its replicas too."""
    backing_keys.take_away(engine, key, generation)
    if generation.is_pending and not key.is_replica:
        for replica in replicas(engine, key):
            backing_keys.forget(engine, replica, generation.backing_key_id)
    _settle(engine, key, key.current_backing_key_id)


def _settle(engine: Engine, key: KmsKey, current: str | None) -> None:
    """Bring the key's state into line: usable if all its material is there, pending import if not."""
    is_whole = backing_keys.is_whole(engine, key)
    changes: dict[str, Any] = {"current_backing_key_id": current}
    if is_whole and key.state == "PendingImport":
        changes["state"] = "Enabled"
    elif not is_whole and key.state in ("Enabled", "Disabled"):
        changes["state"] = "PendingImport"
    change_key(engine.database, key, **changes)


def _expiry(engine: Engine, model: str, valid_to: datetime | None) -> float | None:
    if model == DOES_NOT_EXPIRE:
        if valid_to is not None:
            raise errors.InvalidRequest(f"ValidTo must not be set if the ExpirationModel is {DOES_NOT_EXPIRE}")
        return None
    if valid_to is None:
        raise errors.InvalidRequest(f"A validTo date must be set if the ExpirationModel is {EXPIRES}")
    now, seconds = engine.clock.now(), valid_to.timestamp()
    if not now < seconds <= now + quota("importedMaterialDays") * DAY_SECONDS:
        raise errors.InvalidRequest(f"ValidTo {as_event_text(seconds)} must lie within 365 days from now.")
    return seconds


def _unwrap(engine: Engine, key: KmsKey, token: bytes, wrapped: bytes) -> bytes:
    try:
        opened: dict[str, Any] = json.loads(engine.domain_key.unwrap(token, binding=_TOKEN).reveal())
    except DomainKeyError as error:
        raise errors.InvalidImportToken from error
    if opened["key"] != key.arn:
        raise errors.InvalidImportToken
    if opened["valid_to"] <= engine.clock.now():
        raise errors.ExpiredImportToken
    try:
        return asymmetric.unwrap(base64.b64decode(opened["private"]), opened["algorithm"], wrapped)
    except asymmetric.DecryptionFailed as error:
        raise errors.CiphertextRejected from error


def _check_wrapping(key: KmsKey, algorithm: str, wrapping_key_spec: str) -> None:
    """Whether a wrapping is for the key's kind of material. Raises: UnsupportedOperation.

    Source: WrappingAlgorithm of GetParametersForImport: bare RSA is for all but RSA keys, and for P-521 with a longer
    key only; RSA with AES is for RSA and elliptic curve keys.
    """
    kind = key.key_spec.partition("_")[0]
    if algorithm == asymmetric.WRAPPING_ALGORITHMS[algorithm]:
        too_long = key.key_spec == "ECC_NIST_P521" and wrapping_key_spec == "RSA_2048"
        is_for_it = kind != "RSA" and not too_long
    else:
        is_for_it = kind in ("RSA", "ECC")
    if not is_for_it:
        raise errors.UnsupportedOperation(
            f"Key material of key spec {key.key_spec} cannot be wrapped by {algorithm} under {wrapping_key_spec}."
        )


def _check_choice(
    key: KmsKey, known: Mapping[str, Generation], chosen: str, material_id: str, named: str | None
) -> None:
    """Whether this material may come in as new, or as what was there before."""
    if named is not None and chosen == NEW:
        raise errors.InvalidRequest("KeyMaterialId cannot be specified for new key material.")
    if (named or material_id) != material_id or (chosen == EXISTING) != (material_id in known):
        raise errors.IncorrectKeyMaterial
    if chosen == EXISTING:
        return
    if key.is_replica:
        require_primary(key)
    if not known:
        return
    if not key_specs.is_symmetric(key):
        raise errors.IncorrectKeyMaterial
    pending = next((one for one in known.values() if one.is_pending), None)
    if pending is not None:
        raise errors.InvalidKeyState(
            f"New key material (id: {material_id}) cannot be imported into KMS key {key.arn}, "
            f"because another key material (id: {pending.backing_key_id}) is pending rotation."
        )
