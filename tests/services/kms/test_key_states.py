"""The key state table, row by row and through boto3: what every operation does to a key in every state it can reach."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from kms.operation import FACTS
from kms.tables import load
from tests.services.kms.kinds import (
    ENCRYPTING,
    IMPORTED_MULTI_REGION,
    PAIRS_AND_MACS,
    STORES,
    SYMMETRIC,
    kind_id,
    scene_in_state,
    states_of,
    variants,
)
from tests.services.kms.support import IMPLEMENTED, KEY_CALLS, KEYLESS, MULTI_REGION, SIGNING, KeyCall, Kind, Scene
from tests.support import Server, refused

TABLE = load("key_states")
CALLS = (*KEY_CALLS, KeyCall("ListAliases", lambda kms, scene: kms.list_aliases(KeyId=scene.key)))

_ENCRYPTION = frozenset(
    {
        "CreateGrant",  # of rights that only encryption keys have
        "Decrypt",
        "Encrypt",
        "GenerateDataKey",
        "GenerateDataKeyPair",
        "GenerateDataKeyPairWithoutPlaintext",
        "GenerateDataKeyWithoutPlaintext",
        "ReEncrypt",
        "UpdateAlias",  # to and from an encryption key
    }
)
_IMPORTING = frozenset({"DeleteImportedKeyMaterial", "GetParametersForImport", "ImportKeyMaterial"})
_OF_IMPORTED_KIN = _IMPORTING | {"Decrypt", "ScheduleKeyDeletion", "CancelKeyDeletion", "RotateKeyOnDemand"}
"""Operations on which it tells that a key is both imported and in several Regions."""

_OF_GRANTS = frozenset({"RetireGrant", "RevokeGrant"})
_PAIRS_IN_STORES = frozenset({"GenerateDataKeyPair", "GenerateDataKeyPairWithoutPlaintext"})

Fits = Callable[[KeyCall, Kind], bool]


def rotates(call: KeyCall, kind: Kind) -> bool:
    return kind.origin == "AWS_KMS" and kind.spec == "SYMMETRIC_DEFAULT"


def is_imported(call: KeyCall, kind: Kind) -> bool:
    return kind.origin == "EXTERNAL"


def is_symmetric_outside_stores(call: KeyCall, kind: Kind) -> bool:
    return kind.spec == "SYMMETRIC_DEFAULT" and kind not in STORES


WHEN: dict[str, Fits] = {
    "Origin=EXTERNAL": is_imported,
    "any other Origin": lambda call, kind: not is_imported(call, kind),
    "Origin=AWS_KMS": lambda call, kind: kind.origin == "AWS_KMS",
    "Origin=AWS_KMS and KeySpec=SYMMETRIC_DEFAULT": rotates,
    "Origin=EXTERNAL or key in a custom key store (or key spec without rotation)": lambda *_: not rotates(*_),
    "Origin=EXTERNAL or key in a custom key store": lambda call, kind: kind.origin != "AWS_KMS",
    "the key the alias points to now is pending deletion": lambda call, kind: call.role == "current-target",
    "the new target key is pending deletion": lambda call, kind: call.role == "new-target",
    "Origin=AWS_KMS, KeySpec=SYMMETRIC_DEFAULT": rotates,
    "Origin=EXTERNAL, SYMMETRIC_DEFAULT, nothing pending rotation": lambda *_: (
        is_imported(*_) and is_symmetric_outside_stores(*_)
    ),
    "asymmetric, HMAC or custom key store key": lambda *_: not is_symmetric_outside_stores(*_),
    "KeySpec=SYMMETRIC_DEFAULT with Origin AWS_KMS or EXTERNAL": is_symmetric_outside_stores,
    "key type without rotation support": lambda *_: not is_symmetric_outside_stores(*_),
}
"""The conditions of the table, as far as the kind of key or the key's role decides them."""


def kinds_for(call: KeyCall) -> tuple[Kind, ...]:
    """The kinds of keys that an operation can be tried on."""
    if call.kind in PAIRS_AND_MACS:
        return variants(call.kind)
    if call.kind == MULTI_REGION:
        return (MULTI_REGION, IMPORTED_MULTI_REGION)
    if call.operation in _OF_IMPORTED_KIN:
        return (*ENCRYPTING, IMPORTED_MULTI_REGION)
    return ENCRYPTING if call.operation in _ENCRYPTION or call.kind is not None else (*ENCRYPTING, SIGNING)


def cases() -> Iterator[Any]:
    for call in CALLS:
        for kind in kinds_for(call):
            for state in states_of(kind):
                if call.operation in _OF_GRANTS and state == "Creating":
                    continue  # no grant can be made on such a key
                yield pytest.param(call, kind, state, id=f"{call.name}-{kind_id(kind)}-{state}")


def column(state: str) -> int:
    return int(TABLE["columns"].index("PendingDeletion" if state == "PendingReplicaDeletion" else state))


