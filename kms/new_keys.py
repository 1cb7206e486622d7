"""New keys: who may make one, and how it rests. What CreateKey, ReplicateKey and services that make keys share."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from kms import backing_keys, errors, tags
from kms.authorization import authorize_by_iam
from kms.engine import Engine
from kms.key import AWS_KMS, CUSTOMER, EXTERNAL, KmsKey, get_key, key_arn
from kms.key_policy import bypass_condition, check_policy
from kms.key_specs import ENCRYPT_DECRYPT, SYMMETRIC_DEFAULT
from kms.operation import KmsCall
from kms.tables import limit as quota
from kms.times import DAY_SECONDS
from shared.principal_context import Value


@dataclass(frozen=True)
class Kind:
    """What a key is for good. custom_key_store_id, xks_key_id: for a key that lives in a custom key store."""

    spec: str = SYMMETRIC_DEFAULT
    usage: str = ENCRYPT_DECRYPT
    origin: str = AWS_KMS
    multi_region: bool = False
    custom_key_store_id: str | None = None
    xks_key_id: str | None = None


_USUAL = Kind()


def admit(
    call: KmsCall,
    *,
    conditions: Mapping[str, Value],
    policy: str | None,
    bypass_lockout_check: bool | None,
    tags_: Mapping[str, str],
) -> None:
    """Whether the caller may have a key in its Region, with this policy and these tags.

    conditions: the condition keys that say what key it is.
    Raises: AccessDenied, LimitExceeded, MalformedPolicyDocument, TagRefused.
    """
    conditions = {**bypass_condition(bypass_lockout_check), **conditions, **tags.conditions(tags_)}
    authorize_by_iam(call, permission="CreateKey", conditions=conditions)
    if tags_:
        tags.check(tags_)
        authorize_by_iam(call, permission="TagResource", conditions=conditions)
    if policy is not None:
        check_policy(call, policy, key=None, bypass_lockout_check=bypass_lockout_check)
    _check_room(call)


def _check_room(call: KmsCall) -> None:
    """Whether the caller's account can have one more key in its Region. Raises: LimitExceeded.

    Only customer managed keys count, in whatever state. Source: "Resource quotas" of the AWS KMS Developer Guide.
    """
    where = {"account_id": call.caller.account_id, "region": call.caller.region, "manager": CUSTOMER}
    if call.engine.database.count("kms_keys", where) >= quota("customerManagedKeys"):
        raise errors.LimitExceeded(
            f"The account {call.caller.account_id} has reached its quota of {quota('customerManagedKeys')} KMS keys."
        )


def add_key(
    engine: Engine,
    *,
    account_id: str,
    region: str,
    manager: str,
    policy: str,
    description: str,
    tags: dict[str, str] | None = None,
    rotation_period_days: int | None = None,
    kind: Kind = _USUAL,
) -> KmsKey:
    """Store a new key with its first backing key, or waiting for its import. No authorisation: that is the caller's."""
    key_id = f"mrk-{engine.randomness.hex(32)}" if kind.multi_region else engine.randomness.uuid()
    arn = key_arn(region, account_id, key_id)
    now = engine.clock.now()
    current = None
    if kind.origin != EXTERNAL:
        kept_under = key_arn("" if kind.multi_region else region, account_id, key_id)
        current = backing_keys.create(engine, kept_under, key_id, kind.spec, now)
    engine.database.insert(
        "kms_keys",
        {
            "arn": arn,
            "key_id": key_id,
            "account_id": account_id,
            "region": region,
            "manager": manager,
            "state": "PendingImport" if current is None else "Enabled",
            "policy": policy,
            "description": description,
            "key_spec": kind.spec,
            "key_usage": kind.usage,
            "origin": kind.origin,
            "multi_region": int(kind.multi_region),
            "tags": tags or {},
            "created_at": now,
            "current_backing_key_id": current,
            "deletion_at": None,
            "pending_window_days": None,
            "rotation_period_days": rotation_period_days,
            "next_rotation_at": None if rotation_period_days is None else now + rotation_period_days * DAY_SECONDS,
            "on_demand_rotations": 0,
            "primary_region": region if kind.multi_region else None,
            "custom_key_store_id": kind.custom_key_store_id,
            "xks_key_id": kind.xks_key_id,
            "state_when_available": None,
        },
    )
    return get_key(engine.database, arn)
