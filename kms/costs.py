"""What keys cost: from the price table, the keys as they are and the requests that the trail has seen.

Follows the AWS KMS pricing page: a customer managed key costs by the month, its first two rotations the same again; AWS
managed keys cost their requests only; AWS owned keys nothing. A key pending deletion costs nothing.
"""

from __future__ import annotations

from dataclasses import dataclass

from kms import tables
from kms.backing_keys import generations
from kms.engine import Engine
from kms.key import CUSTOMER, find_key


@dataclass(frozen=True)
class Cost:
    """US dollars a month for holding the key; `per_10000_requests` on top, behind the free tier."""

    key_month: float
    per_10000_requests: float

    def __str__(self) -> str:
        if self.key_month == 0 and self.per_10000_requests == 0:
            return "free"
        return f"${self.key_month:.2f} + ${self.per_10000_requests:.2f}/10k calls"


def monthly_cost(engine: Engine, key_arn: str) -> Cost:
    """The cost of one key, to the account that it lives in; nothing for a key that is gone or AWS owned."""
    prices = tables.load("prices")
    key = find_key(engine.database, key_arn)
    if key is None or key.manager == "SERVICE":
        return Cost(0.0, 0.0)
    requests = float(prices["requestsPer10000Usd"])
    if key.manager != CUSTOMER or key.state == "PendingDeletion":
        return Cost(0.0, requests if key.manager != CUSTOMER else 0.0)
    rotations = min(len(generations(engine, key)) - 1, prices["rotationsCharged"])
    return Cost(prices["keyMonthUsd"] + rotations * prices["rotationMonthUsd"], requests)
