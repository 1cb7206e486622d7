"""The role that a customer gives a batch job: may the caller pass it on, and may Voice ID take it?

Source: the permissions of "Batch enrollment using audio data from prior calls" of the Connect Administrator Guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from services.passing_roles import authorize_passing
from services.sts.assume_role import assume_role_as_service
from services.voice_id import errors
from services.voice_id.domain import Domain
from services.voice_id.worker import Worker
from shared.catalog import SERVICES
from shared.identity import Caller

if TYPE_CHECKING:
    from services.call import ServiceCall


def check_role(call: ServiceCall, role_arn: str, domain: Domain) -> None:
    """Refuse a role that the caller may not pass to Voice ID. Whether it serves is seen when the job uses it.

    Raises: ServiceError("AccessDeniedException"), and "ValidationException" for a role of another account.
    """
    if role_arn.split(":")[4] != call.account_id:
        raise errors.invalid("The data access role must be in the account of the domain.")
    authorize_passing(call, role_arn, for_resource=domain.arn)


def assume_role(worker: Worker, domain: Domain, role_arn: str, job_id: str) -> Caller:
    """Voice ID as the customer's role, for as long as a step of a job. Raises: ServiceError if it is not trusted."""
    return assume_role_as_service(
        worker.simulator,
        SERVICES["voice-id"],
        role_arn,
        region=domain.scope.region,
        session_name=f"VoiceIdBatchJob-{job_id}",
        source_arn=domain.arn,
    )
