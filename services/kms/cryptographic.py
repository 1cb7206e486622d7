"""Encrypt, Decrypt and ReEncrypt on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import cryptographic as engine
from services.kms.engine_call import perform, refuse_unsimulated, wire

if TYPE_CHECKING:
    from services.call import ServiceCall


def encrypt(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return wire(perform(call, engine.encrypt, parameters))


def decrypt(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    refuse_unsimulated(parameters, "Recipient")
    return wire(perform(call, engine.decrypt, parameters))


def re_encrypt(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return wire(perform(call, engine.re_encrypt, parameters))
