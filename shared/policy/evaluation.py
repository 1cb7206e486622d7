"""Ask a policy: which statements deny, allow or delegate a request, and why each one matched or did not.

One policy at a time: what the policies of a call say together (an explicit deny wins; a key policy must
name the caller or delegate to its account) is for the caller of `evaluate`.

Source: IAM User Guide, "Policy evaluation logic"; AWS KMS Developer Guide, "Troubleshooting key access".
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

from shared.policy.conditions import Condition
from shared.policy.document import Policy, Selection, Statement
from shared.policy.patterns import Variable
from shared.policy.principals import Reach
from shared.policy.request import Context, PolicyRequest


@dataclass(frozen=True)
class Decision:
    """What one policy says: of each kind, the first statement that matches.

    denied_by: an explicit Deny.
    allowed_by: an Allow that names the caller itself, its role or everyone, or any Allow of an identity policy.
    delegated_by: an Allow of a resource policy that names the caller's account.
    named_by: an Allow that names the caller itself; permissions boundary and session policies do not limit it.
    """

    denied_by: Statement | None
    allowed_by: Statement | None
    delegated_by: Statement | None
    named_by: Statement | None = None


SILENT = Decision(denied_by=None, allowed_by=None, delegated_by=None)
"""What a policy says that is not there."""


@dataclass(frozen=True)
class Verdict:
    """Why one statement matched or did not; `reason` is a sentence for people.

    missed: the element that keeps it from matching, such as "Action", or the condition key; None if it matches.
    """

    statement: Statement
    matched: bool
    reason: str
    missed: str | None = None


class _Miss(Enum):
    """The first element that keeps a statement from matching; a condition stands for itself."""

    NO_EFFECT = "The statement lacks an action or a resource, so it has no effect."
    ACTION = "Its actions do not cover {action}."
    PRINCIPAL = "Its principals do not include the caller."
    RESOURCE = "Its resources do not cover {resource}."
    VARIABLE = "One of its policy variables has no single value."


def evaluate(policy: Policy, request: PolicyRequest) -> Decision:
    """What the policy says of the request."""
    denied = allowed = delegated = named = None
    action = request.action.lower()
    for statement in policy.statements:
        reach = _reach(statement, request)
        if _first_miss(statement, request, action, reach) is not None:
            continue
        if not statement.allows:
            denied = denied or statement
        elif reach is Reach.ACCOUNT:
            delegated = delegated or statement
        else:
            allowed = allowed or statement
            if reach is Reach.ITSELF:
                named = named or statement
    return Decision(denied, allowed, delegated, named)


def explain(policy: Policy, request: PolicyRequest) -> tuple[Verdict, ...]:
    """A verdict for each statement, in the document's order."""
    return tuple(_verdict(statement, request) for statement in policy.statements)


def _verdict(statement: Statement, request: PolicyRequest) -> Verdict:
    verdict = _judge(statement, request)
    values = " ".join(sorted(_value(variable, request.context) for variable in statement.variables))
    return replace(verdict, reason=f"{verdict.reason} {values}") if values else verdict


def _value(variable: Variable, context: Context) -> str:
    """A sentence on what a policy variable stood for."""
    value = variable.value_in(context)
    return f"${{{variable.name}}} is {'without a single value' if value is None else value}."


def _judge(statement: Statement, request: PolicyRequest) -> Verdict:
    reach = _reach(statement, request)
    miss = _first_miss(statement, request, request.action.lower(), reach)
    if isinstance(miss, Condition):
        return Verdict(statement, False, _unsatisfied(miss, request.context), miss.key)
    if miss is not None:
        reason = miss.value.format(action=request.action, resource=request.resource)
        return Verdict(statement, False, reason, miss.name.capitalize())
    if not statement.allows:
        return Verdict(statement, True, f"It denies {request.action}.")
    if reach is Reach.ACCOUNT:
        reason = f"It lets IAM policies of account {request.account_id} allow {request.action}."
        return Verdict(statement, True, reason)
    return Verdict(statement, True, f"It allows {request.action}.")


def _reach(statement: Statement, request: PolicyRequest) -> Reach:
    principals = statement.principals
    if principals is None:
        return Reach.ITSELF
    return principals.allow_reach(request) if statement.allows else principals.deny_reach(request)


def _first_miss(statement: Statement, request: PolicyRequest, action: str, reach: Reach) -> _Miss | Condition | None:
    """What keeps the statement from matching, or None. action: the request's, in lower case."""
    context = request.context
    miss: _Miss | Condition | None = None
    if statement.actions is None or statement.resources is None:
        miss = _Miss.NO_EFFECT
    elif reach is Reach.NONE:
        miss = _Miss.PRINCIPAL
    elif not _selects(statement.actions, action, context):
        miss = _Miss.ACTION
    elif any(variable.value_in(context) is None for variable in statement.variables):
        miss = _Miss.VARIABLE
    elif not _selects(statement.resources, request.resource, context):
        miss = _Miss.RESOURCE
    else:
        miss = next((condition for condition in statement.conditions if not condition.holds(context)), None)
    return miss


def _selects(selection: Selection, value: str, context: Context) -> bool:
    for matches in selection.matchers:
        if matches(value, context):
            return not selection.negated
    return selection.negated


def _unsatisfied(condition: Condition, context: Context) -> str:
    value = context.get(condition.name, ())
    found = value if isinstance(value, str) else ", ".join(value)
    present = f"is {found}" if value != () else "is absent"
    wanted = ", ".join(condition.values)
    return f"Condition {condition.operator} wants {condition.key} [{wanted}]; in this request it {present}."
