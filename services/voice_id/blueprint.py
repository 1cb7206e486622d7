"""The blueprint of Amazon Connect Voice ID."""

from __future__ import annotations

from typing import Any

from services.voice_id import (
    domains,
    errors,
    fraudster_registration_jobs,
    fraudsters,
    sessions,
    speaker_enrollment_jobs,
    speakers,
    tags,
    watchlists,
)
from services.voice_id.data_classes import DATA_CLASSES
from services.voice_id.domain import domain_arn
from shared.identity import Caller
from shared.service import Service, quotas


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The domain that an operation is about; creating and listing domains are about none."""
    if "ResourceArn" in parameters:
        return str(parameters["ResourceArn"])
    domain_id = parameters.get("DomainId")
    return "*" if domain_id is None else domain_arn(caller, domain_id)


_PER_SECOND: dict[float, tuple[str, ...]] = {
    60: ("EvaluateSession",),
    10: ("DescribeSpeaker", "OptOutSpeaker", "DeleteSpeaker", "DescribeFraudster", "DeleteFraudster"),
    5: ("ListSpeakers",),
    2: (
        *("CreateDomain", "DescribeDomain", "UpdateDomain", "DeleteDomain", "ListDomains"),
        *("StartSpeakerEnrollmentJob", "DescribeSpeakerEnrollmentJob", "ListSpeakerEnrollmentJobs"),
        *("StartFraudsterRegistrationJob", "DescribeFraudsterRegistrationJob", "ListFraudsterRegistrationJobs"),
        *("TagResource", "UntagResource", "ListTagsForResource"),
    ),
}
"""Source: "Amazon Connect Voice ID service quotas"; it says nothing of watchlists, which came later."""

SERVICE = Service(
    client_name="voice-id",
    modules=(
        domains,
        speakers,
        fraudsters,
        watchlists,
        speaker_enrollment_jobs,
        fraudster_registration_jobs,
        sessions,
        tags,
    ),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    request_quotas=quotas(_PER_SECOND),
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)),
)
