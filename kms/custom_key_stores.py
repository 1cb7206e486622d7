"""Custom key stores: AWS CloudHSM and external ones, as places that can be cut off.

Follows the KMS API reference. What is simulated is the connection: the keys of a store that is not connected are
Unavailable. Their material rests where all material does; passwords and secrets of stores are taken and forgotten.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from kms import errors
from kms.authorization import authorize_by_iam
from kms.engine import Engine
from kms.key import KmsKey, change_key
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from shared.database import Row

CLOUDHSM, EXTERNAL_STORE = "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
CONNECTED, CONNECTING, DISCONNECTED = "CONNECTED", "CONNECTING", "DISCONNECTED"
UNAVAILABLE = "Unavailable"

REQUIRED: dict[str, tuple[str, ...]] = {
    CLOUDHSM: ("cloud_hsm_cluster_id", "trust_anchor_certificate", "key_store_password"),
    EXTERNAL_STORE: (
        "xks_proxy_uri_endpoint",
        "xks_proxy_uri_path",
        "xks_proxy_authentication_credential",
        "xks_proxy_connectivity",
    ),
}
"""Type of store -> the parameters that CreateCustomKeyStore needs for it."""

_KEPT = (
    "cloud_hsm_cluster_id",
    "trust_anchor_certificate",
    "xks_proxy_uri_endpoint",
    "xks_proxy_uri_path",
    "xks_proxy_vpc_endpoint_service_name",
    "xks_proxy_vpc_endpoint_service_owner",
    "xks_proxy_connectivity",
)


@dataclass(frozen=True)
class CustomKeyStore:
    """configuration: what was given at creation or update, without secrets, under the engine's names."""

    store_id: str
    account_id: str
    region: str
    name: str
    kind: str
    state: str
    configuration: dict[str, Any]
    created_at: float


