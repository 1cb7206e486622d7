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


class ConditionValues(Mapping[str, Value]):
    """The values of one call; the key's aliases are looked up only if a policy asks for them."""

    def __init__(self, values: dict[str, Value], call: KmsCall, key: KmsKey | None) -> None:
        self._values = values
        self._call = call
        self._key = key

    def __getitem__(self, name: str) -> Value:
        if name == "kms:resourcealiases" and name not in self._values and self._key is not None:
            self._values[name] = self._aliases(self._key)
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def _aliases(self, key: KmsKey) -> tuple[str, ...]:
        rows = self._call.engine.database.select("aliases", {"key_arn": key.arn}, order=["name"])
        return tuple(row["name"] for row in rows)


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


def _of_key(key: KmsKey) -> dict[str, Value]:
    values: dict[str, Value] = {
        "kms:keyspec": key.key_spec,
        "kms:customermasterkeyspec": key.key_spec,
        "kms:keyusage": key.key_usage,
        "kms:customermasterkeyusage": key.key_usage,
        "kms:keyorigin": key.origin,
        "kms:multiregion": "true" if key.multi_region else "false",
        "aws:resourceaccount": key.account_id,
    }
    if key.multi_region:
        values["kms:multiregionkeytype"] = "REPLICA" if key.is_replica else "PRIMARY"
    for name, value in key.tags.items():
        values[f"aws:resourcetag/{name.lower()}"] = value
    return values
