"""The Condition block, row by row of the user guide's tables."""

from __future__ import annotations

from typing import Any

import pytest

from shared.policy import MalformedPolicy, PolicyKind, parse_policy
from tests.shared.policy.samples import condition_holds, key_policy, matches, request_by, statement

KEY = "aws:x"


@pytest.mark.parametrize(
    ("operator", "value", "holding", "failing"),
    [
        ("StringEquals", "Blue", ["Blue"], ["blue", "Blues", ""]),
        ("StringEquals", "B*", ["B*"], ["Blue"]),
        ("StringNotEquals", "Blue", ["blue", ""], ["Blue"]),
        ("StringEqualsIgnoreCase", "Blue", ["bLUE"], ["Blues"]),
        ("StringNotEqualsIgnoreCase", "Blue", ["Blues"], ["bLUE"]),
        ("StringLike", "B?u*", ["Blue", "Blu", "B\nu:/x"], ["blue", "Bu"]),
        ("StringNotLike", "B?u*", ["blue"], ["Blue"]),
        ("NumericEquals", "10", ["10", "10.0", "1e1", "+10"], ["11", "ten", ""]),
        ("NumericEquals", 10, ["10"], ["11"]),
        ("NumericEquals", 1.5, ["1.50"], ["1"]),
        ("NumericNotEquals", "10", ["11"], ["10.0", "ten"]),
        ("NumericLessThan", "10", ["9.99", "-10"], ["10", "ten"]),
        ("NumericLessThanEquals", "10", ["10"], ["10.01"]),
        ("NumericGreaterThan", "10", ["10.01", "9e9"], ["10", "NaN", "Infinity"]),
        ("NumericGreaterThanEquals", "10", ["10"], ["9"]),
        (
            "DateEquals",
            "2023-05-01T00:00:00Z",
            ["1682899200", "2023-05-01", "2023-05-01T02:00:00+02:00"],
            ["x"],
        ),
        ("DateEquals", "1682899200", ["2023-05-01T00:00:00Z"], ["2023-05-01T00:00:01Z"]),
        ("DateNotEquals", "2023-05-01T00:00:00Z", ["2023-05-01T00:00:01Z"], ["2023-05-01", "x"]),
        ("DateLessThan", "2023-05-01T00:00:00Z", ["2023-04-30T23:59:59Z"], ["2023-05-01T00:00:00Z", "x"]),
        ("DateLessThanEquals", "2023-05-01T00:00:00Z", ["2023-05-01T00:00:00Z"], ["2023-05-01T00:00:01Z"]),
        ("DateGreaterThan", "2023-05-01T00:00:00Z", ["2023-05-01T00:00:00.5Z"], ["2023-05-01T00:00:00Z"]),
        ("DateGreaterThanEquals", "2023-05-01", ["2023-05-01T00:00:00Z"], ["2023-04-30T23:59:59Z"]),
        ("Bool", "true", ["true", "True"], ["false", "yes", ""]),
        ("Bool", False, ["false"], ["true"]),
        ("BinaryEquals", "QmluYXJ5", ["QmluYXJ5"], ["QmluYXJ6", "QmluYXJ", "é"]),
        ("IpAddress", "203.0.113.0/24", ["203.0.113.0", "203.0.113.255"], ["203.0.114.0", "::1", "voiceid"]),
        ("IpAddress", "203.0.113.7/24", ["203.0.113.9"], ["203.0.114.7"]),
        ("IpAddress", "203.0.113.7", ["203.0.113.7"], ["203.0.113.8"]),
        ("IpAddress", "2001:DB8::/32", ["2001:db8:1::1"], ["2001:db9::1", "203.0.113.7"]),
        ("IpAddress", "2001:db8::1", ["2001:db8:0::1"], ["2001:db8::2"]),
        ("NotIpAddress", "203.0.113.0/24", ["203.0.114.0"], ["203.0.113.9", "voiceid"]),
        (
            "ArnEquals",
            "arn:aws:sns:*:1:t*",
            ["arn:aws:sns:us-west-2:1:topic:x"],
            ["arn:aws:sns:a:b:1:topic", "t"],
        ),
        ("ArnLike", "arn:aws:sns:*:1:*", ["arn:aws:sns::1:"], ["arn:aws:sqs:us-west-2:1:t", "arn:aws:sns:x"]),
        (
            "ArnLike",
            "arn:aws:sns:us-?:1:t",
            ["arn:aws:sns:us-w:1:t"],
            ["arn:aws:sns:us-:1:t", "arn:aws:sns:us-::1:t"],
        ),
        ("ArnLike", "arn:aws:iam::*:x", ["arn:aws:iam::1:x"], ["arn:aws:iam::1:y:x"]),
        ("ArnLike", "arn:*", [], ["arn:aws:sns:us-west-2:1:topic"]),
        ("ArnLike", "*", [], ["arn:aws:sns:us-west-2:1:topic"]),
        (
            "ArnNotEquals",
            "arn:aws:sns:*:1:*",
            ["arn:aws:sns:us-west-2:2:t"],
            ["arn:aws:sns:us-west-2:1:t", "t"],
        ),
        (
            "ArnNotLike",
            "arn:aws:sns:*:1:*",
            ["arn:aws:sns:us-west-2:2:t"],
            ["arn:aws:sns:us-west-2:1:t", "t"],
        ),
    ],
)
def test_an_operator_compares(operator: str, value: Any, holding: list[str], failing: list[str]) -> None:
    assert [known for known in holding if not condition_holds(operator, KEY, value, {KEY: known})] == []
    assert [known for known in failing if condition_holds(operator, KEY, value, {KEY: known})] == []


