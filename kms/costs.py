"""What keys cost: the bill of an account for a calendar month of the virtual clock, and the monthly price of one key.

Follows the AWS KMS pricing page. A customer managed key costs by the month, each begun hour its share, and so do its
first two rotations; a replica is a key of its own. A key pending deletion costs nothing, a cancelled deletion was
none. AWS managed keys cost their requests only; AWS owned keys nothing. `kms/meter.py` counts the requests; the free
tier is the account's, whatever the Region. A CloudHSM cluster or an external key manager is not on this bill.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from kms import meter, tables
from kms.engine import Engine
from kms.key import CUSTOMER, SERVICE, KmsKey, find_key

HOUR_SECONDS = 3_600
_PRICES = tables.load("prices")
_CLASSES: dict[str, dict[str, Any]] = _PRICES["requests"]
_PER = 10_000
_CENT_FRACTIONS = Decimal("0.000001")


@dataclass(frozen=True)
class Cost:
    """US dollars a month for holding a key; `per_10000_requests` on top, behind the free tier."""

    key_month: Decimal
    per_10000_requests: Decimal

    def __str__(self) -> str:
        if self.key_month == 0 and self.per_10000_requests == 0:
            return "free"
        return f"${self.key_month:.2f} + ${self.per_10000_requests:.2f}/10k calls"


@dataclass(frozen=True)
class Month:
    """A calendar month in UTC. start, end: seconds since the epoch. counted_to: its end, or now while it lasts."""

    name: str
    start: float
    end: float
    counted_to: float

    @classmethod
    def named(cls, name: str, now: float) -> Month:
        """name: such as 2026-11. Raises: ValueError if it is no month."""
        first = datetime.strptime(name, "%Y-%m").replace(tzinfo=UTC)
        start, end = first.timestamp(), _next(first).timestamp()
        return cls(f"{first.year:04}-{first.month:02}", start, end, min(max(now, start), end))

    @property
    def hours(self) -> int:
        return round((self.end - self.start) / HOUR_SECONDS)

    def hours_since(self, since: float, until: float | None) -> int:
        """How many hours of what is counted lie in a stretch of time; a begun one counts."""
        first = max(since, self.start)
        last = self.counted_to if until is None else min(until, self.counted_to)
        return max(0, math.ceil((last - first) / HOUR_SECONDS))


@dataclass(frozen=True)
class KeyCost:
    """One key's share of a month. hours: that it was held; rotation_hours: the same of each rotation charged."""

    key_arn: str
    region: str
    hours: int
    rotation_hours: int
    usd: Decimal


@dataclass(frozen=True)
class RequestCost:
    """Requests of one class on one key from one cause. service: None for the account itself. usd: at list price."""

    key_arn: str | None
    region: str
    service: str | None
    price_class: str
    requests: int
    usd: Decimal


@dataclass(frozen=True)
class Bill:
    """free_requests: how many of the requests the free tier bears; free_usd: what they would have cost."""

    account_id: str
    month: Month
    keys: tuple[KeyCost, ...]
    requests: tuple[RequestCost, ...]
    free_requests: int
    free_usd: Decimal

    @property
    def total_usd(self) -> Decimal:
        keys = sum((line.usd for line in self.keys), Decimal(0))
        return keys + sum((line.usd for line in self.requests), Decimal(0)) - self.free_usd

    def as_json(self) -> dict[str, Any]:
        return {
            "Account": self.account_id,
            "Month": self.month.name,
            "CountedTo": datetime.fromtimestamp(self.month.counted_to, UTC).isoformat(),
            "Keys": [
                {
                    "KeyArn": line.key_arn,
                    "Region": line.region,
                    "Hours": line.hours,
                    "RotationHours": line.rotation_hours,
                    "Usd": _number(line.usd),
                }
                for line in self.keys
            ],
            "Requests": [
                {
                    "KeyArn": line.key_arn,
                    "Region": line.region,
                    "Service": line.service,
                    "Class": _CLASSES[line.price_class]["title"],
                    "Requests": line.requests,
                    "Usd": _number(line.usd),
                }
                for line in self.requests
            ],
            "FreeTier": {
                "Requests": self.free_requests,
                "Of": _PRICES["freeRequestsPerMonth"],
                "Usd": _number(-self.free_usd),
            },
            "TotalUsd": _number(self.total_usd),
        }


