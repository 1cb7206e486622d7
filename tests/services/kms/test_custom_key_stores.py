"""Custom key stores through boto3: made, connected, cut off, broken, mended; and the keys in them."""

from __future__ import annotations

import json
import urllib.error
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from kms.store_backing import OUTAGES
from kms.tables import load
from tests.services.kms.kinds import STORE_PARAMETERS, connected_store
from tests.support import REGION, Account, Server, events_of, refused

CLOUDHSM, EXTERNAL = "AWS_CLOUDHSM", "EXTERNAL_KEY_STORE"
BOTH = pytest.mark.parametrize("kind", [CLOUDHSM, EXTERNAL])
HSM, XKS = STORE_PARAMETERS[CLOUDHSM], STORE_PARAMETERS[EXTERNAL]
SERVICE_NAME = "com.amazonaws.vpce.us-west-2.vpce-svc-0123456789abcdef0"
VPC = {
    **XKS,
    "XksProxyUriEndpoint": "https://private.example.com",
    "XksProxyConnectivity": "VPC_ENDPOINT_SERVICE",
    "XksProxyVpcEndpointServiceName": SERVICE_NAME,
}


@pytest.fixture(autouse=True)
def held(server: Server) -> None:
    """What takes AWS a moment stays under way until a test lets it end."""
    server.hold_jobs(True)


def create(kms: Any, name: str = "store", **parameters: Any) -> str:
    store: str = kms.create_custom_key_store(CustomKeyStoreName=name, **parameters)["CustomKeyStoreId"]
    return store


def told(kms: Any, store: str) -> dict[str, Any]:
    (one,) = kms.describe_custom_key_stores(CustomKeyStoreId=store)["CustomKeyStores"]
    return dict(one)


def state(kms: Any, store: str) -> str:
    return str(told(kms, store)["ConnectionState"])


def create_key(kms: Any, kind: str, store: str, xks_key_id: str = "external-key", **others: Any) -> str:
    more = {"XksKeyId": xks_key_id} if kind == EXTERNAL else {}
    key: str = kms.create_key(Origin=kind, CustomKeyStoreId=store, **more, **others)["KeyMetadata"]["Arn"]
    return key


def outage(account: Account, store: str, code: str | None, **others: Any) -> Any:
    """Break what stands behind a store, or mend it."""
    body = {"Account": account.account_id, "CustomKeyStoreId": store, "Available": code is None, **others}
    return account.server.control("custom-key-stores", body if code is None else {**body, "ConnectionErrorCode": code})


@contextmanager
def refused_by_control() -> Iterator[None]:
    with pytest.raises(urllib.error.HTTPError) as error:
        yield
    error.value.close()
    assert error.value.code == 400


