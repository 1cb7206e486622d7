"""The identity side of every decision: what the policies that hang on a caller say together.

Three layers hang on a principal: identity-based policies, a permissions boundary, session policies. A deny in any of
them denies. Else each layer that is there must allow; of several policies in one layer, one allow is enough.
`authorize` is IAM's part for a service's operation; KMS keys ask `decide` and weigh it with the key's own policy.

Source: IAM User Guide, "Policy evaluation logic" and "Troubleshoot access denied error messages".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import Enum
from typing import Any

from shared.errors import ServiceError
from shared.identity import Caller, NamedPolicy, Principal
from shared.policy import Decision, PolicyKind, PolicyRequest, Statement, evaluate, parse_policy
from shared.principal_context import Value, of_caller
from shared.rulings import Ruling
from shared.service import Service

RESOURCE_POLICY = "resource-based policy"


class Layer(Enum):
    """The layers on a principal, as AWS calls them where a request is refused."""

    IDENTITY = "identity-based policy"
    BOUNDARY = "permissions boundary"
    SESSION = "session policy"


@dataclass(frozen=True)
class Source:
    """Where a decision comes from: a statement of a policy in a layer."""

    layer: Layer
    policy: NamedPolicy
    statement: Statement


@dataclass(frozen=True)
class IdentityDecision:
    """What the layers on a principal say of a request.

    denied_by: the first explicit deny.
    allowed_by: each layer that allows -> the first statement of it that does.
    lacking: the layers that are there and do not allow, in the order in which AWS looks at them.
    """

    denied_by: Source | None
    allowed_by: Mapping[Layer, Source]
    lacking: tuple[Layer, ...]

    @property
    def allows(self) -> bool:
        return self.denied_by is None and not self.lacking

    @property
    def limited_by(self) -> Layer | None:
        """The first layer that would stop what a resource policy gives to a role, or to everyone."""
        return next((layer for layer in self.lacking if layer is not Layer.IDENTITY), None)

    def reason(self, action: str) -> str:
        """Why a request is refused, in AWS's words; of several layers the first is named."""
        if self.denied_by is not None:
            return explicit_deny(self.denied_by.layer.value)
        return no_allow(self.lacking[0].value, action)


def explicit_deny(kind: str) -> str:
    """kind: of policy, such as "session policy"."""
    return f"with an explicit deny in {'an' if kind.startswith('i') else 'a'} {kind}"


def no_allow(kind: str, action: str) -> str:
    return f"because no {kind} allows the {action} action"


def authorize(
    service: Service,
    operation_name: str,
    parameters: dict[str, Any],
    caller: Caller,
    now: float,
    rulings: list[Ruling],
) -> None:
    """Refuse what the policies on the caller do not allow. rulings: where to note what was decided.

    Raises: ServiceError("AccessDeniedException").
    """
    if service.authorizes_itself or operation_name in service.needs_no_permission:
        return
    action = f"{service.identity.prefix}:{operation_name}"
    request = request_of(
        caller, action, service.resource_arn(operation_name, parameters, caller), of_caller(caller, now)
    )
    authorize_request(caller, request, rulings)


def authorize_request(
    caller: Caller, request: PolicyRequest, rulings: list[Ruling], *, shown: str | None = None
) -> None:
    """Refuse a request that is IAM's alone to decide, if the policies on the caller do not allow it.

    rulings: where to note what was decided. shown: what a refusal calls the resource, if not by its ARN.
    Raises: ServiceError("AccessDeniedException").
    """
    ruling = rule(caller.principal, request)
    rulings.append(ruling)
    if ruling.refusal is not None:
        told = request if shown is None else replace(request, resource=shown)
        raise ServiceError("AccessDeniedException", denial(caller, told, ruling.refusal))


def rule(principal: Principal, request: PolicyRequest) -> Ruling:
    """What the policies on a principal come to, where nothing else has a say."""
    decision = decide(principal, request)
    return Ruling(principal, request, None if decision.allows else decision.reason(request.action))


