"""Checksums against published values, and parts against wholes."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.checksums import ALGORITHMS, FULL_OBJECT, combined, composite

CHECK = b"123456789"
CHECK_VALUES = {
    # The "check" values of the CRC catalogue at reveng.sourceforge.io, and of RFC 1321 and FIPS 180-4.
    "CRC32": "cbf43926",
    "CRC32C": "e3069283",
    "CRC64NVME": "ae8b14860a799888",
    "MD5": "25f9e794323b453885f5181f1b624d0b",
    "SHA1": "f7c3bc1d808e04732adf679965ccc34ca7ae3441",
    "SHA256": "15e2b0d3c33891ebb0f1ef609ec419420c20e320ce94c65fbc8c3312448eb225",
}


def checksum(name: str, *pieces: bytes) -> str:
    running = ALGORITHMS[name].new()
    for piece in pieces:
        running.update(piece)
    return running.text()


@pytest.mark.parametrize("name", CHECK_VALUES)
def test_a_checksum_is_the_published_one(name: str) -> None:
    assert base64.b64decode(checksum(name, CHECK)).hex() == CHECK_VALUES[name]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_checksum_does_not_depend_on_the_pieces(name: str) -> None:
    algorithm = ALGORITHMS[name]
    whole = checksum(name, CHECK * 1000)
    assert whole == checksum(name, *[CHECK] * 1000)
    assert algorithm.is_well_formed(whole)
    assert not algorithm.is_well_formed(whole[:-4] or "=")
    assert not algorithm.is_well_formed("not base64!")


@pytest.mark.parametrize("name", [name for name, one in ALGORITHMS.items() if FULL_OBJECT in one.types])
@given(parts=st.lists(st.binary(max_size=50), min_size=1, max_size=5))
def test_parts_combine_to_the_checksum_of_the_whole(name: str, parts: list[bytes]) -> None:
    of_parts = [(checksum(name, part), len(part)) for part in parts]
    assert combined(ALGORITHMS[name], of_parts) == checksum(name, b"".join(parts))


def test_a_composite_checksum_is_of_the_checksums_of_the_parts() -> None:
    parts = [checksum("SHA256", part) for part in (b"a", b"b")]
    expected = checksum("SHA256", *(base64.b64decode(part) for part in parts))
    assert composite(ALGORITHMS["SHA256"], parts) == f"{expected}-2"
