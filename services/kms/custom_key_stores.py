"""Custom key stores on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import custom_key_stores as engine
from kms.store_backing import CLOUDHSM, CustomKeyStore
from services.kms.engine_call import perform, wire_page

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_custom_key_store(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"CustomKeyStoreId": perform(call, engine.create_custom_key_store, parameters)}


def describe_custom_key_stores(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.describe_custom_key_stores, parameters)
    return wire_page(page, "CustomKeyStores", [_store(store) for store in page.items])


def connect_custom_key_store(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.connect_custom_key_store, parameters)


def disconnect_custom_key_store(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.disconnect_custom_key_store, parameters)


def update_custom_key_store(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.update_custom_key_store, parameters)


def delete_custom_key_store(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.delete_custom_key_store, parameters)


def _store(store: CustomKeyStore) -> dict[str, Any]:
    told = store.configuration
    common = {
        "CustomKeyStoreId": store.store_id,
        "CustomKeyStoreName": store.name,
        "CustomKeyStoreType": store.kind,
        "ConnectionState": store.state,
        "ConnectionErrorCode": store.connection_error,
        "CreationDate": store.created_at,
    }
    if store.kind == CLOUDHSM:
        cluster, anchor = told["cloud_hsm_cluster_id"], told["trust_anchor_certificate"]
        return {**common, "CloudHsmClusterId": cluster, "TrustAnchorCertificate": anchor}
    proxy = {
        "Connectivity": told["xks_proxy_connectivity"],
        "AccessKeyId": told["access_key_id"],
        "UriEndpoint": told["xks_proxy_uri_endpoint"],
        "UriPath": told["xks_proxy_uri_path"],
        "VpcEndpointServiceName": told.get("xks_proxy_vpc_endpoint_service_name"),
        "VpcEndpointServiceOwner": told.get("xks_proxy_vpc_endpoint_service_owner"),
    }
    return {**common, "XksProxyConfiguration": proxy}