class TestShape:
    def test_a_cloudhsm_store_shows_its_cluster_and_no_password(self, kms: Any) -> None:
        store = create(kms, **HSM)
        shown = told(kms, store)
        assert shown.pop("CreationDate")
        assert shown == {
            "CustomKeyStoreId": store,
            "CustomKeyStoreName": "store",
            "CustomKeyStoreType": CLOUDHSM,
            "ConnectionState": "DISCONNECTED",
            "CloudHsmClusterId": HSM["CloudHsmClusterId"],
            "TrustAnchorCertificate": HSM["TrustAnchorCertificate"],
        }

    def test_an_external_store_shows_its_proxy_and_no_secret(self, account: Account, kms: Any) -> None:
        public, private = create(kms, "public", **XKS), create(kms, "private", **VPC)
        assert told(kms, public)["XksProxyConfiguration"] == {
            "Connectivity": "PUBLIC_ENDPOINT",
            "AccessKeyId": "A" * 20,
            "UriEndpoint": "https://proxy.example.com",
            "UriPath": "/example/kms/xks/v1",
        }
        configuration = told(kms, private)["XksProxyConfiguration"]
        assert configuration["VpcEndpointServiceName"] == SERVICE_NAME
        assert configuration["VpcEndpointServiceOwner"] == account.account_id

    @BOTH
    @pytest.mark.parametrize("missing", sorted({*HSM, *XKS} - {"CustomKeyStoreType"}))
    def test_each_type_needs_its_parameters_and_takes_no_other(self, kms: Any, kind: str, missing: str) -> None:
        parameters = dict(STORE_PARAMETERS[kind])
        if missing in parameters:
            del parameters[missing]
        else:
            parameters[missing] = (HSM | XKS)[missing]
        with refused("ValidationException") as refusal:
            create(kms, **parameters)
        assert missing in refusal.message

    def test_a_vpc_endpoint_service_belongs_to_its_connectivity(self, kms: Any) -> None:
        without = {name: value for name, value in VPC.items() if name != "XksProxyVpcEndpointServiceName"}
        for parameters in (without, {**XKS, "XksProxyVpcEndpointServiceName": SERVICE_NAME}):
            with refused("ValidationException"):
                create(kms, **parameters)

    def test_stores_are_found_by_id_by_name_and_page_by_page(self, kms: Any) -> None:
        names = {create(kms, name, **parameters): name for name, parameters in (("a", HSM), ("b", XKS))}
        assert [one["CustomKeyStoreName"] for one in kms.describe_custom_key_stores()["CustomKeyStores"]] == [
            names[store] for store in sorted(names)
        ]
        (one,) = kms.describe_custom_key_stores(CustomKeyStoreName="b")["CustomKeyStores"]
        assert one["CustomKeyStoreType"] == EXTERNAL
        first = kms.describe_custom_key_stores(Limit=1)
        assert first["Truncated"]
        rest = kms.describe_custom_key_stores(Marker=first["NextMarker"])
        assert {
            first["CustomKeyStores"][0]["CustomKeyStoreName"],
            rest["CustomKeyStores"][0]["CustomKeyStoreName"],
        } == {
            "a",
            "b",
        }
        with refused("ValidationException"):
            kms.describe_custom_key_stores(CustomKeyStoreName="b", CustomKeyStoreId=one["CustomKeyStoreId"])

    @pytest.mark.parametrize(
        "operation",
        [
            "connect_custom_key_store",
            "disconnect_custom_key_store",
            "update_custom_key_store",
            "delete_custom_key_store",
            "describe_custom_key_stores",
        ],
    )
    def test_a_store_that_is_not_there_is_not_found(self, kms: Any, second_account: Account, operation: str) -> None:
        elsewhere = create(second_account.client("kms"), **HSM)
        for store in ("cks-00000000000000000", elsewhere):
            with refused("CustomKeyStoreNotFoundException"):
                getattr(kms, operation)(CustomKeyStoreId=store)