@pytest.mark.parametrize(
    ("operator", "value", "when_absent"),
    [
        pytest.param("StringEquals", "a", False, id="positive"),
        pytest.param("NumericLessThan", "1", False, id="positive-number"),
        pytest.param("StringNotEquals", "a", True, id="negated"),
        pytest.param("NotIpAddress", "10.0.0.0/8", True, id="negated-address"),
        pytest.param("ArnNotLike", "arn:aws:sns:*:1:*", True, id="negated-arn"),
        pytest.param("StringEqualsIfExists", "a", True, id="if-exists"),
        pytest.param("StringNotEqualsIfExists", "a", True, id="negated-if-exists"),
        pytest.param("ForAllValues:StringEquals", "a", True, id="for-all"),
        pytest.param("ForAllValues:StringNotEquals", "a", True, id="for-all-negated"),
        pytest.param("ForAnyValue:StringEquals", "a", False, id="for-any"),
        pytest.param("ForAnyValue:StringNotEquals", "a", False, id="for-any-negated"),
        pytest.param("ForAnyValue:StringEqualsIfExists", "a", True, id="for-any-if-exists"),
        pytest.param("Null", "true", True, id="null-true"),
        pytest.param("Null", "false", False, id="null-false"),
        pytest.param("Null", True, True, id="null-unquoted"),
    ],
)
def test_a_condition_on_a_key_without_a_value(operator: str, value: Any, when_absent: bool) -> None:
    assert condition_holds(operator, KEY, value, {}) is when_absent
    assert condition_holds(operator, KEY, value, {KEY: ()}) is when_absent


@pytest.mark.parametrize(("value", "expected"), [("true", False), ("false", True), (["true", "false"], True)])
def test_null_asks_whether_the_key_is_present(value: Any, expected: bool) -> None:
    assert condition_holds("Null", KEY, value, {KEY: "a"}) is expected
    assert condition_holds("Null", KEY, value, {KEY: ""}) is expected
    assert condition_holds("Null", KEY, value, {KEY: ("a", "b")}) is expected


@pytest.mark.parametrize(
    ("operator", "request_values", "expected"),
    [
        ("ForAllValues:StringEquals", ("a", "b"), True),
        ("ForAllValues:StringEquals", ("a", "c"), False),
        ("ForAllValues:StringLike", ("a", "b"), True),
        ("ForAllValues:StringNotEquals", ("c", "d"), True),
        ("ForAllValues:StringNotEquals", ("a", "c"), False),
        ("ForAnyValue:StringEquals", ("a", "c"), True),
        ("ForAnyValue:StringEquals", ("c", "d"), False),
        ("ForAnyValue:StringNotEquals", ("a", "c"), True),
        ("ForAnyValue:StringNotEquals", ("a", "b"), False),
        ("ForAllValues:StringEqualsIfExists", ("c",), False),
        ("StringEquals", ("a", "c"), True),
        ("StringEquals", ("c", "d"), False),
        ("StringNotEquals", ("a", "c"), True),
        ("StringNotEquals", ("a", "b"), False),
    ],
)
def test_a_condition_on_several_values(operator: str, request_values: tuple[str, ...], expected: bool) -> None:
    assert condition_holds(operator, KEY, ["a", "b"], {KEY: request_values}) is expected


