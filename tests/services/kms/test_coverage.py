"""Every operation of the newest model answers in the model's shape; every error has its code, status and source."""

from __future__ import annotations

import base64
import inspect
import json
import re
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.loaders import Loader
from botocore.model import Shape

from kms import errors, key_specs
from services.kms.blueprint import SERVICE
from services.kms.errors import COMMON, MODEL, QUOTED, RECORDED, WIRE_ERRORS
from shared.aws.errors import STATUS_OF_COMMON_ERRORS
from tests.services.kms.kinds import (
    AGREEING,
    ENCAPSULATING,
    IMPORTED,
    IN_CLOUDHSM,
    IN_EXTERNAL_STORE,
    MAC,
    MULTI_REGION,
    SIGNING,
    STORE_PARAMETERS,
    SYMMETRIC,
    kind_id,
    scene_in_state,
)
from tests.services.kms.support import KEY_CALLS, KEYLESS, OPERATION_NAMES, Kind, administrator_arn
from tests.support import Account, Server

README = Path(__file__).parents[3] / "services" / "kms" / "README.md"
MODEL_DOCUMENT = Loader().load_service_model("kms", "service-2")
OUTSIDE_THE_MODEL = {"AccessDeniedException", "NotAuthorizedException", "ThrottlingException", "ValidationException"}
"""Codes that KMS is known to answer with and that its model does not list."""


def problems(shape: Shape, value: Any, path: str = "") -> list[str]:
    """How a JSON value departs from a shape: unknown or missing members, other types, enums and ranges left."""
    if shape.type_name == "structure":
        if not isinstance(value, dict):
            return [f"{path} is no structure"]
        unknown = [f"{path}.{name} is unknown" for name in value if name not in shape.members]
        missing = [f"{path}.{name} is missing" for name in shape.required_members if name not in value]
        inside = [
            problem
            for name, member in value.items()
            if name in shape.members
            for problem in problems(shape.members[name], member, f"{path}.{name}")
        ]
        return unknown + missing + inside
    if shape.type_name == "list":
        if not isinstance(value, list):
            return [f"{path} is no list"]
        return [problem for item in value for problem in problems(shape.member, item, f"{path}[]")]
    if shape.type_name == "map":
        return [problem for item in value.values() for problem in problems(shape.value, item, f"{path}{{}}")]
    return [] if _SIMPLE[shape.type_name](shape, value) else [f"{path} is {value!r}, no {shape.type_name} of its kind"]


def _is_text(shape: Shape, value: Any) -> bool:
    if not isinstance(value, str) or not _has_length(shape, value):
        return False
    pattern = shape.metadata.get("pattern")
    return (not shape.enum or value in shape.enum) and (pattern is None or bool(re.fullmatch(pattern, value)))


def _has_length(shape: Shape, value: str | bytes) -> bool:
    least, most = shape.metadata.get("min", 0), shape.metadata.get("max", len(value))
    return bool(least <= len(value) <= most)


_SIMPLE: dict[str, Callable[[Any, Any], bool]] = {
    "string": _is_text,
    "blob": lambda shape, value: _has_length(shape, base64.b64decode(value, validate=True)),
    "boolean": lambda shape, value: isinstance(value, bool),
    "integer": lambda shape, value: isinstance(value, int) and not isinstance(value, bool),
    "timestamp": lambda shape, value: isinstance(value, int | float) and not isinstance(value, bool),
}

