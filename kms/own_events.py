"""Events of the trail for what AWS KMS does by itself: nobody called, so the account alone is named.

Follows the samples of "Logging AWS KMS API calls with AWS CloudTrail" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from kms.key import KmsKey
from shared.audit import ApiEvent, Resource

DELETE_KEY, ROTATE_KEY, DELETE_EXPIRED = "DeleteKey", "RotateKey", "DeleteExpiredKeyMaterial"
SYNCHRONIZE = "SynchronizeMultiRegionKey"

_WITH_DETAILS = frozenset({ROTATE_KEY, DELETE_EXPIRED})
"""Events whose serviceEventDetails name the key once more."""


def own_event(name: str, key: KmsKey, when: float | None) -> ApiEvent:
    """when: seconds since the epoch, None for now. Synchronisation alone counts as an API call, of AWS's own."""
    return ApiEvent(
        source="kms.amazonaws.com",
        name=name,
        region=key.region,
        caller=None,
        account_id=key.account_id,
        read_only=False,
        service_event_details={"keyId": key.key_id} if name in _WITH_DETAILS else None,
        resources=[Resource(key.arn, key.account_id)],
        time=when,
        is_api_call=name == SYNCHRONIZE,
    )
