"""The KMS key: a logical key with an ARN, a state and a policy; and how an identifier in a request finds it.

Follows "Key identifiers (KeyId)" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms import errors, refusals
from shared.catalog import arn as build_arn
from shared.database import Database, Row

if TYPE_CHECKING:
    from kms.operation import KmsCall

_KEY_ID = re.compile(r"(?:[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}|mrk-[0-9a-f]{32})\Z")
_KEY_ARN = re.compile(r"arn:aws:kms:(?P<region>[^:]*):(?P<account>\d{12}):(?P<resource>(?:key|alias)/.+)\Z")

AWS_KMS, EXTERNAL = "AWS_KMS", "EXTERNAL"
"""Origins of key material."""

CUSTOMER, AWS, SERVICE = "CUSTOMER", "AWS", "SERVICE"
"""Key managers. SERVICE keys are AWS owned: no customer ever sees one, so AWS has no word for them on the wire."""


@dataclass(frozen=True)
class KmsKey:
    """One KMS key as stored.

    created_at, deletion_at, next_rotation_at: seconds since the epoch of the virtual clock.
    rotation_period_days: None while automatic rotation is off.
    tags: tag key -> value. primary_region: None for a key of one Region.
    """

    arn: str
    key_id: str
    account_id: str
    region: str
    manager: str
    state: str
    policy: str
    description: str
    key_spec: str
    key_usage: str
    origin: str
    multi_region: bool
    tags: dict[str, str]
    created_at: float
    current_backing_key_id: str | None
    deletion_at: float | None
    pending_window_days: int | None
    rotation_period_days: int | None
    next_rotation_at: float | None
    on_demand_rotations: int
    primary_region: str | None
    custom_key_store_id: str | None
    xks_key_id: str | None
    state_when_available: str | None

    @classmethod
    def from_row(cls, row: Row) -> KmsKey:
        return cls(**{**row, "multi_region": bool(row["multi_region"])})

    @property
    def material_arn(self) -> str:
        """What the key's material is kept under: its ARN.

        Related multi-Region keys share what AWS KMS made for them, so their Region is left out; what customers import
        they import into each.
        """
        is_shared = self.multi_region and self.origin != EXTERNAL
        return key_arn("" if is_shared else self.region, self.account_id, self.key_id)

    @property
    def is_replica(self) -> bool:
        return self.multi_region and self.primary_region != self.region

    @property
    def is_enabled(self) -> bool:
        return self.state == "Enabled"

    @property
    def rotates_automatically(self) -> bool:
        return self.rotation_period_days is not None


def key_arn(region: str, account_id: str, key_id: str) -> str:
    return build_arn("kms", region, account_id, f"key/{key_id}")


def alias_arn(region: str, account_id: str, alias_name: str) -> str:
    return build_arn("kms", region, account_id, alias_name)


def find_key(database: Database, arn: str) -> KmsKey | None:
    row = database.find("kms_keys", {"arn": arn})
    return None if row is None else KmsKey.from_row(row)


def get_key(database: Database, arn: str) -> KmsKey:
    """Raises: NotFound."""
    key = find_key(database, arn)
    if key is None:
        raise errors.NotFound(f"Key '{arn}' does not exist")
    return key


def find_key_by_id(database: Database, region: str, key_id: str) -> KmsKey | None:
    """The key of a ciphertext blob, which names it by its id alone."""
    row = database.find("kms_keys", {"key_id": key_id, "region": region})
    return None if row is None else KmsKey.from_row(row)


def change_key(database: Database, key: KmsKey, **changes: Any) -> None:
    database.update("kms_keys", {"arn": key.arn}, changes)


def resolve(call: KmsCall, key_id: str, permission: str | None = None) -> tuple[KmsKey, str | None]:
    """The key that an identifier names for this caller, and the name of the alias that it was named by, if any.

    permission: what the key is wanted for, without "kms:", where it is not the operation's own name.
    Raises: NotFound, InvalidArn; AccessDenied for what is not there in another account, of which the caller may not
        learn that. Messages are recorded answers of AWS KMS.
    """
    try:
        return _resolve(call, key_id)
    except errors.NotFound as absence:
        if not _is_foreign(call, key_id):
            raise
        action = f"kms:{permission or call.name}"
        raise errors.AccessDenied(refusals.hiding(call.caller, action)) from absence


def _is_foreign(call: KmsCall, key_id: str) -> bool:
    """Whether an identifier names something of another account, in a form that the operation takes."""
    match = _KEY_ARN.match(key_id)
    if match is None or call.caller.is_service or match["region"] != call.caller.region:
        return False
    is_taken = call.facts.aliases or match["resource"].startswith("key/")
    return is_taken and match["account"] != call.caller.account_id


def _resolve(call: KmsCall, key_id: str) -> tuple[KmsKey, str | None]:
    if key_id.startswith("arn:"):
        return _resolve_arn(call, key_id)
    region, account_id = call.caller.region, call.caller.account_id
    if key_id.startswith("alias/"):
        return _resolve_alias(call, key_id, alias_arn(region, account_id, key_id))
    if not _KEY_ID.match(key_id):
        raise errors.NotFound(f"Invalid keyId '{key_id}'")
    return get_key(call.engine.database, key_arn(region, account_id, key_id)), None


def _resolve_arn(call: KmsCall, arn: str) -> tuple[KmsKey, str | None]:
    match = _KEY_ARN.match(arn)
    if match is None:
        raise errors.InvalidArn(f"Invalid arn {arn}")
    if match["region"] != call.caller.region:
        raise errors.NotFound(f"Invalid arn {match['region']}")
    if match["resource"].startswith("alias/"):
        return _resolve_alias(call, arn, arn)
    return get_key(call.engine.database, arn), None


def _resolve_alias(call: KmsCall, as_sent: str, arn: str) -> tuple[KmsKey, str]:
    if not call.facts.aliases:
        raise errors.NotFound(f"Invalid keyId '{as_sent}'")
    row = call.engine.database.find("aliases", {"arn": arn})
    if row is None:
        raise errors.NotFound(f"Alias {arn} is not found.")
    return get_key(call.engine.database, row["key_arn"]), row["name"]
