"""The AWS Encryption SDK for Python as a client: keyrings, master key providers, encryption contexts, caching."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from aws_cryptographic_material_providers.mpl import AwsCryptographicMaterialProviders
from aws_cryptographic_material_providers.mpl.config import MaterialProvidersConfig
from aws_cryptographic_material_providers.mpl.models import (
    CreateAwsKmsDiscoveryKeyringInput,
    CreateAwsKmsKeyringInput,
    CreateAwsKmsMrkKeyringInput,
    CreateAwsKmsRsaKeyringInput,
    CreateMultiKeyringInput,
)
from aws_encryption_sdk import (
    AWSEncryptionSDKClientError,
    CachingCryptoMaterialsManager,
    EncryptionSDKClient,
    LocalCryptoMaterialsCache,
    StrictAwsKmsMasterKeyProvider,
)
from aws_encryption_sdk.identifiers import Algorithm
from cryptography.hazmat.primitives import serialization

from tests.services.kms.support import REPLICA_REGION
from tests.support import Account

PLAINTEXT = b"what the customer said"
CONTEXT = {"purpose": "test", "tenant": "ada"}

Trail = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module")
def providers() -> Any:
    return AwsCryptographicMaterialProviders(config=MaterialProvidersConfig())


@pytest.fixture(scope="module")
def sdk() -> EncryptionSDKClient:
    return EncryptionSDKClient()


def keyring_of(providers: Any, kms: Any, key: str) -> Any:
    return providers.create_aws_kms_keyring(input=CreateAwsKmsKeyringInput(kms_key_id=key, kms_client=kms))


def kms_calls(trail: Trail, account: Account) -> list[str]:
    """The cryptographic operations of the account's trail, in order; with the error code of those refused."""
    return [
        event["eventName"] + (f" {event['errorCode']}" if "errorCode" in event else "")
        for event in trail(account, source="kms.amazonaws.com")
        if event["eventName"] not in ("CreateKey", "DisableKey", "ReplicateKey")
    ]


