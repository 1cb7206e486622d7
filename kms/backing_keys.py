"""Backing keys: the generations of a KMS key's material, wrapped under the domain key wherever they rest.

One is current and encrypts; each that ever was still decrypts, until the KMS key is deleted. Follows "Rotating AWS KMS
keys" and the key hierarchy of the AWS KMS Cryptographic Details.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kms import errors, key_material
from kms.key_hierarchy import BackingKey, key_material_id
from kms.primitives import KeyMaterial
from shared.database import Row

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.key import KmsKey


@dataclass(frozen=True)
class Generation:
    """What is known of a backing key without unwrapping it. created_at: seconds; rotation_type: None for the first."""

    backing_key_id: str
    key_arn: str
    created_at: float
    rotation_type: str | None


def create(
    engine: Engine, key_arn: str, key_id: str, spec: str, created_at: float, rotation_type: str | None = None
) -> str:
    """Make fresh material for a key and return its id; whoever calls makes it current."""
    material = key_material.generate(spec)
    backing_key_id = key_material_id(key_id, KeyMaterial(material))
    engine.database.insert(
        "backing_keys",
        {
            "backing_key_id": backing_key_id,
            "key_arn": key_arn,
            "wrapped": engine.domain_key.wrap(material, binding=_binding(key_arn, backing_key_id)),
            "created_at": created_at,
            "rotation_type": rotation_type,
        },
    )
    return backing_key_id


def current(engine: Engine, key: KmsKey) -> BackingKey:
    """The generation that encrypts."""
    if key.current_backing_key_id is None:
        raise errors.InvalidKeyState(f"{key.arn} is pending import.")
    return get(engine, key, key.current_backing_key_id)


def get(engine: Engine, key: KmsKey, backing_key_id: str) -> BackingKey:
    """One generation of a key. Raises: CiphertextRejected if the key never had it."""
    row = engine.database.find("backing_keys", {"backing_key_id": backing_key_id, "key_arn": key.arn})
    if row is None:
        raise errors.CiphertextRejected()
    return BackingKey(backing_key_id, key.key_id, _unwrap(engine, row))


def generations(engine: Engine, key: KmsKey) -> list[Generation]:
    """All generations of a key, oldest first."""
    rows = engine.database.select("backing_keys", {"key_arn": key.arn}, order=["created_at", "rotation_type"])
    return [Generation(row["backing_key_id"], row["key_arn"], row["created_at"], row["rotation_type"]) for row in rows]


def destroy(engine: Engine, key: KmsKey) -> None:
    """Destroy all material of a key: what it encrypted is gone for good."""
    engine.database.delete("backing_keys", {"key_arn": key.arn})


def _unwrap(engine: Engine, row: Row) -> KeyMaterial:
    return engine.domain_key.unwrap(row["wrapped"], binding=_binding(row["key_arn"], row["backing_key_id"]))


def _binding(key_arn: str, backing_key_id: str) -> bytes:
    """What a wrapped backing key is bound to: it opens in its own row only. Neither part contains a newline."""
    return f"{key_arn}\n{backing_key_id}".encode()