def expected(call: KeyCall, kind: Kind, state: str) -> dict[str, Any]:
    """The table's outcome for a key of this kind; and what kinds of keys refuse in any state that would allow it."""
    outcome: dict[str, Any] = TABLE["outcomes"][TABLE["operations"][call.operation]["row"][column(state)]]
    if outcome["outcome"] == "conditional":
        case = next(case for case in outcome["cases"] if case["when"] in WHEN and WHEN[case["when"]](call, kind))
        outcome = {**{name: value for name, value in outcome.items() if name == "resultState"}, **case}
    pairs_in_store = call.operation in _PAIRS_IN_STORES and kind in STORES
    import_elsewhere = call.operation in _IMPORTING and kind.origin != "EXTERNAL"
    if outcome["outcome"] == "ok" and (pairs_in_store or import_elsewhere):
        outcome = TABLE["outcomes"]["ORIGIN"]
    return outcome


def in_words(template: str | None, key: str, kind: Kind, state: str) -> str | None:
    """The message; None where none is known."""
    if template is None:
        return None
    said = template.replace("<keyArn>", key).replace("<Origin>", kind.origin)
    if "origin is AWS_KMS" in said and kind == SIGNING and "Import" not in said:
        return None
    return said.replace("pending deletion", "pending replica deletion") if state == "PendingReplicaDeletion" else said


def result_state(call: KeyCall, outcome: dict[str, Any], kind: Kind, state: str) -> str:
    if outcome["outcome"] != "ok":
        return state
    if call.operation == "UpdatePrimaryRegion":
        return "Updating"
    if call.operation == "ScheduleKeyDeletion" and kind.multi_region and state != "Creating":
        return "PendingReplicaDeletion"
    named: str = outcome.get("resultState", state)
    return state if "unchanged" in named or (state == "Unavailable" and named == "Enabled") else named


def test_every_implemented_operation_on_a_key_is_called_here() -> None:
    assert {call.operation for call in KEY_CALLS} == set(IMPLEMENTED) - KEYLESS


def test_every_row_of_the_table_is_tried_in_every_column_that_it_has() -> None:
    tried = {(case.values[0].operation, column(case.values[2])) for case in cases()}
    rows = TABLE["operations"].items()
    known = {(name, index) for name, row in rows for index, outcome in enumerate(row["row"]) if outcome != "NA"}
    of_grants_in_creation = {(name, column("Creating")) for name in _OF_GRANTS}
    assert known - tried == of_grants_in_creation


class Scenes:
    """Scenes by kind of key and state. One serves many tests: until a call has changed it, or time would."""

    def __init__(self, server: Server) -> None:
        self._server = server
        self._kept: dict[tuple[Kind, str], tuple[Any, Scene]] = {}

    def take(self, kind: Kind, state: str) -> tuple[Any, Scene]:
        kept = self._kept.pop((kind, state), None)
        return kept if kept is not None and _is_in(*kept, state) else self.fresh(kind, state)

    def fresh(self, kind: Kind, state: str) -> tuple[Any, Scene]:
        return scene_in_state(self._server.new_account(), kind, state)

    def give_back(self, kind: Kind, state: str, taken: tuple[Any, Scene]) -> None:
        if state not in ("Creating", "Updating"):
            self._kept[kind, state] = taken


def _is_in(kms: Any, scene: Scene, state: str) -> bool:
    """Whether a scene is still what it was: another one may have taken the clock past a deletion."""
    try:
        return bool(kms.describe_key(KeyId=scene.key)["KeyMetadata"]["KeyState"] == state)
    except kms.exceptions.NotFoundException:
        return False


@pytest.fixture(scope="module")
def scenes(shared_server: Server) -> Scenes:
    return Scenes(shared_server)


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(("call", "kind", "state"), list(cases()))
def test_the_state_of_the_key_decides_as_the_table_says(scenes: Scenes, call: KeyCall, kind: Kind, state: str) -> None:
    of_today = call.operation == "ImportKeyMaterial"  # its token is good for a day
    kms, scene = taken = (scenes.fresh if of_today else scenes.take)(kind, state)
    outcome = expected(call, kind, state)
    if outcome["outcome"] == "ok":
        call.make(kms, scene)
    else:
        with refused(outcome["code"]) as refusal:
            call.make(kms, scene)
        message = in_words(outcome["message"], scene.key, kind, state)
        assert message is None or refusal.message == message
        assert refusal.status == 400
    metadata = kms.describe_key(KeyId=scene.key)["KeyMetadata"]
    assert metadata["KeyState"] == result_state(call, outcome, kind, state)
    assert metadata["Enabled"] is (metadata["KeyState"] == "Enabled")
    if outcome["outcome"] != "ok" or FACTS[call.operation].read_only:
        scenes.give_back(kind, state, taken)


def test_a_refused_operation_changes_nothing(kms: Any, scene: Scene) -> None:
    before = kms.describe_key(KeyId=scene.key)["KeyMetadata"]
    kms.schedule_key_deletion(KeyId=scene.key)
    for call in KEY_CALLS:
        if call.kind is None and expected(call, SYMMETRIC, "PendingDeletion")["outcome"] == "error":
            with refused("KMSInvalidStateException"):
                call.make(kms, scene)
    kms.cancel_key_deletion(KeyId=scene.key)
    kms.enable_key(KeyId=scene.key)
    assert kms.describe_key(KeyId=scene.key)["KeyMetadata"] == before
