"""The byte layouts: pinned, injective, and refused with any single bit flipped."""

from __future__ import annotations

import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kms.ciphertext_blob import CiphertextBlob
from kms.encryption_context import encryption_context_to_aad
from kms.envelope import RecordPlace, SealingKey, blind_index
from kms.errors import CiphertextRejected, RecordRejected
from kms.key_hierarchy import BackingKey, key_material_id
from kms.primitives import KeyMaterial

KEY_ID = "1234abcd-12ab-34cd-56ef-1234567890ab"
BACKING_KEY = BackingKey("ab" * 32, KEY_ID, KeyMaterial(bytes(range(32))))
PLACE = RecordPlace("voice-id", "arn:aws:voiceid:us-west-2:111122223333:domain/a", "speaker", "id#1")
SEALING_KEY = SealingKey("00000000-1111-4222-8333-444444444444", bytes(range(32)))

contexts = st.dictionaries(st.text(max_size=20), st.text(max_size=20), max_size=5)


def flipped(content: bytes, bit: int) -> bytes:
    return content[: bit // 8] + bytes([content[bit // 8] ^ 1 << bit % 8]) + content[bit // 8 + 1 :]


class TestEncryptionContext:
    def test_its_layout_is_pinned(self) -> None:
        assert encryption_context_to_aad({"b": "x", "a": "yz"}).hex() == "00020001610002797a000162000178"

    def test_an_empty_one_is_two_zero_bytes(self) -> None:
        assert encryption_context_to_aad({}) == b"\0\0"

    def test_where_a_key_ends_and_its_value_begins_counts(self) -> None:
        assert encryption_context_to_aad({"ab": "c"}) != encryption_context_to_aad({"a": "bc"})

    @given(contexts, contexts)
    def test_distinct_contexts_have_distinct_bytes(self, one: dict[str, str], other: dict[str, str]) -> None:
        assert (encryption_context_to_aad(one) == encryption_context_to_aad(other)) == (one == other)

    def test_what_does_not_fit_is_refused(self) -> None:
        with pytest.raises(OverflowError):
            encryption_context_to_aad({"k": "v" * 65_536})


class TestCiphertextBlob:
    def test_its_layout_is_pinned(self) -> None:
        blob = CiphertextBlob(KEY_ID, "0f" * 32, b"N" * 16, b"CIPHER", b"T" * 16)
        assert blob.to_bytes() == b"\x01\x24" + KEY_ID.encode() + b"\x0f" * 32 + b"N" * 16 + b"CIPHER" + b"T" * 16

    @pytest.mark.parametrize("key_id", [KEY_ID, "mrk-" + "0" * 32], ids=["uuid", "multi-region"])
    def test_it_reads_what_it_wrote(self, key_id: str) -> None:
        blob = CiphertextBlob(key_id, "0f" * 32, b"N" * 16, b"CIPHER", b"T" * 16)
        assert CiphertextBlob.parse(blob.to_bytes()) == blob

    @given(st.binary(max_size=200))
    def test_anything_else_is_rejected(self, content: bytes) -> None:
        with pytest.raises(CiphertextRejected):
            CiphertextBlob.parse(content)

    @given(st.binary(min_size=1, max_size=300), contexts)
    def test_what_was_encrypted_comes_back(self, plaintext: bytes, context: dict[str, str]) -> None:
        blob = BACKING_KEY.encrypt(plaintext, context)
        assert BACKING_KEY.decrypt(CiphertextBlob.parse(blob), context) == plaintext

    def test_any_flipped_bit_is_rejected(self) -> None:
        blob = BACKING_KEY.encrypt(b"plaintext", {"a": "b"})
        for bit in range(len(blob) * 8):
            with pytest.raises(CiphertextRejected):
                BACKING_KEY.decrypt(CiphertextBlob.parse(flipped(blob, bit)), {"a": "b"})

    def test_any_cut_is_rejected(self) -> None:
        blob = BACKING_KEY.encrypt(b"plaintext", {})
        for length in range(len(blob)):
            with pytest.raises(CiphertextRejected):
                BACKING_KEY.decrypt(CiphertextBlob.parse(blob[:length]), {})

    def test_another_context_is_rejected(self) -> None:
        blob = CiphertextBlob.parse(BACKING_KEY.encrypt(b"plaintext", {"ab": "c"}))
        with pytest.raises(CiphertextRejected):
            BACKING_KEY.decrypt(blob, {"a": "bc"})

    def test_the_same_plaintext_never_looks_the_same(self) -> None:
        assert BACKING_KEY.encrypt(b"plaintext", {}) != BACKING_KEY.encrypt(b"plaintext", {})


class TestKeyMaterialId:
    def test_it_names_material_within_a_key(self) -> None:
        material = KeyMaterial(b"m" * 32)
        assert key_material_id(KEY_ID, material) == key_material_id(KEY_ID, KeyMaterial(b"m" * 32))
        assert key_material_id(KEY_ID, material) != key_material_id("mrk-" + "0" * 32, material)
        assert len(key_material_id(KEY_ID, material)) == 64


class TestEnvelope:
    @given(st.binary(max_size=2000))
    def test_what_was_sealed_opens(self, plaintext: bytes) -> None:
        assert SEALING_KEY.open(SEALING_KEY.seal(plaintext, PLACE), PLACE) == plaintext

    def test_its_header_is_pinned(self) -> None:
        sealed = SEALING_KEY.seal(b"plaintext", PLACE)
        assert sealed[:17] == b"\x01" + uuid.UUID(SEALING_KEY.data_key_id).bytes
        assert len(sealed) == 17 + 12 + len(b"plaintext") + 16

    def test_any_flipped_bit_is_rejected(self) -> None:
        sealed = SEALING_KEY.seal(b"plaintext", PLACE)
        for bit in range(len(sealed) * 8):
            with pytest.raises(RecordRejected):
                SEALING_KEY.open(flipped(sealed, bit), PLACE)

    def test_any_cut_is_rejected(self) -> None:
        sealed = SEALING_KEY.seal(b"plaintext", PLACE)
        for length in range(len(sealed)):
            with pytest.raises(RecordRejected):
                SEALING_KEY.open(sealed[:length], PLACE)

    @pytest.mark.parametrize("part", ["service", "scope_arn", "data_class", "record_id"])
    def test_it_opens_at_its_own_place_only(self, part: str) -> None:
        elsewhere = RecordPlace(**{**PLACE.__dict__, part: "elsewhere"})
        with pytest.raises(RecordRejected):
            SEALING_KEY.open(SEALING_KEY.seal(b"plaintext", PLACE), elsewhere)

    def test_where_one_part_ends_counts(self) -> None:
        here, there = RecordPlace("s", "a", "bc", "d"), RecordPlace("s", "ab", "c", "d")
        with pytest.raises(RecordRejected):
            SEALING_KEY.open(SEALING_KEY.seal(b"plaintext", here), there)


class TestBlindIndex:
    def test_it_tells_fields_values_and_keys_apart(self) -> None:
        digests = {
            blind_index(b"k" * 32, field="phone", value="1"),
            blind_index(b"k" * 32, field="phone", value="2"),
            blind_index(b"k" * 32, field="email", value="1"),
            blind_index(b"j" * 32, field="phone", value="1"),
            blind_index(b"k" * 32, field="phon", value="e1"),
        }
        assert len(digests) == 5

    def test_equal_values_are_found_again(self) -> None:
        assert blind_index(b"k" * 32, field="f", value="v") == blind_index(b"k" * 32, field="f", value="v")