class TestKeyrings:
    def test_what_one_call_encrypts_another_decrypts(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        keyring = keyring_of(providers, kms, kms_key)
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring, encryption_context=CONTEXT)
        plaintext, header = sdk.decrypt(source=message, keyring=keyring, encryption_context=CONTEXT)
        assert plaintext == PLAINTEXT
        assert header.encryption_context.items() >= CONTEXT.items()
        assert kms_calls(trail, account) == ["GenerateDataKey", "Decrypt"]

    def test_kms_sees_the_encryption_context_with_what_the_sdk_adds(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        sdk.encrypt(source=PLAINTEXT, keyring=keyring_of(providers, kms, kms_key), encryption_context=CONTEXT)
        (event,) = trail(account, "GenerateDataKey")
        told = event["requestParameters"]["encryptionContext"]
        assert told.items() >= CONTEXT.items()
        assert set(told) - set(CONTEXT) == {"aws-crypto-public-key"}

    def test_another_context_is_refused(self, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str) -> None:
        keyring = keyring_of(providers, kms, kms_key)
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring, encryption_context=CONTEXT)
        with pytest.raises(AWSEncryptionSDKClientError, match=r"(?i)encryption context"):
            sdk.decrypt(source=message, keyring=keyring, encryption_context={**CONTEXT, "tenant": "bob"})

    def test_a_changed_context_in_the_message_is_refused_by_kms(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        keyring = keyring_of(providers, kms, kms_key)
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring, encryption_context=CONTEXT)
        with pytest.raises(AWSEncryptionSDKClientError):
            sdk.decrypt(source=message.replace(b"ada", b"bob", 1), keyring=keyring)
        assert kms_calls(trail, account) == ["GenerateDataKey", "Decrypt InvalidCiphertextException"]

    def test_a_disabled_key_decrypts_nothing(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        keyring = keyring_of(providers, kms, kms_key)
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring)
        kms.disable_key(KeyId=kms_key)
        with pytest.raises(AWSEncryptionSDKClientError):
            sdk.decrypt(source=message, keyring=keyring)
        assert kms_calls(trail, account)[-1] == "Decrypt DisabledException"

    def test_either_of_two_keys_decrypts(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        first, second = (keyring_of(providers, kms, key) for key in (kms_key, other))
        both = providers.create_multi_keyring(input=CreateMultiKeyringInput(generator=first, child_keyrings=[second]))
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=both)
        assert kms_calls(trail, account) == ["GenerateDataKey", "Encrypt"]
        kms.disable_key(KeyId=kms_key)
        assert sdk.decrypt(source=message, keyring=both)[0] == PLAINTEXT
        assert sdk.decrypt(source=message, keyring=second)[0] == PLAINTEXT

    def test_a_discovery_keyring_finds_the_key_in_the_message(
        self,
        account: Account,
        second_account: Account,
        providers: Any,
        sdk: EncryptionSDKClient,
        kms_key: str,
        trail: Trail,
    ) -> None:
        def discovery(kms: Any) -> Any:
            return providers.create_aws_kms_discovery_keyring(input=CreateAwsKmsDiscoveryKeyringInput(kms_client=kms))

        keyring = keyring_of(providers, account.client("kms"), kms_key)
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring)
        assert sdk.decrypt(source=message, keyring=discovery(account.client("kms")))[0] == PLAINTEXT
        with pytest.raises(AWSEncryptionSDKClientError):
            sdk.decrypt(source=message, keyring=discovery(second_account.client("kms")))
        assert kms_calls(trail, second_account) == ["Decrypt AccessDenied"]

    def test_a_replica_decrypts_in_its_own_region(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any
    ) -> None:
        def keyring(client: Any, key: str) -> Any:
            given = CreateAwsKmsMrkKeyringInput(kms_key_id=key, kms_client=client)
            return providers.create_aws_kms_mrk_keyring(input=given)

        primary = kms.create_key(MultiRegion=True)["KeyMetadata"]["Arn"]
        replica = kms.replicate_key(KeyId=primary, ReplicaRegion=REPLICA_REGION)["ReplicaKeyMetadata"]["Arn"]
        account.server.advance("PT1S")
        message, _ = sdk.encrypt(source=PLAINTEXT, keyring=keyring(kms, primary))
        there = keyring(account.client("kms", REPLICA_REGION), replica)
        assert sdk.decrypt(source=message, keyring=there)[0] == PLAINTEXT

    def test_an_rsa_keyring_encrypts_with_the_public_key_alone(
        self, account: Account, providers: Any, sdk: EncryptionSDKClient, kms: Any, trail: Trail
    ) -> None:
        key = kms.create_key(KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")["KeyMetadata"]["Arn"]
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        pem = public.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        keyring = providers.create_aws_kms_rsa_keyring(
            input=CreateAwsKmsRsaKeyringInput(
                public_key=pem, kms_key_id=key, encryption_algorithm="RSAES_OAEP_SHA_256", kms_client=kms
            )
        )
        message, _ = sdk.encrypt(
            source=PLAINTEXT, keyring=keyring, algorithm=Algorithm.AES_256_GCM_HKDF_SHA512_COMMIT_KEY
        )
        assert sdk.decrypt(source=message, keyring=keyring)[0] == PLAINTEXT
        assert kms_calls(trail, account) == ["GetPublicKey", "Decrypt"]


class TestMasterKeyProviders:
    @pytest.fixture
    def provider(self, account: Account, kms_key: str, monkeypatch: pytest.MonkeyPatch) -> Any:
        """It makes a client of its own from the environment."""
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        return StrictAwsKmsMasterKeyProvider(key_ids=[kms_key])

    def test_what_one_call_encrypts_another_decrypts(
        self, account: Account, sdk: EncryptionSDKClient, provider: Any, trail: Trail
    ) -> None:
        message, _ = sdk.encrypt(source=PLAINTEXT, key_provider=provider, encryption_context=CONTEXT)
        assert sdk.decrypt(source=message, key_provider=provider)[0] == PLAINTEXT
        assert kms_calls(trail, account) == ["GenerateDataKey", "Decrypt"]

    def test_a_disabled_key_encrypts_nothing(
        self, account: Account, sdk: EncryptionSDKClient, provider: Any, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        kms.disable_key(KeyId=kms_key)
        with pytest.raises(AWSEncryptionSDKClientError):
            sdk.encrypt(source=PLAINTEXT, key_provider=provider)
        assert kms_calls(trail, account) == ["GenerateDataKey DisabledException"]

    def test_caching_asks_kms_once_for_many_messages(
        self, account: Account, sdk: EncryptionSDKClient, provider: Any, trail: Trail
    ) -> None:
        caching = CachingCryptoMaterialsManager(
            master_key_provider=provider,
            cache=LocalCryptoMaterialsCache(capacity=10),
            max_age=600.0,
            max_messages_encrypted=5,
        )
        messages = [
            sdk.encrypt(source=PLAINTEXT, materials_manager=caching, encryption_context=CONTEXT)[0] for _ in range(7)
        ]
        assert kms_calls(trail, account) == ["GenerateDataKey"] * 2
        assert all(sdk.decrypt(source=message, materials_manager=caching)[0] == PLAINTEXT for message in messages)
        assert kms_calls(trail, account) == ["GenerateDataKey"] * 2 + ["Decrypt"] * 2

    def test_a_cache_outlives_the_key(self, sdk: EncryptionSDKClient, provider: Any, kms: Any, kms_key: str) -> None:
        """What revocation means to a client that caches: nothing, until its cache is over."""
        caching = CachingCryptoMaterialsManager(
            master_key_provider=provider, cache=LocalCryptoMaterialsCache(capacity=10), max_age=600.0
        )
        message, _ = sdk.encrypt(source=PLAINTEXT, materials_manager=caching)
        sdk.decrypt(source=message, materials_manager=caching)
        kms.disable_key(KeyId=kms_key)
        assert sdk.decrypt(source=message, materials_manager=caching)[0] == PLAINTEXT
        with pytest.raises(AWSEncryptionSDKClientError):
            sdk.decrypt(source=message, key_provider=provider)
