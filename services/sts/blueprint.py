"""The blueprint of AWS STS."""

from __future__ import annotations

from typing import Any

from services.sts import assume_role, errors, identity, user_sessions
from shared.identity import Caller, federated_user_arn
from shared.service import Service


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    return federated_user_arn(caller.account_id, parameters["Name"]) if operation == "GetFederationToken" else "*"


SERVICE = Service(
    client_name="sts",
    modules=(assume_role, user_sessions, identity),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    hidden_members=frozenset({"SessionToken"}),
    # AssumeRole decides for itself, with the role's trust policy; the other two are open to everyone.
    needs_no_permission=frozenset({"AssumeRole", "GetCallerIdentity", "GetSessionToken"}),
    read_only_operations={"AssumeRole": True},
    logged_results=frozenset({"AssumeRole", "GetFederationToken", "GetSessionToken"}),
)
