"""What is asked of a policy: may this caller do this to that, in this context?"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Context = Mapping[str, str | tuple[str, ...]]
"""Condition keys, in lower case -> value; a tuple for a multi-valued key, and an empty one means no value."""


@dataclass(frozen=True)
class PolicyRequest:
    """One call, as policies see it.

    action: such as "kms:Decrypt"; any case.
    resource: an ARN, or "*" for a call on no existing resource.
    principal_arns: the ARNs that name the caller itself: (user ARN,), or (session ARN, role ARN), or the root
        user's (root ARN,); () for a service principal.
    account_id: the caller's account, 12 digits.
    service_principal: such as "voiceid.amazonaws.com" for a call by a service itself, else None.
    """

    action: str
    resource: str
    principal_arns: tuple[str, ...]
    account_id: str
    service_principal: str | None
    context: Context
