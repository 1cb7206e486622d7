"""The condition keys that policies can ask about a call on a KMS key: the `kms:` ones and the global ones.

Follows "AWS KMS condition keys" and "AWS global condition keys" of the developer guides. Names are in lower case, as
the policy language compares them without regard to case.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from shared.principal_context import Value, of_caller

if TYPE_CHECKING:
    from kms.key import KmsKey
    from kms.operation import KmsCall


RESOURCE_ALIASES = "kms:resourcealiases"


class ConditionValues(Mapping[str, Value]):
    """The values of one call, as IAM policies see them: with the key's aliases, looked up only if a policy asks.

    of_key_policy: the same as key policies see them. Source: kms:ResourceAliases works "in IAM policies only".
    """

    def __init__(self, values: dict[str, Value], call: KmsCall, key: KmsKey | None) -> None:
        self.of_key_policy = values
        self._aliases: dict[str, Value] = {}
        self._call = call
        self._key = key

    def __getitem__(self, name: str) -> Value:
        if name == RESOURCE_ALIASES:
            self._look_up()
            return self._aliases[name]
        return self.of_key_policy[name]

    def __iter__(self) -> Iterator[str]:
        yield from self.of_key_policy
        yield from self._aliases

    def __len__(self) -> int:
        return len(self.of_key_policy) + len(self._aliases)

    def settle(self, *, look_up: bool) -> None:
        """The decision is made: what was not asked for stays absent. look_up: ask for all of it first."""
        if look_up:
            self._look_up()
        self._key = None

    def _look_up(self) -> None:
        if self._key is not None and not self._aliases:
            rows = self._call.engine.database.select("aliases", {"key_arn": self._key.arn}, order=["name"])
            self._aliases[RESOURCE_ALIASES] = tuple(row["name"] for row in rows)


def condition_values(
    call: KmsCall,
    key: KmsKey | None,
    *,
    conditions: Mapping[str, Value],
    encryption_context: Mapping[str, str] | None,
    request_alias: str | None = None,
) -> ConditionValues:
    """All condition values of a call. encryption_context: None for operations that take none."""
    values = of_caller(call.caller, call.engine.clock.now())
    values["kms:calleraccount"] = call.caller.account_id
    if call.caller.via_service is not None:
        values["kms:viaservice"] = call.caller.via_service
    if key is not None:
        values |= _of_key(key)
    if encryption_context:
        values["kms:encryptioncontextkeys"] = tuple(encryption_context)
        for name, value in encryption_context.items():
            values[f"kms:encryptioncontext:{name.lower()}"] = value
    if request_alias is not None:
        values["kms:requestalias"] = request_alias
    values.update(conditions)
    return ConditionValues(values, call, key)


def of_kind(*, spec: str, usage: str, origin: str, multi_region: bool, is_replica: bool = False) -> dict[str, Value]:
    """The condition keys that say what kind of key one is, or is to be."""
    values: dict[str, Value] = {
        "kms:keyspec": spec,
        "kms:customermasterkeyspec": spec,
        "kms:keyusage": usage,
        "kms:customermasterkeyusage": usage,
        "kms:keyorigin": origin,
        "kms:multiregion": str(multi_region).lower(),
    }
    if multi_region:
        values["kms:multiregionkeytype"] = "REPLICA" if is_replica else "PRIMARY"
    return values


def _of_key(key: KmsKey) -> dict[str, Value]:
    values = of_kind(
        spec=key.key_spec,
        usage=key.key_usage,
        origin=key.origin,
        multi_region=bool(key.multi_region),
        is_replica=key.is_replica,
    )
    values["aws:resourceaccount"] = key.account_id
    for name, value in key.tags.items():
        values[f"aws:resourcetag/{name.lower()}"] = value
    return values
