"""Event patterns: each kind of matcher, what makes a pattern invalid, and agreement with a slow, obvious matcher."""

from __future__ import annotations

import fnmatch
import itertools
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.eventbridge.event_pattern import parse_pattern
from services.eventbridge.matchers import InvalidPattern
from tests.support import refused


def matches(matchers: Any, value: Any) -> bool:
    """Whether a field with this value meets these matchers."""
    return parse_pattern(json.dumps({"f": matchers}))({"f": value})


@pytest.mark.parametrize(
    ("matcher", "values", "others"),
    [
        ("a", ["a", ["b", "a"], [["a"]]], ["A", "ab", 1, None, [], {"a": "a"}]),
        (300, [300, 300.0, [1, 300]], ["300", 301, None]),
        (1, [1], [True, "1"]),
        (True, [True], [1, "true", False]),
        (None, [None, [None]], ["", 0, False, []]),
        ("", [""], [None]),
        ({"prefix": ""}, ["a", ""], [1, None]),
        ({"suffix": ""}, ["a", ""], [1, None]),
        ({"prefix": "ab"}, ["ab", "abc"], ["aB", "xab", 1, None]),
        ({"prefix": {"equals-ignore-case": "aB"}}, ["abc", "ABC"], ["xab"]),
        ({"suffix": ".png"}, ["a.png"], ["a.PNG", "png"]),
        ({"suffix": {"equals-ignore-case": ".PNG"}}, ["a.png", "a.Png"], ["a.gif"]),
        ({"equals-ignore-case": "Alice"}, ["alice", "ALICE"], ["alic", 1]),
        ({"wildcard": "dir/*.png"}, ["dir/.png", "dir/a/b.png"], ["dir/a.jpg", "xdir/a.png", "dir.png"]),
        ({"wildcard": "*a*b*"}, ["ab", "xaxbx"], ["ba", "a"]),
        ({"wildcard": "ab*ba"}, ["abba", "ab-ba"], ["aba"]),
        ({"wildcard": "a\\*b\\\\"}, ["a*b\\"], ["axb\\"]),
        ({"anything-but": "a"}, ["b", 1, None, ["a", "b"]], ["a", ["a"], []]),
        ({"anything-but": ["a", 1]}, ["b", 2, True], ["a", 1]),
        ({"anything-but": {"prefix": "a"}}, ["b"], ["ab"]),
        ({"anything-but": {"prefix": ["a", "b"]}}, ["c"], ["ab", "bc"]),
        ({"anything-but": {"suffix": "a"}}, ["ab"], ["ba"]),
        ({"anything-but": {"wildcard": "*/x/*"}}, ["a/y/b"], ["a/x/b"]),
        ({"anything-but": {"equals-ignore-case": ["A", "b"]}}, ["c"], ["a", "B"]),
        ({"numeric": ["=", 5]}, [5, 5.0], [6, "5", True]),
        ({"numeric": [">", 0, "<=", 5]}, [0.1, 5], [0, 5.1, -1]),
        ({"numeric": ["<", -1]}, [-2], [-1]),
        ({"exists": True}, ["a", None, 0, [1]], [[], {"g": 1}]),
        ({"exists": False}, [[], {"g": 1}], ["a", None]),
        ({"cidr": "10.0.0.0/24"}, ["10.0.0.0", "10.0.0.255"], ["10.0.1.0", "x", 1]),
        ({"cidr": "2001:db8::/32"}, ["2001:db8::1"], ["2001:db9::1", "10.0.0.1"]),
    ],
    ids=lambda value: json.dumps(value) if not isinstance(value, list) else "",
)
def test_a_matcher_takes_these_values_and_no_others(matcher: Any, values: list[Any], others: list[Any]) -> None:
    assert [value for value in values if not matches([matcher], value)] == []
    assert [value for value in others if matches([matcher], value)] == []


def test_of_several_matchers_one_is_enough() -> None:
    assert matches(["a", {"numeric": [">", 5]}, {"exists": False}], 6)
    assert matches(["a", {"exists": False}], [])
    assert not matches(["a", {"numeric": [">", 5]}, {"exists": False}], 5)


def test_all_fields_must_match_and_an_absent_one_has_no_value() -> None:
    test = parse_pattern('{"a": ["1"], "b": {"c": [{"exists": false}]}, "d": {"e": [{"anything-but": "x"}]}}')
    assert test({"a": "1", "d": {"e": "y"}})
    assert test({"a": "1", "b": {"x": 1}, "d": {"e": "y"}})
    assert not test({"a": "1", "b": {"c": 1}, "d": {"e": "y"}})
    assert not test({"a": "1", "d": {}})
    assert not test({"b": {}})


