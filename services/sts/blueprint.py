"""The blueprint of AWS STS."""

from __future__ import annotations

from services.sts import assume_role, errors, identity, user_sessions
from shared.service import Service

SERVICE = Service(
    client_name="sts",
    modules=(assume_role, user_sessions, identity),
    refuse=errors.refuse,
    hidden_members=frozenset({"SessionToken"}),
    # AssumeRole and GetFederationToken decide for themselves; the other two are open to everyone.
    needs_no_permission=frozenset({"AssumeRole", "GetCallerIdentity", "GetFederationToken", "GetSessionToken"}),
    read_only_operations={"AssumeRole": True},
    logged_results=frozenset({"AssumeRole", "GetFederationToken", "GetSessionToken"}),
)
