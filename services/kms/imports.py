"""Imported key material on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import imports as engine
from services.kms.engine_call import perform

if TYPE_CHECKING:
    from services.call import ServiceCall


def get_parameters_for_import(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    given = perform(call, engine.get_parameters_for_import, parameters)
    return {
        "KeyId": given.key_arn,
        "PublicKey": given.public_key,
        "ImportToken": given.import_token,
        "ParametersValidTo": given.valid_to,
    }


def import_key_material(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key_arn, material_id = perform(call, engine.import_key_material, parameters)
    return {"KeyId": key_arn, "KeyMaterialId": material_id}


def delete_imported_key_material(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key_arn, material_id = perform(call, engine.delete_imported_key_material, parameters)
    return {"KeyId": key_arn, "KeyMaterialId": material_id}
