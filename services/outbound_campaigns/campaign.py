"""A campaign as it rests: all of it plain, by its id. No operations here."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from kms.encrypted_store import EncryptedStore, Record
from services.outbound_campaigns import errors
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

CAMPAIGN = "campaign"
INITIALIZED, RUNNING, PAUSED, STOPPED = "Initialized", "Running", "Paused", "Stopped"


def campaign_arn(region: str, account_id: str, campaign_id: str) -> str:
    return build_arn("connect-campaigns", region, account_id, f"campaign/{campaign_id}")


def register_arn(region: str, account_id: str) -> str:
    """Where the plain list of an account's campaigns stands; a campaign's parent is its instance."""
    return build_arn("connect-campaigns", region, account_id, "campaigns")


def find_campaign(store: EncryptedStore, region: str, account_id: str, campaign_id: str) -> Record | None:
    return store.find(register_arn(region, account_id), CAMPAIGN, campaign_id)


def get_campaign(call: ServiceCall, campaign_id: str) -> Record:
    """A campaign of the caller's account and Region. Raises: ServiceError("ResourceNotFoundException")."""
    record = find_campaign(call.store, call.region, call.account_id, campaign_id)
    if record is None:
        raise errors.not_found(f"Campaign {campaign_id}")
    return record


def campaigns_of(call: ServiceCall, instance_id: str) -> Iterator[Record]:
    return call.store.stream(register_arn(call.region, call.account_id), CAMPAIGN, parent=instance_id)
