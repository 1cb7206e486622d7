"""What every kind of temporary credentials has in common: session policies, tags, and how credentials are told.

The packed form of AWS's session tokens is not simulated: PackedPolicySize is what the texts take of 2,048 characters.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from services.sts import errors
from shared.credentials import AccessKey
from shared.policy import PolicyKind, parse_policy
from shared.principal_context import Value

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_CHARACTERS = 2048
MAX_POLICY_ARNS = 10


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
        parse_policy(text, PolicyKind.IDENTITY)
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


def credentials(key: AccessKey) -> dict[str, Any]:
    return {
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
        "SessionToken": key.session_token,
        "Expiration": key.expires_at,
    }


def packed_policy_size(policy: str | None, arns: tuple[str, ...] | None, tags: dict[str, str]) -> int | None:
    """In percent of what there is room for; None where nothing was passed."""
    length = len(policy or "") + sum(map(len, arns or ())) + sum(len(key + value) for key, value in tags.items())
    return -(-length * 100 // MAX_CHARACTERS) if length else None