class TestUniqueness:
    @pytest.mark.parametrize(
        ("code", "first", "second"),
        [
            ("CloudHsmClusterInUseException", HSM, {**HSM, "TrustAnchorCertificate": "other"}),
            ("CloudHsmClusterInUseException", HSM, {**HSM, "CloudHsmClusterId": "cluster-otherotherx"}),
            ("XksProxyUriInUseException", XKS, XKS),
            (
                "XksProxyUriEndpointInUseException",
                VPC,
                {**VPC, "XksProxyUriPath": "/other/kms/xks/v1", "XksProxyVpcEndpointServiceName": f"{SERVICE_NAME}1"},
            ),
            (
                "XksProxyUriEndpointInUseException",
                XKS,
                {**VPC, "XksProxyUriEndpoint": XKS["XksProxyUriEndpoint"], "XksProxyUriPath": "/other/kms/xks/v1"},
            ),
            (
                "XksProxyVpcEndpointServiceInUseException",
                VPC,
                {**VPC, "XksProxyUriEndpoint": "https://other.example.com"},
            ),
        ],
        ids=["cluster", "backups", "proxy", "private-name", "endpoint-of-public", "service"],
    )
    def test_no_two_stores_share_what_is_behind_them(
        self, kms: Any, code: str, first: dict[str, Any], second: dict[str, Any]
    ) -> None:
        create(kms, "first", **first)
        with refused(code) as refusal:
            create(kms, "second", **second)
        assert refusal.status == 400

    def test_public_proxies_may_share_an_endpoint(self, kms: Any) -> None:
        create(kms, "first", **XKS)
        create(kms, "second", **{**XKS, "XksProxyUriPath": "/other/kms/xks/v1"})

    def test_names_are_unique_in_an_account_and_a_region(self, account: Account, kms: Any) -> None:
        create(kms, "one", **HSM)
        other = create(kms, "two", **XKS)
        with refused("CustomKeyStoreNameInUseException"):
            create(kms, "one", **VPC)
        with refused("CustomKeyStoreNameInUseException"):
            kms.update_custom_key_store(CustomKeyStoreId=other, NewCustomKeyStoreName="one")
        create(account.client("kms", "eu-west-1"), "one", **HSM)

    def test_a_cluster_keeps_its_trust_anchor(self, kms: Any) -> None:
        kms.delete_custom_key_store(CustomKeyStoreId=create(kms, **HSM))
        with refused("IncorrectTrustAnchorException"):
            create(kms, **{**HSM, "TrustAnchorCertificate": "another"})
        create(kms, **HSM)

    def test_an_account_has_ten_stores(self, kms: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        assert load("limits")["customKeyStores"] == 10
        monkeypatch.setitem(load("limits"), "customKeyStores", 1)
        create(kms, "one", **HSM)
        with refused("LimitExceededException"):
            create(kms, "two", **XKS)


class TestConnection:
    @BOTH
    def test_it_takes_a_moment_to_connect_and_to_disconnect(self, server: Server, kms: Any, kind: str) -> None:
        store = create(kms, **STORE_PARAMETERS[kind])
        for operation, under_way, done in (
            (kms.connect_custom_key_store, "CONNECTING", "CONNECTED"),
            (kms.disconnect_custom_key_store, "DISCONNECTING", "DISCONNECTED"),
        ):
            operation(CustomKeyStoreId=store)
            assert state(kms, store) == under_way
            server.run_jobs()
            assert state(kms, store) == done

    def test_a_connected_store_can_be_connected_again(self, account: Account, kms: Any) -> None:
        store = connected_store(account, CLOUDHSM)
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        assert state(kms, store) == "CONNECTED"

    @pytest.mark.parametrize(("kind", "code"), [(kind, code) for kind in OUTAGES for code in OUTAGES[kind]])
    def test_a_connection_fails_with_the_code_of_what_is_out_of_order(
        self, server: Server, account: Account, kms: Any, kind: str, code: str
    ) -> None:
        store = create(kms, **STORE_PARAMETERS[kind])
        assert outage(account, store, code)["ConnectionErrorCode"] == code
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        shown = told(kms, store)
        assert (shown["ConnectionState"], shown["ConnectionErrorCode"]) == ("FAILED", code)
        for refused_now in (kms.connect_custom_key_store, kms.update_custom_key_store, kms.delete_custom_key_store):
            with refused("CustomKeyStoreInvalidStateException"):
                refused_now(CustomKeyStoreId=store)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        outage(account, store, None)
        server.run_jobs()
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        assert "ConnectionErrorCode" not in told(kms, store)
        assert state(kms, store) == "CONNECTED"

    def test_states_forbid_what_they_forbid(self, server: Server, kms: Any) -> None:
        store = create(kms, **HSM)
        with refused("CustomKeyStoreInvalidStateException"):
            kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        with refused("CustomKeyStoreInvalidStateException"):
            kms.delete_custom_key_store(CustomKeyStoreId=store)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        for refused_now in (kms.connect_custom_key_store, kms.disconnect_custom_key_store):
            with refused("CustomKeyStoreInvalidStateException"):
                refused_now(CustomKeyStoreId=store)

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"CustomKeyStoreId": "cks-0", "Account": "000000000000", "Available": True},
            {"CustomKeyStoreId": ["x"], "Account": None, "Available": True},
        ],
    )
    def test_only_a_store_that_exists_can_be_broken(self, server: Server, body: dict[str, Any]) -> None:
        with refused_by_control():
            server.control("custom-key-stores", body)

    def test_a_store_is_broken_by_one_of_its_own_codes(self, account: Account, kms: Any) -> None:
        store = create(kms, **HSM)
        with refused_by_control():
            outage(account, store, "XKS_PROXY_TIMED_OUT")
        body = {"Account": account.account_id, "Region": REGION, "CustomKeyStoreId": store, "Available": False}
        assert account.server.control("custom-key-stores", body)["ConnectionErrorCode"] == "INSUFFICIENT_CLOUDHSM_HSMS"


