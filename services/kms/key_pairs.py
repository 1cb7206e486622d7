"""Sign, Verify, GetPublicKey, DeriveSharedSecret, Encapsulate, Decapsulate and data key pairs on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import key_pairs as engine
from services.kms.engine_call import perform, refuse_unsimulated, wire
from services.kms.keys import specification

if TYPE_CHECKING:
    from services.call import ServiceCall


def sign(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key, signature = perform(call, engine.sign, parameters)
    return {"KeyId": key.arn, "Signature": signature, "SigningAlgorithm": parameters["SigningAlgorithm"]}


def verify(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key = perform(call, engine.verify, parameters)
    return {"KeyId": key.arn, "SignatureValid": True, "SigningAlgorithm": parameters["SigningAlgorithm"]}


def get_public_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    public = perform(call, engine.get_public_key, parameters)
    return {
        "KeyId": public.key.arn,
        "PublicKey": public.public_key,
        "KeyUsage": public.key.key_usage,
        **specification(public.key),
    }


def derive_shared_secret(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    refuse_unsimulated(parameters, "Recipient")
    key, secret = perform(call, engine.derive_shared_secret, parameters)
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "KeyAgreementAlgorithm": parameters["KeyAgreementAlgorithm"],
        "KeyOrigin": key.origin,
    }


def encapsulate(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key, secret, ciphertext = perform(call, engine.encapsulate, parameters)
    algorithm = parameters["EncapsulationAlgorithm"]
    return {
        "KeyId": key.arn,
        "SharedSecret": secret,
        "SharedSecretCiphertextBlob": ciphertext,
        "EncapsulationAlgorithm": algorithm,
    }


def decapsulate(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    key, secret = perform(call, engine.decapsulate, parameters)
    algorithm = parameters["EncapsulationAlgorithm"]
    return {"KeyId": key.arn, "SharedSecret": secret, "EncapsulationAlgorithm": algorithm}


def generate_data_key_pair(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    refuse_unsimulated(parameters, "Recipient")
    return wire(perform(call, engine.generate_data_key_pair, parameters))


def generate_data_key_pair_without_plaintext(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    return wire(perform(call, engine.generate_data_key_pair_without_plaintext, parameters))
