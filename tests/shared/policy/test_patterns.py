"""Wildcards and policy variables, in actions, resources and condition values."""

from __future__ import annotations

import json
from typing import Any

import pytest

from shared.policy import MalformedPolicy, PolicyKind, parse_policy
from shared.policy.request import Context
from tests.shared.policy.samples import (
    KEY,
    SESSION,
    condition_holds,
    identity_policy,
    key_policy,
    matches,
    request_by,
    statement,
)

TAGGED: Context = {"aws:username": "ann", "aws:principaltag/team": "blue", "aws:tagkeys": ("a", "b")}


@pytest.mark.parametrize(
    ("written", "action", "expected"),
    [
        pytest.param("kms:Decrypt", "kms:Decrypt", True, id="same"),
        pytest.param("KMS:dEcrypt", "kms:Decrypt", True, id="other-case"),
        pytest.param("kms:Decrypt", "kms:DecryptAll", False, id="whole-name-only"),
        pytest.param("kms:*", "kms:Decrypt", True, id="run"),
        pytest.param("kms:GenerateDataKey*", "kms:GenerateDataKey", True, id="run-may-be-empty"),
        pytest.param("kms:*Key*Without*", "kms:GenerateDataKeyWithoutPlaintext", True, id="several-runs"),
        pytest.param("kms:*a*b", "kms:abba", False, id="text-after-the-last-run-ends-the-name"),
        pytest.param("kms:?ecrypt", "kms:Decrypt", True, id="one-character"),
        pytest.param("kms:?Decrypt", "kms:Decrypt", False, id="one-character-is-not-none"),
        pytest.param("kms:*", "s3:GetObject", False, id="other-service"),
        pytest.param("*", "s3:GetObject", True, id="everything"),
    ],
)
def test_an_action_pattern_covers(written: str, action: str, expected: bool) -> None:
    assert matches(statement(Action=written), request_by(action=action)) is expected


@pytest.mark.parametrize(
    ("written", "resource", "expected"),
    [
        pytest.param(KEY, KEY, True, id="same"),
        pytest.param(KEY.upper(), KEY, False, id="case-matters"),
        pytest.param("arn:aws:kms:*:111122223333:key/*", KEY, True, id="runs"),
        pytest.param("arn:aws:kms:*", KEY, True, id="run-spans-colons-and-slashes"),
        pytest.param(KEY[:-1] + "?", KEY, True, id="one-character"),
        pytest.param("arn:aws:kms:*:111122223333:alias/*", KEY, False, id="other-kind"),
        pytest.param("*", "*", True, id="no-resource-under-everything"),
        pytest.param("arn:aws:kms:*:111122223333:key/*", "*", False, id="no-resource-under-an-arn"),
        pytest.param("a*", "a\nb", True, id="run-spans-lines"),
    ],
)
def test_a_resource_pattern_covers(written: str, resource: str, expected: bool) -> None:
    assert matches(statement(Resource=written), request_by(resource=resource)) is expected


@pytest.mark.parametrize("element", ["Action", "Resource"])
def test_one_of_several_patterns_is_enough_and_the_not_form_is_the_opposite(element: str) -> None:
    request = request_by()
    fitting = {"Action": ["kms:Encrypt", "kms:D*"], "Resource": ["arn:aws:s3:::x", KEY]}[element]
    other = {"Action": ["kms:Encrypt", "s3:*"], "Resource": ["arn:aws:s3:::x"]}[element]
    for name, patterns, expected in [
        (element, fitting, True),
        (element, other, False),
        (f"Not{element}", fitting, False),
        (f"Not{element}", other, True),
    ]:
        elements: dict[str, Any] = {name: patterns}
        assert matches(statement(**elements), request) is expected


@pytest.mark.parametrize(
    ("written", "resource", "expected"),
    [
        pytest.param("${aws:username}", "ann", True, id="value"),
        pytest.param("${AWS:UserName}", "ann", True, id="name-in-any-case"),
        pytest.param("${aws:username}", "Ann", False, id="value-keeps-its-case"),
        pytest.param("home/${aws:username}/*", "home/ann/x", True, id="beside-wildcards"),
        pytest.param("${aws:PrincipalTag/team}", "blue", True, id="tag"),
        pytest.param("${aws:PrincipalTag/team, 'red'}", "blue", True, id="value-before-default"),
        pytest.param("${aws:PrincipalTag/rank, 'red'}", "red", True, id="default"),
        pytest.param("${aws:PrincipalTag/rank, ''}", "", True, id="empty-default"),
        pytest.param("${aws:PrincipalTag/rank}", "", False, id="absent-without-default"),
        pytest.param("${aws:TagKeys}", "a", False, id="multi-valued-without-default"),
        pytest.param("${*}", "*", True, id="literal-star"),
        pytest.param("${*}", "x", False, id="literal-star-is-no-wildcard"),
        pytest.param("${?}", "x", False, id="literal-question-mark-is-no-wildcard"),
        pytest.param("${$}{aws:username}", "${aws:username}", True, id="literal-dollar"),
    ],
)
def test_a_variable_stands_for(written: str, resource: str, expected: bool) -> None:
    prefix = "arn:aws:s3:::"
    request = request_by(resource=prefix + resource, context=TAGGED)
    assert matches(statement(Resource=prefix + written), request) is expected
    like = {"StringLike": {"aws:x": prefix + written}}
    request = request_by(context={**TAGGED, "aws:x": prefix + resource})
    assert matches(statement(Condition=like), request) is expected