@operation
def create_custom_key_store(
    call: KmsCall, *, custom_key_store_name: str, custom_key_store_type: str = CLOUDHSM, **given: Any
) -> str:
    """Make a store, not connected yet; returns its id.

    given: as `REQUIRED`. Raises: AccessDenied, InvalidRequest, CustomKeyStoreNameInUse, CloudHsmClusterInUse,
    XksProxyUriInUse.
    """
    authorize_by_iam(call, permission=call.name)
    missing = [name for name in REQUIRED[custom_key_store_type] if given.get(name) is None]
    if missing:
        raise errors.InvalidRequest(f"{_words(missing[0])} is required for a store of type {custom_key_store_type}.")
    configuration = _configuration(given)
    _check_unique(call, custom_key_store_name, configuration)
    store_id = f"cks-{call.engine.randomness.hex(17)}"
    call.engine.database.insert(
        "custom_key_stores",
        {
            "store_id": store_id,
            "account_id": call.caller.account_id,
            "region": call.caller.region,
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
    """The account's stores in this Region, or the one named. Raises: AccessDenied, CustomKeyStoreNotFound."""
    authorize_by_iam(call, permission=call.name)
    where: dict[str, Any] = {"account_id": call.caller.account_id, "region": call.caller.region}
    if custom_key_store_id is not None:
        where["store_id"] = custom_key_store_id
    if custom_key_store_name is not None:
        where["name"] = custom_key_store_name
    page = page_of(call, "custom_key_stores", where, "store_id", limit, marker, CustomKeyStore)
    if not page.items and marker is None and len(where) > 2:
        raise errors.CustomKeyStoreNotFound
    return page


@operation
def connect_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Connect a store; it is so once time has passed. Raises: AccessDenied and the store's own."""
    store = _require(call, custom_key_store_id, DISCONNECTED)
    call.engine.database.update("custom_key_stores", {"store_id": store.store_id}, {"state": CONNECTING})


@operation
def disconnect_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Cut a store off, at once: its keys are Unavailable. Raises: as `connect_custom_key_store`."""
    store = _require(call, custom_key_store_id, CONNECTED)
    call.engine.database.update("custom_key_stores", {"store_id": store.store_id}, {"state": DISCONNECTED})
    for key in keys_of(call.engine, store.store_id):
        if key.state in ("Enabled", "Disabled"):
            change_key(call.engine.database, key, state=UNAVAILABLE, state_when_available=key.state)


@operation
def update_custom_key_store(
    call: KmsCall, *, custom_key_store_id: str, new_custom_key_store_name: str | None = None, **given: Any
) -> None:
    """Change a store: its name at any time if it is external, all else while it is disconnected.

    Raises: as `create_custom_key_store` and `connect_custom_key_store`.
    """
    changed = {name: value for name, value in given.items() if value is not None}
    store = _require(call, custom_key_store_id, None)
    if store.state != DISCONNECTED and (changed or store.kind == CLOUDHSM):
        raise errors.CustomKeyStoreInvalidState
    configuration = {**store.configuration, **_configuration(given)}
    name = new_custom_key_store_name or store.name
    _check_unique(call, name, configuration, but=store.store_id)
    changes = {"name": name, "configuration": configuration}
    call.engine.database.update("custom_key_stores", {"store_id": store.store_id}, changes)


@operation
def delete_custom_key_store(call: KmsCall, *, custom_key_store_id: str) -> None:
    """Delete a store that has no keys and is not connected. Raises: as `connect_custom_key_store`, and HasKeys."""
    store = _require(call, custom_key_store_id, None)
    if keys_of(call.engine, store.store_id):
        raise errors.CustomKeyStoreHasKeys
    if store.state != DISCONNECTED:
        raise errors.CustomKeyStoreInvalidState
    call.engine.database.delete("custom_key_stores", {"store_id": store.store_id})


def check_home(call: KmsCall, origin: str, store_id: str | None, xks_key_id: str | None) -> None:
    """Whether a key of this origin can be made in that store.

    Raises: InvalidRequest, CustomKeyStoreNotFound, CustomKeyStoreInvalidState, XksKeyAlreadyInUse.
    """
    if origin not in REQUIRED:
        if store_id or xks_key_id:
            raise errors.InvalidRequest(f"A key of origin {origin} has no custom key store.")
        return
    if store_id is None:
        raise errors.InvalidRequest(f"CustomKeyStoreId is required for a key of origin {origin}.")
    if (xks_key_id is None) == (origin == EXTERNAL_STORE):
        raise errors.InvalidRequest("XksKeyId belongs to keys of origin EXTERNAL_KEY_STORE, and to all of them.")
    store = find_store(call, store_id)
    if store.kind != origin or store.state != CONNECTED:
        raise errors.CustomKeyStoreInvalidState
    taken = {"custom_key_store_id": store_id, "xks_key_id": xks_key_id}
    if xks_key_id is not None and call.engine.database.count("kms_keys", taken):
        raise errors.XksKeyAlreadyInUse


def check_random(call: KmsCall, store_id: str) -> None:
    """Whether random bytes come out of a store. Raises: CustomKeyStoreNotFound, CustomKeyStoreInvalidState."""
    store = find_store(call, store_id)
    if store.kind != CLOUDHSM:
        raise errors.UnsupportedOperation("Only CloudHSM key stores generate random bytes.")
    if store.state != CONNECTED:
        raise errors.CustomKeyStoreInvalidState


def find_store(call: KmsCall, store_id: str) -> CustomKeyStore:
    """Raises: CustomKeyStoreNotFound."""
    where = {"store_id": store_id, "account_id": call.caller.account_id, "region": call.caller.region}
    row = call.engine.database.find("custom_key_stores", where)
    if row is None:
        raise errors.CustomKeyStoreNotFound
    return CustomKeyStore(**row)


def keys_of(engine: Engine, store_id: str) -> list[KmsKey]:
    rows = engine.database.select("kms_keys", {"custom_key_store_id": store_id}, order=["arn"])
    return [KmsKey.from_row(row) for row in rows]


def settle(engine: Engine) -> None:
    """Stores that were connecting are connected, and their keys are what they were before."""
    for row in engine.database.select("custom_key_stores", {"state": CONNECTING}):
        engine.database.update("custom_key_stores", {"store_id": row["store_id"]}, {"state": CONNECTED})
        for key in keys_of(engine, row["store_id"]):
            if key.state == UNAVAILABLE:
                change_key(engine.database, key, state=key.state_when_available or "Enabled", state_when_available=None)


def cluster_of(engine: Engine, key: KmsKey) -> str | None:
    """The CloudHSM cluster behind a key, None for a key of an external store."""
    row: Row | None = engine.database.find("custom_key_stores", {"store_id": key.custom_key_store_id})
    return None if row is None else row["configuration"].get("cloud_hsm_cluster_id")


def _require(call: KmsCall, store_id: str, state: str | None) -> CustomKeyStore:
    """A store in a state, if it matters. Raises: AccessDenied, CustomKeyStoreNotFound, CustomKeyStoreInvalidState."""
    authorize_by_iam(call, permission=call.name)
    store = find_store(call, store_id)
    if state is not None and store.state != state:
        raise errors.CustomKeyStoreInvalidState
    return store


def _configuration(given: Mapping[str, Any]) -> dict[str, Any]:
    kept = {name: given[name] for name in _KEPT if given.get(name) is not None}
    credential = given.get("xks_proxy_authentication_credential")
    return kept if credential is None else {**kept, "access_key_id": credential["AccessKeyId"]}


def _check_unique(call: KmsCall, name: str, configuration: Mapping[str, Any], but: str = "") -> None:
    where = {"account_id": call.caller.account_id, "region": call.caller.region}
    for row in call.engine.database.select("custom_key_stores", where):
        if row["store_id"] == but:
            continue
        other = row["configuration"]
        if row["name"] == name:
            raise errors.CustomKeyStoreNameInUse
        if "cloud_hsm_cluster_id" in other and _same(other, configuration, "cloud_hsm_cluster_id"):
            raise errors.CloudHsmClusterInUse
        if "xks_proxy_uri_path" in other and _same(
            other, configuration, "xks_proxy_uri_endpoint", "xks_proxy_uri_path"
        ):
            raise errors.XksProxyUriInUse


def _same(one: Mapping[str, Any], other: Mapping[str, Any], *names: str) -> bool:
    return all(one.get(name) == other.get(name) for name in names)


def _words(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
