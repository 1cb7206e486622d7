"""Custom key stores: AWS CloudHSM and external ones, as places that can be cut off.

Follows the KMS API reference. What is simulated is the connection, and what stands behind it as far as `store_backing`
goes: the keys of a store that is not connected are Unavailable. Their material rests where all material does; passwords
and secrets of stores are taken and forgotten.
"""

from __future__ import annotations

from typing import Any

from kms import errors, store_backing, store_parameters
from kms.authorization import authorize_by_iam
from kms.engine import Engine
from kms.key import KmsKey, change_key
from kms.key_specs import SYMMETRIC_DEFAULT
from kms.new_keys import Kind
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from kms.store_backing import (
    CLOUDHSM,
    CONNECTED,
    CONNECTING,
    DISCONNECTED,
    DISCONNECTING,
    EXTERNAL_STORE,
    FAILED,
    CustomKeyStore,
)
from kms.tables import limit as quota

UNAVAILABLE = "Unavailable"

STORE_ORIGINS = frozenset({CLOUDHSM, EXTERNAL_STORE})
"""Origins of keys that live in a custom key store: the types of store, under the same names."""


@operation
def create_custom_key_store(
    call: KmsCall, *, custom_key_store_name: str, custom_key_store_type: str = CLOUDHSM, **given: Any
) -> str:
    """Make a store, not connected yet; returns its id.

    given: as `store_parameters.REQUIRED`, and for a VPC endpoint service its name and owner.
    Raises: AccessDenied, InvalidRequest, LimitExceeded, IncorrectTrustAnchor, and as `store_backing.check_unique`.
    """
    given = store_parameters.without_none(given)
    call.shown = store_parameters.shown(given)
    store_parameters.check_complete(custom_key_store_type, given)
    authorize_by_iam(call, permission=call.name)
    where = {"account_id": call.caller.account_id, "region": call.caller.region}
    if call.engine.database.count("custom_key_stores", where) >= quota("customKeyStores"):
        raise errors.LimitExceeded(f"An account has at most {quota('customKeyStores')} custom key stores in a Region.")
    configuration = store_parameters.configuration_of(given)
    if configuration.get("xks_proxy_connectivity") == "VPC_ENDPOINT_SERVICE":
        configuration.setdefault("xks_proxy_vpc_endpoint_service_owner", call.caller.account_id)
    store_backing.check_unique(call, custom_key_store_name, configuration)
    if custom_key_store_type == CLOUDHSM:
        store_backing.remember_cluster(call, given["cloud_hsm_cluster_id"], given["trust_anchor_certificate"])
    store_id = f"cks-{call.engine.randomness.hex(17)}"
    call.engine.database.insert(
        "custom_key_stores",
        {
            **where,
            "store_id": store_id,
            "name": custom_key_store_name,
            "kind": custom_key_store_type,
            "state": DISCONNECTED,
            "configuration": configuration,
            "created_at": call.engine.clock.now(),
        },
    )
    call.response = {"customKeyStoreId": store_id}
    return store_id


@operation
def describe_custom_key_stores(
    call: KmsCall,
    *,
    custom_key_store_id: str | None = None,
    custom_key_store_name: str | None = None,
    limit: int | None = None,
    marker: str | None = None,
) -> Page[CustomKeyStore]:
    """The account's stores in this Region, or the one named.

    Raises: AccessDenied, CustomKeyStoreNotFound, InvalidMarker, InvalidRequest.
    """
    if custom_key_store_id is not None and custom_key_store_name is not None:
        raise errors.InvalidRequest("Specify CustomKeyStoreId or CustomKeyStoreName, but not both.")
    authorize_by_iam(call, permission=call.name)
    where: dict[str, Any] = {"account_id": call.caller.account_id, "region": call.caller.region}
    if custom_key_store_id is not None:
        where["store_id"] = custom_key_store_id
    if custom_key_store_name is not None:
        where["name"] = custom_key_store_name
    page = page_of(call, "custom_key_stores", where, "store_id", limit, marker, CustomKeyStore)
    if not page.items and marker is None and len(where) > 2:
        raise _not_found(custom_key_store_id or custom_key_store_name or "")
    return page


