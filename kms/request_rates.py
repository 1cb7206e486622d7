"""How many requests a second an account makes of KMS in a Region, and the end of them when a quota is full.

A fault enforces the quotas (`shared/faults.py`); without it nothing is counted. A request counts against the caller's
account, also under another's key. What a service does with its caller's session counts against that account and can
be refused; what it does alone counts against the key's owner and is never refused, for services try again until they
are let through (our choice). AWS owned keys never count. Source: "Request quotas" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms import errors, request_quotas
from kms.key import SERVICE, KmsKey
from kms.request_quotas import Use
from shared.faults import Faults
from shared.rates import Rates

if TYPE_CHECKING:
    from kms.operation import KmsCall


@dataclass(frozen=True)
class RequestRates:
    """The quotas of KMS in one world."""

    faults: Faults
    rates: Rates

    def begin(self, call: KmsCall, arguments: Mapping[str, Any]) -> None:
        """Count a call under the quotas that it has whatever its key. Raises: Throttling."""
        if self.faults.request_quotas is not None and not call.caller.is_service:
            for use in request_quotas.of_call(call.name, arguments):
                self._count(call, call.caller.account_id, use.region or call.caller.region, use)

    def use(self, call: KmsCall, key: KmsKey) -> None:
        """Count a call under the quotas that depend on its key, each once. Raises: Throttling."""
        if self.faults.request_quotas is None or key.manager == SERVICE:
            return
        account_id = key.account_id if call.caller.is_service else call.caller.account_id
        for use in request_quotas.of_key(call.name, key.key_spec, key.custom_key_store_id):
            if use not in call.counted:
                call.counted.add(use)
                self._count(call, account_id, key.region, use)

    def _count(self, call: KmsCall, account_id: str, region: str, use: Use) -> None:
        changed = self.faults.request_quotas or {}
        per_second = changed.get(use.quota) or request_quotas.default(use.quota, region)
        counter = (account_id, region, use.quota, use.store_id)
        is_service = call.caller.is_service
        if not self.rates.take(counter, per_second, use.requests, at_least=is_service) and not is_service:
            raise errors.Throttling(
                "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls."
            )
