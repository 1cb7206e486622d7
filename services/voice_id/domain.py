"""The domain as it rests: finding one, and the words in which the API shows it. No operations here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from kms.reencryption import KIND
from services.voice_id import errors
from services.voice_id.data_classes import DOMAIN
from services.voice_id.worker import Worker
from shared.catalog import arn as build_arn
from shared.identity import Caller
from shared.jobs import Job

if TYPE_CHECKING:
    from services.call import ServiceCall

ACTIVE, SUSPENDED = "ACTIVE", "SUSPENDED"
KEPT_SECONDS = 30 * 86_400
"""How long a deleted domain stays. Source: "Delete a Voice ID domain" of the Connect Administrator Guide."""


@dataclass(frozen=True)
class Domain:
    """scope: whose key protects it. record: name and description sealed, status and times in the clear."""

    scope: Scope
    record: Record

    @property
    def arn(self) -> str:
        return self.scope.arn

    @property
    def domain_id(self) -> str:
        return self.record.record_id

    @property
    def status(self) -> str:
        return str(self.record.attributes["DomainStatus"])


def domain_arn(caller: Caller, domain_id: str) -> str:
    return build_arn("voiceid", caller.region, caller.account_id, f"domain/{domain_id}")


def find_domain(worker: Worker, arn: str) -> Domain | None:
    """The domain of an ARN; None once it was deleted more than 30 days ago."""
    scope = worker.store.find_scope(arn)
    if scope is None:
        return None
    record = worker.store.get(scope.arn, DOMAIN, arn.rpartition("/")[2])
    deleted_at = record.attributes["DeletedAt"]
    if deleted_at is not None and deleted_at + KEPT_SECONDS <= worker.clock.now():
        return None
    return Domain(scope, record)


def get_domain(call: ServiceCall, domain_id: str) -> Domain:
    """A domain of the caller's account and Region. Raises: ServiceError("ResourceNotFoundException")."""
    return existing(find_domain(call, domain_arn(call.caller, domain_id)), domain_id)


def get_active_domain(call: ServiceCall, domain_id: str) -> Domain:
    """A domain that can be changed. Raises: as `get_domain`; ServiceError("ConflictException")."""
    return active(get_domain(call, domain_id))


def existing(domain: Domain | None, domain_id: str) -> Domain:
    """Raises: ServiceError("ResourceNotFoundException")."""
    if domain is None:
        raise errors.not_found("DOMAIN", domain_id)
    return domain


def active(domain: Domain) -> Domain:
    """Raises: ServiceError("ConflictException")."""
    if domain.status != ACTIVE:
        raise errors.conflict(errors.DOMAIN_NOT_ACTIVE)
    return domain


def latest_key_switch(worker: Worker, domain: Domain) -> Job | None:
    return worker.simulator.jobs.latest(KIND, domain.arn)


def summary(call: ServiceCall, domain: Domain) -> dict[str, Any]:
    """A domain as DescribeDomain and ListDomains show it. Raises: KmsRefusal."""
    protected = call.store.reveal(domain.record)
    attributes = domain.record.attributes
    return {
        "Arn": domain.arn,
        "DomainId": domain.domain_id,
        "DomainStatus": domain.status,
        "Name": protected["Name"],
        "Description": protected.get("Description"),
        "ServerSideEncryptionConfiguration": {"KmsKeyId": domain.scope.key_arn},
        "ServerSideEncryptionUpdateDetails": _update_details(latest_key_switch(call, domain)),
        "WatchlistDetails": {"DefaultWatchlistId": attributes["DefaultWatchlistId"]},
        "CreatedAt": domain.record.created_at,
        "UpdatedAt": attributes["UpdatedAt"],
    }


def _update_details(job: Job | None) -> dict[str, Any] | None:
    if job is None:
        return None
    details = {"OldKmsKeyId": job.state["previous"][-1]["key_arn"], "UpdateStatus": job.status}
    return {**details, "Message": job.message} if job.message else details
