"""Key pairs and HMAC keys through boto3, held against an implementation outside KMS."""

from __future__ import annotations

import hashlib
import hmac
from typing import Any

import pytest
from botocore.session import get_session
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, utils
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from nacl import bindings

from kms import backing_keys
from kms.key import get_key
from kms.tables import load
from tests.services.kms.support import named
from tests.support import Account, Server, account_policy, refused

SPECS: dict[str, dict[str, list[str]]] = load("key_specs")["specs"]
FAST = [spec for spec in SPECS if spec not in ("RSA_3072", "RSA_4096")]
SIGNING = [
    (spec, algorithm)
    for spec in FAST
    for algorithm in SPECS[spec].get("SIGN_VERIFY", [])
    if algorithm != "ED25519_PH_SHA_512"
]
MACS = [(spec, algorithm) for spec in SPECS for algorithm in SPECS[spec].get("GENERATE_VERIFY_MAC", [])]
HASHES: dict[str, Any] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512, "1": hashes.SHA1}
MESSAGE = b"a message to be signed"


@pytest.fixture(scope="module")
def own(shared_server: Server) -> Account:
    """One account for the whole module: RSA keys take their time."""
    return shared_server.new_account()


@pytest.fixture(scope="module")
def keys(own: Account) -> Any:
    """A key of a spec and usage, made once."""
    made: dict[tuple[str, str], str] = {}

    def key_of(spec: str, usage: str) -> str:
        if (spec, usage) not in made:
            key = own.client("kms").create_key(KeySpec=spec, KeyUsage=usage)
            made[spec, usage] = key["KeyMetadata"]["Arn"]
        return made[spec, usage]

    return key_of


def hash_of(algorithm: str) -> Any:
    return HASHES[algorithm.rpartition("_")[2]]()


def verify_outside(public: Any, algorithm: str, message: bytes, signature: bytes) -> None:
    """Raises InvalidSignature. Ed25519 and ML-DSA take the message alone."""
    if algorithm.startswith("ECDSA"):
        public.verify(signature, message, ec.ECDSA(hash_of(algorithm)))
    elif "PKCS1" in algorithm:
        public.verify(signature, message, padding.PKCS1v15(), hash_of(algorithm))
    elif "PSS" in algorithm:
        scheme = padding.PSS(padding.MGF1(hash_of(algorithm)), padding.PSS.DIGEST_LENGTH)
        public.verify(signature, message, scheme, hash_of(algorithm))
    else:
        public.verify(signature, message)


