"""The rows of the comparison: one person's data in all five services, each under each owner it can have.

A service gets its rows by a module here with its driver, and a line in `DRIVERS`.
"""

from __future__ import annotations

from services.console.drivers.cases import Cases
from services.console.drivers.customer_profiles import CustomerProfiles, CustomerProfilesByDefault
from services.console.drivers.driver import Driver, NoSuchOperation
from services.console.drivers.outbound_campaigns import OutboundCampaigns, OutboundCampaignsByDefault
from services.console.drivers.voice_id import VoiceId
from services.console.drivers.wisdom import Wisdom, WisdomByDefault

DRIVERS: tuple[type[Driver], ...] = (
    Cases,
    CustomerProfiles,
    CustomerProfilesByDefault,
    VoiceId,
    Wisdom,
    WisdomByDefault,
    OutboundCampaigns,
    OutboundCampaignsByDefault,
)


def needs_key(driver: type[Driver]) -> bool:
    return driver.ownership == "CUSTOMER_MANAGED"


__all__ = ["DRIVERS", "Driver", "NoSuchOperation", "needs_key"]
