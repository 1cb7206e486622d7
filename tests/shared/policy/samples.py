"""Policies and requests for the tests: each builder gives what matches, and takes what should differ."""

from __future__ import annotations

import json
from typing import Any

from shared.policy import Decision, PolicyKind, PolicyRequest, evaluate, parse_policy
from shared.policy.request import Context

ACCOUNT = "111122223333"
OTHER_ACCOUNT = "444455556666"
ROOT = f"arn:aws:iam::{ACCOUNT}:root"
USER = f"arn:aws:iam::{ACCOUNT}:user/ann"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/reader"
SESSION = f"arn:aws:sts::{ACCOUNT}:assumed-role/reader/monday"
OTHER_USER = f"arn:aws:iam::{OTHER_ACCOUNT}:user/bob"
SERVICE = "voiceid.amazonaws.com"
SERVICE_ACCOUNT = "999999999999"
KEY = f"arn:aws:kms:us-west-2:{ACCOUNT}:key/1234abcd-12ab-34cd-56ef-1234567890ab"


def statement(effect: str = "Allow", **elements: Any) -> dict[str, Any]:
    """A statement of a key policy that matches everything; None leaves an element out."""
    whole = {"Effect": effect, "Principal": "*", "Action": "*", "Resource": "*", **elements}
    for name in ("Principal", "Action", "Resource"):
        if f"Not{name}" in elements:
            del whole[name]
    return {name: element for name, element in whole.items() if element is not None}


def key_policy(*statements: dict[str, Any], version: str | None = "2012-10-17", **elements: Any) -> str:
    versioned = {"Version": version} if version else {}
    return json.dumps({**versioned, "Statement": list(statements), **elements})


def identity_policy(*statements: dict[str, Any]) -> str:
    without_principals = [{**each, "Principal": None} for each in statements]
    return key_policy(
        *({name: element for name, element in each.items() if element is not None} for each in without_principals)
    )


def request_by(
    *principal_arns: str,
    action: str = "kms:Decrypt",
    resource: str = KEY,
    account_id: str | None = None,
    context: Context | None = None,
) -> PolicyRequest:
    """A call by a user, session or root user; without an ARN by ann."""
    arns = principal_arns or (USER,)
    return PolicyRequest(action, resource, arns, account_id or arns[0].split(":")[4], None, context or {})


def request_by_service(context: Context | None = None) -> PolicyRequest:
    return PolicyRequest("kms:Decrypt", KEY, (), SERVICE_ACCOUNT, SERVICE, context or {})


def decide(text: str, request: PolicyRequest) -> Decision:
    return evaluate(parse_policy(text, PolicyKind.RESOURCE), request)


def matches(written: dict[str, Any], request: PolicyRequest, version: str | None = "2012-10-17") -> bool:
    """Whether a key policy of this one statement says anything of the request."""
    decision = decide(key_policy(written, version=version), request)
    return any((decision.denied_by, decision.allowed_by, decision.delegated_by))


def condition_holds(operator: str, key: str, values: Any, context: Context) -> bool:
    return matches(statement(Condition={operator: {key: values}}), request_by(context=context))
