"""Onboarding: an instance gets its key, the customer's or one of its own, and keeps it until it is offboarded.

Follows the outbound campaigns API reference. The work of a job is done at once; its outcome is told as AWS tells it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import errors as kms_errors
from kms.ownership import CustomerManaged, InstanceSpecific
from services.outbound_campaigns import errors
from services.outbound_campaigns.campaign import campaigns_of
from services.outbound_campaigns.data_classes import CONTEXT_KEY
from services.outbound_campaigns.instance import get_instance, instance_arn
from services.scope_keys import is_key_of
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

SUCCEEDED, FAILED = "SUCCEEDED", "FAILED"
_JOB = "onboarding-job"
"""The data class of the plain record of an instance's last job."""


def start_instance_onboarding_job(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Give an instance its key. A key that cannot serve fails the job, not the call."""
    instance_id, config = parameters["connectInstanceId"], parameters["encryptionConfig"]
    if config["enabled"] and not config.get("keyArn"):
        raise errors.invalid("encryptionConfig.keyArn is required if encryption with your key is enabled.")
    key_id = config.get("keyArn") if config["enabled"] else None
    if not _is_onboarded(call, instance_id, key_id):
        _onboard(call, instance_id, key_id)
    return get_instance_onboarding_job_status(parameters, call)


def get_instance_onboarding_job_status(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    record = call.store.find(_register_arn(call), _JOB, parameters["connectInstanceId"])
    if record is None:
        raise errors.not_found(f"An onboarding job of instance {parameters['connectInstanceId']}")
    status = {"connectInstanceId": record.record_id, **record.attributes}
    return {"connectInstanceOnboardingJobStatus": status}


def delete_instance_onboarding_job(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Forget a job that failed; one that succeeded goes with the instance's configuration."""
    record = call.store.find(_register_arn(call), _JOB, parameters["connectInstanceId"])
    if record is None:
        raise errors.not_found(f"An onboarding job of instance {parameters['connectInstanceId']}")
    if record.attributes["status"] == SUCCEEDED:
        raise errors.invalid_state("The instance is onboarded; delete its configuration instead.")
    call.store.delete(record)


def get_connect_instance_config(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    scope = get_instance(call, parameters["connectInstanceId"])
    has_own_key = scope.ownership == CustomerManaged.kind
    encryption: dict[str, Any] = {"enabled": has_own_key}
    if has_own_key:
        encryption |= {"encryptionType": "KMS", "keyArn": scope.key_arn}
    role = "role/aws-service-role/connect-campaigns.amazonaws.com/AWSServiceRoleForConnectCampaigns"
    return {
        "connectInstanceConfig": {
            "connectInstanceId": parameters["connectInstanceId"],
            "serviceLinkedRoleArn": build_arn("iam", "", call.account_id, role),
            "encryptionConfig": encryption,
        }
    }


def delete_connect_instance_config(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Offboard an instance: its grant is retired, or its own key destroyed. Its campaigns must be gone."""
    instance_id = parameters["connectInstanceId"]
    scope = get_instance(call, instance_id)
    if any(campaigns_of(call, instance_id)):
        raise errors.invalid_state("The instance has campaigns; delete them first.")
    call.simulator.reencryption.abandon(scope, call.store)
    call.store.delete_scope(scope)
    record = call.store.find(_register_arn(call), _JOB, instance_id)
    if record is not None:
        call.store.delete(record)


def _is_onboarded(call: ServiceCall, instance_id: str, key_id: str | None) -> bool:
    """Whether nothing is left to do. Raises: ServiceError("ConflictException") if the instance has another key."""
    scope = call.store.find_scope(instance_arn(call.region, call.account_id, instance_id))
    if scope is None:
        return False
    has_own_key = scope.ownership == CustomerManaged.kind
    if has_own_key != (key_id is not None) or (key_id is not None and not is_key_of(call, scope, key_id)):
        raise errors.conflict("The instance is onboarded with another key; offboard it first.")
    return True


def _onboard(call: ServiceCall, instance_id: str, key_id: str | None) -> None:
    arn = instance_arn(call.region, call.account_id, instance_id)
    kind = InstanceSpecific.kind if key_id is None else CustomerManaged.kind
    job = {"status": SUCCEEDED}
    try:
        with call.database.unit():
            call.store.create_scope(arn, kind, {CONTEXT_KEY: arn}, key_id=key_id)
    except kms_errors.KmsRefusal as refusal:
        denied = isinstance(refusal, kms_errors.AccessDenied)
        job = {"status": FAILED, "failureCode": errors.KMS_ACCESS_DENIED if denied else errors.KMS_KEY_NOT_FOUND}
    call.store.put_plain(_register_arn(call), _JOB, instance_id, job)


def _register_arn(call: ServiceCall) -> str:
    """Where the plain list of an account's jobs stands."""
    return build_arn("connect-campaigns", call.region, call.account_id, "onboarding-jobs")