class TestUpdate:
    @pytest.mark.parametrize(
        ("kind", "changes"),
        [
            (CLOUDHSM, {"NewCustomKeyStoreName": "new"}),
            (EXTERNAL, {"NewCustomKeyStoreName": "new"}),
            (EXTERNAL, {"XksProxyUriPath": "/new/kms/xks/v1"}),
            (EXTERNAL, {"XksProxyAuthenticationCredential": {"AccessKeyId": "B" * 20, "RawSecretAccessKey": "t" * 43}}),
        ],
        ids=["name-of-cloudhsm", "name-of-external", "path", "credential"],
    )
    def test_some_of_a_connected_store_can_change(
        self, account: Account, kms: Any, kind: str, changes: dict[str, Any]
    ) -> None:
        store = connected_store(account, kind)
        kms.update_custom_key_store(CustomKeyStoreId=store, **changes)
        assert any(word in json.dumps(told(kms, store), default=str) for word in ("new", "B" * 20))

    @pytest.mark.parametrize(
        ("kind", "changes", "shown"),
        [
            (CLOUDHSM, {"KeyStorePassword": "another-password"}, CLOUDHSM),
            (CLOUDHSM, {"CloudHsmClusterId": "cluster-restoredxyz"}, "cluster-restoredxyz"),
            (EXTERNAL, {"XksProxyUriEndpoint": "https://new.example.com"}, "https://new.example.com"),
            (
                EXTERNAL,
                {name: VPC[name] for name in VPC if name not in ("CustomKeyStoreType", "XksProxyUriPath")},
                SERVICE_NAME,
            ),
        ],
        ids=["password", "cluster", "endpoint", "connectivity"],
    )
    def test_the_rest_changes_while_it_is_disconnected(
        self, server: Server, account: Account, kms: Any, kind: str, changes: dict[str, Any], shown: str
    ) -> None:
        store = connected_store(account, kind)
        with refused("CustomKeyStoreInvalidStateException"):
            kms.update_custom_key_store(CustomKeyStoreId=store, **changes)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        kms.update_custom_key_store(CustomKeyStoreId=store, **changes)
        assert shown in json.dumps(told(kms, store), default=str)

    def test_connectivity_takes_its_endpoint_with_it(self, kms: Any) -> None:
        store = create(kms, **VPC)
        with refused("ValidationException"):
            kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyConnectivity="PUBLIC_ENDPOINT")
        kms.update_custom_key_store(
            CustomKeyStoreId=store,
            XksProxyConnectivity="PUBLIC_ENDPOINT",
            XksProxyUriEndpoint="https://public.example.com",
        )
        assert "VpcEndpointServiceName" not in told(kms, store)["XksProxyConfiguration"]
        with refused("ValidationException"):
            kms.update_custom_key_store(CustomKeyStoreId=store, XksProxyVpcEndpointServiceName=SERVICE_NAME)

    def test_a_store_moves_to_a_related_cluster_only(self, kms: Any) -> None:
        unrelated = {**HSM, "CloudHsmClusterId": "cluster-otherotherx", "TrustAnchorCertificate": "other"}
        kms.delete_custom_key_store(CustomKeyStoreId=create(kms, **unrelated))
        store = create(kms, **HSM)
        with refused("CloudHsmClusterNotRelatedException"):
            kms.update_custom_key_store(CustomKeyStoreId=store, CloudHsmClusterId="cluster-otherotherx")

    @pytest.mark.parametrize(
        ("kind", "outage_code", "code"),
        [
            (CLOUDHSM, "CLUSTER_NOT_FOUND", "CloudHsmClusterNotFoundException"),
            (CLOUDHSM, "INSUFFICIENT_CLOUDHSM_HSMS", "CloudHsmClusterNotActiveException"),
            (CLOUDHSM, "SUBNET_NOT_FOUND", "CloudHsmClusterInvalidConfigurationException"),
            (EXTERNAL, "XKS_PROXY_NOT_REACHABLE", "XksProxyUriUnreachableException"),
            (EXTERNAL, "INVALID_CREDENTIALS", "XksProxyIncorrectAuthenticationCredentialException"),
            (EXTERNAL, "XKS_PROXY_INVALID_RESPONSE", "XksProxyInvalidResponseException"),
            (EXTERNAL, "XKS_PROXY_INVALID_CONFIGURATION", "XksProxyInvalidConfigurationException"),
            (EXTERNAL, "XKS_VPC_ENDPOINT_SERVICE_NOT_FOUND", "XksProxyVpcEndpointServiceNotFoundException"),
            (
                EXTERNAL,
                "XKS_VPC_ENDPOINT_SERVICE_INVALID_CONFIGURATION",
                "XksProxyVpcEndpointServiceInvalidConfigurationException",
            ),
        ],
    )
    def test_an_update_checks_what_it_points_to(
        self, account: Account, kms: Any, kind: str, outage_code: str, code: str
    ) -> None:
        store = create(kms, **STORE_PARAMETERS[kind])
        outage(account, store, outage_code)
        changes: dict[str, Any] = (
            {"KeyStorePassword": "another-password"} if kind == CLOUDHSM else {"XksProxyUriPath": "/new/kms/xks/v1"}
        )
        with refused(code):
            kms.update_custom_key_store(CustomKeyStoreId=store, **changes)

    @BOTH
    def test_parameters_of_the_other_type_are_refused(self, kms: Any, kind: str) -> None:
        store = create(kms, **STORE_PARAMETERS[kind])
        changes = {"XksProxyUriPath": "/x/kms/xks/v1"} if kind == CLOUDHSM else {"KeyStorePassword": "password"}
        with refused("ValidationException"):
            kms.update_custom_key_store(CustomKeyStoreId=store, **changes)


