"""The primitives against published vectors, and key material that does not show itself."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest

from kms import primitives
from kms.primitives import AuthenticationFailed, KeyMaterial, ed25519ph

VECTORS = Path(__file__).parent.parent / "vectors" / "crypto"


def vectors(name: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((VECTORS / f"{name}.json").read_text())["vectors"]
    return found


def unhex(vector: dict[str, Any], *names: str) -> list[bytes]:
    return [bytes.fromhex(vector[name]) for name in names]


class TestPublishedVectors:
    @pytest.mark.parametrize("vector", vectors("aes_256_gcm"))
    def test_aes_256_gcm(self, vector: dict[str, Any]) -> None:
        key, nonce, plaintext, aad, ciphertext, tag = unhex(vector, "key", "iv", "pt", "aad", "ct", "tag")
        assert primitives.aead_encrypt(key, nonce, plaintext, aad) == ciphertext + tag
        assert primitives.aead_decrypt(key, nonce, ciphertext + tag, aad) == plaintext

    @pytest.mark.parametrize("vector", vectors("kdf_counter_mode_hmac_sha256"))
    def test_kdf_in_counter_mode(self, vector: dict[str, Any]) -> None:
        key, fixed_input, output = unhex(vector, "key", "fixed_input", "output")
        assert primitives.kdf_counter_mode(key, fixed_input, vector["length_bits"] // 8) == output

    @pytest.mark.parametrize("vector", vectors("hmac"), ids=lambda vector: vector["algorithm"])
    def test_hmac(self, vector: dict[str, Any]) -> None:
        key, message, digest = unhex(vector, "key", "message", "digest")
        assert primitives.hmac_of(vector["algorithm"], key, message) == digest
        if vector["algorithm"] == "HMAC_SHA_256":
            assert primitives.hmac_sha256(key, message) == digest


class TestDerivedKeys:
    def test_the_fixed_input_is_label_zero_context_length(self) -> None:
        key = bytes(32)
        derived = primitives.derive_key(key, label=b"label", context=b"context")
        assert derived == primitives.kdf_counter_mode(key, b"label\0context\0\0\1\0", 32)

    @pytest.mark.parametrize(
        "other",
        [{"label": b"other", "context": b"c"}, {"label": b"l", "context": b"other"}],
        ids=["label", "context"],
    )
    def test_another_purpose_or_context_is_another_key(self, other: dict[str, bytes]) -> None:
        assert primitives.derive_key(bytes(32), label=b"l", context=b"c") != primitives.derive_key(bytes(32), **other)


class TestRefusals:
    @pytest.mark.parametrize("part", ["key", "nonce", "aad", "ciphertext", "short"])
    def test_whatever_was_changed_does_not_open(self, part: str) -> None:
        parts = {"key": b"k" * 32, "nonce": b"n" * 12, "aad": b"a"}
        ciphertext = primitives.aead_encrypt(parts["key"], parts["nonce"], b"plaintext", parts["aad"])
        if part == "ciphertext":
            ciphertext = bytes([ciphertext[0] ^ 1]) + ciphertext[1:]
        elif part == "short":
            ciphertext = ciphertext[:15]
        else:
            parts[part] = bytes([parts[part][0] ^ 1]) + parts[part][1:]
        with pytest.raises(AuthenticationFailed):
            primitives.aead_decrypt(parts["key"], parts["nonce"], ciphertext, parts["aad"])


class TestKeyMaterial:
    secret = KeyMaterial(b"very secret indeed, do not print")

    def test_it_hides_itself(self) -> None:
        for shown in (repr(self.secret), str(self.secret), f"{self.secret}", repr([self.secret])):
            assert "very secret" not in shown

    def test_it_cannot_be_pickled(self) -> None:
        with pytest.raises(TypeError):
            pickle.dumps(self.secret)

    def test_it_equals_the_same_bytes_only(self) -> None:
        assert self.secret == KeyMaterial(self.secret.reveal())
        assert self.secret != KeyMaterial(b"other")
        assert self.secret != self.secret.reveal()


def test_ed25519ph() -> None:
    """Source: RFC 8032, section 7.3."""
    seed = bytes.fromhex("833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42")
    public = bytes.fromhex("ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf")
    signature = bytes.fromhex(
        "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae41"
        "31f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406"
    )
    assert ed25519ph.sign(seed, b"abc") == signature
    assert ed25519ph.verifies(public, b"abc", signature)
    assert not ed25519ph.verifies(public, b"abd", signature)
