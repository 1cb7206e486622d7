"""Whom a key policy's statement reaches, and how."""

from __future__ import annotations

from typing import Any

import pytest

from shared.policy import PolicyRequest
from tests.shared.policy.samples import (
    ACCOUNT,
    OTHER_ACCOUNT,
    OTHER_USER,
    ROLE,
    ROOT,
    SERVICE,
    SESSION,
    USER,
    decide,
    key_policy,
    request_by,
    request_by_service,
    statement,
)

CALLERS = {
    "user": request_by(USER),
    "session": request_by(SESSION, ROLE),
    "root": request_by(ROOT),
    "stranger": request_by(OTHER_USER),
    "service": request_by_service(),
}
EVERYONE = set(CALLERS)


def reached(effect: str, attribute: str, **principal: Any) -> set[str]:
    """Who is denied, allowed or delegated to by one statement."""
    text = key_policy(statement(effect, **principal))
    return {name for name, call in CALLERS.items() if getattr(decide(text, call), attribute)}


@pytest.mark.parametrize(
    ("principal", "allowed", "delegated"),
    [
        pytest.param("*", EVERYONE, set(), id="everyone"),
        pytest.param({"AWS": "*"}, EVERYONE, set(), id="everyone-in-a-map"),
        pytest.param({"AWS": ROOT}, {"root"}, {"user", "session"}, id="account"),
        pytest.param({"AWS": ACCOUNT}, {"root"}, {"user", "session"}, id="account-by-digits"),
        pytest.param({"AWS": OTHER_ACCOUNT}, set(), {"stranger"}, id="other-account"),
        pytest.param({"AWS": USER}, {"user"}, set(), id="user"),
        pytest.param({"AWS": ROLE}, {"session"}, set(), id="role"),
        pytest.param({"AWS": SESSION}, {"session"}, set(), id="session"),
        pytest.param({"AWS": [USER, ROOT]}, {"user", "root"}, {"session"}, id="user-before-account"),
        pytest.param({"AWS": f"arn:aws:iam::{ACCOUNT}:user/*"}, set(), set(), id="wildcard-in-an-arn"),
        pytest.param({"AWS": f"arn:aws:iam::{ACCOUNT}:user/Ann"}, set(), set(), id="name-in-other-case"),
        pytest.param({"Service": SERVICE}, {"service"}, set(), id="service"),
        pytest.param({"Service": "s3.amazonaws.com"}, set(), set(), id="other-service"),
        pytest.param({"Service": SERVICE, "AWS": OTHER_USER}, {"service", "stranger"}, set(), id="two-types"),
        pytest.param({"CanonicalUser": "79a59df900b9"}, set(), set(), id="canonical-user"),
    ],
)
def test_an_allow_reaches(principal: Any, allowed: set[str], delegated: set[str]) -> None:
    assert reached("Allow", "allowed_by", Principal=principal) == allowed
    assert reached("Allow", "delegated_by", Principal=principal) == delegated


@pytest.mark.parametrize(
    ("principal", "named"),
    [
        pytest.param("*", set(), id="everyone"),
        pytest.param({"AWS": USER}, {"user"}, id="user"),
        pytest.param({"AWS": ROLE}, set(), id="role"),
        pytest.param({"AWS": SESSION}, {"session"}, id="session"),
        pytest.param({"AWS": ROOT}, {"root"}, id="account"),
        pytest.param({"Service": SERVICE}, {"service"}, id="service"),
        pytest.param({"AWS": "AIDACKCEVSQ6C2EXAMPLE"}, set(), id="unique-id-of-one-deleted"),
    ],
)
def test_an_allow_names_the_caller_itself(principal: Any, named: set[str]) -> None:
    assert reached("Allow", "named_by", Principal=principal) == named


@pytest.mark.parametrize(
    ("principal", "denied"),
    [
        pytest.param("*", EVERYONE, id="everyone"),
        pytest.param({"AWS": ROOT}, {"root", "user", "session"}, id="everyone-of-an-account"),
        pytest.param({"AWS": OTHER_ACCOUNT}, {"stranger"}, id="everyone-of-another-account"),
        pytest.param({"AWS": ROLE}, {"session"}, id="role"),
        pytest.param({"Service": SERVICE}, {"service"}, id="service"),
    ],
)
def test_a_deny_reaches(principal: Any, denied: set[str]) -> None:
    assert reached("Deny", "denied_by", Principal=principal) == denied


@pytest.mark.parametrize(
    ("spared", "denied"),
    [
        pytest.param({"AWS": [ROOT, USER]}, EVERYONE - {"user", "root"}, id="user-and-account"),
        pytest.param({"AWS": [USER]}, EVERYONE, id="user-without-account"),
        pytest.param({"AWS": [ACCOUNT]}, EVERYONE - {"root"}, id="account-alone"),
        pytest.param({"AWS": [ROOT, ROLE, SESSION]}, EVERYONE - {"session", "root"}, id="account-role-and-session"),
        pytest.param({"AWS": [ROOT, SESSION]}, EVERYONE - {"root"}, id="session-without-role"),
        pytest.param({"Service": SERVICE}, EVERYONE - {"service"}, id="service"),
        pytest.param("*", set(), id="everyone"),
    ],
)
def test_a_deny_with_not_principal_reaches_all_but(spared: Any, denied: set[str]) -> None:
    assert reached("Deny", "denied_by", NotPrincipal=spared) == denied


@pytest.mark.parametrize(
    ("excepted", "allowed"),
    [
        pytest.param({"AWS": USER}, EVERYONE - {"user"}, id="user"),
        pytest.param({"AWS": ROLE}, EVERYONE - {"session"}, id="role"),
        pytest.param({"AWS": ROOT}, {"stranger", "service"}, id="account"),
    ],
)
def test_an_allow_with_not_principal_reaches_all_but(excepted: Any, allowed: set[str]) -> None:
    assert reached("Allow", "allowed_by", NotPrincipal=excepted) == allowed
    assert reached("Allow", "delegated_by", NotPrincipal=excepted) == set()


def test_a_federated_principal_is_matched_by_its_provider() -> None:
    provider = f"arn:aws:iam::{ACCOUNT}:saml-provider/x"
    call = PolicyRequest("kms:Decrypt", "*", (SESSION, ROLE, provider), ACCOUNT, None, {})
    text = key_policy(statement(Principal={"Federated": provider}))
    assert decide(text, call).allowed_by
    assert not decide(text, CALLERS["session"]).allowed_by
