"""What stands behind a custom key store: an AWS CloudHSM cluster, or the proxy of an external key manager.

Neither exists here. A cluster is known by the trust anchor it was first named with; one with the same certificate
shares its backups. Anything behind a store can be said to be out of order through the control API, in the words of
AWS's own connection error codes: a connection then fails, and so does the use of a key whose store is connected.
Follows CustomKeyStoresListEntry of the KMS API reference.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms import errors

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.key import KmsKey
    from kms.operation import KmsCall

CLOUDHSM, EXTERNAL_STORE = "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
CONNECTED, CONNECTING, FAILED = "CONNECTED", "CONNECTING", "FAILED"
DISCONNECTED, DISCONNECTING = "DISCONNECTED", "DISCONNECTING"

_OF_ALL: dict[str, type[errors.KmsRefusal]] = {
    "INTERNAL_ERROR": errors.DependencyTimeout,
    "NETWORK_ERRORS": errors.DependencyTimeout,
}
OUTAGES: dict[str, dict[str, type[errors.KmsRefusal]]] = {
    CLOUDHSM: {
        "INSUFFICIENT_CLOUDHSM_HSMS": errors.CloudHsmClusterNotActive,
        "CLUSTER_NOT_FOUND": errors.CloudHsmClusterNotFound,
        "SUBNET_NOT_FOUND": errors.CloudHsmClusterInvalidConfiguration,
        "INSUFFICIENT_FREE_ADDRESSES_IN_SUBNET": errors.CloudHsmClusterInvalidConfiguration,
        "INVALID_CREDENTIALS": errors.DependencyTimeout,
        "USER_LOCKED_OUT": errors.DependencyTimeout,
        "USER_LOGGED_IN": errors.DependencyTimeout,
        "USER_NOT_FOUND": errors.DependencyTimeout,
        **_OF_ALL,
    },
    EXTERNAL_STORE: {
        "XKS_PROXY_NOT_REACHABLE": errors.XksProxyUriUnreachable,
        "XKS_PROXY_TIMED_OUT": errors.XksProxyUriUnreachable,
        "XKS_PROXY_ACCESS_DENIED": errors.XksProxyIncorrectAuthenticationCredential,
        "INVALID_CREDENTIALS": errors.XksProxyIncorrectAuthenticationCredential,
        "XKS_PROXY_INVALID_RESPONSE": errors.XksProxyInvalidResponse,
        "XKS_PROXY_INVALID_CONFIGURATION": errors.XksProxyInvalidConfiguration,
        "XKS_PROXY_INVALID_TLS_CONFIGURATION": errors.XksProxyInvalidConfiguration,
        "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND": errors.XksProxyVpcEndpointServiceNotFound,
        "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION": errors.XksProxyVpcEndpointServiceInvalidConfiguration,
        **_OF_ALL,
    },
}
"""Type of store -> connection error codes that it can have, the likeliest first -> what a call that checks meets."""

_UNCHECKED = frozenset({"INVALID_CREDENTIALS", "USER_LOCKED_OUT", "USER_LOGGED_IN", "USER_NOT_FOUND"})
"""Outages of a cluster that KMS does not notice before it connects: it does not try the password of an update."""

_TRANSIENT = frozenset({"INTERNAL_ERROR", "NETWORK_ERRORS", "XKS_PROXY_TIMED_OUT"})
"""Outages after which a use of a key can be retried. Source: our choice, after what the API reference says of each."""


@dataclass(frozen=True)
class CustomKeyStore:
    """configuration: what was given at creation or update, without secrets, under the engine's names.

    connection_error: why the last connection failed, while the state is FAILED. outage: what is out of order now.
    """

    store_id: str
    account_id: str
    region: str
    name: str
    kind: str
    state: str
    configuration: dict[str, Any]
    created_at: float
    connection_error: str | None
    outage: str | None

    @property
    def cluster_id(self) -> str | None:
        cluster_id: str | None = self.configuration.get("cloud_hsm_cluster_id")
        return cluster_id

    @property
    def uses_vpc_endpoint(self) -> bool:
        return self.configuration.get("xks_proxy_connectivity") == "VPC_ENDPOINT_SERVICE"


def store_of(engine: Engine, key: KmsKey) -> CustomKeyStore | None:
    """The custom key store that a key lives in, if it does."""
    if key.custom_key_store_id is None:
        return None
    row = engine.database.find("custom_key_stores", {"store_id": key.custom_key_store_id})
    return None if row is None else CustomKeyStore(**row)


def set_outage(engine: Engine, store: CustomKeyStore, outage: str | None) -> None:
    """Say what is out of order behind a store: one of `OUTAGES`, or nothing."""
    engine.database.update("custom_key_stores", {"store_id": store.store_id}, {"outage": outage})


def check_key_reachable(engine: Engine, key: KmsKey) -> None:
    """Whether the material of a key can be used, wherever it is. Raises: KeyUnavailable, InvalidKeyState."""
    store = store_of(engine, key)
    if store is None or store.outage is None:
        return
    kind = errors.KeyUnavailable if store.outage in _TRANSIENT else errors.InvalidKeyState
    raise kind(f"{key.arn} cannot be used because of {store.outage} in the custom key store {store.store_id}.")


def check_backing(store: CustomKeyStore) -> None:
    """What KMS checks of a cluster or a proxy that is to be used from now on. Raises: as `OUTAGES` says."""
    if store.outage is not None and not (store.kind == CLOUDHSM and store.outage in _UNCHECKED):
        raise OUTAGES[store.kind][store.outage](f"The custom key store {store.store_id} has {store.outage}.")


def check_answers(store: CustomKeyStore) -> None:
    """Whether a connected store does what it is asked to. Raises: CustomKeyStoreInvalidState, DependencyTimeout."""
    if store.state != CONNECTED:
        raise errors.CustomKeyStoreInvalidState(f"The custom key store {store.store_id} is {store.state}.")
    if store.outage is not None:
        raise errors.DependencyTimeout(f"The custom key store {store.store_id} has {store.outage}.")


def check_unique(call: KmsCall, name: str, configuration: Mapping[str, Any], but: str = "") -> None:
    """Each store has a name, a cluster or a proxy of its own in its account and Region.

    Raises: CustomKeyStoreNameInUse, CloudHsmClusterInUse, XksProxyUriInUse, XksProxyUriEndpointInUse,
    XksProxyVpcEndpointServiceInUse.
    """
    where = {"account_id": call.caller.account_id, "region": call.caller.region}
    for row in call.engine.database.select("custom_key_stores", where):
        if row["store_id"] == but:
            continue
        other = row["configuration"]
        if row["name"] == name:
            raise errors.CustomKeyStoreNameInUse(f"The custom key store name {name} is in use.")
        if _same(other, configuration, "cloud_hsm_cluster_id") or _same(
            other, configuration, "trust_anchor_certificate"
        ):
            raise errors.CloudHsmClusterInUse(f"The cluster, or one that shares its backups, belongs to {row['name']}.")
        _check_proxies(configuration, other)


def _check_proxies(configuration: Mapping[str, Any], other: Mapping[str, Any]) -> None:
    if _same(other, configuration, "xks_proxy_uri_endpoint", "xks_proxy_uri_path"):
        raise errors.XksProxyUriInUse("The proxy URI endpoint and path belong to another external key store.")
    by_vpc = any(one.get("xks_proxy_connectivity") == "VPC_ENDPOINT_SERVICE" for one in (configuration, other))
    if by_vpc and _same(other, configuration, "xks_proxy_uri_endpoint"):
        raise errors.XksProxyUriEndpointInUse("The proxy URI endpoint belongs to another external key store.")
    if _same(other, configuration, "xks_proxy_vpc_endpoint_service_name"):
        raise errors.XksProxyVpcEndpointServiceInUse("The VPC endpoint service belongs to another external key store.")


def remember_cluster(call: KmsCall, cluster_id: str, certificate: str) -> None:
    """A cluster has one certificate for good. Raises: IncorrectTrustAnchor if it was known by another."""
    known = find_certificate(call, cluster_id)
    if known is None:
        where = {"account_id": call.caller.account_id, "region": call.caller.region, "cluster_id": cluster_id}
        call.engine.database.insert("cloudhsm_clusters", {**where, "certificate": certificate})
    elif known != certificate:
        raise errors.IncorrectTrustAnchor(f"The certificate is not the trust anchor of the cluster {cluster_id}.")


def check_related(call: KmsCall, store: CustomKeyStore, cluster_id: str) -> None:
    """Whether a store may move to another cluster. Raises: CloudHsmClusterNotRelated."""
    certificate = store.configuration["trust_anchor_certificate"]
    if find_certificate(call, cluster_id) not in (None, certificate):
        raise errors.CloudHsmClusterNotRelated(f"The cluster {cluster_id} has another certificate.")
    remember_cluster(call, cluster_id, certificate)


def find_certificate(call: KmsCall, cluster_id: str) -> str | None:
    where = {"account_id": call.caller.account_id, "region": call.caller.region, "cluster_id": cluster_id}
    row = call.engine.database.find("cloudhsm_clusters", where)
    return None if row is None else str(row["certificate"])


def _same(one: Mapping[str, Any], other: Mapping[str, Any], *names: str) -> bool:
    """Whether both have all of these members, alike."""
    return all(one.get(name) is not None and one.get(name) == other.get(name) for name in names)
