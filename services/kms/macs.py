"""GenerateMac and VerifyMac on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import macs as engine
from services.kms.engine_call import perform

if TYPE_CHECKING:
    from services.call import ServiceCall


def generate_mac(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key, mac = perform(call, engine.generate_mac, parameters)
    return {"KeyId": key.arn, "Mac": mac, "MacAlgorithm": parameters["MacAlgorithm"]}


def verify_mac(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key = perform(call, engine.verify_mac, parameters)
    return {"KeyId": key.arn, "MacValid": True, "MacAlgorithm": parameters["MacAlgorithm"]}