class TestKinds:
    @pytest.mark.parametrize(
        ("spec", "usage"),
        [(spec, usage) for spec in FAST for usage in SPECS[spec]],
    )
    def test_a_key_shows_its_kind_and_its_algorithms(self, own: Account, keys: Any, spec: str, usage: str) -> None:
        metadata = own.client("kms").describe_key(KeyId=keys(spec, usage))["KeyMetadata"]
        assert (metadata["KeySpec"], metadata["KeyUsage"]) == (spec, usage)
        lists = {name: value for name, value in metadata.items() if name.endswith("Algorithms")}
        assert list(lists.values()) == [SPECS[spec][usage]]
        is_new = spec.startswith(("ML_", "ECC_NIST_EDWARDS"))
        assert metadata.get("CustomerMasterKeySpec") == (None if is_new else spec)
        assert ("CurrentKeyMaterialId" in metadata) == (spec == "SYMMETRIC_DEFAULT")

    def test_algorithms_stand_in_the_order_of_the_example_of_the_model(self, own: Account, keys: Any) -> None:
        examples = get_session().get_component("data_loader").load_service_model("kms", "examples-1")["examples"]
        shown = [example["output"]["KeyMetadata"] for example in examples["DescribeKey"]]
        (expected,) = [one["SigningAlgorithms"] for one in shown if "SigningAlgorithms" in one]
        metadata = own.client("kms").describe_key(KeyId=keys("RSA_2048", "SIGN_VERIFY"))["KeyMetadata"]
        assert metadata["SigningAlgorithms"] == expected

    @pytest.mark.parametrize("spec", ["RSA_3072", "RSA_4096"])
    def test_larger_rsa_keys_sign_too(self, own: Account, keys: Any, spec: str) -> None:
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY")
        call = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": "RSASSA_PSS_SHA_512"}
        signature = kms.sign(**call)["Signature"]
        assert len(signature) * 8 == int(spec.removeprefix("RSA_"))
        assert kms.verify(**call, Signature=signature)["SignatureValid"] is True

    @pytest.mark.parametrize(
        ("spec", "usage"),
        [("RSA_2048", "GENERATE_VERIFY_MAC"), ("HMAC_256", "SIGN_VERIFY"), ("ECC_SECG_P256K1", "KEY_AGREEMENT")],
    )
    def test_a_usage_that_does_not_fit_is_refused(self, own: Account, spec: str, usage: str) -> None:
        with refused("ValidationException") as refusal:
            own.client("kms").create_key(KeySpec=spec, KeyUsage=usage)
        assert refusal.message == f"KeyUsage {usage} is not compatible with KeySpec {spec}"

    @pytest.mark.parametrize("spec", ["ECC_NIST_P256", "HMAC_256"])
    def test_only_symmetric_encryption_keys_rotate(self, own: Account, keys: Any, spec: str) -> None:
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY" if "ECC" in spec else "GENERATE_VERIFY_MAC")
        for operation in (
            kms.enable_key_rotation,
            kms.disable_key_rotation,
            kms.get_key_rotation_status,
            kms.rotate_key_on_demand,
            kms.list_key_rotations,
        ):
            with refused("UnsupportedOperationException"):
                operation(KeyId=key)

    def test_a_grant_allows_what_the_key_can_do(self, own: Account, keys: Any) -> None:
        kms, key = own.client("kms"), keys("ECC_NIST_P256", "SIGN_VERIFY")
        user = own.user("signer")
        with refused("ValidationException"):
            kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt"])
        call = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": "ECDSA_SHA_256"}
        with refused("AccessDeniedException"):
            user.client("kms").sign(**call)
        kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Sign"])
        assert user.client("kms").sign(**call)["Signature"]
        with refused("AccessDeniedException"):
            user.client("kms").verify(**call, Signature=b"x")

    def test_connect_takes_no_asymmetric_key(self, own: Account, keys: Any) -> None:
        for spec, usage in (("RSA_2048", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC")):
            with refused("ValidationException"):
                own.client("voice-id").create_domain(
                    Name="calls", ServerSideEncryptionConfiguration={"KmsKeyId": keys(spec, usage)}
                )


class TestSignatures:
    @pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
    def test_a_signature_is_valid_inside_and_outside(self, own: Account, keys: Any, spec: str, algorithm: str) -> None:
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY")
        call = {"KeyId": key, "Message": MESSAGE, "SigningAlgorithm": algorithm}
        signed = kms.sign(**call)
        assert (signed["KeyId"], signed["SigningAlgorithm"]) == (key, algorithm)
        verified = kms.verify(**call, Signature=signed["Signature"])
        assert (verified["SignatureValid"], verified["KeyId"]) == (True, key)
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        verify_outside(public, algorithm, MESSAGE, signed["Signature"])

    @pytest.mark.parametrize(("spec", "algorithm"), SIGNING)
    def test_another_message_or_a_flipped_bit_is_refused(
        self, own: Account, keys: Any, spec: str, algorithm: str
    ) -> None:
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY")
        call = {"KeyId": key, "SigningAlgorithm": algorithm}
        signature = kms.sign(**call, Message=MESSAGE)["Signature"]
        damaged = signature[:-1] + bytes([signature[-1] ^ 1])
        for message, given_signature in ((MESSAGE + b".", signature), (MESSAGE, damaged), (MESSAGE, b"x")):
            with refused("KMSInvalidSignatureException") as refusal:
                kms.verify(**call, Message=message, Signature=given_signature)
            assert (refusal.status, refusal.message) == (400, "")

    @pytest.mark.parametrize(
        ("spec", "algorithm"),
        [case for case in SIGNING if case[1].startswith(("RSA", "ECDSA"))],
    )
    def test_a_digest_stands_for_its_message(self, own: Account, keys: Any, spec: str, algorithm: str) -> None:
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY")
        digest = hashlib.new(f"sha{algorithm.rpartition('_')[2]}", MESSAGE).digest()
        call = {"KeyId": key, "SigningAlgorithm": algorithm}
        signature = kms.sign(**call, Message=digest, MessageType="DIGEST")["Signature"]
        assert kms.verify(**call, Message=MESSAGE, Signature=signature)["SignatureValid"]
        with refused("ValidationException") as refusal:
            kms.sign(**call, Message=digest[:-1], MessageType="DIGEST")
        assert refusal.message == f"Digest is invalid length for algorithm {algorithm}."

    def test_ed25519ph_hashes_the_digest_that_it_is_given_once_more(self, own: Account, keys: Any) -> None:
        """Source: MessageType of Sign."""
        kms, key = own.client("kms"), keys("ECC_NIST_EDWARDS25519", "SIGN_VERIFY")
        digest = hashlib.sha512(MESSAGE).digest()
        call = {"KeyId": key, "SigningAlgorithm": "ED25519_PH_SHA_512", "MessageType": "DIGEST"}
        signature = kms.sign(**call, Message=digest)["Signature"]
        assert kms.verify(**call, Message=digest, Signature=signature)["SignatureValid"]
        public: Any = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        hashed = bindings.crypto_sign_ed25519ph_state()
        bindings.crypto_sign_ed25519ph_update(hashed, digest)
        assert bindings.crypto_sign_ed25519ph_final_verify(hashed, signature, public.public_bytes_raw())
        damaged = bytes([signature[0] ^ 1]) + signature[1:]
        for message, given_signature in ((bytes(64), signature), (digest, damaged), (digest, b"x")):
            with refused("KMSInvalidSignatureException"):
                kms.verify(**call, Message=message, Signature=given_signature)
        for operation in (kms.sign, kms.verify):
            more = {"Signature": signature} if operation == kms.verify else {}
            with refused("ValidationException") as refusal:
                operation(**call, Message=digest[:-1], **more)
            assert refusal.message == "Digest is invalid length for algorithm ED25519_PH_SHA_512."

    @pytest.mark.parametrize("spec", ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87"])
    def test_ml_dsa_takes_a_message_representative(self, own: Account, keys: Any, spec: str) -> None:
        """mu = SHAKE256(SHAKE256(public key, 64) || 0 || 0 || message, 64). Source: FIPS 204, algorithm 7."""
        kms, key = own.client("kms"), keys(spec, "SIGN_VERIFY")
        public = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        raw = public.public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        mu = hashlib.shake_256(hashlib.shake_256(raw).digest(64) + b"\0\0" + MESSAGE).digest(64)
        call = {"KeyId": key, "SigningAlgorithm": "ML_DSA_SHAKE_256"}
        signature = kms.sign(**call, Message=mu, MessageType="EXTERNAL_MU")["Signature"]
        assert kms.verify(**call, Message=MESSAGE, Signature=signature)["SignatureValid"]
        with refused("ValidationException"):
            kms.sign(**call, Message=mu[:-1], MessageType="EXTERNAL_MU")

    @pytest.mark.parametrize(
        ("spec", "algorithm", "message_type"),
        [
            ("ECC_NIST_P256", "ECDSA_SHA_256", "EXTERNAL_MU"),
            ("ECC_NIST_EDWARDS25519", "ED25519_SHA_512", "DIGEST"),
            ("ECC_NIST_EDWARDS25519", "ED25519_PH_SHA_512", "RAW"),
            ("ML_DSA_44", "ML_DSA_SHAKE_256", "DIGEST"),
        ],
    )
    def test_a_message_type_that_the_algorithm_does_not_take_is_refused(
        self, own: Account, keys: Any, spec: str, algorithm: str, message_type: str
    ) -> None:
        with refused("ValidationException"):
            own.client("kms").sign(
                KeyId=keys(spec, "SIGN_VERIFY"),
                Message=b"x" * 32,
                MessageType=message_type,
                SigningAlgorithm=algorithm,
            )

    def test_an_algorithm_or_a_usage_that_does_not_fit_is_refused_in_the_recorded_words(
        self, own: Account, keys: Any
    ) -> None:
        kms, key = own.client("kms"), keys("ECC_NIST_P256", "SIGN_VERIFY")
        with refused("InvalidKeyUsageException") as refusal:
            kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="ECDSA_SHA_384")
        assert refusal.message == "Algorithm ECDSA_SHA_384 is incompatible with key spec ECC_NIST_P256."
        with refused("InvalidKeyUsageException") as refusal:
            kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="SM2DSA")
        assert refusal.message == "Algorithm SM2DSA is incompatible with key spec ECC_NIST_P256."
        symmetric = keys("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
        with refused("InvalidKeyUsageException") as refusal:
            kms.sign(KeyId=symmetric, Message=b"x", SigningAlgorithm="ECDSA_SHA_256")
        assert refusal.message == f"{symmetric} key usage is ENCRYPT_DECRYPT which is not valid for Sign."

    @pytest.mark.parametrize(
        ("condition", "value"), [("kms:SigningAlgorithm", "ECDSA_SHA_256"), ("kms:MessageType", "RAW")]
    )
    def test_a_policy_can_ask_for_algorithm_and_message_type(
        self, account: Account, condition: str, value: str
    ) -> None:
        user = account.user("signer")
        statement = {
            "Effect": "Allow",
            "Principal": named(user.arn),
            "Action": "kms:Sign",
            "Resource": "*",
            "Condition": {"StringEquals": {condition: value}},
        }
        policy = account_policy(account.account_id, statement)
        made = account.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY", Policy=policy)
        call = {"KeyId": made["KeyMetadata"]["KeyId"], "SigningAlgorithm": "ECDSA_SHA_256"}
        assert user.client("kms").sign(**call, Message=MESSAGE)["Signature"]
        if condition == "kms:MessageType":
            with refused("AccessDeniedException"):
                user.client("kms").sign(**call, Message=b"x" * 32, MessageType="DIGEST")

    def test_a_dry_run_signs_nothing(self, own: Account, keys: Any) -> None:
        with refused("DryRunOperationException"):
            own.client("kms").sign(
                KeyId=keys("ECC_NIST_P256", "SIGN_VERIFY"),
                Message=MESSAGE,
                SigningAlgorithm="ECDSA_SHA_256",
                DryRun=True,
            )


class TestRsaEncryption:
    @pytest.mark.parametrize(("algorithm", "most"), [("RSAES_OAEP_SHA_1", 214), ("RSAES_OAEP_SHA_256", 190)])
    def test_what_is_encrypted_inside_or_outside_opens(
        self, own: Account, keys: Any, algorithm: str, most: int
    ) -> None:
        kms, key = own.client("kms"), keys("RSA_2048", "ENCRYPT_DECRYPT")
        call = {"KeyId": key, "EncryptionAlgorithm": algorithm}
        sealed = kms.encrypt(**call, Plaintext=b"x" * most)
        assert sealed["EncryptionAlgorithm"] == algorithm
        opened = kms.decrypt(**call, CiphertextBlob=sealed["CiphertextBlob"])
        assert (opened["Plaintext"], opened["KeyId"]) == (b"x" * most, key)
        assert "KeyMaterialId" not in opened
        public: Any = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        chosen = hash_of(algorithm)
        outside = public.encrypt(b"from outside", padding.OAEP(padding.MGF1(chosen), chosen, None))
        assert kms.decrypt(**call, CiphertextBlob=outside)["Plaintext"] == b"from outside"
        with refused("ValidationException") as refusal:
            kms.encrypt(**call, Plaintext=b"x" * (most + 1))
        expected = f"Algorithm {algorithm} and key spec RSA_2048 cannot encrypt data larger than {most} bytes."
        assert refusal.message == expected

    def test_a_damaged_ciphertext_or_another_algorithm_is_refused(self, own: Account, keys: Any) -> None:
        kms, key = own.client("kms"), keys("RSA_2048", "ENCRYPT_DECRYPT")
        blob = kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionAlgorithm="RSAES_OAEP_SHA_256")["CiphertextBlob"]
        damaged = blob[:-1] + bytes([blob[-1] ^ 1])
        for given_blob, algorithm in (
            (damaged, "RSAES_OAEP_SHA_256"),
            (blob, "RSAES_OAEP_SHA_1"),
            (b"x", "RSAES_OAEP_SHA_1"),
        ):
            with refused("InvalidCiphertextException"):
                kms.decrypt(KeyId=key, CiphertextBlob=given_blob, EncryptionAlgorithm=algorithm)
        with refused("ValidationException"):
            kms.decrypt(CiphertextBlob=blob, EncryptionAlgorithm="RSAES_OAEP_SHA_256")
        with refused("InvalidKeyUsageException"):
            kms.decrypt(KeyId=key, CiphertextBlob=blob)

    def test_an_encryption_context_is_refused(self, own: Account, keys: Any) -> None:
        with refused("ValidationException"):
            own.client("kms").encrypt(
                KeyId=keys("RSA_2048", "ENCRYPT_DECRYPT"),
                Plaintext=b"x",
                EncryptionAlgorithm="RSAES_OAEP_SHA_256",
                EncryptionContext={"a": "b"},
            )

    def test_re_encrypt_goes_between_the_kinds(self, own: Account, keys: Any) -> None:
        kms, rsa_key = own.client("kms"), keys("RSA_2048", "ENCRYPT_DECRYPT")
        symmetric, algorithm = keys("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), "RSAES_OAEP_SHA_256"
        blob = kms.encrypt(KeyId=symmetric, Plaintext=b"x", EncryptionContext={"a": "b"})["CiphertextBlob"]
        there = kms.re_encrypt(
            CiphertextBlob=blob,
            SourceEncryptionContext={"a": "b"},
            DestinationKeyId=rsa_key,
            DestinationEncryptionAlgorithm=algorithm,
        )
        assert (there["SourceEncryptionAlgorithm"], there["DestinationEncryptionAlgorithm"]) == (
            "SYMMETRIC_DEFAULT",
            algorithm,
        )
        back = kms.re_encrypt(
            CiphertextBlob=there["CiphertextBlob"],
            SourceKeyId=rsa_key,
            SourceEncryptionAlgorithm=algorithm,
            DestinationKeyId=symmetric,
        )
        assert kms.decrypt(CiphertextBlob=back["CiphertextBlob"])["Plaintext"] == b"x"


class TestMacs:
    @pytest.mark.parametrize(("spec", "algorithm"), MACS)
    def test_a_code_is_valid_until_a_bit_is_flipped(self, own: Account, keys: Any, spec: str, algorithm: str) -> None:
        kms, key = own.client("kms"), keys(spec, "GENERATE_VERIFY_MAC")
        call = {"KeyId": key, "Message": MESSAGE, "MacAlgorithm": algorithm}
        made = kms.generate_mac(**call)
        mac = made["Mac"]
        assert (len(mac) * 8, made["MacAlgorithm"]) == (int(spec.removeprefix("HMAC_")), algorithm)
        assert kms.verify_mac(**call, Mac=mac)["MacValid"] is True
        for wrong in (mac[:-1] + bytes([mac[-1] ^ 1]), mac[:-1], mac + b"\0"):
            with refused("KMSInvalidMacException"):
                kms.verify_mac(**call, Mac=wrong)

    def test_an_algorithm_of_another_size_is_refused_in_the_recorded_words(self, own: Account, keys: Any) -> None:
        with refused("InvalidKeyUsageException") as refusal:
            own.client("kms").generate_mac(
                KeyId=keys("HMAC_256", "GENERATE_VERIFY_MAC"), Message=b"x", MacAlgorithm="HMAC_SHA_512"
            )
        assert refusal.message == "Algorithm HMAC_SHA_512 is incompatible with key spec HMAC_256."

    def test_a_code_is_the_standards(self, server: Server, own: Account, keys: Any) -> None:
        """The material is taken from behind the curtain: no API gives it."""
        key = keys("HMAC_384", "GENERATE_VERIFY_MAC")
        engine = server.simulator.engine
        material = backing_keys.current(engine, get_key(engine.database, key)).material.reveal()
        mac = own.client("kms").generate_mac(KeyId=key, Message=MESSAGE, MacAlgorithm="HMAC_SHA_384")["Mac"]
        assert mac == hmac.digest(material, MESSAGE, "sha384")

    def test_an_hmac_key_has_no_public_key(self, own: Account, keys: Any) -> None:
        with refused("UnsupportedOperationException"):
            own.client("kms").get_public_key(KeyId=keys("HMAC_256", "GENERATE_VERIFY_MAC"))


class TestAgreement:
    @pytest.mark.parametrize("spec", ["ECC_NIST_P256", "ECC_NIST_P384", "ECC_NIST_P521"])
    def test_both_sides_derive_the_same_secret(self, own: Account, keys: Any, spec: str) -> None:
        kms, key = own.client("kms"), keys(spec, "KEY_AGREEMENT")
        public: Any = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        mine = ec.generate_private_key(public.curve)
        encoded = mine.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        derived = kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=encoded)
        assert derived["SharedSecret"] == mine.exchange(ec.ECDH(), public)
        assert derived["KeyOrigin"] == "AWS_KMS"

    @pytest.mark.parametrize("peer", ["garbage", "another curve", "rsa"])
    def test_a_public_key_that_does_not_fit_is_refused(self, own: Account, keys: Any, peer: str) -> None:
        kms = own.client("kms")
        encoded = {
            "garbage": lambda: b"no key at all",
            "another curve": lambda: kms.get_public_key(KeyId=keys("ECC_NIST_P384", "KEY_AGREEMENT"))["PublicKey"],
            "rsa": lambda: kms.get_public_key(KeyId=keys("RSA_2048", "SIGN_VERIFY"))["PublicKey"],
        }[peer]()
        key = keys("ECC_NIST_P256", "KEY_AGREEMENT")
        with refused("ValidationException"):
            kms.derive_shared_secret(KeyId=key, KeyAgreementAlgorithm="ECDH", PublicKey=encoded)


class TestEncapsulation:
    @pytest.mark.parametrize("spec", ["ML_KEM_768", "ML_KEM_1024"])
    def test_what_is_encapsulated_inside_or_outside_comes_out(self, own: Account, keys: Any, spec: str) -> None:
        kms, key = own.client("kms"), keys(spec, "ENCAPSULATE_DECAPSULATE")
        call = {"KeyId": key, "EncapsulationAlgorithm": "ML_KEM"}
        made = kms.encapsulate(**call)
        opened = kms.decapsulate(**call, SharedSecretCiphertextBlob=made["SharedSecretCiphertextBlob"])
        assert (opened["SharedSecret"], opened["KeyId"], len(made["SharedSecret"])) == (made["SharedSecret"], key, 32)
        public: Any = serialization.load_der_public_key(kms.get_public_key(KeyId=key)["PublicKey"])
        secret, ciphertext = public.encapsulate()
        assert kms.decapsulate(**call, SharedSecretCiphertextBlob=ciphertext)["SharedSecret"] == secret
        damaged = ciphertext[:-1] + bytes([ciphertext[-1] ^ 1])
        assert kms.decapsulate(**call, SharedSecretCiphertextBlob=damaged)["SharedSecret"] != secret
        with refused("InvalidCiphertextException"):
            kms.decapsulate(**call, SharedSecretCiphertextBlob=b"short")


class TestLastUsage:
    def test_a_fresh_key_was_never_used(self, kms: Any, kms_key: str) -> None:
        kms.disable_key(KeyId=kms_key)
        with refused("DisabledException"):
            kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        told = kms.get_key_last_usage(KeyId=kms_key)
        assert told["KeyLastUsage"] == {}
        assert told["KeyId"] == kms_key.rpartition("/")[2]
        assert told["TrackingStartDate"] == told["KeyCreationDate"]

    def test_the_last_success_counts(self, account: Account, kms: Any, kms_key: str, trail: Any) -> None:
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        answer = kms.decrypt(CiphertextBlob=blob)
        kms.describe_key(KeyId=kms_key)
        last = kms.get_key_last_usage(KeyId=kms_key)["KeyLastUsage"]
        (event,) = trail(account, "Decrypt")
        assert last["Operation"] == "Decrypt"
        assert last["CloudTrailEventId"] == event["eventID"]
        assert last["KmsRequestId"] == answer["ResponseMetadata"]["RequestId"]

    def test_both_keys_of_a_re_encrypt_were_used(self, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
        for key in (kms_key, other):
            assert kms.get_key_last_usage(KeyId=key)["KeyLastUsage"]["Operation"] == "ReEncrypt"


class TestDataKeyPairs:
    @pytest.mark.parametrize(
        "spec", [spec for spec in load("key_specs")["dataKeyPairs"] if spec not in ("RSA_3072", "RSA_4096")]
    )
    def test_a_pair_belongs_together_and_opens_again(self, own: Account, keys: Any, spec: str) -> None:
        kms, key = own.client("kms"), keys("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT")
        call = {"KeyId": key, "KeyPairSpec": spec, "EncryptionContext": {"a": "b"}}
        pair = kms.generate_data_key_pair(**call)
        private: Any = serialization.load_der_private_key(pair["PrivateKeyPlaintext"], None)
        public = private.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        assert public == pair["PublicKey"]
        opened = kms.decrypt(CiphertextBlob=pair["PrivateKeyCiphertextBlob"], EncryptionContext={"a": "b"})
        assert opened["Plaintext"] == pair["PrivateKeyPlaintext"]
        assert (pair["KeyId"], pair["KeyPairSpec"], len(pair["KeyMaterialId"])) == (key, spec, 64)
        bare = kms.generate_data_key_pair_without_plaintext(**call)
        assert "PrivateKeyPlaintext" not in bare
        assert bare["PublicKey"] != pair["PublicKey"]
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=bare["PrivateKeyCiphertextBlob"])

    @pytest.mark.parametrize("spec", ["SM2", "ML_KEM_512"])
    def test_a_spec_that_is_not_simulated_is_refused_by_its_name(self, own: Account, keys: Any, spec: str) -> None:
        with refused("UnsupportedOperationException") as refusal:
            own.client("kms").generate_data_key_pair(
                KeyId=keys("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), KeyPairSpec=spec
            )
        assert spec in refusal.message


@given(message=st.binary(min_size=1, max_size=4096), other=st.binary(min_size=1, max_size=4096))
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_signature_holds_for_its_message_alone(own: Account, keys: Any, message: bytes, other: bytes) -> None:
    kms = own.client("kms")
    call = {"KeyId": keys("ECC_NIST_P256", "SIGN_VERIFY"), "SigningAlgorithm": "ECDSA_SHA_256"}
    signature = kms.sign(**call, Message=message)["Signature"]
    assert utils.decode_dss_signature(signature)
    assert kms.verify(**call, Message=message, Signature=signature)["SignatureValid"]
    if other != message:
        with refused("KMSInvalidSignatureException"):
            kms.verify(**call, Message=other, Signature=signature)


def test_no_private_key_rests(server: Server, own: Account, keys: Any) -> None:
    """The marks by which a private key would be known: PEM, or the head of PKCS #8 with the curve's name."""
    keys("ECC_NIST_P256", "SIGN_VERIFY")
    pair = own.client("kms").generate_data_key_pair(
        KeyId=keys("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), KeyPairSpec="ECC_NIST_P256"
    )
    disk = server.bytes_on_disk()
    assert pair["PrivateKeyPlaintext"] not in disk
    assert b"PRIVATE KEY" not in disk
    assert pair["PrivateKeyPlaintext"][:36] not in disk
