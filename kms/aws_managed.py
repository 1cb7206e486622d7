"""AWS managed keys, alias/aws/...: one per service, account and Region, made when it is first asked for.

Customers see them and cannot change them. Follows "AWS managed keys" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from kms import new_keys, tables
from kms.aliases import add_alias
from kms.engine import Engine
from kms.key import AWS, KmsKey, alias_arn, find_key
from kms.key_policy import aws_managed_policy
from kms.operation import KmsCall
from shared.identity import Caller

PREFIX = "alias/aws/"
YEAR_DAYS = 365

PREDEFINED: dict[str, dict[str, str]] = tables.load("aws_managed_keys")["keys"]


def provide(call: KmsCall, key_id: str) -> None:
    """Make the key of an alias of AWS in the caller's account and Region, if `key_id` names one that has none yet."""
    name = key_id.removeprefix(alias_arn(call.caller.region, call.caller.account_id, ""))
    if name.startswith(PREFIX) and name.removeprefix(PREFIX) in PREDEFINED:
        key_of(call.engine, call.caller, name.removeprefix(PREFIX))


def key_of(engine: Engine, caller: Caller, prefix: str) -> KmsKey:
    """The key alias/aws/<prefix> of the caller's account and Region."""
    name = PREFIX + prefix
    row = engine.database.find("aliases", {"arn": alias_arn(caller.region, caller.account_id, name)})
    found = find_key(engine.database, row["key_arn"]) if row else None
    if found is not None:
        return found
    what = PREDEFINED[prefix]
    via = f"{what.get('via', prefix)}.{caller.region}.amazonaws.com"
    key = new_keys.add_key(
        engine,
        account_id=caller.account_id,
        region=caller.region,
        manager=AWS,
        policy=aws_managed_policy(prefix, what["title"], via, caller.account_id),
        description=f"Default key that protects my {what['title']} when no other key is defined",
        rotation_period_days=YEAR_DAYS,
    )
    add_alias(engine, caller, name, key.arn)
    return key
