"""The KMS key of a domain: chosen at its creation, switched later, and checked by Voice ID both times."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from kms import keys
from kms.errors import KmsRefusal
from kms.ownership import CustomerManaged, Provision, Scope
from services.scope_keys import is_key_of
from services.voice_id import errors
from services.voice_id.data_classes import CONTEXT_KEY
from services.voice_id.domain import Domain, latest_key_switch
from shared.catalog import arn as build_arn
from shared.jobs import FAILED, IN_PROGRESS

if TYPE_CHECKING:
    from services.call import ServiceCall


def protect(call: ServiceCall, arn: str, key_id: str) -> Scope:
    """Put a new domain under a key: DescribeKey and CreateGrant by the caller's session, DescribeKey by the grant.

    key_id: key id, key ARN, alias name or alias ARN.
    Raises: ServiceError("ValidationException") for a key that cannot serve;
    ServiceError("AccessDeniedException") for a right that the caller lacks.
    """
    try:
        scope = call.store.create_scope(arn, CustomerManaged.kind, {CONTEXT_KEY: arn}, key_id=key_id)
        _describe_by_grant(call, scope, key_id)
    except KmsRefusal as refusal:
        raise errors.unusable_key(refusal, key_id, call.account_id) from refusal
    return scope


def apply_key(call: ServiceCall, domain: Domain, key_id: str) -> Scope:
    """Give a domain the key that UpdateDomain names, if it has another; and a grant, if the one it had is gone.

    What is stored under the old key stays there until `move_data` has started its job and the job has run.
    Raises: as `protect`; ServiceError("ConflictException") while another switch is under way.
    """
    try:
        if not is_key_of(call, domain.scope, key_id):
            _refuse_second_switch(call, domain)
        elif call.store.is_provided(domain.scope):
            return domain.scope
        scope = call.store.rekey_scope(domain.scope, CustomerManaged.kind, key_id=key_id)
        _describe_by_grant(call, scope, key_id)
    except KmsRefusal as refusal:
        raise errors.unusable_key(refusal, key_id, call.account_id) from refusal
    return scope


def move_data(call: ServiceCall, before: Domain, scope: Scope) -> None:
    """Start the re-encryption under another key, or take up again one that failed."""
    if scope.key_arn != before.scope.key_arn:
        previous = Provision(before.scope.key_arn, before.scope.grant_id)
        call.simulator.reencryption.start(scope, previous)
        return
    last = latest_key_switch(call, before)
    if last is not None and last.status == FAILED:
        call.simulator.reencryption.retry(scope)


def _refuse_second_switch(call: ServiceCall, domain: Domain) -> None:
    last = latest_key_switch(call, domain)
    if last is not None and last.status == IN_PROGRESS:
        raise errors.conflict(errors.LOCKED)


def _describe_by_grant(call: ServiceCall, scope: Scope, key_id: str) -> None:
    """Voice ID sees for itself that the key is valid: DescribeKey is among the seed's uses of the grant.

    Names without an account mean one of whoever calls, so Voice ID names the customer's key or alias by its ARN.
    """
    is_alias = key_id.startswith("alias/")
    named = build_arn("kms", scope.region, scope.account_id, key_id) if is_alias else scope.key_arn
    alone = call.store.owner(scope).alone(scope.region, scope.arn)
    service = replace(alone, request_id=call.request_id)
    call.kms.perform(service, keys.describe_key, key_id=named)
