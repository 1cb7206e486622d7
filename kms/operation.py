"""What an operation of the engine is, and the call that it serves.

An operation is a function whose first parameter is the `KmsCall`; `@operation` registers it under AWS's name for it.
It asks the call for its key, which resolves the identifier, authorises the caller and checks the key's state, in this
order and before anything is done. The order is inferred: the documentation gives none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from kms import tables
from shared.audit import Resource
from shared.identity import Caller
from shared.rulings import Ruling

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.grants import Child
    from kms.key import KmsKey
    from kms.request_quotas import Use

F = TypeVar("F", bound=Callable[..., Any])

OPERATIONS: dict[str, Callable[..., Any]] = {}
"""AWS operation name -> the engine's function."""


@dataclass(frozen=True)
class OperationFacts:
    """One row of `tables/operations.json`."""

    cross_account: bool
    aliases: bool
    grant_operations: frozenset[str]
    read_only: bool
    logged: frozenset[str]


def _facts(row: Mapping[str, Any]) -> OperationFacts:
    return OperationFacts(
        cross_account=row["crossAccount"],
        aliases=row["aliases"],
        grant_operations=frozenset(row["grantOperations"]),
        read_only=row["readOnly"],
        logged=frozenset(row["logged"] or ()),
    )


FACTS: dict[str, OperationFacts] = {name: _facts(row) for name, row in tables.load("operations")["operations"].items()}


def operation(function: F) -> F:
    """Register an operation of the engine under its AWS name: `generate_data_key` is GenerateDataKey."""
    OPERATIONS[aws_name(function)] = function
    return function


def aws_name(function: Callable[..., Any]) -> str:
    return "".join(word.capitalize() for word in function.__name__.split("_"))


@dataclass
class KmsCall:
    """One call through the engine's door.

    keys: those that the caller was found to be allowed to use, in the order in which they were asked for.
    response: what the trail shows of the answer; None for reads and for cryptographic operations.
    additional: CloudTrail's additionalEventData.
    shown: what the trail shows of the request beside its arguments.
    key_pair_spec: of the data key pair that the call makes, on which its price depends.
    tokens: ids of the grants whose tokens came with the call.
    rulings: what was decided about the caller's rights.
    counted: the request quotas of its keys under which it has been counted.
    """

    engine: Engine
    caller: Caller
    name: str
    resources: list[Resource] = field(default_factory=list)
    keys: list[KmsKey] = field(default_factory=list)
    response: dict[str, Any] | None = None
    additional: dict[str, Any] | None = None
    shown: dict[str, Any] = field(default_factory=dict)
    key_pair_spec: str | None = None
    tokens: frozenset[str] = frozenset()
    rulings: list[Ruling] = field(default_factory=list)
    counted: set[Use] = field(default_factory=set)

    @property
    def facts(self) -> OperationFacts:
        return FACTS[self.name]

    def touches(self, arn: str, account_id: str) -> None:
        """Note a key or alias for the trail."""
        resource = Resource(arn, account_id)
        if resource not in self.resources:
            self.resources.append(resource)

    def authorized_key(
        self,
        key_id: str | KmsKey,
        *,
        permission: str | None = None,
        conditions: Mapping[str, Any] | None = None,
        encryption_context: Mapping[str, str] | None = None,
        grant_tokens: Sequence[str] = (),
        child: Child | None = None,
    ) -> KmsKey:
        """The key that `key_id` names, once the caller may use it for this operation and its state allows it.

        key_id: key id, key ARN, or (where the operation takes one) alias name or alias ARN; or the key itself, where
            the operation has found it otherwise.
        permission: the action without "kms:", where it is not the operation's own name.
        conditions: condition keys of this operation, names in lower case.
        child: the grant that CreateGrant is asked for.
        Raises: NotFound, InvalidArn, Throttling, AccessDenied, InvalidGrantToken, KeyDisabled, InvalidKeyState.
        """
        from kms import authorization, grants, key_states
        from kms.key import resolve

        grants.accept_tokens(self, grant_tokens)
        key, request_alias = resolve(self, key_id, permission) if isinstance(key_id, str) else (key_id, None)
        self.touches(key.arn, key.account_id)
        self.engine.rates.use(self, key)
        ruling = authorization.judge(
            self,
            key,
            permission=permission or self.name,
            conditions=conditions or {},
            encryption_context=encryption_context,
            request_alias=request_alias,
            child=child,
        )
        authorization.enforce(self, ruling)
        key_states.check(self.name, key)
        self.keys.append(key)
        return key
