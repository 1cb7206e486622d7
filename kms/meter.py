"""The cost meter: counts each request that an account pays for, and keeps what deleted keys have cost.

A request is counted once it is answered, in its own transaction: one row per month, account, Region, key, causing
service and price class, one increment. `kms/costs.py` makes the bill of it.

Who pays: the caller's account, also under another account's key; for a service that acts alone, the owner of the key
that its grant is on. AWS owned keys cost nobody anything, and neither does a refusal. Source: "AWS KMS concepts" and
"Request quotas" of the AWS KMS Developer Guide for whose request it is, our choice for refusals.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

from kms import backing_keys, tables
from kms.key import CUSTOMER, SERVICE, KmsKey
from kms.times import DAY_SECONDS
from shared.database import Database
from shared.identity import Caller

if TYPE_CHECKING:
    from kms.engine import Engine
    from kms.operation import KmsCall

_ASYMMETRIC_OPERATIONS = frozenset(tables.load("prices")["asymmetricOperations"])
_SYMMETRIC_SPECS = ("SYMMETRIC_DEFAULT", "HMAC_")


class Charge(NamedTuple):
    """What a request is counted under: the columns of `kms_requests` but for the month."""

    account_id: str
    region: str
    key_arn: str
    service: str
    price_class: str


def charge_of(call: KmsCall) -> Charge | None:
    """Under what an answered call is counted; None if nobody pays for it."""
    caller = call.caller
    key = next((key for key in call.keys if key.manager != SERVICE), None)
    if key is None:
        if call.keys or caller.is_service:
            return None
        return Charge(caller.account_id, caller.region, "", _cause(caller), _price_class(call))
    account_id = key.account_id if caller.is_service else caller.account_id
    return Charge(account_id, caller.region, key.arn, _cause(caller), _price_class(call))


def _cause(caller: Caller) -> str:
    """The service that called, alone or with its caller's session; empty for the account itself."""
    if caller.is_service:
        return caller.principal.name
    return "" if caller.invoked_by is None else caller.invoked_by.principal


def _price_class(call: KmsCall) -> str:
    """A row of the price table. A request with two keys, ReEncrypt, costs as the dearer of them."""
    if call.key_pair_spec is not None:
        return "rsaDataKeyPair" if call.key_pair_spec.startswith("RSA_") else "eccDataKeyPair"
    specs = {key.key_spec for key in call.keys if not key.key_spec.startswith(_SYMMETRIC_SPECS)}
    if not specs or call.name not in _ASYMMETRIC_OPERATIONS:
        return "symmetric"
    return "rsa2048" if specs == {"RSA_2048"} else "asymmetric"


def count(database: Database, when: float, charges: Sequence[Charge]) -> None:
    """Count requests in the month of `when`, seconds since the epoch."""
    for charge in charges:
        database.count_up("kms_requests", {"month": month_of(when), **charge._asdict()}, "requests", 1)


def month_of(when: float) -> str:
    """The calendar month in UTC, such as 2026-11."""
    moment = datetime.fromtimestamp(when, UTC)
    return f"{moment.year:04}-{moment.month:02}"


def rotated_at(engine: Engine, key: KmsKey) -> list[float]:
    """When the key was rotated, in seconds since the epoch."""
    return [one.created_at for one in backing_keys.generations(engine, key) if one.rotation_type is not None]


def free_from(key: KmsKey) -> float | None:
    """When its deletion was scheduled: from then on it costs nothing, unless the deletion is cancelled."""
    if key.deletion_at is None:
        return None
    return key.deletion_at - (key.pending_window_days or 0) * DAY_SECONDS


def keep_deleted(engine: Engine, key: KmsKey) -> None:
    """Note what the bill still needs to know of a key that is about to go."""
    if key.manager != CUSTOMER:
        return
    engine.database.insert(
        "deleted_kms_keys",
        {
            "arn": key.arn,
            "account_id": key.account_id,
            "region": key.region,
            "created_at": key.created_at,
            "free_from": free_from(key) or engine.clock.now(),
            "rotated_at": rotated_at(engine, key),
        },
    )