@operation
def connect_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Connect a store; whether it succeeds shows a moment later. Raises: AccessDenied and the store's own."""
    store = _authorized_store(call, custom_key_store_id)
    _require_state(store, CONNECTED, CONNECTING, DISCONNECTED)
    if store.state == DISCONNECTED:
        _change(call.engine, store, state=CONNECTING)


@operation
def disconnect_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Cut a store off: its keys are Unavailable at once. Raises: as `connect_custom_key_store`."""
    store = _authorized_store(call, custom_key_store_id)
    _require_state(store, CONNECTED, CONNECTING, FAILED)
    _change(call.engine, store, state=DISCONNECTING, connection_error=None)
    for key in keys_of(call.engine, store.store_id):
        if key.state in ("Enabled", "Disabled"):
            change_key(call.engine.database, key, state=UNAVAILABLE, state_when_available=key.state)


@operation
def update_custom_key_store(
    call: KmsCall, *, custom_key_store_id: str, new_custom_key_store_name: str | None = None, **given: Any
) -> None:
    """Change a store: all of it while it is disconnected, a part while it is connected.

    Raises: as `create_custom_key_store` and `connect_custom_key_store`; CloudHsmClusterNotRelated, and what
    `store_backing.check_backing` finds.
    """
    changed = store_parameters.without_none(given)
    call.shown = store_parameters.shown(changed)
    store = _authorized_store(call, custom_key_store_id)
    store_parameters.check_fitting(store.kind, changed)
    anytime = changed.keys() <= store_parameters.CHANGED_WHILE_CONNECTED
    _require_state(store, *((CONNECTED, DISCONNECTED) if anytime else (DISCONNECTED,)))
    configuration = store_parameters.changed_configuration(store, changed)
    name = new_custom_key_store_name or store.name
    store_backing.check_unique(call, name, configuration, but=store.store_id)
    if "cloud_hsm_cluster_id" in changed:
        store_backing.check_related(call, store, changed["cloud_hsm_cluster_id"])
    if changed:
        store_backing.check_backing(store)
    _change(call.engine, store, name=name, configuration=configuration)


@operation
def delete_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Delete a store that has no keys and is not connected. Raises: as `connect_custom_key_store`, and HasKeys."""
    store = _authorized_store(call, custom_key_store_id)
    if keys_of(call.engine, store.store_id):
        raise errors.CustomKeyStoreHasKeys(f"The custom key store {store.store_id} contains KMS keys.")
    _require_state(store, DISCONNECTED)
    call.engine.database.delete("custom_key_stores", {"store_id": store.store_id})


def check_kind(kind: Kind) -> None:
    """Whether what CreateKey says of a key and its home fits together. Raises: InvalidRequest, UnsupportedOperation."""
    if kind.origin not in STORE_ORIGINS:
        if kind.custom_key_store_id or kind.xks_key_id:
            raise errors.InvalidRequest(f"A key of origin {kind.origin} has no custom key store.")
        return
    if kind.custom_key_store_id is None:
        raise errors.InvalidRequest(f"CustomKeyStoreId is required for a key of origin {kind.origin}.")
    if (kind.xks_key_id is None) == (kind.origin == EXTERNAL_STORE):
        raise errors.InvalidRequest("XksKeyId belongs to keys of origin EXTERNAL_KEY_STORE, and to all of them.")
    if kind.multi_region or kind.spec != SYMMETRIC_DEFAULT:
        raise errors.UnsupportedOperation("Custom key stores hold symmetric encryption keys of one Region only.")