def test_in_a_list_of_objects_one_object_must_match_as_a_whole() -> None:
    test = parse_pattern('{"items": {"sku": ["a"], "count": [1]}}')
    assert test({"items": [{"sku": "b", "count": 1}, {"sku": "a", "count": 1}]})
    assert not test({"items": [{"sku": "a", "count": 2}, {"sku": "b", "count": 1}]})


def test_or_takes_one_of_its_patterns_beside_the_other_fields() -> None:
    test = parse_pattern('{"s": ["x"], "$or": [{"a": [1]}, {"b": {"c": [2]}}]}')
    assert test({"s": "x", "a": 1})
    assert test({"s": "x", "b": {"c": 2}})
    assert not test({"s": "x", "a": 2})
    assert not test({"a": 1})


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("", "not valid JSON"),
        ("[]", "not an object"),
        ("{}", "empty object"),
        ('{"a": {}}', "Empty objects"),
        ('{"a": []}', "Empty arrays"),
        ('{"a": "x"}', "must be an object or an array"),
        ('{"a": [["x"]]}', "Match value must be"),
        ('{"a": [{"like": "x"}]}', "Unrecognized match type like"),
        ('{"a": [{"prefix": "x", "suffix": "y"}]}', "Only one key"),
        ('{"a": [{"prefix": 1}]}', "must be a string"),
        ('{"a": [{"prefix": {"suffix": "x"}}]}', "prefix match pattern"),
        ('{"a": [{"exists": "yes"}]}', "either true or false"),
        ('{"a": [{"numeric": [">", "5"]}]}', "must be a number"),
        ('{"a": [{"numeric": ["!", 5]}]}', "Unrecognized numeric range operator"),
        ('{"a": [{"numeric": [">", 5, "<", 5]}]}', "Bottom must be less than top"),
        ('{"a": [{"numeric": ["<", 5, ">", 1]}]}', "lower bound first"),
        ('{"a": [{"numeric": [">", 5000000001]}]}', "must be a number between"),
        ('{"a": [{"numeric": []}]}', "one or two comparisons"),
        ('{"a": [{"cidr": "10.0.0.0/33"}]}', "Malformed CIDR"),
        ('{"a": [{"wildcard": "a**b"}]}', "Consecutive wildcard"),
        ('{"a": [{"wildcard": "a\\\\b"}]}', "escape"),
        ('{"a": [{"anything-but": []}]}', "Empty arrays"),
        ('{"a": [{"anything-but": [true]}]}', "strings or numbers"),
        ('{"a": [{"anything-but": {"cidr": "x"}}]}', "anything-but takes one of"),
        ('{"a": [{"anything-but": {"prefix": ""}}]}', "Null prefix/suffix not allowed"),
        ('{"$or": []}', "$or must be"),
        ('{"$or": [{"a": [1]}, {}]}', "$or must be"),
    ],
    ids=lambda value: value[:30],
)
def test_an_invalid_pattern_is_refused_with_the_reason(events: Any, pattern: str, reason: str) -> None:
    with pytest.raises(InvalidPattern) as raised:
        parse_pattern(pattern)
    assert reason in raised.value.message
    if pattern:
        with refused("InvalidEventPatternException") as refusal:
            events.put_rule(Name="r", EventPattern=pattern)
        assert refusal.message.startswith("Event pattern is not valid. Reason: ")
        assert reason in refusal.message


def test_a_pattern_that_multiplies_out_too_far_is_refused() -> None:
    ten = [{"x": [number]} for number in range(11)]
    pattern = {"a": {"$or": ten}, "b": {"$or": ten}, "c": {"$or": ten}}
    with pytest.raises(InvalidPattern) as raised:
        parse_pattern(json.dumps(pattern))
    assert "1000 rule combinations" in raised.value.message


_NAMES = st.sampled_from(["a", "b", "c"])
_SCALARS = st.one_of(st.sampled_from(["", "x", "xy", "Xy", "yx"]), st.integers(-2, 2), st.booleans(), st.none())
_VALUES = st.recursive(
    _SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES, inner, max_size=3), max_leaves=8
)
_EVENTS = st.dictionaries(_NAMES, _VALUES, max_size=3)
_TEXT = st.sampled_from(["x", "xy", "y"])
_WILDCARDS = st.sampled_from(["x*", "*y", "*x*", "x*y", "x"])
_MATCHERS = st.one_of(
    _SCALARS,
    st.builds(lambda text: {"prefix": text}, _TEXT),
    st.builds(lambda text: {"suffix": text}, _TEXT),
    st.builds(lambda text: {"equals-ignore-case": text}, _TEXT),
    st.builds(lambda text: {"wildcard": text}, _WILDCARDS),
    st.builds(lambda flag: {"exists": flag}, st.booleans()),
    st.builds(lambda items: {"anything-but": items}, st.lists(_TEXT | st.integers(-2, 2), min_size=1, max_size=2)),
    st.builds(lambda sign, number: {"numeric": [sign, number]}, st.sampled_from(["<", ">=", "="]), st.integers(-2, 2)),
)
_FIELDS = st.recursive(
    st.lists(_MATCHERS, min_size=1, max_size=2),
    lambda inner: st.dictionaries(_NAMES, inner, min_size=1, max_size=2),
    max_leaves=4,
)
_PATTERNS = st.dictionaries(_NAMES, _FIELDS, min_size=1, max_size=2)


