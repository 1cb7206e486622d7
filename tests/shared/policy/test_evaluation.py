"""Decisions and their explanations; and the evaluator held against a slow and obvious one."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.policy import (
    MalformedPolicy,
    PolicyKind,
    PolicyRequest,
    Statement,
    evaluate,
    explain,
    parse_policy,
)
from tests.shared.policy.reference import matching_statements
from tests.shared.policy.samples import (
    ACCOUNT,
    KEY,
    OTHER_ACCOUNT,
    OTHER_USER,
    ROLE,
    ROOT,
    SERVICE,
    SERVICE_ACCOUNT,
    SESSION,
    USER,
    decide,
    identity_policy,
    key_policy,
    request_by,
    statement,
)

DEFAULT_KEY_POLICY = key_policy(
    statement(Sid="Enable IAM User Permissions", Principal={"AWS": ROOT}, Action="kms:*"), Id="key-default-1"
)


def index_of(found: Statement | None) -> int | None:
    return None if found is None else found.index


class TestDecision:
    def test_the_default_key_policy_delegates_to_the_account_alone(self) -> None:
        decision = decide(DEFAULT_KEY_POLICY, request_by())
        assert (decision.denied_by, decision.allowed_by, index_of(decision.delegated_by)) == (None, None, 0)
        stranger = decide(DEFAULT_KEY_POLICY, request_by(OTHER_USER))
        assert (stranger.denied_by, stranger.allowed_by, stranger.delegated_by) == (None, None, None)

    def test_the_first_statement_of_each_kind_is_named(self) -> None:
        text = key_policy(
            statement(Principal={"AWS": ROOT}),
            statement(Action="kms:Encrypt"),
            statement(Principal={"AWS": USER}),
            statement("Deny", Action="kms:Encrypt"),
            statement("Deny"),
            statement("Deny"),
            statement(Principal={"AWS": ACCOUNT}),
            statement(),
        )
        decision = decide(text, request_by())
        assert index_of(decision.delegated_by) == 0
        assert index_of(decision.allowed_by) == 2
        assert index_of(decision.denied_by) == 4

    def test_any_allow_of_an_identity_policy_allows(self) -> None:
        policy = parse_policy(identity_policy(statement(Action="kms:D*", Resource=KEY)), PolicyKind.IDENTITY)
        assert index_of(evaluate(policy, request_by()).allowed_by) == 0
        assert evaluate(policy, request_by(action="kms:Encrypt")).allowed_by is None
        assert evaluate(policy, request_by()).delegated_by is None


class TestExplanation:
    @pytest.mark.parametrize(
        ("written", "matched", "reason"),
        [
            pytest.param(statement(), True, "It allows kms:Decrypt.", id="allow"),
            pytest.param(statement("Deny"), True, "It denies kms:Decrypt.", id="deny"),
            pytest.param(
                statement(Principal={"AWS": ROOT}),
                True,
                f"It lets IAM policies of account {ACCOUNT} allow kms:Decrypt.",
                id="delegation",
            ),
            pytest.param(
                statement(Principal={"AWS": ROLE}),
                False,
                "Its principals do not include the caller.",
                id="principal",
            ),
            pytest.param(statement(Action="kms:Encrypt"), False, "Its actions do not cover kms:Decrypt.", id="action"),
            pytest.param(
                statement(Resource="arn:aws:s3:::x"),
                False,
                f"Its resources do not cover {KEY}.",
                id="resource",
            ),
            pytest.param(
                statement(Action=None),
                False,
                "The statement lacks an action or a resource, so it has no effect.",
                id="no-action",
            ),
            pytest.param(
                statement(Resource="arn:aws:s3:::${aws:username}"),
                False,
                "One of its policy variables has no single value. ${aws:username} is without a single value.",
                id="variable",
            ),
            pytest.param(
                statement(Condition={"StringEquals": {"kms:ViaService": ["a", "b"]}}),
                False,
                "Condition StringEquals wants kms:ViaService [a, b]; in this request it is absent.",
                id="absent-key",
            ),
            pytest.param(
                statement(Condition={"StringEquals": {"aws:CalledVia": "a"}}),
                False,
                "Condition StringEquals wants aws:CalledVia [a]; in this request it is c, d.",
                id="several-values",
            ),
        ],
    )
    def test_a_verdict_says_why(self, written: dict[str, Any], matched: bool, reason: str) -> None:
        policy = parse_policy(key_policy(written), PolicyKind.RESOURCE)
        (verdict,) = explain(policy, request_by(context={"aws:calledvia": ("c", "d")}))
        assert verdict.statement is policy.statements[0]
        assert (verdict.matched, verdict.reason) == (matched, reason)


# A small vocabulary, so that statements and requests often meet. One condition key per kind of value.
ARN = "arn:aws:voiceid:us-west-2:111122223333:domain/x"
STRINGS = [
    "ann",
    "Ann",
    "a*",
    "a?n",
    "",
    "${aws:username}",
    "${aws:Absent}",
    "${aws:Absent, 'ann'}",
    "${*}",
    "a${?}n",
]
VALUES: dict[str, list[Any]] = {
    "aws:username": STRINGS,
    "kms:EncryptionContextKeys": STRINGS,
    "aws:Number": ["1", "1.0", "2", "-3", "1e1", 2],
    "aws:Date": ["2023-05-01T00:00:00Z", "1682899200", "2023-05-02"],
    "aws:Flag": ["true", "false", True],
    "aws:Bytes": ["YWI=", "YWM=", ""],
    "aws:Address": ["10.0.0.0/8", "10.1.0.0/16", "10.1.2.3", "0.0.0.0/0"],
    "aws:Arn": [
        ARN,
        "arn:aws:voiceid:*:111122223333:*",
        "arn:*:*",
        "arn:aws:voiceid:us-*:*/x",
        "arn:?ws:*:*:*:domain/?",
    ],
}
KNOWN = {
    "aws:username": ["ann", "Ann", "a*", "bob", ""],
    "kms:EncryptionContextKeys": ["ann", "Ann", "a*", "bob", ""],
    "aws:Number": ["1", "2.0", "-3", "10", "ten"],
    "aws:Date": ["2023-05-01", "1682985600", "2023-05-01T12:00:00Z", "soon"],
    "aws:Flag": ["true", "FALSE", "yes"],
    "aws:Bytes": ["YWI=", "YWI", ""],
    "aws:Address": ["10.1.2.3", "10.1.9.9", "10.9.9.9", "192.0.2.1", "voiceid.amazonaws.com"],
    "aws:Arn": [
        ARN,
        "arn:aws:voiceid:us-west-2:444455556666:domain/x:y",
        "arn:aws:x",
        "arn:aws:voiceid:us-:a:/x",
    ],
}
ORDERS = ["Equals", "NotEquals", "LessThan", "LessThanEquals", "GreaterThan", "GreaterThanEquals"]
TEXT_OPERATORS = ["Equals", "NotEquals", "EqualsIgnoreCase", "NotEqualsIgnoreCase", "Like", "NotLike"]
OPERATORS = {
    "aws:username": [f"String{name}" for name in TEXT_OPERATORS],
    "kms:EncryptionContextKeys": [f"String{name}" for name in TEXT_OPERATORS],
    "aws:Number": [f"Numeric{name}" for name in ORDERS],
    "aws:Date": [f"Date{name}" for name in ORDERS],
    "aws:Flag": ["Bool"],
    "aws:Bytes": ["BinaryEquals"],
    "aws:Address": ["IpAddress", "NotIpAddress"],
    "aws:Arn": ["ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike"],
}


def one_or_several(items: list[Any]) -> st.SearchStrategy[Any]:
    return st.sampled_from(items) | st.lists(st.sampled_from(items), min_size=1, max_size=3)


@st.composite
def condition_blocks(draw: st.DrawFn) -> dict[str, Any]:
    block: dict[str, Any] = {}
    for key in draw(st.lists(st.sampled_from(sorted(VALUES)), min_size=1, max_size=2)):
        written = draw(st.sampled_from([key, key.upper()]))
        if draw(st.integers(0, 7)) == 0:
            block.setdefault("Null", {})[written] = draw(one_or_several(["true", "false"]))
            continue
        prefix = draw(st.sampled_from(["", "", "ForAllValues:", "ForAnyValue:"]))
        name = prefix + draw(st.sampled_from(OPERATORS[key])) + draw(st.sampled_from(["", "", "IfExists"]))
        block.setdefault(name, {})[written] = draw(one_or_several(VALUES[key]))
    return block


AWS_PRINCIPALS = [
    ROOT,
    ACCOUNT,
    OTHER_ACCOUNT,
    USER,
    ROLE,
    SESSION,
    OTHER_USER,
    f"arn:aws:iam::{ACCOUNT}:user/*",
    "*",
]
PRINCIPALS = st.one_of(
    st.just("*"),
    st.fixed_dictionaries({"AWS": one_or_several(AWS_PRINCIPALS)}),
    st.fixed_dictionaries({"Service": st.sampled_from([SERVICE, "s3.amazonaws.com"])}),
    st.fixed_dictionaries({"AWS": one_or_several(AWS_PRINCIPALS), "Service": st.just(SERVICE)}),
)
ACTIONS = ["*", "kms:*", "KMS:decrypt", "kms:De*", "kms:?ecrypt", "kms:Encrypt", "s3:*"]
RESOURCES = ["*", "*", "arn:aws:kms:*", KEY, "arn:aws:kms:*:111122223333:key/*", KEY[:-1] + "?"]
RESOURCES += ["arn:aws:kms:us-west-2:111122223333:key/${aws:username}", KEY[:-4] + "${aws:username, '90ab'}"]


@st.composite
def statements(draw: st.DrawFn, *, with_principals: bool) -> dict[str, Any]:
    negations = st.sampled_from(["", "", "", "", "", "Not"])
    written = {
        "Effect": draw(st.sampled_from(["Allow", "Deny"])),
        f"{draw(negations)}Action": draw(one_or_several(ACTIONS)),
        f"{draw(negations)}Resource": draw(one_or_several(RESOURCES)),
        "Condition": draw(st.just({}) | condition_blocks()),
    }
    return {**written, f"{draw(negations)}Principal": draw(PRINCIPALS)} if with_principals else written


@st.composite
def documents(draw: st.DrawFn, *, with_principals: bool = True) -> dict[str, Any]:
    version = draw(st.sampled_from(["2012-10-17", "2012-10-17", "2008-10-17"]))
    written = draw(st.lists(statements(with_principals=with_principals), min_size=1, max_size=4))
    return {"Version": version, "Statement": written}


@st.composite
def requests(draw: st.DrawFn) -> PolicyRequest:
    context: dict[str, str | tuple[str, ...]] = {}
    for key, values in KNOWN.items():
        known = st.sampled_from(values) | st.lists(st.sampled_from(values), max_size=3).map(tuple)
        if draw(st.integers(0, 3)):
            context[key.lower()] = draw(known)
    arns, account_id, service = draw(
        st.sampled_from(
            [
                ((USER,), ACCOUNT, None),
                ((SESSION, ROLE), ACCOUNT, None),
                ((ROOT,), ACCOUNT, None),
                ((OTHER_USER,), OTHER_ACCOUNT, None),
                ((), SERVICE_ACCOUNT, SERVICE),
            ]
        )
    )
    action = draw(st.sampled_from(["kms:Decrypt", "kms:Encrypt", "kms:DescribeKey"]))
    resource = draw(st.sampled_from([KEY, KEY, "*", "arn:aws:kms:us-west-2:111122223333:key/ann"]))
    return PolicyRequest(action, resource, arns, account_id, service, context)


def check(document: dict[str, Any], request: PolicyRequest, kind: PolicyKind) -> None:
    policy = parse_policy(json.dumps(document), kind)
    expected = matching_statements(document, request)
    first = {how: index for index, how in reversed(expected)}
    decision = evaluate(policy, request)
    assert index_of(decision.denied_by) == first.get("deny")
    assert index_of(decision.allowed_by) == first.get("allow")
    assert index_of(decision.delegated_by) == first.get("delegate")
    matched = [verdict.statement.index for verdict in explain(policy, request) if verdict.matched]
    assert matched == [index for index, _ in expected]


@settings(max_examples=400, deadline=None)
@given(documents(), requests())
def test_a_key_policy_is_evaluated_as_the_reference_evaluates_it(
    document: dict[str, Any], request_: PolicyRequest
) -> None:
    check(document, request_, PolicyKind.RESOURCE)


@settings(max_examples=200, deadline=None)
@given(documents(with_principals=False), requests())
def test_an_identity_policy_is_evaluated_as_the_reference_evaluates_it(
    document: dict[str, Any], request_: PolicyRequest
) -> None:
    check(document, request_, PolicyKind.IDENTITY)


@settings(max_examples=600, deadline=None)
@given(condition_blocks(), requests(), st.sampled_from(["2012-10-17", "2008-10-17"]))
def test_a_condition_block_is_evaluated_as_the_reference_evaluates_it(
    block: dict[str, Any], request_: PolicyRequest, version: str
) -> None:
    document = {"Version": version, "Statement": [statement(Condition=block)]}
    check(document, request_, PolicyKind.RESOURCE)


PIECES = st.lists(st.sampled_from(["a", "b", ":", "/", "*", "?", "ab"]), max_size=9).map("".join)


@settings(max_examples=400, deadline=None)
@given(PIECES, st.lists(st.sampled_from(["a", "b", ":", "/", "\n"]), max_size=9).map("".join))
def test_wildcards_match_as_the_reference_matches_them(pattern: str, value: str) -> None:
    block = {"StringLike": {"aws:x": pattern}, "ArnLikeIfExists": {"aws:y": f"*:{pattern}:*"}}
    for written in (block, {"ArnLike": {"aws:y": f"*:{pattern}:*"}}, {"StringLike": {"aws:x": pattern}}):
        document = {"Version": "2012-10-17", "Statement": [statement(Condition=written)]}
        check(document, request_by(context={"aws:x": value, "aws:y": f"arn:{value}:x"}), PolicyKind.RESOURCE)


@settings(max_examples=300, deadline=None)
@given(st.text() | st.dates().map(str) | st.datetimes().map(str), st.sampled_from(sorted(OPERATORS)))
def test_no_request_value_makes_an_evaluation_fail(value: str, key: str) -> None:
    for operator in OPERATORS[key]:
        condition = {operator: {key: VALUES[key]}}
        decide(key_policy(statement(Condition=condition)), request_by(context={key.lower(): value}))


@settings(max_examples=100, deadline=None)
@given(st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=3))
@pytest.mark.parametrize("element", ["Sid", "Effect", "Principal", "Action", "Resource", "Condition", "Version"])
def test_no_document_makes_parsing_fail_but_as_malformed(element: str, value: Any) -> None:
    for kind in PolicyKind:
        try:
            parse_policy(json.dumps({"Statement": {**statement(), element: value}}), kind)
        except MalformedPolicy as refused:
            assert refused.message
