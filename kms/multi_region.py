"""Multi-Region keys: one key id and one material in several Regions, with a primary that leads.

Follows "Multi-Region keys in AWS KMS" and the KMS API reference. Shared: key id, material, spec, usage, origin,
rotation. Independent: policy, grants, aliases, tags, description, state, and whether imported material is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from kms import backing_keys, errors, new_keys
from kms.conditions import of_kind
from kms.engine import EVENT_SOURCE, Engine
from kms.event_metadata import event_metadata
from kms.key import EXTERNAL, KmsKey, change_key, find_key, get_key, key_arn
from kms.key_policy import default_policy
from kms.operation import KmsCall, operation
from kms.own_events import SYNCHRONIZE, own_event
from kms.times import DAY_SECONDS
from shared.audit import ApiEvent, Resource
from shared.catalog import regions

CREATING, UPDATING = "Creating", "Updating"
PENDING_REPLICA_DELETION = "PendingReplicaDeletion"


@operation
def replicate_key(
    call: KmsCall,
    *,
    key_id: str,
    replica_region: str,
    policy: str | None = None,
    bypass_policy_lockout_safety_check: bool | None = None,
    description: str = "",
    tags_: Mapping[str, str] | None = None,
) -> KmsKey:
    """Make a replica of a primary key in another Region. It is Creating until time passes.

    Raises: as `KmsCall.authorized_key`; AlreadyExists, InvalidRequest, LimitExceeded, MalformedPolicyDocument,
    TagRefused, UnsupportedOperation.
    """
    key = call.authorized_key(key_id, conditions={"kms:replicaregion": replica_region})
    require_primary(key)
    if replica_region not in regions():
        raise errors.InvalidRequest(f"{replica_region} is no Region of this partition.")
    engine = call.engine
    arn = key_arn(replica_region, key.account_id, key.key_id)
    if find_key(engine.database, arn) is not None:
        raise errors.AlreadyExists(f"The key {key.key_id} exists in Region {replica_region}.")
    new_keys.admit(
        _in_region(call, replica_region),
        conditions=of_kind(
            spec=key.key_spec, usage=key.key_usage, origin=key.origin, multi_region=True, is_replica=True
        ),
        policy=policy,
        bypass_lockout_check=bypass_policy_lockout_safety_check,
        tags_=tags_ or {},
    )
    row = engine.database.find("kms_keys", {"arn": key.arn}) or {}
    own = {
        "arn": arn,
        "region": replica_region,
        "state": CREATING,
        "policy": policy or default_policy(key.account_id),
        "description": description,
        "tags": dict(tags_ or {}),
        "created_at": engine.clock.now(),
    }
    engine.database.insert("kms_keys", {**row, **own})
    replica = get_key(engine.database, arn)
    if key.origin == EXTERNAL:
        for generation in backing_keys.generations(engine, key):
            backing_keys.expect(engine, replica, generation)
    _tell(call, replica)
    return replica


def _tell(call: KmsCall, replica: KmsKey) -> None:
    """The trail of the primary's Region shows the replication, that of the replica's the creation of a key.

    Source: the sample of ReplicateKey, which tells of the CreateKey event; what that shows of its request is inferred.
    """
    metadata = {**event_metadata(replica), "multiRegionConfiguration": _event_configuration(call.engine, replica)}
    call.response = {"replicaKeyMetadata": metadata, "replicaPolicy": replica.policy}
    shown = ("description", "origin", "keyUsage", "keySpec", "customerMasterKeySpec", "multiRegion")
    call.engine.trail.record(
        ApiEvent(
            source=EVENT_SOURCE,
            name="CreateKey",
            region=replica.region,
            caller=call.caller,
            account_id=call.caller.account_id,
            read_only=False,
            request_parameters={name: metadata[name] for name in shown},
            response_elements={"keyMetadata": metadata},
            resources=[Resource(replica.arn, replica.account_id)],
            request_id=call.caller.request_id,
        )
    )


def _event_configuration(engine: Engine, key: KmsKey) -> dict[str, Any]:
    """The related keys as CloudTrail shows them."""
    kin = [({"arn": one.arn, "region": one.region}, one.is_replica) for one in related(engine, key)]
    return {
        "multiRegionKeyType": "REPLICA" if key.is_replica else "PRIMARY",
        "primaryKey": next(told for told, is_replica in kin if not is_replica),
        "replicaKeys": [told for told, is_replica in kin if is_replica],
    }


@operation
def update_primary_region(call: KmsCall, *, key_id: str, primary_region: str) -> None:
    """Make a replica the primary. Both are Updating until time passes; the caller needs the right on both.

    Raises: as `KmsCall.authorized_key`, for either; InvalidRequest, UnsupportedOperation.
    """
    conditions = {"kms:primaryregion": primary_region}
    key = call.authorized_key(key_id, conditions=conditions)
    require_primary(key)
    if primary_region == key.region:
        raise errors.InvalidRequest(f"{key.arn} is the primary key already.")
    replica = get_key(call.engine.database, key_arn(primary_region, key.account_id, key.key_id))
    _in_region(call, primary_region).authorized_key(replica, conditions=conditions)
    for one in related(call.engine, key):
        changes: dict[str, Any] = {"primary_region": primary_region}
        if one.arn in (key.arn, replica.arn):
            changes["state"] = UPDATING
        change_key(call.engine.database, one, **changes)
    call.response = {"keyId": key.arn}


def _in_region(call: KmsCall, region: str) -> KmsCall:
    """The same call where it reaches into another Region: policies see that one. The trail lists no key of there."""
    return replace(call, caller=replace(call.caller, region=region), resources=[])


def related(engine: Engine, key: KmsKey) -> list[KmsKey]:
    """The key itself, and if it is a multi-Region key its kin in other Regions; in the order of the Regions."""
    if not key.multi_region:
        return [key]
    where = {"key_id": key.key_id, "account_id": key.account_id}
    return [KmsKey.from_row(row) for row in engine.database.select("kms_keys", where, order=["region"])]


def replicas(engine: Engine, key: KmsKey) -> list[KmsKey]:
    return [one for one in related(engine, key) if one.is_replica]


def share(engine: Engine, key: KmsKey, **changes: Any) -> None:
    """Change what related keys have in common."""
    for one in related(engine, key):
        change_key(engine.database, one, **changes)


def require_primary(key: KmsKey) -> None:
    """Raises: UnsupportedOperation, in the recorded words of AWS KMS."""
    if not key.multi_region or key.is_replica:
        raise errors.UnsupportedOperation(f"{key.arn} is not a multi-region primary key.")


def settle(engine: Engine) -> None:
    """Keys that were being created or updated are ready; a replica of imported material waits for its own."""
    for row in engine.database.select("kms_keys", {"state": CREATING}, order=["arn"]):
        replica = KmsKey.from_row(row)
        is_imported = replica.origin == EXTERNAL
        change_key(engine.database, replica, state="PendingImport" if is_imported else "Enabled")
        if not is_imported:
            engine.trail.record(own_event(SYNCHRONIZE, replica, None))
    engine.database.update("kms_keys", {"state": UPDATING}, {"state": "Enabled"})


def note_synchronization(engine: Engine, key: KmsKey, when: float) -> None:
    """The replicas have what is new in their primary."""
    for replica in replicas(engine, key):
        engine.trail.record(own_event(SYNCHRONIZE, replica, when))


def after_deletion(engine: Engine, gone: KmsKey, when: float) -> None:
    """A primary that waited for its last replica to go begins its own waiting period."""
    if not gone.is_replica:
        return
    left = related(engine, gone)
    waiting = next((one for one in left if one.state == PENDING_REPLICA_DELETION), None)
    if waiting is not None and not any(one.is_replica for one in left):
        deletion_at = when + (waiting.pending_window_days or 0) * DAY_SECONDS
        change_key(engine.database, waiting, state="PendingDeletion", deletion_at=deletion_at)
