"""A ruling in words: which statement or grant decided, and why each other one did not match.

Says it again from the inputs that the ruling kept, with the evaluator that decided then, so it is right about policies
that have been changed since. What it shows of a call is what policies can ask: ids, ARNs, tags, encryption contexts,
which the trail shows too; never what was encrypted.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from shared.identity import NamedPolicy
from shared.permissions import RESOURCE_POLICY, IdentityDecision, Layer, decide, layers
from shared.policy import SILENT, Decision, PolicyKind, Statement, Verdict, evaluate, parse_policy
from shared.policy import explain as verdicts_of
from shared.rulings import GrantVerdict, RuledEvent, Ruling


def explain_event(event: RuledEvent) -> dict[str, Any]:
    """An event of the trail, with an explanation of every decision that was made for it."""
    return {
        "EventIds": list(event.event_ids),
        "RequestId": event.request_id,
        "EventSource": event.source,
        "EventName": event.name,
        "EventTime": datetime.fromtimestamp(event.time, UTC).isoformat(),
        "ErrorCode": event.error_code,
        "ErrorMessage": event.error_message,
        "Decisions": [explain(ruling) for ruling in event.rulings],
    }


def explain(ruling: Ruling) -> dict[str, Any]:
    """One decision, as JSON."""
    weighed = _Weighed.of(ruling)
    return {
        "Principal": ruling.principal.arn,
        "Action": ruling.request.action,
        "Resource": ruling.request.resource,
        "Allowed": ruling.refusal is None,
        "Reason": ruling.refusal or _why_allowed(ruling, weighed),
        "DecidedBy": [_name_of(kind, policy, statement) for kind, policy, statement in weighed.grounds()]
        + [{"Grant": grant.grant_id} for grant in ruling.grants or () if _decides(grant, ruling)],
        "Policies": [_policy(kind, policy, ruling, weighed) for kind, policy in weighed.policies()],
        "EmptyLayers": _empty_layers(ruling),
        "Grants": [
            {
                "GrantId": grant.grant_id,
                "Name": grant.name,
                "Grantee": grant.grantee,
                "Matched": grant.matched,
                "Decided": _decides(grant, ruling),
                "Reason": grant.reason,
            }
            for grant in ruling.grants or ()
        ],
        "GrantsAsked": ruling.grants is not None,
        "Note": ruling.note,
        "Context": {name: _plain(value) for name, value in sorted(ruling.request.context.items())},
    }


Ground = tuple[str, NamedPolicy, Statement]
"""The kind of a policy, the policy, and its statement that counts."""


@dataclass(frozen=True)
class _Weighed:
    """A ruling with what each side says of it."""

    ruling: Ruling
    by_resource: Decision
    by_identity: IdentityDecision

    @staticmethod
    def of(ruling: Ruling) -> _Weighed:
        by_resource, policy = SILENT, ruling.resource_policy
        if policy is not None:
            parsed = parse_policy(policy.text, ruling.resource_kind)
            by_resource = evaluate(parsed, ruling.resource_request or ruling.request)
        return _Weighed(ruling, by_resource, decide(ruling.principal, ruling.request))

    def policies(self) -> Iterator[tuple[str, NamedPolicy]]:
        """Every policy that had a say, with its kind."""
        if self.ruling.resource_policy is not None:
            yield RESOURCE_POLICY, self.ruling.resource_policy
        for layer, policies in layers(self.ruling.principal):
            for policy in policies:
                yield layer.value, policy

    def grounds(self) -> list[Ground]:
        """The statements that decided."""
        if self.ruling.is_explicit:
            return self._denials()[:1]
        by_grant = any(grant.matched for grant in self.ruling.grants or ())
        return [] if self.ruling.refusal is not None or by_grant else self._allows()

    def _denials(self) -> list[Ground]:
        source = self.by_identity.denied_by
        of_identity = [] if source is None else [(source.layer.value, source.policy, source.statement)]
        return [*self._of_resource(self.by_resource.denied_by), *of_identity]

    def _allows(self) -> list[Ground]:
        """The resource's statement, if its policy has a say, and those of the layers that had to allow as well."""
        by_resource = self.by_resource
        statement = by_resource.named_by or by_resource.allowed_by or by_resource.delegated_by
        if self.ruling.principal.service_principal is not None:
            needed = set()
        elif statement is None or self._crosses_accounts or statement is by_resource.delegated_by:
            needed = set(Layer)
        else:
            needed = set() if statement is by_resource.named_by else {Layer.BOUNDARY, Layer.SESSION}
        sources = [source for layer, source in self.by_identity.allowed_by.items() if layer in needed]
        return [
            *self._of_resource(statement),
            *((source.layer.value, source.policy, source.statement) for source in sources),
        ]

    @property
    def _crosses_accounts(self) -> bool:
        owner = self.ruling.resource_account_id or self.ruling.request.resource.split(":")[4]
        return owner != self.ruling.principal.account_id

    def _of_resource(self, statement: Statement | None) -> list[Ground]:
        policy = self.ruling.resource_policy
        return [] if statement is None or policy is None else [(RESOURCE_POLICY, policy, statement)]


def _empty_layers(ruling: Ruling) -> list[str]:
    """The layers on the caller that allow nothing because no policy is in them; services and strangers have none."""
    principal = ruling.principal
    return [layer.value for layer, policies in layers(principal) if principal.naming_arns and not policies]


def _decides(grant: GrantVerdict, ruling: Ruling) -> bool:
    return grant.matched and ruling.refusal is None


def _why_allowed(ruling: Ruling, weighed: _Weighed) -> str:
    if any(grant.matched for grant in ruling.grants or ()):
        return "because a grant allows it"
    if not weighed.grounds():
        return "because nothing more is asked of it"
    return "because the policies allow it"


def _policy(kind: str, policy: NamedPolicy, ruling: Ruling, weighed: _Weighed) -> dict[str, Any]:
    of_resource = kind == RESOURCE_POLICY
    parsed = parse_policy(policy.text, ruling.resource_kind if of_resource else PolicyKind.IDENTITY)
    request = (ruling.resource_request or ruling.request) if of_resource else ruling.request
    decided = {statement.index for *ground, statement in weighed.grounds() if ground == [kind, policy]}
    texts = json.loads(policy.text)["Statement"]
    written = texts if isinstance(texts, list) else [texts]
    return {
        "Kind": kind,
        "Name": policy.name,
        "Statements": [
            _statement(verdict, written[verdict.statement.index], decided=verdict.statement.index in decided)
            for verdict in verdicts_of(parsed, request)
        ],
    }


def _statement(verdict: Verdict, written: Any, *, decided: bool) -> dict[str, Any]:
    statement = verdict.statement
    return {
        "Index": statement.index,
        "Sid": statement.sid,
        "Effect": statement.effect,
        "Matched": verdict.matched,
        "Decided": decided,
        "Missed": verdict.missed,
        "Reason": verdict.reason,
        "Statement": written,
    }


def _name_of(kind: str, policy: NamedPolicy, statement: Statement) -> dict[str, Any]:
    return {"Kind": kind, "Policy": policy.name, "Index": statement.index, "Sid": statement.sid}


def _plain(value: str | tuple[str, ...]) -> str | list[str]:
    return value if isinstance(value, str) else list(value)
