from __future__ import annotations

import re

import pytest

from shared.aws.models import service_model
from shared.aws.patterns import NOT_ENFORCED, compiled
from tests.shared.aws.shapes import SERVICES

ALL = (*SERVICES, "s3", "iam", "events", "connect", "appintegrations", "connectcampaignsv2", "qconnect")


def patterns_of(client_name: str) -> set[str]:
    model = service_model(client_name)
    found = (model.shape_for(name).metadata.get("pattern") for name in model.shape_names)
    return {pattern for pattern in found if pattern}


@pytest.mark.parametrize("client_name", ALL)
def test_every_pattern_of_the_model_is_enforced_or_listed(client_name: str) -> None:
    for pattern in patterns_of(client_name):
        assert (compiled(pattern) is None) == (pattern in NOT_ENFORCED)


def test_the_services_simulated_first_need_no_exception() -> None:
    assert not set().union(*map(patterns_of, SERVICES)) & set(NOT_ENFORCED)


def test_every_exception_is_still_in_a_model() -> None:
    """Fails on the day AWS corrects a misprint: then the exception goes."""
    assert set(NOT_ENFORCED) <= set().union(*map(patterns_of, ALL))


@pytest.mark.parametrize(
    ("pattern", "value", "matches"),
    [
        (r"^[\p{L}\p{Z}\p{N}_]*$", "\u00fc 9_\u4e2d", True),
        (r"^[\p{L}\p{Z}\p{N}_]*$", "a!", False),
        (r"^\p{ASCII}{0,3}$", "abc", True),
        (r"^\p{ASCII}{0,3}$", "\u00fc", False),
        (r"^[\P{C}\n]*$", "a\nb", True),
        (r"^[\P{C}\n]*$", "a\x00", False),
        (r"[\u0020-\uD7FF\uD800\uDC00-\uDBFF\uDFFF]*", "\U0001d11e", True),
        (r"\d+", "\u0661", False),
        (r"^a$", "a\n", False),
        (r"^(x)|(y)$", "xz", False),
        (r"\[\p{N}\]", "[5]", True),
    ],
)
def test_javas_meaning_is_kept(pattern: str, value: str, matches: bool) -> None:
    found = compiled(pattern)
    assert isinstance(found, re.Pattern)
    assert (found.fullmatch(value) is not None) == matches
