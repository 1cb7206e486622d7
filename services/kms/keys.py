"""The life of a key on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import imports, key_specs
from kms import keys as engine
from kms import tags as engine_tags
from kms import usage as usage_engine
from kms.key import EXTERNAL, KmsKey
from kms.multi_region import CREATING, PENDING_REPLICA_DELETION, related
from kms.store_backing import store_of
from services.kms.engine_call import perform, wire_page
from shared.aws.models import service_model

if TYPE_CHECKING:
    from services.call import ServiceCall

_DEPRECATED_SPECS = frozenset(service_model("kms").shape_for("CustomerMasterKeySpec").enum)


def create_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    others = dict(parameters)
    pairs = others.pop("Tags", [])
    tags = engine_tags.from_pairs((tag["TagKey"], tag["TagValue"]) for tag in pairs)
    return {"KeyMetadata": metadata(call, perform(call, engine.create_key, others, tags_=tags))}


def describe_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"KeyMetadata": metadata(call, perform(call, engine.describe_key, parameters))}


def get_key_last_usage(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The simulator has watched every key since its creation."""
    key, last = perform(call, usage_engine.get_key_last_usage, parameters)
    usage: dict[str, Any] = {}
    if last is not None:
        usage = {
            "Operation": last.operation,
            "Timestamp": last.used_at,
            "CloudTrailEventId": last.event_id,
            "KmsRequestId": last.request_id,
        }
    return {
        "KeyId": key.key_id,
        "KeyLastUsage": usage,
        "TrackingStartDate": key.created_at,
        "KeyCreationDate": key.created_at,
    }


def list_keys(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_keys, parameters)
    return wire_page(page, "Keys", [{"KeyId": key.key_id, "KeyArn": key.arn} for key in page.items])


def enable_key(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.enable_key, parameters)


def disable_key(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.disable_key, parameters)


def schedule_key_deletion(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key = perform(call, engine.schedule_key_deletion, parameters)
    return {
        "KeyId": key.arn,
        "DeletionDate": key.deletion_at,
        "KeyState": key.state,
        "PendingWindowInDays": key.pending_window_days,
    }


def cancel_key_deletion(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"KeyId": perform(call, engine.cancel_key_deletion, parameters)}


def update_key_description(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.update_key_description, parameters)


def metadata(call: ServiceCall, key: KmsKey) -> dict[str, Any]:
    """KeyMetadata. Source: a recorded answer for a symmetric key, member for member."""
    model, valid_to = imports.earliest_expiry(call.simulator.engine, key) if key.origin == EXTERNAL else (None, None)
    return {
        "AWSAccountId": key.account_id,
        "KeyId": key.key_id,
        "Arn": key.arn,
        "CreationDate": key.created_at,
        "Enabled": key.is_enabled,
        "Description": key.description,
        "KeyUsage": key.key_usage,
        "KeyState": key.state,
        "DeletionDate": key.deletion_at,
        "Origin": key.origin,
        "KeyManager": key.manager,
        **_home(call, key),
        "ExpirationModel": model,
        "ValidTo": valid_to,
        **specification(key),
        "MultiRegion": key.multi_region,
        "MultiRegionConfiguration": _kin(call, key) if key.multi_region else None,
        "PendingDeletionWindowInDays": key.pending_window_days if key.state == PENDING_REPLICA_DELETION else None,
        "CurrentKeyMaterialId": _current_material_id(key),
    }


def _home(call: ServiceCall, key: KmsKey) -> dict[str, Any]:
    """The custom key store of a key that lives in one."""
    store = store_of(call.simulator.engine, key)
    if store is None:
        return {}
    return {
        "CustomKeyStoreId": store.store_id,
        "CloudHsmClusterId": store.cluster_id,
        "XksKeyConfiguration": {"Id": key.xks_key_id} if key.xks_key_id else None,
    }


def _current_material_id(key: KmsKey) -> str | None:
    """Shown for symmetric encryption keys only, and not while a replica is being created."""
    is_shown = key_specs.is_symmetric(key) and key.state != CREATING and key.custom_key_store_id is None
    return key.current_backing_key_id if is_shown else None


def _kin(call: ServiceCall, key: KmsKey) -> dict[str, Any]:
    """The related keys of a multi-Region key."""
    kin = related(call.simulator.engine, key)
    told = {one.arn: {"Arn": one.arn, "Region": one.region} for one in kin}
    return {
        "MultiRegionKeyType": "REPLICA" if key.is_replica else "PRIMARY",
        "PrimaryKey": next(told[one.arn] for one in kin if not one.is_replica),
        "ReplicaKeys": [told[one.arn] for one in kin if one.is_replica],
    }


def specification(key: KmsKey) -> dict[str, Any]:
    """What kind of key it is, as KeyMetadata and GetPublicKey show it; the deprecated member knows older specs only."""
    member = key_specs.ALGORITHMS_MEMBER[key.key_usage]
    return {
        "CustomerMasterKeySpec": key.key_spec if key.key_spec in _DEPRECATED_SPECS else None,
        "KeySpec": key.key_spec,
        member[0].upper() + member[1:]: key_specs.algorithms(key.key_spec, key.key_usage),
    }