class TestKeys:
    @BOTH
    def test_a_key_says_where_it_lives(self, account: Account, kms: Any, kind: str) -> None:
        store = connected_store(account, kind)
        metadata = kms.describe_key(KeyId=create_key(kms, kind, store))["KeyMetadata"]
        assert (metadata["Origin"], metadata["CustomKeyStoreId"]) == (kind, store)
        assert metadata.get("CloudHsmClusterId") == (HSM["CloudHsmClusterId"] if kind == CLOUDHSM else None)
        assert metadata.get("XksKeyConfiguration") == (None if kind == CLOUDHSM else {"Id": "external-key"})
        assert "CurrentKeyMaterialId" not in metadata

    @BOTH
    def test_a_key_is_unavailable_while_its_store_is_cut_off(
        self, server: Server, account: Account, kms: Any, kind: str
    ) -> None:
        store = connected_store(account, kind)
        key, disabled = create_key(kms, kind, store), create_key(kms, kind, store, "other-key")
        kms.disable_key(KeyId=disabled)
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        with refused("KMSInvalidStateException") as refusal:
            kms.decrypt(CiphertextBlob=blob)
        assert refusal.message == f"{key} is unavailable."
        with refused("CustomKeyStoreInvalidStateException"):
            create_key(kms, kind, store, "third-key")
        server.run_jobs()
        kms.enable_key(KeyId=disabled)
        kms.disable_key(KeyId=key)
        assert {kms.describe_key(KeyId=one)["KeyMetadata"]["KeyState"] for one in (key, disabled)} == {"Unavailable"}
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        states = [kms.describe_key(KeyId=one)["KeyMetadata"]["KeyState"] for one in (key, disabled)]
        assert states == ["Disabled", "Enabled"]
        kms.enable_key(KeyId=key)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    def test_a_cancelled_deletion_leaves_a_key_unavailable_while_its_store_is_cut_off(
        self, server: Server, account: Account, kms: Any
    ) -> None:
        store = connected_store(account, CLOUDHSM)
        key = create_key(kms, CLOUDHSM, store)
        kms.schedule_key_deletion(KeyId=key)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
        kms.cancel_key_deletion(KeyId=key)
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Unavailable"
        kms.connect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Disabled"

    @pytest.mark.parametrize(
        ("kind", "outage_code", "code", "status"),
        [
            (CLOUDHSM, "INSUFFICIENT_CLOUDHSM_HSMS", "KMSInvalidStateException", 400),
            (CLOUDHSM, "NETWORK_ERRORS", "KeyUnavailableException", 500),
            (EXTERNAL, "XKS_PROXY_NOT_REACHABLE", "KMSInvalidStateException", 400),
            (EXTERNAL, "XKS_PROXY_TIMED_OUT", "KeyUnavailableException", 500),
        ],
    )
    def test_a_connected_store_that_does_not_answer_fails_each_use(
        self, account: Account, kms: Any, kind: str, outage_code: str, code: str, status: int
    ) -> None:
        store = connected_store(account, kind)
        key = create_key(kms, kind, store)
        blob = kms.encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        outage(account, store, outage_code)
        for use in (
            lambda: kms.decrypt(CiphertextBlob=blob),
            lambda: kms.encrypt(KeyId=key, Plaintext=b"x"),
            lambda: kms.generate_data_key(KeyId=key, KeySpec="AES_256"),
        ):
            with refused(code) as refusal:
                use()
            assert refusal.status == status
            assert outage_code in refusal.message
        assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"
        with refused("DependencyTimeoutException"):
            create_key(kms, kind, store, "other-key")
        outage(account, store, None)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"

    @pytest.mark.parametrize(
        "parameters",
        [
            {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
            {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
            {"MultiRegion": True},
        ],
        ids=["mac", "pair", "multi-region"],
    )
    @BOTH
    def test_stores_hold_symmetric_encryption_keys_of_one_region_only(
        self, account: Account, kms: Any, kind: str, parameters: dict[str, Any]
    ) -> None:
        store = connected_store(account, kind)
        with refused("UnsupportedOperationException"):
            create_key(kms, kind, store, **parameters)

    @BOTH
    def test_they_take_no_imported_material_and_do_not_rotate(self, account: Account, kms: Any, kind: str) -> None:
        key = create_key(kms, kind, connected_store(account, kind))
        wrapping = {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        for refused_now in (
            lambda: kms.get_parameters_for_import(KeyId=key, **wrapping),
            lambda: kms.enable_key_rotation(KeyId=key),
            lambda: kms.rotate_key_on_demand(KeyId=key),
            lambda: kms.get_key_rotation_status(KeyId=key),
            lambda: kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256"),
        ):
            with refused("UnsupportedOperationException") as refusal:
                refused_now()
            assert refusal.message == f"{key} origin is {kind} which is not valid for this operation."

    @pytest.mark.parametrize(
        "parameters",
        [
            {"Origin": CLOUDHSM},
            {"CustomKeyStoreId": "<store>"},
            {"Origin": CLOUDHSM, "CustomKeyStoreId": "<store>", "XksKeyId": "external-key"},
            {"Origin": EXTERNAL, "CustomKeyStoreId": "<store>"},
            {"Origin": EXTERNAL, "CustomKeyStoreId": "<store>", "XksKeyId": "external-key"},
        ],
        ids=["no-store", "no-origin", "external-key-in-cloudhsm", "no-external-key", "store-of-another-type"],
    )
    def test_what_create_key_says_of_a_home_must_fit_together(
        self, account: Account, kms: Any, parameters: dict[str, Any]
    ) -> None:
        store = connected_store(account, CLOUDHSM)
        with refused("ValidationException"):
            kms.create_key(**{name: store if value == "<store>" else value for name, value in parameters.items()})

    def test_an_external_key_stands_behind_one_kms_key_of_a_store(self, account: Account, kms: Any) -> None:
        store = connected_store(account, EXTERNAL)
        create_key(kms, EXTERNAL, store)
        with refused("XksKeyAlreadyInUseException"):
            create_key(kms, EXTERNAL, store)

    def test_a_store_with_keys_stays_until_they_are_gone(self, server: Server, account: Account, kms: Any) -> None:
        store = connected_store(account, CLOUDHSM)
        key = create_key(kms, CLOUDHSM, store)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
        with refused("CustomKeyStoreHasCMKsException"):
            kms.delete_custom_key_store(CustomKeyStoreId=store)
        server.advance("P8D")
        kms.delete_custom_key_store(CustomKeyStoreId=store)
        assert kms.describe_custom_key_stores()["CustomKeyStores"] == []


class TestRandom:
    def test_random_bytes_come_out_of_a_connected_cluster(self, server: Server, account: Account, kms: Any) -> None:
        store = connected_store(account, CLOUDHSM)
        call = {"NumberOfBytes": 32, "CustomKeyStoreId": store}
        assert len(kms.generate_random(**call)["Plaintext"]) == 32
        outage(account, store, "NETWORK_ERRORS")
        with refused("DependencyTimeoutException"):
            kms.generate_random(**call)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        with refused("CustomKeyStoreInvalidStateException"):
            kms.generate_random(**call)
        with refused("CustomKeyStoreNotFoundException"):
            kms.generate_random(**{**call, "CustomKeyStoreId": "cks-00000000000000000"})

    def test_external_stores_make_none(self, account: Account, kms: Any) -> None:
        store = connected_store(account, EXTERNAL)
        with refused("UnsupportedOperationException"):
            kms.generate_random(NumberOfBytes=32, CustomKeyStoreId=store)


class TestTrail:
    def test_the_events_have_the_documented_form(self, server: Server, account: Account, kms: Any) -> None:
        store = connected_store(account, CLOUDHSM)
        kms.disconnect_custom_key_store(CustomKeyStoreId=store)
        server.run_jobs()
        kms.update_custom_key_store(CustomKeyStoreId=store, CloudHsmClusterId="cluster-restoredxyz")
        kms.delete_custom_key_store(CustomKeyStoreId=store)
        about = {"customKeyStoreName": CLOUDHSM, "clusterId": HSM["CloudHsmClusterId"]}
        seen = {event["eventName"]: event for event in events_of(account, source="kms.amazonaws.com")}
        assert seen["CreateCustomKeyStore"]["requestParameters"] == about
        assert seen["CreateCustomKeyStore"]["responseElements"] == {"customKeyStoreId": store}
        for name in ("ConnectCustomKeyStore", "DisconnectCustomKeyStore", "DeleteCustomKeyStore"):
            assert seen[name]["requestParameters"] == {"customKeyStoreId": store}
            assert seen[name]["responseElements"] is None
            assert seen[name]["additionalEventData"]["customKeyStoreName"] == CLOUDHSM
            assert "resources" not in seen[name]
        shown = {"customKeyStoreId": store, "clusterId": "cluster-restoredxyz"}
        assert seen["UpdateCustomKeyStore"]["requestParameters"] == shown
        assert seen["UpdateCustomKeyStore"]["additionalEventData"] == about

    @pytest.mark.claim("T6")
    def test_no_password_and_no_secret_rests_anywhere(self, server: Server, account: Account, kms: Any) -> None:
        password, secret = "kmsuser-canary-7391", "canary" * 8
        credential = {"AccessKeyId": "C" * 20, "RawSecretAccessKey": secret}
        one = create(kms, "one", **{**HSM, "KeyStorePassword": password})
        two = create(kms, "two", **{**XKS, "XksProxyAuthenticationCredential": credential})
        kms.update_custom_key_store(CustomKeyStoreId=one, KeyStorePassword=password)
        kms.update_custom_key_store(CustomKeyStoreId=two, XksProxyAuthenticationCredential=credential)
        with refused("ValidationException"):
            create(kms, "three", KeyStorePassword=password, XksProxyAuthenticationCredential=credential)
        with refused("ValidationException"):
            create(kms, "four", KeyStorePassword=password, CloudHsmClusterId="cluster-...........")
        resting = server.bytes_on_disk()
        assert password.encode() not in resting
        assert secret.encode() not in resting
        told_by_trail = json.dumps(events_of(account))
        assert password not in told_by_trail
        assert secret not in told_by_trail
