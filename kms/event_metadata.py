"""KeyMetadata as CloudTrail shows it: names in lower camel case, dates as text. Source: samples of CreateKey events."""

from __future__ import annotations

from typing import Any

from kms import key_specs
from kms.key import KmsKey
from shared.times import as_event_text


def event_metadata(key: KmsKey) -> dict[str, Any]:
    """What CreateKey's event shows of the new key."""
    return {
        "aWSAccountId": key.account_id,
        "keyId": key.key_id,
        "arn": key.arn,
        "creationDate": as_event_text(key.created_at),
        "enabled": key.is_enabled,
        "description": key.description,
        "keyUsage": key.key_usage,
        "keyState": key.state,
        "origin": key.origin,
        "keyManager": key.manager,
        "customerMasterKeySpec": key.key_spec,
        "keySpec": key.key_spec,
        key_specs.ALGORITHMS_MEMBER[key.key_usage]: key_specs.algorithms(key.key_spec, key.key_usage),
        "multiRegion": key.multi_region,
    }
