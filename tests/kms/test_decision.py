"""The whole decision about a call on a key, held against a slow and obvious one; and its explanation against itself."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kms.authorization import judge
from kms.key import KmsKey, get_key
from kms.keys import create_key
from kms.operation import KmsCall
from services.simulator import Configuration, Simulator
from shared.catalog import SERVICES
from shared.explanations import explain
from shared.identity import SERVICE, SESSION, USER, Caller, NamedPolicy, Principal, Session
from shared.rulings import Ruling
from tests.kms.decision_reference import Situation, is_allowed

OWNER, STRANGER = "111122223333", "444455556666"
VOICE_ID = "voiceid.amazonaws.com"
DOMAIN = f"arn:aws:voiceid:us-west-2:{OWNER}:domain/x"
ANN, BOB = f"arn:aws:iam::{OWNER}:user/ann", f"arn:aws:iam::{STRANGER}:user/bob"
ROOT, STRANGERS_ROOT = f"arn:aws:iam::{OWNER}:root", f"arn:aws:iam::{STRANGER}:root"
READER, MONDAY = f"arn:aws:iam::{OWNER}:role/reader", f"arn:aws:sts::{OWNER}:assumed-role/reader/monday"

CALLERS: dict[str, tuple[tuple[str, ...], str, str | None, str]] = {
    "user": ((ANN,), OWNER, None, USER),
    "session": ((MONDAY, READER), OWNER, None, SESSION),
    "stranger": ((BOB,), STRANGER, None, USER),
    "service": ((), SERVICES["voice-id"].account_id, VOICE_ID, SERVICE),
}

NAMES = [ROOT, OWNER, ANN, READER, MONDAY, BOB, STRANGERS_ROOT, STRANGER, "*"]
GRANTEES = [ANN, READER, MONDAY, BOB, ROOT, STRANGERS_ROOT, VOICE_ID]
ACTIONS = ["kms:*", "kms:Encrypt", "kms:De*", "kms:D*Key", "s3:*"]
OPERATIONS = ["Encrypt", "Decrypt", "DescribeKey", "DisableKey"]
CONDITIONS: list[dict[str, Any]] = [
    {},
    {},
    {},
    {"StringEquals": {"kms:EncryptionContext:a": "b"}},
    {"Null": {"kms:EncryptionContextKeys": "true"}},
    {"StringNotEquals": {"kms:CallerAccount": OWNER}},
    {"StringEqualsIfExists": {"aws:SourceArn": DOMAIN}},
]
CONTEXTS: list[dict[str, str]] = [{}, {"a": "b"}, {"a": "b", "c": "d"}]
CONSTRAINTS: list[dict[str, Any]] = [
    {},
    {"EncryptionContextEquals": {"a": "b"}},
    {"EncryptionContextSubset": {"a": "b"}},
    {"SourceArn": DOMAIN},
    {"SourceArn": DOMAIN, "EncryptionContextSubset": {"c": "d"}},
]

some = st.sampled_from


@st.composite
def statements(draw: st.DrawFn, *, with_principals: bool) -> dict[str, Any]:
    written: dict[str, Any] = {
        "Effect": draw(some(["Allow", "Allow", "Allow", "Allow", "Deny"])),
        "Action": draw(some(ACTIONS)),
        "Resource": "*",
        "Condition": draw(some(CONDITIONS)),
    }
    if with_principals:
        aws = st.lists(some(NAMES), min_size=1, max_size=2).map(lambda names: {"AWS": names})
        written["Principal"] = draw(st.one_of(aws, aws, st.just({"Service": VOICE_ID})))
    return written


def documents(*, with_principals: bool = False) -> st.SearchStrategy[dict[str, Any]]:
    several = st.lists(statements(with_principals=with_principals), min_size=1, max_size=3)
    return several.map(lambda written: {"Version": "2012-10-17", "Statement": written})


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    arns, account, service, kind = CALLERS[draw(some(sorted(CALLERS)))]
    grants = st.tuples(some(GRANTEES), st.lists(some(OPERATIONS[:3]), min_size=1, unique=True), some(CONSTRAINTS))
    none = st.none()
    is_principal = service is None
    return Situation(
        operation=draw(some(OPERATIONS)),
        key_policy=draw(documents(with_principals=True)),
        identity=draw(st.lists(documents(), max_size=2)) if is_principal else (),
        boundary=draw(none | documents()) if is_principal else None,
        session=draw(none | st.lists(documents(), min_size=1, max_size=2)) if kind == SESSION else None,
        grants=draw(st.lists(grants, max_size=3)),
        principal_arns=arns,
        account=account,
        owner=OWNER,
        service=service,
        context=draw(some(CONTEXTS)),
        source_arn=draw(some([DOMAIN, f"{DOMAIN}2"])) if not is_principal else None,
    )


class World:
    """An engine with one key, whose policy and grants each situation sets."""

    def __init__(self) -> None:
        self.simulator = Simulator(Configuration())
        identities = self.simulator.identities
        administrator = identities.find_principal(f"arn:aws:iam::{OWNER}:user/administrator")
        assert administrator is not None
        made = self.simulator.engine.session().perform(Caller(administrator, "us-west-2"), create_key)
        self.key: KmsKey = get_key(self.simulator.database, made.arn)

    def judge(self, situation: Situation) -> Ruling:
        database = self.simulator.database
        database.delete("grants", {})
        for number, (grantee, operations, constraints) in enumerate(situation.grants):
            database.insert("grants", self._row(number, grantee, operations, constraints))
        takes_context = situation.operation in ("Encrypt", "Decrypt")
        return judge(
            KmsCall(self.simulator.engine, _caller(situation), situation.operation),
            replace(self.key, policy=json.dumps(situation.key_policy)),
            permission=situation.operation,
            conditions={},
            encryption_context=situation.context if takes_context else None,
        )

    def _row(self, number: int, grantee: str, operations: Any, constraints: Mapping[str, Any]) -> dict[str, Any]:
        return {
            "grant_id": str(number),
            "key_arn": self.key.arn,
            "issuing_account": OWNER,
            "grantee_principal": grantee,
            "operations": list(operations),
            "constraints": dict(constraints) or None,
            "created_at": 0.0,
        }


def _caller(situation: Situation) -> Caller:
    arns, account, service, kind = next(
        known
        for known in CALLERS.values()
        if known[:3] == (situation.principal_arns, situation.account, situation.service)
    )
    session = None
    if kind == SESSION:
        limits = None if situation.session is None else _named(*situation.session)
        session = Session("monday", READER, "AROAX", "reader", 0.0, None, limits)
    principal = Principal(
        arn=arns[0] if arns else VOICE_ID,
        account_id=account,
        kind=kind,
        name=service or "name",
        unique_id="AIDAX",
        policies=_named(*situation.identity),
        boundary=None if situation.boundary is None else _named(situation.boundary)[0],
        session=session,
    )
    return Caller(principal, "us-west-2", source_arn=situation.source_arn)


def _named(*documents: dict[str, Any]) -> tuple[NamedPolicy, ...]:
    return tuple(NamedPolicy(f"policy-{number}", json.dumps(text)) for number, text in enumerate(documents))


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    made = World()
    yield made
    made.simulator.close()


@settings(max_examples=1500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situation=situations())
def test_a_call_is_decided_as_the_reference_decides_it(world: World, situation: Situation) -> None:
    ruling = world.judge(situation)
    assert (ruling.refusal is None) is is_allowed(situation, ruling.request)


@settings(max_examples=500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(situation=situations())
def test_an_explanation_says_what_was_decided_and_by_what(world: World, situation: Situation) -> None:
    ruling = world.judge(situation)
    told = explain(ruling)
    assert told["Allowed"] is (ruling.refusal is None)
    statements_told = [one for policy in told["Policies"] for one in policy["Statements"]]
    decided = [one for one in (*statements_told, *told["Grants"]) if one["Decided"]]
    assert len(decided) == len(told["DecidedBy"])
    assert all(one["Matched"] for one in decided)
    assert all(one["Reason"] for one in (*statements_told, *told["Grants"]))
    if ruling.refusal is None:
        assert decided
        assert not any(one["Matched"] and one["Effect"] == "Deny" for one in statements_told)
    elif ruling.is_explicit:
        assert [one["Effect"] for one in decided] == ["Deny"]
    else:
        assert decided == []
    json.dumps(told)
