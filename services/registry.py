"""The simulated services, the owners of their keys and the data they protect, by boto3 client name."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from kms import request_quotas
from kms.data_class import DataClass
from kms.ownership import Ownership
from services.cases import blueprint as cases
from services.cases import data_classes as cases_data
from services.cloudtrail import blueprint as cloudtrail
from services.customer_profiles import blueprint as customer_profiles
from services.customer_profiles import data_classes as customer_profiles_data
from services.eventbridge import blueprint as eventbridge
from services.eventbridge import data_classes as eventbridge_data
from services.iam import blueprint as iam
from services.kms import blueprint as kms
from services.outbound_campaigns import blueprint as outbound_campaigns
from services.outbound_campaigns import data_classes as outbound_campaigns_data
from services.s3 import blueprint as s3
from services.s3 import data_classes as s3_data
from services.sqs import blueprint as sqs
from services.sqs import data_classes as sqs_data
from services.sts import blueprint as sts
from services.voice_id import background as voice_id_background
from services.voice_id import blueprint as voice_id
from services.voice_id import data_classes as voice_id_data
from services.wisdom import blueprint as wisdom
from services.wisdom import data_classes as wisdom_data
from shared.service import Service

if TYPE_CHECKING:
    from services.simulator import Simulator

SERVICES: dict[str, Service] = {
    module.SERVICE.client_name: module.SERVICE
    for module in (
        kms,
        iam,
        sts,
        cloudtrail,
        eventbridge,
        sqs,
        s3,
        cases,
        customer_profiles,
        voice_id,
        wisdom,
        outbound_campaigns,
    )
}

REQUEST_QUOTAS: frozenset[str] = frozenset(request_quotas.NAMES).union(
    *(map(service.quota_name, service.request_quotas) for service in SERVICES.values())
)
"""The names of all quotas in requests a second."""

_PROTECTING = {
    "events": eventbridge_data,
    "sqs": sqs_data,
    "connectcases": cases_data,
    "s3": s3_data,
    "customer-profiles": customer_profiles_data,
    "voice-id": voice_id_data,
    "wisdom": wisdom_data,
    "connectcampaigns": outbound_campaigns_data,
}

OWNERSHIPS: dict[str, dict[str, Ownership]] = {
    name: {ownership.kind: ownership for ownership in module.OWNERSHIPS} for name, module in _PROTECTING.items()
}

DATA_CLASSES: dict[str, tuple[DataClass, ...]] = {name: module.DATA_CLASSES for name, module in _PROTECTING.items()}

BACKGROUND: tuple[Callable[[Simulator], None], ...] = (voice_id_background.define,)
"""What services do without a request: each registers its kinds of job and of deadline with a new world."""