def check_home(call: KmsCall, kind: Kind) -> None:
    """Whether a key of this kind can be made in its store, now, if it is to be in one.

    Raises: InvalidRequest, CustomKeyStoreNotFound, CustomKeyStoreInvalidState, DependencyTimeout,
    XksKeyAlreadyInUse.
    """
    if kind.custom_key_store_id is None:
        return
    store = find_store(call, kind.custom_key_store_id)
    if store.kind != kind.origin:
        raise errors.InvalidRequest(
            f"A key of origin {kind.origin} cannot be in a custom key store of type {store.kind}."
        )
    store_backing.check_answers(store)
    taken = {"custom_key_store_id": store.store_id, "xks_key_id": kind.xks_key_id}
    if kind.xks_key_id is not None and call.engine.database.count("kms_keys", taken):
        raise errors.XksKeyAlreadyInUse(f"Another KMS key of this store stands for the external key {kind.xks_key_id}.")


def check_random(call: KmsCall, store_id: str) -> None:
    """Whether random bytes come out of a store.

    Raises: CustomKeyStoreNotFound, CustomKeyStoreInvalidState, DependencyTimeout, UnsupportedOperation.
    """
    store = find_store(call, store_id)
    if store.kind != CLOUDHSM:
        raise errors.UnsupportedOperation("Only CloudHSM key stores generate random bytes.")
    store_backing.check_answers(store)


def find_store(call: KmsCall, store_id: str) -> CustomKeyStore:
    """A store of the caller's account and Region. Raises: CustomKeyStoreNotFound."""
    where = {"store_id": store_id, "account_id": call.caller.account_id, "region": call.caller.region}
    row = call.engine.database.find("custom_key_stores", where)
    if row is None:
        raise _not_found(store_id)
    return CustomKeyStore(**row)


def is_cut_off(engine: Engine, key: KmsKey) -> bool:
    """Whether a key lives in a store that is not connected."""
    store = store_backing.store_of(engine, key)
    return store is not None and store.state != CONNECTED


def keys_of(engine: Engine, store_id: str) -> list[KmsKey]:
    rows = engine.database.select("kms_keys", {"custom_key_store_id": store_id}, order=["arn"])
    return [KmsKey.from_row(row) for row in rows]


def settle(engine: Engine) -> None:
    """Bring connections and disconnections under way to their end, good or bad."""
    for row in engine.database.select("custom_key_stores", {"state": (CONNECTING, DISCONNECTING)}):
        store = CustomKeyStore(**row)
        if store.state == DISCONNECTING:
            _change(engine, store, state=DISCONNECTED)
        elif store.outage is not None:
            _change(engine, store, state=FAILED, connection_error=store.outage)
        else:
            _change(engine, store, state=CONNECTED)
            _revive_keys(engine, store)


def _revive_keys(engine: Engine, store: CustomKeyStore) -> None:
    """The keys of a connected store are what they were before, or what they were made to be meanwhile."""
    for key in keys_of(engine, store.store_id):
        if key.state == UNAVAILABLE:
            change_key(engine.database, key, state=key.state_when_available or "Enabled", state_when_available=None)


def _change(engine: Engine, store: CustomKeyStore, **changes: Any) -> None:
    engine.database.update("custom_key_stores", {"store_id": store.store_id}, changes)


def _authorized_store(call: KmsCall, store_id: str) -> CustomKeyStore:
    """Raises: AccessDenied, CustomKeyStoreNotFound."""
    authorize_by_iam(call, permission=call.name)
    store = find_store(call, store_id)
    call.additional = {"customKeyStoreName": store.name}
    if store.cluster_id is not None:
        call.additional["clusterId"] = store.cluster_id
    return store


def _require_state(store: CustomKeyStore, *states: str) -> None:
    if store.state not in states:
        raise errors.CustomKeyStoreInvalidState(f"The custom key store {store.store_id} is {store.state}.")


def _not_found(name: str) -> errors.CustomKeyStoreNotFound:
    return errors.CustomKeyStoreNotFound(f"The custom key store {name} does not exist.")
