"""The global condition keys that say who calls, from where, when and through whom.

Follows "AWS global condition context keys" of the IAM User Guide. Names are in lower case, as the policy language
compares them without regard to case.
"""

from __future__ import annotations

from shared.catalog import BY_PRINCIPAL
from shared.identity import USER, Caller
from shared.times import as_iso

Value = str | tuple[str, ...]

_SERVICE_ADDRESS = "198.18.0.1"
"""From where services call: where one acts for its caller, policies see its address and not the caller's.

Source: "Using the IP address condition in policies with AWS KMS permissions" of the AWS KMS Developer Guide. Which
address is our choice: one that nobody has (RFC 2544), so none that a policy lists.
"""


def of_caller(caller: Caller, now: float) -> dict[str, Value]:
    """The values for one call. now: seconds since the epoch."""
    principal = caller.principal
    values: dict[str, Value] = {
        "aws:principalaccount": principal.account_id,
        "aws:principaltype": "User" if principal.kind == USER else principal.kind,
        "aws:userid": principal.unique_id,
        "aws:useragent": caller.user_agent,
        "aws:sourceip": _SERVICE_ADDRESS if _is_in_hands_of_service(caller) else caller.source_ip,
        "aws:securetransport": "true",
        "aws:requestedregion": caller.region,
        "aws:currenttime": as_iso(now),
        "aws:epochtime": str(int(now)),
        "aws:viaawsservice": "true" if caller.invoked_by else "false",
        "aws:principalisawsservice": "true" if caller.is_service else "false",
    }
    if caller.is_service:
        values["aws:principalservicename"] = principal.name
        values["aws:principalservicenameslist"] = (principal.name,)
        if caller.source_arn is not None:
            values["aws:sourcearn"] = caller.source_arn
            values["aws:sourceaccount"] = caller.source_arn.split(":")[4]
    elif caller.is_anonymous:
        del values["aws:principalaccount"]
    else:
        values["aws:principalarn"] = principal.role_arn or principal.arn
    if principal.kind == USER:
        values["aws:username"] = principal.name
    for key, value in principal.tags.items():
        values[f"aws:principaltag/{key.lower()}"] = value
    if principal.session is not None:
        values["aws:tokenissuetime"] = as_iso(principal.session.issued_at)
        values["aws:multifactorauthpresent"] = "false"
        if principal.session.source_identity is not None:
            values["aws:sourceidentity"] = principal.session.source_identity
    if caller.invoked_by is not None:
        values["aws:calledvia"] = (caller.invoked_by.principal,)
        values["aws:calledviafirst"] = values["aws:calledvialast"] = caller.invoked_by.principal
    return values


def _is_in_hands_of_service(caller: Caller) -> bool:
    """Whether a service makes the call: alone, in a role, or with its caller's session."""
    return caller.invoked_by is not None or caller.source_ip in BY_PRINCIPAL
