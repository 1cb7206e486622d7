"""The life of a KMS key: create, describe, enable, disable, schedule its deletion, cancel it.

Follows the KMS API reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from kms import aws_managed, backing_keys, custom_key_stores, errors, key_specs, meter, new_keys
from kms.authorization import authorize_by_iam
from kms.conditions import of_kind
from kms.engine import Engine
from kms.event_metadata import event_metadata
from kms.key import CUSTOMER, EXTERNAL, KmsKey, change_key, get_key
from kms.key_policy import default_policy
from kms.key_specs import SYMMETRIC_DEFAULT
from kms.multi_region import related, replicas
from kms.new_keys import Kind
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from kms.tables import limit as quota
from kms.times import DAY_SECONDS
from shared.times import as_event_text

SELF = "SELF"


@operation
def create_key(
    call: KmsCall,
    *,
    policy: str | None = None,
    description: str = "",
    key_usage: str | None = None,
    customer_master_key_spec: str | None = None,
    key_spec: str | None = None,
    origin: str = "AWS_KMS",
    custom_key_store_id: str | None = None,
    bypass_policy_lockout_safety_check: bool | None = None,
    tags_: Mapping[str, str] | None = None,
    multi_region: bool = False,
    xks_key_id: str | None = None,
) -> KmsKey:
    """Create a key in the caller's account and Region.

    Raises: as `new_keys.admit` and `custom_key_stores.check_home`; InvalidRequest, UnsupportedOperation.
    """
    spec = _spec_of(key_spec, customer_master_key_spec)
    usage = key_specs.usage_of(spec, key_usage)
    call.shown = {"keyUsage": usage, "keySpec": spec, "customerMasterKeySpec": spec}
    kind = Kind(spec, usage, origin, multi_region, custom_key_store_id, xks_key_id)
    custom_key_stores.check_kind(kind)
    new_keys.admit(
        call,
        conditions=of_kind(spec=spec, usage=usage, origin=origin, multi_region=multi_region),
        policy=policy,
        bypass_lockout_check=bypass_policy_lockout_safety_check,
        tags_=tags_ or {},
    )
    custom_key_stores.check_home(call, kind)
    key = new_keys.add_key(
        call.engine,
        account_id=call.caller.account_id,
        region=call.caller.region,
        manager=CUSTOMER,
        policy=policy or default_policy(call.caller.account_id),
        description=description,
        tags=dict(tags_ or {}),
        kind=kind,
    )
    call.touches(key.arn, key.account_id)
    call.response = {"keyMetadata": event_metadata(key)}
    return key


def _spec_of(key_spec: str | None, customer_master_key_spec: str | None) -> str:
    """The key spec of a request, by its newer or its older name."""
    if key_spec is not None and customer_master_key_spec is not None:
        raise errors.InvalidRequest(
            "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. "
            "CustomerMasterKeySpec is deprecated."
        )
    return key_spec or customer_master_key_spec or SYMMETRIC_DEFAULT


@operation
def describe_key(call: KmsCall, *, key_id: str, grant_tokens: list[str] | None = None) -> KmsKey:
    """The key's metadata. Named by an alias of AWS that has no key yet, the key is made: so services come by theirs.

    Raises: as `KmsCall.authorized_key`. Source: DescribeKey of the KMS API reference.
    """
    aws_managed.provide(call, key_id)
    return call.authorized_key(key_id, grant_tokens=grant_tokens or ())


@operation
def list_keys(
    call: KmsCall, *, limit: int | None = None, marker: str | None = None, resource_owners: Sequence[str] = (SELF,)
) -> Page[KmsKey]:
    """The keys of the caller's account and Region, AWS managed ones included, AWS owned ones never.

    resource_owners: without SELF the list is empty, for no account shares keys through RAM here.
    """
    authorize_by_iam(call, permission=call.name)
    owner = call.caller.account_id if SELF in resource_owners else "nobody"
    where = {"account_id": owner, "region": call.caller.region}
    return page_of(call, "kms_keys", where, "key_id", limit, marker, _from_columns)


def _from_columns(**row: Any) -> KmsKey:
    return KmsKey.from_row(row)


@operation
def enable_key(call: KmsCall, *, key_id: str) -> None:
    """Make a disabled key usable again; if it fell due for rotation meanwhile, it rotates now."""
    from kms import rotation

    key = call.authorized_key(key_id)
    _refuse_aws_managed(key)
    _set_state(call.engine, key, "Enabled")
    if not key.is_enabled:
        rotation.rotate_if_overdue(call.engine, key)
    call.response = {"keyId": key.arn}


@operation
def disable_key(call: KmsCall, *, key_id: str) -> None:
    """Make a key unusable for cryptographic operations, at once and until it is enabled."""
    key = call.authorized_key(key_id)
    _refuse_aws_managed(key)
    _set_state(call.engine, key, "Disabled")
    call.response = {"keyId": key.arn}


def _set_state(engine: Engine, key: KmsKey, state: str) -> None:
    """Enable or disable a key; of one whose store is cut off it shows when the store is back."""
    column = "state_when_available" if key.state == custom_key_stores.UNAVAILABLE else "state"
    change_key(engine.database, key, **{column: state})


@operation
def schedule_key_deletion(call: KmsCall, *, key_id: str, pending_window_in_days: int | None = None) -> KmsKey:
    """Delete a key after a waiting period of 7 to 30 days, during which it cannot be used.

    Raises: as `KmsCall.authorized_key`; InvalidRequest.
    """
    window = quota("pendingWindowDays")
    days = window["default"] if pending_window_in_days is None else pending_window_in_days
    if not window["min"] <= days <= window["max"]:
        raise errors.InvalidRequest(
            f"PendingWindowInDays should be between {window['min']} and {window['max']}, but it is {days}"
        )
    key = call.authorized_key(key_id, conditions={"kms:schedulekeydeletionpendingwindowindays": str(days)})
    _refuse_aws_managed(key)
    deletion_at = call.engine.clock.now() + days * DAY_SECONDS
    if key.multi_region and not key.is_replica and replicas(call.engine, key):
        # Its window begins when the last replica is gone.
        change_key(call.engine.database, key, state="PendingReplicaDeletion", pending_window_days=days)
    else:
        change_key(
            call.engine.database, key, state="PendingDeletion", deletion_at=deletion_at, pending_window_days=days
        )
    key = get_key(call.engine.database, key.arn)
    call.response = {
        "keyId": key.arn,
        "keyState": key.state,
        "deletionDate": None if key.deletion_at is None else as_event_text(key.deletion_at),
        "pendingWindowInDays": days,
    }
    return key


@operation
def cancel_key_deletion(call: KmsCall, *, key_id: str) -> str:
    """Keep a key that was to be deleted; it comes back disabled, pending import or unavailable. Returns its ARN."""
    key = call.authorized_key(key_id)
    changes: dict[str, Any] = {"state": "Disabled"}
    if not backing_keys.is_whole(call.engine, key):
        changes = {"state": "PendingImport"}
    elif custom_key_stores.is_cut_off(call.engine, key):
        changes = {"state": custom_key_stores.UNAVAILABLE, "state_when_available": "Disabled"}
    change_key(call.engine.database, key, **changes, deletion_at=None, pending_window_days=None)
    call.response = {"keyId": key.arn}
    return key.arn


@operation
def update_key_description(call: KmsCall, *, key_id: str, description: str) -> None:
    key = call.authorized_key(key_id)
    _refuse_aws_managed(key)
    change_key(call.engine.database, key, description=description)
    call.response = {"keyId": key.arn}


def delete_key(engine: Engine, key: KmsKey) -> None:
    """The end of the waiting period: material, aliases and grants go with the key; its cost stays on the bill."""
    meter.keep_deleted(engine, key)
    for grant in engine.database.select("grants", {"key_arn": key.arn}):
        engine.database.delete("grant_tokens", {"grant_id": grant["grant_id"]})
    engine.database.delete("grants", {"key_arn": key.arn})
    engine.database.delete("aliases", {"key_arn": key.arn})
    engine.database.delete("kms_keys", {"arn": key.arn})
    if key.origin == EXTERNAL or not key.multi_region or not related(engine, key):
        backing_keys.destroy(engine, key)


def _refuse_aws_managed(key: KmsKey) -> None:
    if key.manager == "AWS":
        raise errors.UnsupportedOperation(f"{key.arn} is an AWS managed key; only AWS can change it.")
