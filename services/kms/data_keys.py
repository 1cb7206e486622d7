"""Data keys and random bytes on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import data_keys as engine
from services.kms.engine_call import perform, refuse_unsimulated, wire

if TYPE_CHECKING:
    from services.call import ServiceCall


def generate_data_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    refuse_unsimulated(parameters, "Recipient")
    return wire(perform(call, engine.generate_data_key, parameters))


def generate_data_key_without_plaintext(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return wire(perform(call, engine.generate_data_key_without_plaintext, parameters))


def generate_random(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    refuse_unsimulated(parameters, "Recipient")
    return {"Plaintext": perform(call, engine.generate_random, parameters)}
