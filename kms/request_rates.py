"""How many requests a second an account makes of KMS in a Region, and the end of them when a quota is full.

A fault enforces the quotas (`kms/faults.py`); without it nothing is counted. A request counts against the caller's
account, also under another's key. What a service does with its caller's session counts against that account and can
be refused; what it does alone counts against the key's owner and is never refused, for services try again until they
are let through (our choice). So is the form of the counter: a bucket that holds a second's worth, and fills steadily.
AWS owned keys never count. Source: "Request quotas" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from kms import errors, request_quotas
from kms.faults import Faults
from kms.key import SERVICE, KmsKey
from kms.request_quotas import Use
from shared.clock import Clock

if TYPE_CHECKING:
    from kms.operation import KmsCall


class _Bucket(NamedTuple):
    """left: requests that it holds, at a moment in seconds since the epoch."""

    left: float
    moment: float


class RequestRates:
    """The requests of the last moments; in memory only."""

    def __init__(self, faults: Faults, clock: Clock) -> None:
        self._faults = faults
        self._clock = clock
        self._buckets: dict[tuple[str, str, str, str | None], _Bucket] = {}

    def begin(self, call: KmsCall, arguments: Mapping[str, Any]) -> None:
        """Count a call under the quotas that it has whatever its key. Raises: Throttling."""
        if self._faults.request_quotas is not None and not call.caller.is_service:
            for use in request_quotas.of_call(call.name, arguments):
                self._count(call, call.caller.account_id, use.region or call.caller.region, use)

    def use(self, call: KmsCall, key: KmsKey) -> None:
        """Count a call under the quotas that depend on its key, each once. Raises: Throttling."""
        if self._faults.request_quotas is None or key.manager == SERVICE:
            return
        account_id = key.account_id if call.caller.is_service else call.caller.account_id
        for use in request_quotas.of_key(call.name, key.key_spec, key.custom_key_store_id):
            if use not in call.counted:
                call.counted.add(use)
                self._count(call, account_id, key.region, use)

    def forget(self) -> None:
        """Begin anew: all buckets are full."""
        self._buckets.clear()

    def _count(self, call: KmsCall, account_id: str, region: str, use: Use) -> None:
        place = (account_id, region, use.quota, use.store_id)
        now, rate = self._clock.now(), self._rate(use.quota, region)
        holds = max(float(use.requests), rate)
        bucket = self._buckets.get(place, _Bucket(holds, now))
        left = min(holds, bucket.left + (now - bucket.moment) * rate) - use.requests
        if left < 0 and not call.caller.is_service:
            raise errors.Throttling(
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
            )
        self._buckets[place] = _Bucket(max(0.0, left), now)

    def _rate(self, quota: str, region: str) -> float:
        """Requests a second."""
        changed = self._faults.request_quotas or {}
        return changed.get(quota) or request_quotas.default(quota, region)
