"""No document, however malformed, makes an operation fail: it is answered, or refused with a 4xx or a 501."""

from __future__ import annotations

import base64
import inspect
import json
from typing import Any

import pytest
from botocore import xform_name
from botocore.model import Shape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms.operation import OPERATIONS
from services.kms.blueprint import SERVICE
from tests.services.kms.support import IMPLEMENTED, RawKms, Scene, fresh_alias, set_scene
from tests.support import Account

# What a valid request would name. It exists only once the test runs, so that strategies speak of it by these words.
PLACEHOLDERS = ("<key id>", "<key arn>", "<other key>", "<alias>", "<new alias>", "<grant>", "<user>", "<blob>")

anything = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=20)
    | st.sampled_from(PLACEHOLDERS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


def fitting(shape: Shape) -> st.SearchStrategy[Any]:
    """Values of about the right kind; half of the text names something that exists."""
    if shape.type_name == "structure":
        return document(shape)
    if shape.type_name == "list":
        return st.lists(member(shape.member), max_size=3)
    if shape.type_name == "map":
        return st.dictionaries(st.text(max_size=5), member(shape.value), max_size=3)
    if shape.type_name == "string":
        enum = [st.sampled_from(shape.enum)] if shape.enum else []
        return st.one_of(st.sampled_from(PLACEHOLDERS), st.text(max_size=30), *enum)
    simple: dict[str, st.SearchStrategy[Any]] = {
        "blob": st.sampled_from(["<blob>", "AAAA", "!", ""]),
        "boolean": st.booleans(),
        "integer": st.integers(-2, 3000) | st.integers(),
        "timestamp": st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=10),
    }
    return simple.get(shape.type_name, anything)


def member(shape: Shape) -> st.SearchStrategy[Any]:
    return st.integers(0, 5).flatmap(lambda roll: anything if roll == 0 else fitting(shape))


def document(shape: StructureShape) -> st.SearchStrategy[dict[str, Any]]:
    """The required members most of the time, some of the others, now and then a member that there is not."""
    members = {name: member(inner) for name, inner in shape.members.items()}
    required = {name: members[name] for name in shape.required_members}
    optional = {name: strategy for name, strategy in members.items() if name not in required}
    whole = st.fixed_dictionaries(required, optional=optional)
    lacking = st.fixed_dictionaries({}, optional={**members, "Unknown": anything})
    return st.integers(0, 4).flatmap(lambda roll: lacking if roll == 0 else whole)


def request_of(operation: str) -> st.SearchStrategy[tuple[str, Any]]:
    shape = SERVICE.model.operation_model(operation).input_shape
    body = st.just({}) if shape is None else document(shape)
    return st.tuples(st.just(operation), st.integers(0, 9).flatmap(lambda roll: anything if roll == 0 else body))


REQUESTS = st.sampled_from(IMPLEMENTED).flatmap(request_of)


def filled_in(body: Any, scene: Scene) -> bytes:
    values = {
        "<key id>": scene.key.rpartition("/")[2],
        "<key arn>": scene.key,
        "<other key>": scene.other_key,
        "<alias>": scene.alias,
        "<new alias>": fresh_alias(),
        "<grant>": scene.grant_id,
        "<user>": f"arn:aws:iam::{scene.owner.account_id}:user/administrator",
        "<blob>": base64.b64encode(scene.ciphertext).decode(),
    }
    text = json.dumps(body)
    for placeholder, value in values.items():
        text = text.replace(placeholder, value)
    return text.encode()


UNSIMULATED: dict[tuple[str, str], dict[str, Any]] = {
    ("Decrypt", "DryRunModifiers"): {"DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
    ("Decrypt", "Recipient"): {"Recipient": {}},
    ("DeriveSharedSecret", "Recipient"): {"Recipient": {}},
    ("GenerateDataKey", "Recipient"): {"Recipient": {}},
    ("GenerateDataKeyPair", "Recipient"): {"Recipient": {}},
    ("GenerateRandom", "Recipient"): {"Recipient": {}},
    ("ListKeys", "ResourceOwners"): {"ResourceOwners": ["OTHER_ACCOUNTS_VIA_RAM"]},
    ("ReEncrypt", "DryRunModifiers"): {"DryRunModifiers": ["IGNORE_CIPHERTEXT"]},
}
"""Members that the model has and the engine does not."""

REQUIRED = {
    "DeriveSharedSecret": {"KeyId": "<key id>", "KeyAgreementAlgorithm": "ECDH", "PublicKey": "eA=="},
    "GenerateDataKeyPair": {"KeyId": "<key id>", "KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKey": {"KeyId": "<key id>", "KeySpec": "AES_256"},
    "ReEncrypt": {"DestinationKeyId": "<key id>"},
}


@pytest.mark.parametrize("case", UNSIMULATED, ids="-".join)
def test_a_member_that_is_not_simulated_is_refused_by_its_name(
    account: Account, raw_kms: RawKms, case: tuple[str, str]
) -> None:
    operation, name = case
    body = {**REQUIRED.get(operation, {}), **UNSIMULATED[case]}
    status, answer = raw_kms.send(operation, filled_in(body, set_scene(account)))
    assert (status, answer["__type"]) == (400, "UnsupportedOperationException")
    assert answer["message"] == f"{name} is not simulated."


def argument(member: str) -> str:
    return "tags_" if member == "Tags" else xform_name(member)


def test_every_other_member_is_a_parameter_of_the_engine() -> None:
    strange = set()
    for name in IMPLEMENTED:
        shape = SERVICE.model.operation_model(name).input_shape
        parameters = inspect.signature(OPERATIONS[name]).parameters
        if "given" in parameters:  # takes what its model has
            continue
        members = shape.members if shape is not None else {}
        strange |= {(name, member) for member in members if argument(member) not in parameters}
    assert strange == set(UNSIMULATED)


@settings(
    max_examples=300,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.filter_too_much],
)
@given(request=REQUESTS)
def test_no_document_makes_an_operation_fail(account: Account, raw_kms: RawKms, request: tuple[str, Any]) -> None:
    operation, body = request
    status, answer = raw_kms.send(operation, filled_in(body, set_scene(account)))
    assert status == 200 or 400 <= status < 500 or status == 501, answer
    if status != 200:
        assert answer["__type"]
