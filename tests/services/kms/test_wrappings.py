"""Every wrapping of every kind of imported material: what the API reference allows works, and nothing else is given.

Source: WrappingAlgorithm and WrappingKeySpec of GetParametersForImport.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from itertools import product
from typing import Any

import pytest

from kms import key_material
from kms.primitives import asymmetric
from kms.tables import load
from tests.services.kms.support import wrapped
from tests.support import Server, refused

USAGES: dict[str, str] = {spec: next(iter(usages)) for spec, usages in load("key_specs")["specs"].items()}
BARE = ("RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256")
WITH_AES = ("RSA_AES_KEY_WRAP_SHA_1", "RSA_AES_KEY_WRAP_SHA_256")
WRAPPING_SPECS = ("RSA_2048", "RSA_3072", "RSA_4096")
PRODUCT = list(product((*BARE, *WITH_AES), WRAPPING_SPECS, USAGES))

Case = tuple[str, str, str]
"""Wrapping algorithm, wrapping key spec, key spec."""

material_of = cache(key_material.generate)


@pytest.fixture(scope="module", autouse=True)
def one_wrapping_key_of_each_spec() -> Iterator[None]:
    """To make a long RSA key for each of the cases takes minutes, and says nothing about them."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(asymmetric, "generate", cache(asymmetric.generate))
        yield


def is_allowed(algorithm: str, wrapping_spec: str, spec: str) -> bool:
    if algorithm in WITH_AES:
        return spec.startswith(("RSA_", "ECC_"))
    return not spec.startswith("RSA_") and (spec, wrapping_spec) != ("ECC_NIST_P521", "RSA_2048")


@pytest.fixture(scope="module")
def own_kms(shared_server: Server) -> Any:
    return shared_server.new_account().client("kms")


@pytest.fixture(scope="module")
def fresh_key(own_kms: Any) -> Any:
    """Makes a key of a spec that waits for its material."""
    return lambda spec: own_kms.create_key(Origin="EXTERNAL", KeySpec=spec, KeyUsage=USAGES[spec])["KeyMetadata"]["Arn"]


@pytest.mark.parametrize("case", [case for case in PRODUCT if is_allowed(*case)], ids="-".join)
def test_material_comes_in_by_a_wrapping_that_is_for_it(own_kms: Any, fresh_key: Any, case: Case) -> None:
    algorithm, wrapping_spec, spec = case
    key = fresh_key(spec)
    parameters = wrapped(own_kms, key, material_of(spec), algorithm, wrapping_spec)
    own_kms.import_key_material(KeyId=key, **parameters, ExpirationModel="KEY_MATERIAL_DOES_NOT_EXPIRE")
    assert own_kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "Enabled"


@pytest.mark.parametrize("spec", USAGES)
def test_a_wrapping_that_is_not_for_it_is_not_given(own_kms: Any, fresh_key: Any, spec: str) -> None:
    key = fresh_key(spec)
    foreign = [("RSAES_PKCS1_V1_5", wrapping_spec) for wrapping_spec in WRAPPING_SPECS]
    foreign += [(algorithm, wrapping) for algorithm, wrapping, of in PRODUCT if of == spec]
    refusals = 0
    for algorithm, wrapping_spec in foreign:
        if algorithm in (*BARE, *WITH_AES) and is_allowed(algorithm, wrapping_spec, spec):
            continue
        with refused("UnsupportedOperationException"):
            own_kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping_spec)
        refusals += 1
    assert refusals >= len(WRAPPING_SPECS)