@pytest.mark.parametrize(
    ("operator", "listed", "unlisted"), [("StringEquals", True, False), ("StringNotEquals", False, True)]
)
def test_several_policy_values_are_or_and_under_a_negated_operator_nor(
    operator: str, listed: bool, unlisted: bool
) -> None:
    for value in ("a", "b"):
        assert condition_holds(operator, KEY, ["a", "b"], {KEY: value}) is listed
    assert condition_holds(operator, KEY, ["a", "b"], {KEY: "c"}) is unlisted


@pytest.mark.parametrize(
    "block",
    [
        pytest.param({"StringEquals": {"aws:x": "a", "aws:y": "b"}}, id="keys"),
        pytest.param({"StringEquals": {"aws:x": "a"}, "StringLike": {"aws:y": "b"}}, id="operators"),
    ],
)
def test_several_conditions_must_all_hold(block: dict[str, Any]) -> None:
    assert matches(statement(Condition=block), request_by(context={"aws:x": "a", "aws:y": "b"}))
    assert not matches(statement(Condition=block), request_by(context={"aws:x": "a", "aws:y": "c"}))
    assert not matches(statement(Condition=block), request_by(context={"aws:x": "c", "aws:y": "b"}))


@pytest.mark.parametrize("block", [{}, {"StringEquals": {}}])
def test_a_condition_block_without_conditions_always_holds(block: dict[str, Any]) -> None:
    assert matches(statement(Condition=block), request_by())


@pytest.mark.parametrize(
    ("key", "name"),
    [
        ("KMS:viaSERVICE", "kms:viaservice"),
        ("kms:EncryptionContext:AWS:VoiceId:Domain:Arn", "kms:encryptioncontext:aws:voiceid:domain:arn"),
        ("aws:ResourceTag/Cost Center", "aws:resourcetag/cost center"),
    ],
)
def test_condition_key_names_are_matched_in_any_case(key: str, name: str) -> None:
    assert condition_holds("StringEquals", key, "a", {name: "a"})


@pytest.mark.parametrize(
    "operator",
    [
        "stringEquals",
        "StringEqual",
        "StringMatches",
        "IfExists",
        "NullIfExists",
        "ForAllValues:Null",
        "ForSomeValues:StringEquals",
        "ForAllValues:",
        "StringEqualsIfExistsIfExists",
        "BinaryNotEquals",
        "BoolNotEquals",
        "",
    ],
)
def test_an_unknown_operator_is_refused(operator: str) -> None:
    with pytest.raises(MalformedPolicy, match="no condition operator"):
        parse_policy(key_policy(statement(Condition={operator: {KEY: "true"}})), PolicyKind.RESOURCE)


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("NumericEquals", "ten"),
        ("NumericLessThan", "1_000"),
        ("NumericEquals", "NaN"),
        ("NumericEquals", "${aws:x}"),
        ("DateEquals", "yesterday"),
        ("DateLessThan", "2023-13-01"),
        ("DateLessThan", "2023-05-*"),
        ("Bool", "yes"),
        ("Bool", ["true", "maybe"]),
        ("Null", "absent"),
        ("Null", "${aws:x}"),
        ("BinaryEquals", "not base64"),
        ("IpAddress", "203.0.113.0/33"),
        ("IpAddress", "203.0.113.*"),
        ("NotIpAddress", "example.com"),
        ("IpAddress", "10.0.0.0/255.0.0.0"),
    ],
)
def test_a_policy_value_that_its_operator_cannot_read_is_refused(operator: str, value: Any) -> None:
    with pytest.raises(MalformedPolicy, match=r"not a value|failed legacy parsing"):
        parse_policy(key_policy(statement(Condition={operator: {KEY: value}})), PolicyKind.RESOURCE)


@pytest.mark.parametrize("key", ["", "x", ":", "aws:", ":x"])
def test_a_condition_key_without_a_prefix_is_refused(key: str) -> None:
    with pytest.raises(MalformedPolicy, match="prefaced by a vendor"):
        parse_policy(key_policy(statement(Condition={"StringEquals": {key: "a"}})), PolicyKind.RESOURCE)


def test_a_number_as_a_string_value_keeps_its_spelling() -> None:
    assert condition_holds("StringEquals", KEY, 111122223333, {KEY: "111122223333"})
    assert condition_holds("StringEquals", KEY, True, {KEY: "true"})