@settings(max_examples=300, deadline=None)
@given(pattern=_PATTERNS, choices=st.lists(_PATTERNS, max_size=2), event=_EVENTS)
def test_it_agrees_with_an_obvious_matcher(
    pattern: dict[str, Any], choices: list[dict[str, Any]], event: dict[str, Any]
) -> None:
    if choices:
        pattern = {**pattern, "$or": choices}
    assert parse_pattern(json.dumps(pattern))(event) == any(
        _flat_matches(dict(_flat_pattern(one)), flat) for one in _without_or(pattern) for flat in _flat_events(event)
    )


Path = tuple[str, ...]


def _without_or(pattern: dict[str, Any]) -> list[dict[str, Any]]:
    """The patterns that a pattern with $or at its top stands for."""
    plain = {name: part for name, part in pattern.items() if name != "$or"}
    return [_both(plain, choice) for choice in pattern.get("$or", [{}])]


def _both(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    """A pattern that wants both, under names that cannot clash: each has its own copy of the event."""
    return {"1": first, **({"2": second} if second else {})}


def _flat_pattern(pattern: dict[str, Any], path: Path = ()) -> Iterator[tuple[Path, list[Any]]]:
    for name, part in pattern.items():
        if isinstance(part, dict):
            yield from _flat_pattern(part, (*path, name))
        else:
            yield (*path, name), part


def _flat_events(event: dict[str, Any]) -> Iterator[dict[Path, list[Any]]]:
    """Every reading of an event in which each list of objects is one of its objects; two copies, see `_both`."""
    readings = list(_readings(event))
    for first, second in itertools.product(readings, readings):
        yield {("1", *path): values for path, values in first.items()} | {
            ("2", *path): values for path, values in second.items()
        }


def _readings(value: Any, path: Path = ()) -> Iterator[dict[Path, list[Any]]]:
    """The plain values of each field, by path."""
    if isinstance(value, dict):
        parts = [list(_readings(member, (*path, name))) for name, member in value.items()]
        for chosen in itertools.product(*parts):
            yield {where: values for part in chosen for where, values in part.items()}
        return
    scalars = list(_scalars(value))
    objects = list(_objects(value)) or [{}]
    for one in objects:
        for reading in _readings(one, path):
            yield {**reading, path: scalars}


def _scalars(value: Any) -> Iterator[Any]:
    if isinstance(value, list):
        for member in value:
            yield from _scalars(member)
    elif not isinstance(value, dict):
        yield value


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    for member in value if isinstance(value, list) else []:
        if isinstance(member, dict):
            yield member
        yield from _objects(member)


def _flat_matches(pattern: dict[Path, list[Any]], event: dict[Path, list[Any]]) -> bool:
    return all(any(_meets(matcher, event.get(path, [])) for matcher in matchers) for path, matchers in pattern.items())


def _meets(matcher: Any, values: list[Any]) -> bool:
    if isinstance(matcher, dict) and "exists" in matcher:
        return bool(values) == matcher["exists"]
    return any(_fits(matcher, value) for value in values)


def _fits(matcher: Any, value: Any) -> bool:
    if not isinstance(matcher, dict):
        return repr(matcher) == repr(value)
    ((kind, wanted),) = matcher.items()
    if kind == "anything-but":
        return repr(value) not in [repr(item) for item in wanted]
    if kind == "numeric":
        sign, bound = wanted
        number = isinstance(value, int) and not isinstance(value, bool)
        return number and {"<": value < bound, ">=": value >= bound, "=": value == bound}[sign]
    if not isinstance(value, str):
        return False
    return {
        "prefix": value[: len(wanted)] == wanted,
        "suffix": value[-len(wanted) :] == wanted,
        "equals-ignore-case": value.lower() == wanted.lower(),
        "wildcard": fnmatch.fnmatchcase(value, wanted),
    }[kind]
