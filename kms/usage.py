"""GetKeyLastUsage: when a key was last used for cryptography, read from the trail, which knows it anyway.

Follows the KMS API reference. Only what succeeded counts; each key of a ReEncrypt was used.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from kms.key import KmsKey
from kms.operation import KmsCall, operation
from shared.database import Database

CRYPTOGRAPHIC = (
    "Decapsulate",
    "Decrypt",
    "DeriveSharedSecret",
    "Encapsulate",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateMac",
    "ReEncrypt",
    "Sign",
    "Verify",
    "VerifyMac",
)
_PAGE = 500


@dataclass(frozen=True)
class LastUsage:
    """used_at: seconds since the epoch. event_id: of the event in the key owner's trail."""

    operation: str
    used_at: float
    event_id: str
    request_id: str


@operation
def get_key_last_usage(call: KmsCall, *, key_id: str) -> tuple[KmsKey, LastUsage | None]:
    """The key, and its last successful use; None if there was none. Raises: as `KmsCall.authorized_key`."""
    key = call.authorized_key(key_id)
    return key, next(_uses(call.engine.database, key), None)


def _uses(database: Database, key: KmsKey) -> Iterator[LastUsage]:
    """The uses of a key, newest first."""
    where: dict[str, Any] = {"account_id": key.account_id, "region": key.region, "name": CRYPTOGRAPHIC}
    where |= {"source": "kms.amazonaws.com", "time__ge": key.created_at, "resources__has": key.arn}
    while rows := database.select("events", where, order=["-sequence"], limit=_PAGE):
        for row in rows:
            if "errorCode" not in json.loads(row["body"]):
                yield LastUsage(row["name"], row["time"], row["event_id"], row["request_id"])
        where["sequence__lt"] = rows[-1]["sequence"]
