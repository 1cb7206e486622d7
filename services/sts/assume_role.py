"""AssumeRole: a session of a role, for whom its trust policy names, be it a service that works for a customer.

Follows the STS API Reference. MFA and provided contexts are left out: no code is right, and a trust policy that asks
for MFA is not met.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.sts import errors, trust
from services.sts.session_policies import (
    answer,
    refuse_mfa,
    requested_tag_conditions,
    requested_tags,
    session_policies,
    with_token_size,
)
from shared.audit import ApiEvent, Resource
from shared.catalog import AwsService
from shared.credentials import SessionRequest
from shared.database import Row
from shared.errors import ServiceError
from shared.identity import SESSION, Caller, Session, service_caller
from shared.principal_context import Value, of_caller
from shared.rulings import Ruling

if TYPE_CHECKING:
    from services.call import ServiceCall
    from services.simulator import Simulator

DEFAULT_SECONDS = 3600
CHAINED_SECONDS = 3600
_ROLE = "AWS::IAM::Role"


def assume_role(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    role_arn = parameters["RoleArn"]
    if not role_arn.startswith("arn:"):
        raise errors.invalid(f"{role_arn} is invalid")
    request = _session_request(parameters, call.caller.principal.session, call)
    role = _authorized(parameters, call, request)
    call.touched.append(Resource(role_arn, role["account_id"], _ROLE))
    refuse_mfa(parameters)
    _check_duration(parameters, role, call.caller)
    policy, policy_arns = session_policies(call, parameters, role["account_id"])
    request = with_token_size(replace(request, policy=policy, policy_arns=policy_arns), parameters)
    key = call.credentials.create_session(role_arn, request)
    return {
        **answer(key, request),
        "AssumedRoleUser": {"AssumedRoleId": f"{role['unique_id']}:{request.name}", "Arn": key.principal_arn},
        "SourceIdentity": request.source_identity,
    }


def assume_role_as_service(
    simulator: Simulator,
    service: AwsService,
    role_arn: str,
    *,
    region: str,
    session_name: str,
    source_arn: str | None = None,
    request_id: str = "",
) -> Caller:
    """A session of a customer's role in the hands of a service whose principal the trust policy names.

    source_arn: the customer's resource that the service works for; the trust policy sees it as aws:SourceArn, and
        its account as aws:SourceAccount.
    Raises: ServiceError AccessDeniedException, which the customer's trail shows too.
    """
    alone = service_caller(service, region, request_id=request_id, source_arn=source_arn)
    role = simulator.identities.find_role(role_arn)
    context = {**of_caller(alone, simulator.clock.now()), "sts:rolesessionname": session_name}
    refusal: ServiceError | None = None
    rulings: list[Ruling] = []
    try:
        role = trust.authorize(alone, role, role_arn, "sts:AssumeRole", context, rulings)
    except ServiceError as error:
        refusal = error
        raise
    finally:
        _record_for_service(simulator, alone, role_arn, session_name, role, refusal, rulings)
    issuer = simulator.identities.find_principal(role_arn)
    assert issuer is not None
    session = simulator.credentials.role_session(issuer, SessionRequest(session_name, DEFAULT_SECONDS))
    return Caller(
        session, region, source_ip=service.principal, user_agent=service.principal, request_id=alone.request_id
    )


def _record_for_service(
    simulator: Simulator,
    caller: Caller,
    role_arn: str,
    session_name: str,
    role: Row | None,
    refusal: ServiceError | None,
    rulings: list[Ruling],
) -> None:
    simulator.trail.record(
        ApiEvent(
            source="sts.amazonaws.com",
            name="AssumeRole",
            region=caller.region,
            caller=caller,
            account_id=caller.account_id,
            read_only=True,
            request_parameters={"roleArn": role_arn, "roleSessionName": session_name},
            resources=[] if role is None else [Resource(role_arn, role["account_id"], _ROLE)],
            error_code=None if refusal is None else "AccessDenied",
            error_message=None if refusal is None else refusal.message,
            shared=True,
            request_id=caller.request_id,
            rulings=rulings,
        )
    )


def _session_request(parameters: dict[str, Any], calling: Session | None, call: ServiceCall) -> SessionRequest:
    """What the session carries besides policies: what the request says, and what the calling session hands on."""
    tags = requested_tags(parameters)
    inherited = _inherited_tags(call) if calling is not None else {}
    clash = {key.lower() for key in tags} & {key.lower() for key in inherited}
    if clash:
        raise errors.invalid_tags(
            "One of the specified transitive tag keys can't be set because it conflicts with a transitive tag key "
            "from the calling session."
        )
    transitive = parameters.get("TransitiveTagKeys", [])
    if not {key.lower() for key in transitive} <= {key.lower() for key in tags}:
        raise errors.invalid_tags("The specified transitive tag key must be included in the requested tags.")
    source_identity = None if calling is None else calling.source_identity
    return SessionRequest(
        name=parameters["RoleSessionName"],
        duration_seconds=parameters.get("DurationSeconds", DEFAULT_SECONDS),
        tags=inherited | tags,
        transitive_tag_keys=(*inherited, *transitive),
        source_identity=source_identity or parameters.get("SourceIdentity"),
    )


def _inherited_tags(call: ServiceCall) -> dict[str, str]:
    principal = call.caller.principal
    assert principal.session is not None
    handed_on = {key.lower() for key in principal.session.transitive_tag_keys}
    return {key: value for key, value in principal.tags.items() if key.lower() in handed_on}


def _authorized(parameters: dict[str, Any], call: ServiceCall, request: SessionRequest) -> Row:
    """The role, once every action that the request amounts to is allowed. Raises: AccessDenied."""
    role_arn = parameters["RoleArn"]
    role = call.identities.find_role(role_arn)
    context = _context(parameters, call, role, request)
    actions = ["sts:AssumeRole"]
    if parameters.get("Tags"):
        actions.append("sts:TagSession")
    if request.source_identity is not None:
        actions.append("sts:SetSourceIdentity")
    if parameters.get("SourceIdentity", request.source_identity) != request.source_identity:
        raise errors.denied("The source identity of a session cannot be changed.")
    for action in actions:
        role = trust.authorize(call.caller, role, role_arn, action, context, call.rulings)
    assert role is not None
    return role


def _context(
    parameters: dict[str, Any], call: ServiceCall, role: Row | None, request: SessionRequest
) -> Mapping[str, Value]:
    values: dict[str, Value] = {
        **of_caller(call.caller, call.clock.now()),
        "sts:rolesessionname": parameters["RoleSessionName"],
    }
    if "ExternalId" in parameters:
        values["sts:externalid"] = parameters["ExternalId"]
    if request.source_identity is not None:
        values["sts:sourceidentity"] = request.source_identity
    if request.transitive_tag_keys:
        values["sts:transitivetagkeys"] = request.transitive_tag_keys
    values |= requested_tag_conditions(request.tags or {})
    if role is not None:
        values |= {f"aws:resourcetag/{key.lower()}": value for key, value in role["tags"].items()}
    return values


def _check_duration(parameters: dict[str, Any], role: Row, caller: Caller) -> None:
    seconds = parameters.get("DurationSeconds", DEFAULT_SECONDS)
    if seconds > role["max_session_seconds"]:
        raise errors.invalid("The requested DurationSeconds exceeds the MaxSessionDuration set for this role.")
    if caller.principal.kind == SESSION and seconds > CHAINED_SECONDS:
        raise errors.invalid(
            "The requested DurationSeconds exceeds the 1 hour session limit for roles assumed by role chaining."
        )
