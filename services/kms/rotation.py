"""Rotation on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import rotation as engine
from services.kms.engine_call import perform, wire_page

if TYPE_CHECKING:
    from services.call import ServiceCall


def enable_key_rotation(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.enable_key_rotation, parameters)


def disable_key_rotation(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.disable_key_rotation, parameters)


def get_key_rotation_status(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    status = perform(call, engine.get_key_rotation_status, parameters)
    return {
        "KeyId": status.key_arn.rpartition("/")[2],
        "KeyRotationEnabled": status.enabled,
        "RotationPeriodInDays": status.period_days,
        "NextRotationDate": status.next_rotation_at,
    }


def rotate_key_on_demand(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return {"KeyId": perform(call, engine.rotate_key_on_demand, parameters)}


def list_key_rotations(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    page = perform(call, engine.list_key_rotations, parameters)
    return wire_page(page, "Rotations", [_entry(entry) for entry in page.items])


def _entry(entry: engine.RotationEntry) -> dict[str, Any]:
    material = entry.material
    told = {
        "KeyId": entry.key_arn.rpartition("/")[2],
        "KeyMaterialId": entry.key_material_id,
        "KeyMaterialState": _state(entry),
        "RotationDate": entry.rotated_at,
        "RotationType": material.rotation_type,
    }
    if not entry.is_imported:
        return told
    return {
        **told,
        "ImportState": "IMPORTED" if material.is_here else "PENDING_IMPORT",
        "ExpirationModel": material.expiration_model,
        "ValidTo": material.valid_to,
        "KeyMaterialDescription": material.description,
    }


def _state(entry: engine.RotationEntry) -> str:
    if entry.waits_for_replicas:
        return "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    if entry.material.is_pending:
        return "PENDING_ROTATION"
    return "CURRENT" if entry.is_current else "NON_CURRENT"
