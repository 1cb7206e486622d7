"""Aliases: names for keys that can be pointed elsewhere. Follows "Using aliases" of the AWS KMS Developer Guide."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

from kms import errors, key_specs, key_states, refusals
from kms.authorization import authorize_by_iam
from kms.engine import Engine
from kms.key import KmsKey, alias_arn, get_key, resolve
from kms.operation import KmsCall, operation
from kms.paging import Page, page_of
from kms.tables import limit as quota
from shared.identity import Caller

_NAME = re.compile(r"alias/[a-zA-Z0-9/_-]+\Z")


@dataclass(frozen=True)
class Alias:
    """created_at, updated_at: seconds since the epoch. key_arn: None for an alias of AWS without a key yet."""

    arn: str
    account_id: str
    region: str
    name: str
    key_arn: str | None
    created_at: float
    updated_at: float


@operation
def create_alias(call: KmsCall, *, alias_name: str, target_key_id: str) -> None:
    """Name a key of the caller's account.

    Raises: as `KmsCall.authorized_key`; InvalidRequest, AlreadyExists, NotAuthorized, LimitExceeded.
    """
    arn = _checked_arn(call, alias_name)
    key = _target(call, target_key_id)
    authorize_by_iam(call, permission=call.name, resource=arn)
    if call.engine.database.find("aliases", {"arn": arn}) is not None:
        raise errors.AlreadyExists(f"An alias with the name {arn} already exists")
    _check_room(call, key)
    call.touches(arn, call.caller.account_id)
    add_alias(call.engine, call.caller, alias_name, key.arn)
    call.response = {"keyId": key.arn}


def add_alias(engine: Engine, caller: Caller, name: str, key_arn: str) -> None:
    """Store an alias in the caller's account and Region."""
    now = engine.clock.now()
    engine.database.insert(
        "aliases",
        {
            "arn": alias_arn(caller.region, caller.account_id, name),
            "account_id": caller.account_id,
            "region": caller.region,
            "name": name,
            "key_arn": key_arn,
            "created_at": now,
            "updated_at": now,
        },
    )


@operation
def update_alias(call: KmsCall, *, alias_name: str, target_key_id: str) -> None:
    """Point an alias at another key of the same kind; right on both keys and on the alias is needed.

    Raises: as `create_alias`, but AlreadyExists; NotFound, InvalidKeyState.
    """
    arn = _checked_arn(call, alias_name)
    alias = _get_alias(call, arn)
    new = _target(call, target_key_id)
    key_states.refuse_pending_deletion(new)
    old = call.authorized_key(alias.key_arn or "")
    authorize_by_iam(call, permission=call.name, resource=arn)
    if not key_specs.are_alike(old, new):
        raise errors.InvalidRequest("The current and the new key must be of the same type and usage.")
    if new.arn != old.arn:
        _check_room(call, new)
    call.engine.database.update("aliases", {"arn": arn}, {"key_arn": new.arn, "updated_at": call.engine.clock.now()})
    call.touches(arn, call.caller.account_id)
    call.response = {"keyId": new.arn}


@operation
def delete_alias(call: KmsCall, *, alias_name: str) -> None:
    arn = _checked_arn(call, alias_name)
    alias = _get_alias(call, arn)
    key = call.authorized_key(alias.key_arn or "")
    authorize_by_iam(call, permission=call.name, resource=arn)
    call.engine.database.delete("aliases", {"arn": arn})
    call.touches(arn, call.caller.account_id)
    call.response = {"keyId": key.arn}


@operation
def list_aliases(
    call: KmsCall, *, key_id: str | None = None, limit: int | None = None, marker: str | None = None
) -> Page[Alias]:
    """The aliases of the caller's account and Region, of one key of that account if it is given.

    Raises: NotFound, InvalidArn, InvalidMarker, InvalidRequest; AccessDenied, for a key of another account too.
    """
    authorize_by_iam(call, permission=call.name)
    where: dict[str, Any] = {"account_id": call.caller.account_id, "region": call.caller.region}
    if key_id is not None:
        key = resolve(call, key_id)[0]
        if key.account_id != call.caller.account_id:
            raise errors.AccessDenied(refusals.hiding(call.caller, "kms:ListAliases"))
        where["key_arn"] = key.arn
    return page_of(call, "aliases", where, "name", limit, marker, Alias)


def _checked_arn(call: KmsCall, alias_name: str) -> str:
    if not alias_name.startswith("alias/"):
        raise errors.InvalidRequest(
            'Alias must start with the prefix "alias/". Please see '
            "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
        )
    if not _NAME.match(alias_name):
        raise errors.InvalidRequest(f"{alias_name} contains invalid characters for an alias")
    if alias_name.startswith("alias/aws/"):
        raise errors.NotAuthorized
    return alias_arn(call.caller.region, call.caller.account_id, alias_name)


def _check_room(call: KmsCall, key: KmsKey) -> None:
    if call.engine.database.count("aliases", {"key_arn": key.arn}) >= quota("aliasesPerKey"):
        raise errors.LimitExceeded(f"Alias limit exceeded for key {key.arn}")


def _get_alias(call: KmsCall, arn: str) -> Alias:
    row = call.engine.database.find("aliases", {"arn": arn})
    if row is None:
        raise errors.NotFound(f"Alias {arn} is not found.")
    return Alias(**row)


def _target(call: KmsCall, target_key_id: str) -> KmsKey:
    if "alias/" in target_key_id:
        raise errors.InvalidRequest("Aliases must refer to keys. Not aliases")
    key = call.authorized_key(target_key_id)
    if key.account_id != call.caller.account_id:
        raise errors.NotFound(f"Key '{key.arn}' does not exist")
    return get_key(call.engine.database, key.arn)
