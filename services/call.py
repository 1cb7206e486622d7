"""A request to one of our services: the pipeline's call, with the KMS engine and the encrypted store at hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from kms.encrypted_store import EncryptedStore
from kms.engine import Session
from kms.ownership import Ownership
from shared.call import Call
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.simulator import Simulator


@dataclass
class ServiceCall(Call):
    """simulator: the world this request happens in. ownerships: by kind, the owners of this service's keys."""

    simulator: Simulator = None  # type: ignore[assignment]
    ownerships: Mapping[str, Ownership] = None  # type: ignore[assignment]

    @cached_property
    def kms(self) -> Session:
        """The engine's door for this request."""
        return self.simulator.engine.session()

    @cached_property
    def store(self) -> EncryptedStore:
        """This service's records, opened on behalf of the caller."""
        return EncryptedStore(self.kms, self.ownerships, self.service.client_name, self.caller)

    def count(self) -> None:
        """Count the request under its operation's quota. Raises: ServiceError("ThrottlingException")."""
        changed, operation = self.simulator.faults.request_quotas, self.operation
        if changed is None or operation is None or operation.name not in self.service.request_quotas:
            return
        quota = self.service.quota_name(operation.name)
        per_second = changed.get(quota) or self.service.request_quotas[operation.name]
        if not self.simulator.rates.take((self.account_id, self.region, quota), per_second):
            raise ServiceError("ThrottlingException", "Rate exceeded")

    def engine_events(self, *, undone: bool) -> bool:
        covered = bool(self.kms.events) and self.service.client_name == "kms"
        self.kms.flush(undone=undone)
        return covered
