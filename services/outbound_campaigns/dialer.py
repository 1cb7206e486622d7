"""The dialer: what a running campaign does with its queue, as the service alone. AWS has no operation for it.

It is how an experiment can see whether dial requests can still be opened. Nothing is consumed, no one is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore, Record
from kms.errors import KmsRefusal
from services.outbound_campaigns import errors
from services.outbound_campaigns.campaign import RUNNING, find_campaign
from services.outbound_campaigns.data_classes import DIAL_REQUEST
from services.outbound_campaigns.instance import instance_arn

if TYPE_CHECKING:
    from services.simulator import Simulator

DIALLED, EXPIRED = "DIALLED", "EXPIRED"


def dial(simulator: Simulator, account_id: str, region: str, campaign_id: str, limit: int) -> list[dict[str, Any]]:
    """Open up to `limit` queued requests of a running campaign: {"id", "outcome"} of each, never a number.

    outcome: "DIALLED", "EXPIRED", or the code of the error that kept the request closed.
    """
    store = simulator.background_store("connectcampaigns")
    campaign = find_campaign(store, region, account_id, campaign_id)
    if campaign is None or campaign.attributes["state"] != RUNNING:
        return []
    scope_arn = instance_arn(region, account_id, campaign.parent)
    queue = store.page(scope_arn, DIAL_REQUEST, parent=campaign_id, limit=limit)
    outcomes = [{"id": record.record_id, "outcome": _outcome(simulator, store, record)} for record in queue]
    store.kms.flush()
    return outcomes


def _outcome(simulator: Simulator, store: EncryptedStore, record: Record) -> str:
    if record.attributes["expirationTime"] <= simulator.clock.now():
        return EXPIRED
    try:
        store.reveal(record)
    except KmsRefusal as refusal:
        return errors.refuse(refusal).code
    return DIALLED
