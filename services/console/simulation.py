"""Would this principal be allowed this? A decision as it would be now, with nothing done and no event left."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from kms.authorization import judge, judge_by_iam
from kms.conditions import RESOURCE_ALIASES
from kms.errors import KmsRefusal
from kms.grant_operations import RETIRING
from kms.key import resolve
from kms.operation import FACTS, KmsCall
from shared.catalog import BY_PRINCIPAL
from shared.credentials import SessionRequest
from shared.demo_world import REGION
from shared.identity import ROLE, Caller, Principal, service_caller
from shared.permissions import request_of, rule
from shared.principal_context import Value, of_caller
from shared.rulings import Ruling

if TYPE_CHECKING:
    from services.simulator import Simulator

_KMS = "kms:"
_OPERATIONS = {"ReEncryptFrom": "ReEncrypt", "ReEncryptTo": "ReEncrypt"}
"""Action of KMS -> its operation, where it has another name."""

_PERMISSIONS = {name.lower(): name for name in (*FACTS, *_OPERATIONS) if name != "ReEncrypt"}
"""Action of KMS without its prefix, in lower case -> as AWS writes it."""

_ARN = re.compile(r"arn(:[^:]*){4}:")
_SESSION_ARN = re.compile(r"arn:aws:sts::(\d{12}):assumed-role/([^/]+)/([^/]+)")


class Unanswerable(Exception):
    """A question that makes no sense in this world; the text says why."""


@dataclass(frozen=True)
class Question:
    """principal: an ARN or a service principal. key: what names a KMS key; resource: an ARN, for all other services.

    action: in any case, as policies take it.
    context: condition keys in lower case, besides those that the world knows. source_arn: for a service principal.
    """

    principal: str
    action: str
    key: str | None = None
    resource: str = "*"
    encryption_context: Mapping[str, str] | None = None
    context: Mapping[str, Value] = field(default_factory=dict)
    region: str = REGION
    source_arn: str | None = None

    @staticmethod
    def of(body: Mapping[str, Any]) -> Question:
        """From the control API. Raises: Unanswerable."""
        texts = ("Principal", "Action", "Key", "Resource", "Region", "SourceArn")
        if not all(isinstance(body[name], str) for name in texts if name in body):
            raise Unanswerable(f"{', '.join(texts)} must be strings.")
        if "Principal" not in body or ":" not in body.get("Action", ""):
            raise Unanswerable('"Principal" and "Action", such as "kms:Decrypt", are required.')
        if "SourceArn" in body and not _ARN.match(body["SourceArn"]):
            raise Unanswerable('"SourceArn" must be an ARN.')
        pairs = body.get("EncryptionContext", {})
        if not isinstance(pairs, dict) or not all(isinstance(value, str) for value in pairs.values()):
            raise Unanswerable('"EncryptionContext" must be an object of strings.')
        given = {name: body[member] for name, member in _MEMBERS.items() if member in body}
        return Question(**given, encryption_context=pairs or None, context=_context(body.get("Context", {})))


_MEMBERS = {
    "principal": "Principal",
    "action": "Action",
    "key": "Key",
    "resource": "Resource",
    "region": "Region",
    "source_arn": "SourceArn",
}

_NO_KEY = "No key was named, so IAM alone was asked."

MEMBERS = (*_MEMBERS.values(), "EncryptionContext", "Context")
"""What the control API takes."""


def _context(given: Any) -> dict[str, Value]:
    values: dict[str, Value] = {}
    for name, value in given.items() if isinstance(given, dict) else [("", None)]:
        if name.lower() == RESOURCE_ALIASES:
            raise Unanswerable(f"{name} are the aliases that the key has.")
        if isinstance(value, list) and all(isinstance(one, str) for one in value):
            values[name.lower()] = tuple(value)
        elif isinstance(value, str):
            values[name.lower()] = value
        else:
            raise Unanswerable('"Context" must be an object of condition keys, with strings or lists of strings.')
    return values


def answer(simulator: Simulator, question: Question) -> Ruling:
    """Raises: Unanswerable."""
    caller = _caller(simulator, question)
    if not question.action.lower().startswith(_KMS):
        if question.key is not None:
            raise Unanswerable(f'"Key" is for actions of AWS KMS; {question.action} takes a "Resource".')
        request = request_of(
            caller,
            question.action,
            question.resource,
            {**of_caller(caller, simulator.clock.now()), **question.context},
        )
        return rule(caller.principal, request)
    return _answer_for_kms(simulator, caller, question)


def _answer_for_kms(simulator: Simulator, caller: Caller, question: Question) -> Ruling:
    permission = _PERMISSIONS.get(question.action.lower().removeprefix(_KMS))
    if permission is None:
        raise Unanswerable(f"AWS KMS has no action {question.action}.")
    call = KmsCall(simulator.engine, caller, _OPERATIONS.get(permission, permission))
    if question.key is None:
        ruling = judge_by_iam(call, permission=permission, resource=question.resource, conditions=question.context)
        return replace(ruling, note=ruling.note or _NO_KEY)
    try:
        key, alias = resolve(call, question.key)
    except KmsRefusal as refusal:
        raise Unanswerable(refusal.message) from refusal
    if permission == "RetireGrant":
        ruling = judge_by_iam(call, permission=permission, resource=key.arn, conditions=question.context, key=key)
        return replace(ruling, note=RETIRING)
    return judge(
        call,
        key,
        permission=permission,
        conditions=question.context,
        encryption_context=question.encryption_context,
        request_alias=alias,
    )


def _caller(simulator: Simulator, question: Question) -> Caller:
    service = BY_PRINCIPAL.get(question.principal)
    if service is not None:
        return service_caller(service, question.region, source_arn=question.source_arn)
    principal = _find_principal(simulator, question.principal)
    if principal is None:
        raise Unanswerable(f"There is no user, role or service {question.principal}.")
    return Caller(principal, question.region)


def _find_principal(simulator: Simulator, arn: str) -> Principal | None:
    """A user, or a session of a role that nothing limits; for a role's own ARN any session, as roles make no calls."""
    session_name = "session"
    if (found := _SESSION_ARN.fullmatch(arn)) is not None:
        account_id, role_name, session_name = found.groups()
        role = simulator.identities.find_by_name(account_id, ROLE, role_name)
        arn = "" if role is None else role["arn"]
    principal = simulator.identities.find_principal(arn)
    if principal is None or principal.kind != ROLE:
        return principal
    return simulator.credentials.role_session(principal, SessionRequest(session_name, duration_seconds=None))
