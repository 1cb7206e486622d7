"""The event bus as it rests: its scope, and how parameters name it. No operations here."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from kms.encrypted_store import EncryptedStore
from kms.ownership import AwsOwned, Scope
from services.eventbridge import errors
from services.eventbridge.data_classes import CONTEXT_KEY
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

DEFAULT_BUS = "default"
BUS = "bus"
"""The class of the plain records of custom buses; the default bus needs none."""

_BUS_ARN = re.compile(r"arn:aws:events:([a-z0-9-]+):([0-9]{12}):event-bus/(.+)")


def bus_arn(region: str, account_id: str, name: str) -> str:
    return build_arn("events", region, account_id, f"event-bus/{name}")


def register_arn(region: str, account_id: str) -> str:
    """Where the plain list of an account's custom buses stands."""
    return build_arn("events", region, account_id, "event-buses")


def bus_name(arn: str) -> str:
    return arn.partition(":event-bus/")[2]


def scope_of(store: EncryptedStore, arn: str) -> Scope:
    """The scope of a bus that is known to exist. The default bus is there before anyone asks: it gets its key here.

    Raises: KmsRefusal.
    """
    return store.find_scope(arn) or store.create_own_scope(arn, AwsOwned.kind, {CONTEXT_KEY: arn})


def find_bus(store: EncryptedStore, region: str, account_id: str, name: str) -> Scope | None:
    """A bus of an account and Region by its name."""
    if name != DEFAULT_BUS and store.find(register_arn(region, account_id), BUS, name) is None:
        return None
    return scope_of(store, bus_arn(region, account_id, name))


def get_bus(call: ServiceCall, name_or_arn: str | None) -> Scope:
    """The bus that a parameter names, by name or ARN; without one the default bus.

    Raises: ServiceError("ResourceNotFoundException"), for buses of other accounts and Regions too.
    """
    region, account_id, name = call.region, call.account_id, name_or_arn or DEFAULT_BUS
    if matched := _BUS_ARN.fullmatch(name):
        region, account_id, name = matched[1], matched[2], matched[3]
    own = (region, account_id) == (call.region, call.account_id)
    bus = find_bus(call.store, region, account_id, name) if own else None
    if bus is None:
        raise errors.not_found(f"Event bus {name_or_arn or DEFAULT_BUS} does not exist.")
    return bus
