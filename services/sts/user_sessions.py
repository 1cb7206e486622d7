"""Temporary credentials of a user: its own (GetSessionToken), and a federated user's with less power.

MFA is left out: a request that carries a code is refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.sts import errors
from services.sts.session_policies import (
    answer,
    refuse_mfa,
    requested_tag_conditions,
    requested_tags,
    session_policies,
    with_token_size,
)
from shared.credentials import SessionRequest
from shared.identity import FEDERATED, USER, Principal, federated_user_arn
from shared.permissions import authorize_request, request_of
from shared.principal_context import of_caller

if TYPE_CHECKING:
    from services.call import ServiceCall

DEFAULT_SECONDS = 43_200


def get_session_token(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    user = _user(call)
    refuse_mfa(parameters)
    request = SessionRequest(None, parameters.get("DurationSeconds", DEFAULT_SECONDS))
    request = with_token_size(request, parameters)
    return answer(call.credentials.create_session(user.arn, request, USER), request)


def get_federation_token(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Without a session policy the federated user may do nothing but what resource policies give it."""
    user = _user(call)
    name = parameters["Name"]
    tags = requested_tags(parameters)
    _authorize(call, federated_user_arn(call.account_id, name), tags)
    policy, policy_arns = session_policies(call, parameters, call.account_id)
    seconds = parameters.get("DurationSeconds", DEFAULT_SECONDS)
    request = SessionRequest(name, seconds, policy=policy, policy_arns=policy_arns, tags=tags)
    request = with_token_size(request, parameters)
    key = call.credentials.create_session(user.arn, request, FEDERATED)
    return {
        **answer(key, request),
        "FederatedUser": {"FederatedUserId": f"{call.account_id}:{name}", "Arn": key.principal_arn},
    }


def _authorize(call: ServiceCall, resource: str, tags: Mapping[str, str]) -> None:
    """Refuse what the user's policies do not allow; tags are a right of their own. Raises: AccessDenied.

    Source: "Passing session tags in AWS STS" of the IAM User Guide.
    """
    context = {**of_caller(call.caller, call.clock.now()), **requested_tag_conditions(tags)}
    for action in ("sts:GetFederationToken", *(["sts:TagSession"] if tags else [])):
        request = request_of(call.caller, action, resource, context)
        authorize_request(call.caller, request, call.rulings)


def _user(call: ServiceCall) -> Principal:
    """The calling user, who must come with an access key of its own. Raises: AccessDenied."""
    principal = call.caller.principal
    if principal.session is not None:
        assert call.operation is not None
        raise errors.denied(f"Cannot call {call.operation.name} with session credentials")
    return principal
