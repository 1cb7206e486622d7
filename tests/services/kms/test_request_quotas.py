"""Request quotas: off until the fault is on; then each counts for itself, by account, Region and kind of key."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kms import request_quotas
from shared.aws.models import service_model
from tests.support import REGION, Account, Server, refused, started

SYMMETRIC = "Cryptographic operations (symmetric)"
RSA = "Cryptographic operations (RSA)"
ECC = "Cryptographic operations (ECC)"
STORE = "Custom key store"
ELSEWHERE = "eu-west-1"
TOO_FAST = "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    """A server whose quotas nobody else meets."""
    with started(None) as server:
        yield server


@pytest.fixture
def account(own_server: Server) -> Iterator[Account]:
    yield own_server.new_account()
    own_server.control("faults", {"request_quotas": None})


@pytest.fixture
def still(own_server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    """No time passes but what a test lets pass."""
    clock = own_server.simulator.clock
    begun, before = clock.now(), clock._advanced_by
    monkeypatch.setattr(clock, "now", lambda: begun + clock._advanced_by - before)


@pytest.fixture
def enforce(own_server: Server) -> Callable[..., None]:
    """Switch the quotas on: all as they are at AWS, or with some changed."""

    def switch_on(quotas: dict[str, float] | bool = True) -> None:
        own_server.control("faults", {"request_quotas": quotas})

    return switch_on


Enforce = Callable[..., None]


def throttled() -> Any:
    return refused("ThrottlingException")


@pytest.mark.usefixtures("still")
class TestRates:
    def test_nothing_is_throttled_until_the_fault_is_on(self, account: Account) -> None:
        for _ in range(12):
            account.client("kms").create_key()

    def test_the_request_beyond_the_quota_is_refused_in_kms_words(self, account: Account, enforce: Enforce) -> None:
        enforce()
        kms = account.client("kms")
        for _ in range(5):
            kms.create_key()
        with throttled() as refusal:
            kms.create_key()
        assert (refusal.message, refusal.status) == (TOO_FAST, 400)
        assert len(kms.list_keys()["Keys"]) == 5

    def test_time_fills_the_quota_again(self, account: Account, enforce: Enforce) -> None:
        kms = account.client("kms")
        key_id = kms.create_key(Origin="EXTERNAL")["KeyMetadata"]["KeyId"]
        enforce()
        wanted = {"KeyId": key_id, "WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"}
        kms.get_parameters_for_import(**wanted)
        account.server.advance("PT3S")
        with throttled():
            kms.get_parameters_for_import(**wanted)
        account.server.advance("PT1S")
        kms.get_parameters_for_import(**wanted)

    def test_a_quota_is_an_accounts_own_and_a_regions_own(self, account: Account, enforce: Enforce) -> None:
        enforce({"ListKeys": 1})
        account.client("kms").list_keys()
        with throttled():
            account.client("kms").list_keys()
        account.client("kms", ELSEWHERE).list_keys()
        account.server.new_account().client("kms").list_keys()

    def test_refused_requests_count_as_well(self, account: Account, enforce: Enforce) -> None:
        enforce({"GetKeyPolicy": 1})
        with refused("NotFoundException"):
            account.client("kms").get_key_policy(KeyId="00000000-0000-0000-0000-000000000000")
        with throttled():
            account.client("kms").get_key_policy(KeyId="00000000-0000-0000-0000-000000000000")

    def test_cryptographic_operations_share_by_kind_of_key(self, account: Account, enforce: Enforce) -> None:
        kms = account.client("kms")
        symmetric, mac, rsa, ecc = (
            kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"]["KeyId"]
            for spec, usage in (
                ("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"),
                ("HMAC_256", "GENERATE_VERIFY_MAC"),
                ("RSA_2048", "SIGN_VERIFY"),
                ("ECC_NIST_P256", "SIGN_VERIFY"),
            )
        )
        enforce({SYMMETRIC: 2, RSA: 1, ECC: 1})
        blob = kms.encrypt(KeyId=symmetric, Plaintext=b"x")["CiphertextBlob"]
        kms.generate_mac(KeyId=mac, Message=b"x", MacAlgorithm="HMAC_SHA_256")
        for call in (
            lambda: kms.decrypt(CiphertextBlob=blob),
            lambda: kms.generate_random(NumberOfBytes=8),
            lambda: kms.generate_data_key(KeyId=symmetric, KeySpec="AES_256"),
        ):
            with throttled():
                call()
        for key_id, algorithm in ((rsa, "RSASSA_PSS_SHA_256"), (ecc, "ECDSA_SHA_256")):
            kms.sign(KeyId=key_id, Message=b"x", SigningAlgorithm=algorithm)
            with throttled():
                kms.sign(KeyId=key_id, Message=b"x", SigningAlgorithm=algorithm)

    def test_reencrypt_between_keys_of_one_kind_is_one_request(self, account: Account, enforce: Enforce) -> None:
        kms = account.client("kms")
        key_id, other = (kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2))
        blob = kms.encrypt(KeyId=key_id, Plaintext=b"x")["CiphertextBlob"]
        enforce({SYMMETRIC: 1})
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
        with throttled():
            kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)

    def test_both_ways_to_make_a_data_key_pair_share_the_quota_of_its_spec(
        self, account: Account, enforce: Enforce
    ) -> None:
        kms = account.client("kms")
        key_id = kms.create_key()["KeyMetadata"]["KeyId"]
        enforce({request_quotas.pair_quota("ECC_NIST_P256"): 1})
        kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
        with throttled():
            kms.generate_data_key_pair_without_plaintext(KeyId=key_id, KeyPairSpec="ECC_NIST_P256")
        kms.generate_data_key_pair(KeyId=key_id, KeyPairSpec="ECC_NIST_P384")

    def test_a_key_of_a_custom_key_store_has_a_second_quota(self, account: Account, enforce: Enforce) -> None:
        kms = account.client("kms")
        store_id = kms.create_custom_key_store(
            CustomKeyStoreName="store",
            CloudHsmClusterId="cluster-2a23b4cdefg",
            KeyStorePassword="kmsPswd",
            TrustAnchorCertificate="-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----\n",
        )["CustomKeyStoreId"]
        kms.connect_custom_key_store(CustomKeyStoreId=store_id)
        account.server.advance("PT2S")
        in_store = kms.create_key(Origin="AWS_CLOUDHSM", CustomKeyStoreId=store_id)["KeyMetadata"]["KeyId"]
        outside = kms.create_key()["KeyMetadata"]["KeyId"]
        enforce({STORE: 1})
        kms.encrypt(KeyId=in_store, Plaintext=b"x")
        with throttled():
            kms.encrypt(KeyId=in_store, Plaintext=b"x")
        kms.encrypt(KeyId=outside, Plaintext=b"x")

    def test_another_accounts_key_counts_against_the_caller(self, account: Account, enforce: Enforce) -> None:
        stranger = account.server.new_account()
        everybody = {"Effect": "Allow", "Principal": "*", "Action": "kms:*", "Resource": "*"}
        policy = f'{{"Version": "2012-10-17", "Statement": [{everybody!r}]}}'.replace("'", '"')
        arn = account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
        enforce({SYMMETRIC: 1})
        stranger.client("kms").encrypt(KeyId=arn, Plaintext=b"x")
        with throttled():
            stranger.client("kms").encrypt(KeyId=arn, Plaintext=b"x")
        account.client("kms").encrypt(KeyId=arn, Plaintext=b"x")

    def test_a_replica_counts_in_both_regions(self, account: Account, enforce: Enforce) -> None:
        kms = account.client("kms")
        key_id = kms.create_key(MultiRegion=True)["KeyMetadata"]["KeyId"]
        enforce({"CreateKey": 3})
        kms.replicate_key(KeyId=key_id, ReplicaRegion=ELSEWHERE)
        account.client("kms", ELSEWHERE).create_key()
        with throttled():
            account.client("kms", ELSEWHERE).create_key()
        for _ in range(3):
            kms.create_key()

    def test_what_a_service_does_for_its_caller_counts_against_the_account(
        self, account: Account, enforce: Enforce
    ) -> None:
        kms, voice_id = account.client("kms"), account.client("voice-id")
        key = kms.create_key()["KeyMetadata"]["Arn"]
        domain_id = voice_id.create_domain(
            Name="calls", ServerSideEncryptionConfiguration={"KmsKeyId": key}, ClientToken="t" * 32
        )["Domain"]["DomainId"]
        enforce({SYMMETRIC: 8})
        for _ in range(8):
            kms.encrypt(KeyId=key, Plaintext=b"x")
        with throttled() as refusal:
            voice_id.describe_domain(DomainId=domain_id)
        assert refusal.message == TOO_FAST
        account.server.advance("PT1S")
        assert voice_id.describe_domain(DomainId=domain_id)["Domain"]["Name"] == "calls"

    def test_the_trail_tells_of_it(self, account: Account, enforce: Enforce) -> None:
        enforce({"ListAliases": 1})
        account.client("kms").list_aliases()
        with throttled():
            account.client("kms").list_aliases()
        events = account.server.control(f"trail?account={account.account_id}")["Events"]
        assert [event.get("errorCode") for event in events if event["eventName"] == "ListAliases"] == [
            "ThrottlingException",
            None,
        ]


class TestTable:
    def test_every_operation_in_it_exists(self) -> None:
        operations = set(service_model("kms").operation_names)
        assert {name for name in request_quotas.NAMES if name.isalpha()} <= operations

    @pytest.mark.parametrize(
        ("region", "rate"), [(REGION, 50_000), ("us-east-1", 50_000), ("eu-west-2", 10_000), ("eu-north-1", 5_500)]
    )
    def test_some_regions_have_more(self, region: str, rate: float) -> None:
        assert request_quotas.default(SYMMETRIC, region) == rate


class TestSetting:
    @pytest.mark.parametrize(
        "setting",
        ["on", 5, [], {"NoSuchQuota": 5}, {"CreateKey": 0}, {"CreateKey": "5"}, {"CreateKey": True}, {"CreateKey": -1}],
        ids=repr,
    )
    def test_what_makes_no_sense_is_refused_and_changes_nothing(self, own_server: Server, setting: Any) -> None:
        with pytest.raises(OSError, match="400"):
            own_server.control("faults", {"request_quotas": setting})
        assert own_server.control("faults")["request_quotas"] is None
