"""Which key protects a scope, in the words a customer uses for it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kms import keys
from kms.ownership import Scope

if TYPE_CHECKING:
    from services.call import ServiceCall


def is_key_of(call: ServiceCall, scope: Scope, key_id: str) -> bool:
    """Whether an identifier names the scope's present key; only for an alias KMS has to be asked.

    Raises: KmsRefusal.
    """
    if "alias/" not in key_id:
        return key_id in (scope.key_arn, scope.key_arn.rpartition("/")[2])
    session = call.caller.through(call.identity)
    return call.kms.perform(session, keys.describe_key, key_id=key_id).arn == scope.key_arn