def monthly_cost(engine: Engine, key_arn: str) -> Cost:
    """What a key costs as it is now, to the account that it lives in; nothing for a key that is gone or AWS owned."""
    key = find_key(engine.database, key_arn)
    if key is None or key.manager == SERVICE:
        return Cost(Decimal(0), Decimal(0))
    requests = Decimal(_CLASSES["symmetric"]["per10000Usd"])
    if key.manager != CUSTOMER:
        return Cost(Decimal(0), requests)
    if meter.free_from(key) is not None:
        return Cost(Decimal(0), Decimal(0))
    return Cost(_key_month(1, len(_charged_rotations(meter.rotated_at(engine, key)))), requests)


def bill(engine: Engine, account_id: str, month_name: str | None = None) -> Bill:
    """What an account owes for a month, by default this one. Raises: ValueError if there is no such month."""
    now = engine.clock.now()
    month = Month.named(month_name or meter.month_of(now), now)
    requests = tuple(_request_costs(engine, account_id, month))
    free_requests, free_usd = _free_tier(requests)
    keys = tuple(sorted(_key_costs(engine, account_id, month), key=lambda line: line.key_arn))
    return Bill(account_id, month, keys, requests, free_requests, free_usd)


def _key_costs(engine: Engine, account_id: str, month: Month) -> Iterable[KeyCost]:
    """The keys that were held for at least a part of the month, those that are gone by now too."""
    for row in engine.database.select("deleted_kms_keys", {"account_id": account_id, "free_from__gt": month.start}):
        line = _key_cost(
            month, row["arn"], row["region"], row["created_at"], until=row["free_from"], rotated_at=row["rotated_at"]
        )
        if line.hours:
            yield line
    where = {"account_id": account_id, "manager": CUSTOMER, "created_at__lt": month.counted_to}
    for row in engine.database.select("kms_keys", where):
        key = KmsKey.from_row(row)
        rotated_at = meter.rotated_at(engine, key)
        line = _key_cost(month, key.arn, key.region, key.created_at, until=meter.free_from(key), rotated_at=rotated_at)
        if line.hours:
            yield line


def _key_cost(
    month: Month, arn: str, region: str, since: float, *, until: float | None, rotated_at: Sequence[float]
) -> KeyCost:
    hours = month.hours_since(since, until)
    # A replica that was made after a rotation has it from its beginning.
    rotations = sum(month.hours_since(max(since, when), until) for when in _charged_rotations(rotated_at))
    return KeyCost(arn, region, hours, rotations, _key_month(hours, rotations) / month.hours)


def _charged_rotations(rotated_at: Sequence[float]) -> Sequence[float]:
    return sorted(rotated_at)[: _PRICES["rotationsCharged"]]


def _key_month(held: int, rotations: int) -> Decimal:
    """The price of holding a key, and rotations of it, for so many months."""
    return held * Decimal(_PRICES["keyMonthUsd"]) + rotations * Decimal(_PRICES["rotationMonthUsd"])


def _request_costs(engine: Engine, account_id: str, month: Month) -> Iterable[RequestCost]:
    order = ["region", "key_arn", "service", "price_class"]
    for row in engine.database.select("kms_requests", {"month": month.name, "account_id": account_id}, order=order):
        yield RequestCost(
            row["key_arn"] or None,
            row["region"],
            row["service"] or None,
            row["price_class"],
            row["requests"],
            _price(row["price_class"], row["requests"]),
        )


def _price(price_class: str, requests: int) -> Decimal:
    return requests * Decimal(_CLASSES[price_class]["per10000Usd"]) / _PER


def _free_tier(lines: Sequence[RequestCost]) -> tuple[int, Decimal]:
    """How many requests it bears, and what it takes off the bill; all classes that it covers cost the same."""
    covered = [line for line in lines if _CLASSES[line.price_class]["isFreeTier"]]
    requests = sum(line.requests for line in covered)
    borne = min(requests, _PRICES["freeRequestsPerMonth"])
    return borne, sum((line.usd for line in covered), Decimal(0)) * borne / max(requests, 1)


def _next(first_of_month: datetime) -> datetime:
    year, month = divmod(first_of_month.year * 12 + first_of_month.month, 12)
    return first_of_month.replace(year=year, month=month + 1)


def _number(usd: Decimal) -> float:
    return float(usd.quantize(_CENT_FRACTIONS))
