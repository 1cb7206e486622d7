"""Grants: one more allow for one grantee on one key, with a list of operations and a constraint on the context.

Follows "Grants in AWS KMS". A grant works at once here; the eventual consistency of the real service is left out.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from kms import errors

if TYPE_CHECKING:
    from kms.key import KmsKey
    from kms.operation import KmsCall

Constraints = Mapping[str, Mapping[str, str]]
"""{"EncryptionContextSubset": pairs} or {"EncryptionContextEquals": pairs}, as in CreateGrant."""

_WITHOUT_CONTEXT = frozenset({"DescribeKey", "RetireGrant"})


@dataclass(frozen=True)
class Grant:
    """One grant. created_at: seconds since the epoch. issuing_account: 12 digits."""

    grant_id: str
    key_arn: str
    issuing_account: str
    name: str | None
    grantee_principal: str
    retiring_principal: str | None
    operations: list[str]
    constraints: dict[str, dict[str, str]] | None
    created_at: float

    def permits(self, encryption_context: Mapping[str, str] | None, operation_name: str) -> bool:
        """Whether the grant's constraint lets this context pass."""
        if not self.constraints or operation_name in _WITHOUT_CONTEXT:
            return True
        context = encryption_context or {}
        equals = self.constraints.get("EncryptionContextEquals")
        if equals is not None and dict(equals) != dict(context):
            return False
        subset = self.constraints.get("EncryptionContextSubset")
        return subset is None or subset.items() <= context.items()


def held_by_caller(call: KmsCall, key: KmsKey) -> list[Grant]:
    """The grants on a key whose grantee is the caller."""
    grantees = call.caller.principal.names
    rows = call.engine.database.select("grants", {"key_arn": key.arn, "grantee_principal": grantees})
    return [Grant(**row) for row in rows]


def find_allowing(
    call: KmsCall, key: KmsKey, operation_name: str, encryption_context: Mapping[str, str] | None
) -> Grant | None:
    """A grant on the key that lets this caller do this, or None."""
    for grant in held_by_caller(call, key):
        if operation_name in grant.operations and grant.permits(encryption_context, operation_name):
            return grant
    return None


def check_tokens(call: KmsCall, grant_tokens: Sequence[str]) -> None:
    """Raises: InvalidGrantToken if one of the tokens was never given out or its grant is gone."""
    for token in grant_tokens:
        if call.engine.database.find("grant_tokens", {"token_digest": token_digest(token)}) is None:
            raise errors.InvalidGrantToken("The grant token is not valid.")


def token_digest(token: str) -> str:
    """Tokens rest as digests only: who reads the disk cannot use them."""
    return hashlib.sha256(token.encode()).hexdigest()