def test_a_wildcard_in_a_variables_value_is_plain_text() -> None:
    context = {"aws:username": "a*"}
    written = statement(Resource="arn:aws:s3:::${aws:username}")
    assert not matches(written, request_by(resource="arn:aws:s3:::ann", context=context))
    assert matches(written, request_by(resource="arn:aws:s3:::a*", context=context))


@pytest.mark.parametrize(
    ("operator", "value"),
    [
        ("StringEquals", "${aws:username}"),
        ("StringNotEquals", "not-${aws:username}"),
        ("StringLike", "*${aws:username}"),
        ("StringEqualsIgnoreCase", "${aws:username}"),
    ],
)
def test_string_conditions_take_variables(operator: str, value: str) -> None:
    assert condition_holds(operator, "aws:x", value, {"aws:username": "ann", "aws:x": "ann"})


def test_arn_and_bool_conditions_take_variables() -> None:
    arn = {"aws:username": "ann", "aws:x": "arn:aws:iam::1:user/ann"}
    assert condition_holds("ArnLike", "aws:x", "arn:aws:iam::*:user/${aws:username}", arn)
    assert condition_holds("Bool", "aws:x", "${aws:SecureTransport}", {"aws:securetransport": "true", "aws:x": "TRUE"})


@pytest.mark.parametrize("version", ["2008-10-17", None])
def test_policies_of_the_old_version_have_no_variables(version: str | None) -> None:
    written = statement(Resource="arn:aws:s3:::${aws:username}")
    plain = request_by(resource="arn:aws:s3:::${aws:username}", context=TAGGED)
    assert matches(written, plain, version)
    assert not matches(written, request_by(resource="arn:aws:s3:::ann", context=TAGGED), version)


def test_an_action_has_no_variables() -> None:
    written = statement(Action="kms:${username}")
    assert not matches(written, request_by(action="kms:ann", context={"username": "ann"}))
    assert matches(written, request_by(action="kms:${username}"))


@pytest.mark.parametrize(
    "elements",
    [
        pytest.param({"Condition": {"StringNotEquals": {"aws:x": "${aws:username}"}}}, id="negated-condition"),
        pytest.param({"Condition": {"StringEqualsIfExists": {"aws:x": "${aws:username}"}}}, id="if-exists"),
        pytest.param({"Resource": ["*", "arn:aws:s3:::${aws:username}"]}, id="one-of-several-resources"),
        pytest.param({"NotResource": "arn:aws:s3:::${aws:username}"}, id="not-resource"),
    ],
)
def test_a_variable_without_a_value_keeps_the_whole_statement_from_matching(elements: dict[str, Any]) -> None:
    assert matches(statement(**elements), request_by(context={"aws:username": "ann"}))
    assert not matches(statement(**elements), request_by(SESSION))


@pytest.mark.parametrize(
    "resource",
    [
        "${aws:username}",
        "arn:aws:kms:${aws:RequestedRegion}:111122223333:key/*",
        "arn:aws:kms:us-west-2:${aws:PrincipalAccount}:key/*",
        "arn:aws:kms:*/${aws:username}",
    ],
)
def test_a_variable_before_the_fifth_colon_of_a_resource_is_refused(resource: str) -> None:
    with pytest.raises(MalformedPolicy, match="fifth colon"):
        parse_policy(key_policy(statement(Resource=resource)), PolicyKind.RESOURCE)


@pytest.mark.parametrize("variable", ["${", "${}", "${aws:username", "${aws:x, blue}", "${aws:x, 'blue}"])
def test_a_variable_that_is_not_well_formed_is_refused(variable: str) -> None:
    written = statement(Resource=f"arn:aws:s3:::{variable}")
    with pytest.raises(MalformedPolicy, match="well formed"):
        parse_policy(identity_policy(written), PolicyKind.IDENTITY)


@pytest.mark.parametrize(
    ("pattern", "resource"),
    [
        pytest.param("*a" * 8000, "a" * 7999 + "b", id="many-runs"),
        pytest.param("*" * 16000 + "b", "a" * 1000, id="runs-side-by-side"),
        pytest.param("*a?" * 5000, "ab" * 4000, id="runs-and-single-characters"),
    ],
)
def test_a_hostile_pattern_is_answered_all_the_same(pattern: str, resource: str) -> None:
    document = json.dumps({"Statement": statement(Resource=pattern)})
    assert len(document) < 32768
    policy = parse_policy(document, PolicyKind.RESOURCE)
    assert len(policy.statements) == 1
    assert not matches(statement(Resource=pattern), request_by(resource=resource))
