"""What a custom key store is made of: which parameters each type needs, takes and keeps.

Follows CreateCustomKeyStore and UpdateCustomKeyStore of the KMS API reference. Names are the engine's.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from kms import errors
from kms.store_backing import CLOUDHSM, EXTERNAL_STORE, CustomKeyStore

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

_OF_VPC = ("xks_proxy_vpc_endpoint_service_name", "xks_proxy_vpc_endpoint_service_owner")
"""Parameters of an external store that is reached through a VPC endpoint service."""

_FORGOTTEN = frozenset({"key_store_password", "xks_proxy_authentication_credential"})

CHANGED_WHILE_CONNECTED = frozenset({"xks_proxy_authentication_credential", "xks_proxy_uri_path"})
"""What UpdateCustomKeyStore changes, beside the name, of a store that is connected."""


def without_none(given: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def check_complete(kind: str, given: Mapping[str, Any]) -> None:
    """Whether a new store has all that its type needs, and nothing that only others have. Raises: InvalidRequest."""
    check_fitting(kind, given)
    required = REQUIRED[kind]
    if given.get("xks_proxy_connectivity") == "VPC_ENDPOINT_SERVICE":
        required = (*required, "xks_proxy_vpc_endpoint_service_name")
    missing = [name for name in required if name not in given]
    if missing:
        raise errors.InvalidRequest(f"{_words(missing[0])} is required for this custom key store.")
    if given.get("xks_proxy_connectivity") == "PUBLIC_ENDPOINT":
        _refuse_vpc(given)


def check_fitting(kind: str, given: Mapping[str, Any]) -> None:
    other = EXTERNAL_STORE if kind == CLOUDHSM else CLOUDHSM
    foreign = {*REQUIRED[other], *(_OF_VPC if other == EXTERNAL_STORE else ())}
    for name in given:
        if name in foreign:
            raise errors.InvalidRequest(f"{_words(name)} is not valid for a custom key store of type {kind}.")


def _refuse_vpc(given: Mapping[str, Any]) -> None:
    for name in _OF_VPC:
        if name in given:
            raise errors.InvalidRequest(f"{_words(name)} is valid with XksProxyConnectivity VPC_ENDPOINT_SERVICE only.")


def changed_configuration(store: CustomKeyStore, changed: Mapping[str, Any]) -> dict[str, Any]:
    """A store's configuration after an update; a change of connectivity takes its endpoint with it."""
    configuration = {**store.configuration, **configuration_of(changed)}
    if store.kind == CLOUDHSM:
        return configuration
    connectivity = configuration["xks_proxy_connectivity"]
    if connectivity == "PUBLIC_ENDPOINT":
        _refuse_vpc(changed)
        configuration = {name: value for name, value in configuration.items() if name not in _OF_VPC}
    if connectivity != store.configuration["xks_proxy_connectivity"]:
        needed = ("xks_proxy_uri_endpoint", *(_OF_VPC[:1] if connectivity == "VPC_ENDPOINT_SERVICE" else ()))
        for name in needed:
            if name not in changed:
                raise errors.InvalidRequest(f"{_words(name)} must change with XksProxyConnectivity.")
    if connectivity == "VPC_ENDPOINT_SERVICE":
        configuration.setdefault("xks_proxy_vpc_endpoint_service_owner", store.account_id)
    return configuration


def configuration_of(given: Mapping[str, Any]) -> dict[str, Any]:
    """What is kept of a request: no password and no secret, but whose secret it was."""
    kept = {name: value for name, value in given.items() if name not in _FORGOTTEN}
    credential = given.get("xks_proxy_authentication_credential")
    return kept if credential is None else {**kept, "access_key_id": credential["AccessKeyId"]}


def shown(given: Mapping[str, Any]) -> dict[str, Any]:
    """What the trail shows of a request: the cluster under its older name. Source: the samples of CloudHSM stores."""
    return {"clusterId": given["cloud_hsm_cluster_id"]} if "cloud_hsm_cluster_id" in given else {}


def _words(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))
