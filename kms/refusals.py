"""The words of refusals that must not tell whether a key is there: keys of other accounts, keys named by a ciphertext.

Source: answers of AWS KMS as they are widely quoted.
"""

from __future__ import annotations

from shared.identity import Caller
from shared.permissions import RESOURCE_POLICY, denial
from shared.rulings import Ruling

_HIDING = (
    "because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)


def hiding(caller: Caller, action: str, what: str = "this resource") -> str:
    """For a key that the caller may know nothing about. action: with its "kms:" prefix."""
    return _sentence(caller, action, what, _HIDING)


def of_named_key(caller: Caller, ruling: Ruling, refusal: str) -> str:
    """For a key that the request named. refusal: the ruling's. What another account's key policy says is hidden."""
    is_foreign = ruling.request.resource.split(":")[4:5] != [caller.account_id]
    if is_foreign and RESOURCE_POLICY in refusal and not caller.is_service:
        return hiding(caller, ruling.request.action)
    return denial(caller, ruling.request, refusal)


def of_ciphertext(caller: Caller, action: str, ruling: Ruling | None) -> str:
    """For a key that a ciphertext named, and not its sender. ruling: None if there is no such key."""
    what = "the resource associated with this ciphertext"
    if ruling is None or ruling.refusal is None or RESOURCE_POLICY in ruling.refusal:
        return hiding(caller, action, what)
    return _sentence(caller, action, what, ruling.refusal)


def _sentence(caller: Caller, action: str, what: str, reason: str) -> str:
    return f"User: {caller.arn} is not authorized to perform: {action} on {what} {reason}"