KEYLESS_CALLS: dict[str, Callable[[Account, Any, str], Any]] = {
    "CreateKey": lambda account, kms, store: kms.create_key(Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "GenerateRandom": lambda account, kms, store: kms.generate_random(NumberOfBytes=8),
    "ListAliases": lambda account, kms, store: kms.list_aliases(),
    "ListKeys": lambda account, kms, store: kms.list_keys(Limit=1),
    "ListRetirableGrants": lambda account, kms, store: kms.list_retirable_grants(
        RetiringPrincipal=administrator_arn(account)
    ),
    "CreateCustomKeyStore": lambda account, kms, store: kms.create_custom_key_store(
        CustomKeyStoreName="another", **STORE_PARAMETERS["EXTERNAL_KEY_STORE"]
    ),
    "DescribeCustomKeyStores": lambda account, kms, store: kms.describe_custom_key_stores(),
    "ConnectCustomKeyStore": lambda account, kms, store: kms.connect_custom_key_store(CustomKeyStoreId=store),
    "DisconnectCustomKeyStore": lambda account, kms, store: kms.disconnect_custom_key_store(CustomKeyStoreId=store),
    "UpdateCustomKeyStore": lambda account, kms, store: kms.update_custom_key_store(
        CustomKeyStoreId=store, NewCustomKeyStoreName="renamed"
    ),
    "DeleteCustomKeyStore": lambda account, kms, store: kms.delete_custom_key_store(CustomKeyStoreId=store),
}
"""Operations without a key, in an order in which they work; store: the id of a store that was never connected."""


@pytest.fixture
def bodies(server: Server, account: Account) -> dict[str, list[Any]]:
    """The JSON of all answers that the account's clients get in this test, by operation."""
    heard: dict[str, list[Any]] = defaultdict(list)

    def listen(client: Any) -> None:
        def hear(response_dict: dict[str, Any], operation_model: Any, **_: Any) -> None:
            assert response_dict["status_code"] == 200
            heard[operation_model.name].append(json.loads(response_dict["body"] or b"{}"))

        client.meta.events.register("before-parse.kms.*", hear)

    for region in ("us-west-2", "eu-west-1"):
        listen(account.client("kms", region))
    return heard


KNOWN_DEPARTURES = {"ListGrants.Grants[].Name is '', no string of its kind"}
"""Where AWS itself leaves its model: a grant without a name has an empty one. Source: the sample of ListGrants."""


def misfits(heard: dict[str, list[Any]]) -> list[str]:
    found = []
    for name, answers in heard.items():
        shape = SERVICE.model.operation_model(name).output_shape
        for answer in answers:
            found += problems(shape, answer, name) if shape is not None else [name] * bool(answer)
    return [problem for problem in found if problem not in KNOWN_DEPARTURES]


class TestOperations:
    def test_every_operation_of_the_newest_model_is_implemented(self) -> None:
        assert {name for name in OPERATION_NAMES if SERVICE.handler(name) is None} == set()
        assert {call.operation for call in KEY_CALLS} | KEYLESS_CALLS.keys() == set(OPERATION_NAMES)
        assert set(KEYLESS_CALLS) == KEYLESS

    @pytest.mark.parametrize("call", KEY_CALLS, ids=lambda call: call.name)
    def test_what_an_operation_on_a_key_answers_fits_the_model(
        self, account: Account, bodies: dict[str, list[Any]], call: Any
    ) -> None:
        state = "PendingDeletion" if call.operation == "CancelKeyDeletion" else "Enabled"
        kms, scene = scene_in_state(account, call.kind or SYMMETRIC, state)
        if call.operation == "RotateKeyOnDemand":
            call.make(kms, scene)
            kms.list_key_rotations(KeyId=scene.key, IncludeKeyMaterial="ALL_KEY_MATERIAL")
        elif call.operation == "GetKeyLastUsage":
            kms.encrypt(KeyId=scene.key, Plaintext=b"x")
        call.make(kms, scene)
        assert bodies[call.operation]
        assert misfits(bodies) == []

    def test_what_the_other_operations_answer_fits_the_model(
        self, account: Account, kms: Any, bodies: dict[str, list[Any]]
    ) -> None:
        account.server.hold_jobs(True)
        kms.create_key()
        parameters = STORE_PARAMETERS["AWS_CLOUDHSM"]
        store = kms.create_custom_key_store(CustomKeyStoreName="one", **parameters)["CustomKeyStoreId"]
        for name, make in KEYLESS_CALLS.items():
            make(account, kms, store)
            account.server.run_jobs()
            assert bodies[name]
        assert misfits(bodies) == []

    @pytest.mark.parametrize(
        "kind",
        [
            SYMMETRIC,
            IMPORTED,
            MULTI_REGION,
            IN_CLOUDHSM,
            IN_EXTERNAL_STORE,
            SIGNING,
            AGREEING,
            ENCAPSULATING,
            MAC,
            Kind("RSA_2048", "ENCRYPT_DECRYPT"),
            Kind("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"),
            Kind("ML_DSA_44", "SIGN_VERIFY"),
        ],
        ids=lambda kind: f"{kind.spec}-{kind_id(kind)}",
    )
    def test_the_metadata_of_every_kind_of_key_fits_the_model(
        self, account: Account, bodies: dict[str, list[Any]], kind: Kind
    ) -> None:
        kms, scene = scene_in_state(account, kind, "Enabled")
        kms.describe_key(KeyId=scene.key)
        kms.schedule_key_deletion(KeyId=scene.key)
        kms.describe_key(KeyId=scene.key)
        assert misfits(bodies) == []

    def test_a_misfit_would_be_found(self) -> None:
        shape = SERVICE.model.operation_model("DescribeKey").output_shape
        wrong = {"KeyMetadata": {"Arn": 1, "keyState": "Enabled", "KeyUsage": "NONE", "Enabled": "yes"}}
        assert len(problems(shape, wrong)) == 5


class TestErrors:
    KINDS = [
        kind
        for _, kind in inspect.getmembers(errors, inspect.isclass)
        if issubclass(kind, errors.KmsRefusal) and kind is not errors.KmsRefusal
    ]

    def test_every_refusal_of_the_engine_has_an_error_on_the_wire(self) -> None:
        inside_only = {errors.RecordRejected, errors.ContentGone}  # of what is stored, which the KMS API does not show
        assert set(self.KINDS) - set(WIRE_ERRORS) == inside_only

    def test_every_code_is_in_the_model_or_among_the_few_that_are_not(self) -> None:
        in_model = {shape.name for shape in SERVICE.model.error_shapes}
        assert {error.code for error in WIRE_ERRORS.values()} - in_model == OUTSIDE_THE_MODEL

    def test_every_status_is_what_the_model_says_of_whose_fault_it_is(self) -> None:
        shapes = MODEL_DOCUMENT["shapes"]
        for error in WIRE_ERRORS.values():
            is_fault = shapes.get(error.code, {}).get("fault", False)
            assert error.status == (500 if is_fault else 400), error.code

    def test_every_error_names_its_source(self) -> None:
        assert {error.source for error in WIRE_ERRORS.values()} == {COMMON, MODEL, QUOTED, RECORDED}
        assert all(error.source != MODEL or error.code not in OUTSIDE_THE_MODEL for error in WIRE_ERRORS.values())

    def test_codes_that_never_come_are_named_in_the_readme(self) -> None:
        in_model = {shape.name for shape in SERVICE.model.error_shapes}
        raised = {error.code for error in WIRE_ERRORS.values()} | set(STATUS_OF_COMMON_ERRORS)
        (row,) = re.findall(r"^\| errors that never come \| (.*) \|$", README.read_text(encoding="utf-8"), re.MULTILINE)
        assert set(re.findall(r"\w+Exception", row)) == in_model - raised


class TestReadme:
    TEXT = README.read_text(encoding="utf-8")

    def table(self, title: str) -> str:
        """One table of the README, by what stands in its head."""
        start = self.TEXT.index(f"| {title} |")
        return self.TEXT[start : self.TEXT.find("\n\n", start)]

    def test_it_lists_every_operation_once_as_simulated(self) -> None:
        named = re.findall(r"\b(?:[A-Z][a-z]+)+[A-Za-z]*\b", self.table("simulated"))
        listed = [word for word in named if word in OPERATION_NAMES]
        assert sorted(listed) == sorted(set(OPERATION_NAMES))

    def test_it_names_the_key_specs_that_are_refused(self) -> None:
        refused = self.table("refused")
        specs = set(SERVICE.model.shape_for("KeySpec").enum) - set(key_specs.SPECS)
        for name in specs:
            assert re.search(rf"\b{name}\b", refused), name
        assert specs == {"SM2", "ML_KEM_512"}
