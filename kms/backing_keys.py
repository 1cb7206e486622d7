"""Backing keys: the generations of a KMS key's material, wrapped under the domain key wherever they rest.

One is current and encrypts; each that ever was still decrypts, until the KMS key is deleted. Follows "Rotating AWS KMS
keys" and the key hierarchy of the AWS KMS Cryptographic Details.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms import errors, key_material, store_backing
from kms.key_hierarchy import BackingKey, key_material_id
from kms.primitives import KeyMaterial
from shared.database import Row

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.key import KmsKey


@dataclass(frozen=True)
class Generation:
    """What is known of a backing key without unwrapping it. created_at: seconds; rotation_type: None for the first.

    Of imported material: whether it is here, whether it waits for the rotation that makes it current, valid_to
    (seconds), expiration_model, description.
    """

    backing_key_id: str
    key_arn: str
    created_at: float
    rotation_type: str | None
    is_here: bool = True
    is_pending: bool = False
    valid_to: float | None = None
    expiration_model: str | None = None
    description: str | None = None

    @classmethod
    def from_row(cls, row: Row) -> Generation:
        about = {name: row[name] for name in ("valid_to", "expiration_model", "description")}
        return cls(
            row["backing_key_id"],
            row["key_arn"],
            row["created_at"],
            row["rotation_type"],
            is_here=row["wrapped"] is not None,
            is_pending=bool(row["pending"]),
            **about,
        )


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
        raise _pending_import(key)
    return get(engine, key, key.current_backing_key_id)


def get(engine: Engine, key: KmsKey, backing_key_id: str) -> BackingKey:
    """One generation of a key.

    Raises: CiphertextRejected if the key never had it; InvalidKeyState, KeyUnavailable if it is out of reach.
    """
    row = engine.database.find("backing_keys", {"backing_key_id": backing_key_id, "key_arn": key.material_arn})
    if row is None:
        raise errors.CiphertextRejected()
    if row["wrapped"] is None:
        raise _pending_import(key)
    store_backing.check_key_reachable(engine, key)
    return BackingKey(backing_key_id, key.key_id, _unwrap(engine, row))


def generations(engine: Engine, key: KmsKey) -> list[Generation]:
    """All generations of a key, oldest first."""
    rows = engine.database.select("backing_keys", {"key_arn": key.material_arn}, order=["created_at", "backing_key_id"])
    return [Generation.from_row(row) for row in rows]


def is_whole(engine: Engine, key: KmsKey) -> bool:
    """Whether all material is here that is a key's for good: not what waits for its rotation."""
    own = [one for one in generations(engine, key) if not one.is_pending]
    return bool(own) and all(one.is_here for one in own)


def expired(engine: Engine, now: float) -> list[Generation]:
    """Imported material that is still here though its time is over."""
    where = {"valid_to__le": now, "wrapped__ne": None}
    return [Generation.from_row(row) for row in engine.database.select("backing_keys", where, order=["valid_to"])]


def bring(
    engine: Engine, key: KmsKey, backing_key_id: str, material: bytes, about: Mapping[str, Any], *, is_pending: bool
) -> None:
    """Store imported material, new or again. about: the columns that tell of it."""
    wrapped = engine.domain_key.wrap(material, binding=_binding(key.material_arn, backing_key_id))
    where = {"backing_key_id": backing_key_id, "key_arn": key.material_arn}
    if engine.database.update("backing_keys", where, {"wrapped": wrapped, **about}) == 0:
        row = {"created_at": engine.clock.now(), "rotation_type": None, "pending": int(is_pending)}
        engine.database.insert("backing_keys", {**where, **row, "wrapped": wrapped, **about})


def expect(engine: Engine, key: KmsKey, generation: Generation) -> None:
    """Note material that a related key has and that this one waits for: nothing of it comes along."""
    row = {
        "backing_key_id": generation.backing_key_id,
        "key_arn": key.material_arn,
        "wrapped": None,
        "created_at": generation.created_at,
        "rotation_type": generation.rotation_type,
        "pending": int(generation.is_pending),
    }
    engine.database.insert("backing_keys", row)


def take_away(engine: Engine, key: KmsKey, generation: Generation) -> None:
    """Destroy imported material. What is left says which it was; of material never rotated to, nothing is."""
    where = {"backing_key_id": generation.backing_key_id, "key_arn": key.material_arn}
    if generation.is_pending and not key.is_replica:
        engine.database.delete("backing_keys", where)
    else:
        engine.database.update("backing_keys", where, {"wrapped": None, "valid_to": None, "expiration_model": None})


def forget(engine: Engine, key: KmsKey, backing_key_id: str) -> None:
    """Drop material that a key only waited for."""
    engine.database.delete("backing_keys", {"backing_key_id": backing_key_id, "key_arn": key.material_arn})


def find_pending(engine: Engine, key: KmsKey) -> Generation | None:
    """The imported material that waits for its rotation."""
    row = engine.database.find("backing_keys", {"key_arn": key.material_arn, "pending": 1})
    return None if row is None else Generation.from_row(row)


def make_current(engine: Engine, key: KmsKey, backing_key_id: str, when: float, rotation_type: str) -> None:
    """Note that a rotation went to imported material."""
    where = {"backing_key_id": backing_key_id, "key_arn": key.material_arn}
    engine.database.update("backing_keys", where, {"pending": 0, "rotation_type": rotation_type, "created_at": when})


def destroy(engine: Engine, key: KmsKey) -> None:
    """Destroy all material of a key: what it encrypted is gone for good."""
    engine.database.delete("backing_keys", {"key_arn": key.material_arn})


def _unwrap(engine: Engine, row: Row) -> KeyMaterial:
    return engine.domain_key.unwrap(row["wrapped"], binding=_binding(row["key_arn"], row["backing_key_id"]))


def _pending_import(key: KmsKey) -> errors.InvalidKeyState:
    return errors.InvalidKeyState(f"{key.arn} is pending import.")


def _binding(key_arn: str, backing_key_id: str) -> bytes:
    """What a wrapped backing key is bound to: it opens in its own row only. Neither part contains a newline."""
    return f"{key_arn}\n{backing_key_id}".encode()