def denial(caller: Caller, request: PolicyRequest, reason: str) -> str:
    """AWS's sentence for a call that is not authorised."""
    return f"User: {caller.arn} is not authorized to perform: {request.action} on resource: {request.resource} {reason}"


def request_of(caller: Caller, action: str, resource: str, context: Mapping[str, Value]) -> PolicyRequest:
    """One call, as policies see it."""
    return PolicyRequest(
        action=action,
        resource=resource,
        principal_arns=caller.principal.naming_arns,
        account_id=caller.account_id,
        service_principal=caller.principal.service_principal,
        context=context,
    )


def decide(principal: Principal, request: PolicyRequest) -> IdentityDecision:
    """Ask the layers on a principal. A deny is told wherever it is, an allow only if no layer denies."""
    allowed_by: dict[Layer, Source] = {}
    lacking: list[Layer] = []
    for layer, policies in layers(principal):
        for policy in policies:
            said = evaluate(parse_policy(policy.text, PolicyKind.IDENTITY), request)
            if said.denied_by is not None:
                return IdentityDecision(Source(layer, policy, said.denied_by), {}, (layer,))
            if said.allowed_by is not None and layer not in allowed_by:
                allowed_by[layer] = Source(layer, policy, said.allowed_by)
        if layer not in allowed_by:
            lacking.append(layer)
    return IdentityDecision(None, allowed_by, tuple(lacking))


def refusal_on_resource(
    caller: Caller,
    owner_account_id: str,
    action: str,
    by_resource: Decision,
    by_identity: IdentityDecision,
    *,
    must_allow: bool = False,
) -> str | None:
    """Why a call on a resource that has a policy of its own is refused, in AWS's words; None if it is allowed.

    An explicit deny comes first, wherever it is.
    must_allow: whether nothing works that the resource's policy does not allow or delegate, as for KMS keys and roles;
        of others, such as buckets and queues, the policy is one more way to be allowed.
    """
    if by_resource.denied_by is not None:
        return explicit_deny(RESOURCE_POLICY)
    if by_identity.denied_by is not None:
        return by_identity.reason(action)
    missing = _missing_allow(caller, owner_account_id, by_resource, by_identity, must_allow=must_allow)
    return None if missing is None else no_allow(missing, action)


def _missing_allow(
    caller: Caller,
    owner_account_id: str,
    by_resource: Decision,
    by_identity: IdentityDecision,
    *,
    must_allow: bool,
) -> str | None:
    """Which kind of policy would have to allow a call that nothing denies, and does not; None if nothing is missing.

    In the owner's account an Allow that names the caller itself is enough; one that names its role, or everyone, needs
    no identity-based policy, but permissions boundary and session policies limit it; one that names the account leaves
    all to IAM. Across accounts both sides must allow. On callers without an account no policies hang.
    """
    lacking = by_identity.lacking[0].value if by_identity.lacking else None
    at_home = caller.account_id == owner_account_id
    is_silent = by_resource.allowed_by is None and by_resource.delegated_by is None
    if is_silent and (must_allow or not at_home or not caller.has_account):
        return RESOURCE_POLICY
    if not caller.has_account:
        return None if by_resource.allowed_by is not None else lacking
    if by_resource.allowed_by is None or not at_home:
        return lacking
    limit = None if by_resource.named_by is not None else by_identity.limited_by
    return None if limit is None else limit.value


def layers(principal: Principal) -> list[tuple[Layer, tuple[NamedPolicy, ...]]]:
    """The layers that are there, with their policies. The first always is, if only with nothing in it."""
    found = [(Layer.IDENTITY, principal.policies)]
    if principal.boundary is not None:
        found.append((Layer.BOUNDARY, (principal.boundary,)))
    if principal.session is not None and principal.session.policies is not None:
        found.append((Layer.SESSION, principal.session.policies))
    return found
