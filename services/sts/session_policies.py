"""What every kind of temporary credentials has in common: session policies, tags, the session token, how all is told.

The packed form of AWS's session tokens is not simulated: session policies and tags add their plain texts to a token.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.sts import errors
from shared.credentials import SESSION_TOKEN_BYTES, AccessKey, SessionRequest
from shared.errors import ServiceError
from shared.policy import PolicyKind, check_resources, parse_policy
from shared.principal_context import Value

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_CHARACTERS = 2048
MAX_POLICY_ARNS = 10
MAX_TOKEN_BYTES = 4096


def session_policies(
    call: ServiceCall, parameters: dict[str, Any], account_id: str
) -> tuple[str | None, tuple[str, ...] | None]:
    """The session policies of a request: the inline one and the ARNs of managed ones, each None if there is none.

    account_id: whose managed policies can be named, besides AWS's own.
    Raises: MalformedPolicy, ValidationError.
    """
    text: str | None = parameters.get("Policy")
    if text is not None:
        if len(text) > MAX_CHARACTERS:
            raise errors.invalid(
                "1 validation error detected: Value at 'policy' failed to satisfy constraint: "
                f"Member must have length less than or equal to {MAX_CHARACTERS}"
            )
        check_resources(parse_policy(text, PolicyKind.IDENTITY))
    arns = tuple(entry.get("arn", "") for entry in parameters.get("PolicyArns", []))
    if len(arns) > MAX_POLICY_ARNS:
        raise errors.invalid(f"Cannot pass more than {MAX_POLICY_ARNS} managed session policies.")
    for arn in arns:
        if not call.identities.managed_policy_exists(arn, account_id):
            raise errors.invalid(f"Policy {arn} does not exist or is not attachable.")
    return text, arns or None


def requested_tags(parameters: dict[str, Any]) -> dict[str, str]:
    """Raises: InvalidParameterValue."""
    tags = {tag["Key"]: tag["Value"] for tag in parameters.get("Tags", [])}
    if len({key.lower() for key in tags}) < len(parameters.get("Tags", [])):
        raise errors.invalid_tags("Duplicate tag keys found. Please note that Tag keys are case insensitive.")
    if any(key.lower().startswith("aws:") for key in tags):
        raise errors.invalid_tags("Tag keys that begin with aws: are reserved.")
    return tags


def requested_tag_conditions(tags: Mapping[str, str]) -> dict[str, Value]:
    """What policies can ask about the tags that a session is to have."""
    conditions: dict[str, Value] = {f"aws:requesttag/{key.lower()}": value for key, value in tags.items()}
    if tags:
        conditions["aws:tagkeys"] = tuple(tags)
    return conditions


def with_token_size(request: SessionRequest, parameters: dict[str, Any]) -> SessionRequest:
    """The same session, with a token as long as what it carries and as the caller wants it.

    Raises: PackedPolicyTooLarge.
    """
    needed = SESSION_TOKEN_BYTES + _carried_bytes(request)
    if needed > MAX_TOKEN_BYTES:
        raise ServiceError(
            "PackedPolicyTooLargeException",
            f"The session token would have {needed} bytes; the maximum allowed size is {MAX_TOKEN_BYTES} bytes.",
        )
    return replace(request, token_bytes=max(needed, parameters.get("MinimumSessionTokenSize", 0)))


def _carried_bytes(request: SessionRequest) -> int:
    tags = request.tags or {}
    texts = [request.policy or "", *(request.policy_arns or ()), *tags.keys(), *tags.values()]
    return sum(len(text.encode()) for text in texts)


def answer(key: AccessKey, request: SessionRequest) -> dict[str, Any]:
    """The members that all answers with temporary credentials have.

    PackedPolicySize is there where policies or tags were passed. Source: from memory of the service, before the
    member was deprecated.
    """
    utilization = -(-request.token_bytes * 100 // MAX_TOKEN_BYTES)
    return {
        "Credentials": {
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
            "SessionToken": key.session_token,
            "Expiration": key.expires_at,
        },
        "PackedPolicySize": utilization if _carried_bytes(request) else None,
        "SessionTokenUtilization": utilization,
        "SessionTokenSize": request.token_bytes,
    }


def refuse_mfa(parameters: dict[str, Any]) -> None:
    """Nobody has an MFA device here, so no code is right. Raises: AccessDenied.

    Source: the text is from memory, for a device that is not the user's.
    """
    if "TokenCode" in parameters or "SerialNumber" in parameters:
        raise errors.denied(
            "MultiFactorAuthentication failed, unable to validate MFA code.  Please verify your MFA serial number is "
            "valid and associated with this user."
        )
