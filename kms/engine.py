"""The door: every call names its caller, and leaves an event.

    kms = engine.session()
    blob = kms.perform(caller, cryptographic.encrypt, key_id="alias/mine", plaintext=b"...").ciphertext_blob

A session belongs to one request. It gathers the events of its calls, refusals included, and what those that were
answered cost; `flush` writes both, so that a request that fails as a whole still leaves what it tried.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Concatenate, ParamSpec, TypeVar

from kms import errors, meter
from kms.key_hierarchy import DomainKey
from kms.operation import FACTS, KmsCall, aws_name
from kms.request_rates import RequestRates
from shared.audit import ApiEvent, Trail
from shared.clock import Clock
from shared.database import Database
from shared.faults import Faults
from shared.identities import Identities
from shared.identity import Caller
from shared.randomness import Randomness
from shared.times import as_event_text

P = ParamSpec("P")
R = TypeVar("R")

EVENT_SOURCE = "kms.amazonaws.com"


@dataclass(frozen=True)
class Engine:
    """What all operations stand on. One per simulated world."""

    database: Database
    clock: Clock
    randomness: Randomness
    trail: Trail
    identities: Identities
    domain_key: DomainKey
    faults: Faults
    rates: RequestRates

    def session(self) -> Session:
        return Session(self)


class Session:
    """The door for one request."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.events: list[ApiEvent] = []
        self._charges: list[tuple[KmsCall, meter.Charge]] = []

    def perform(
        self,
        caller: Caller,
        operation: Callable[Concatenate[KmsCall, P], R],
        *args: P.args,
        **kwargs: P.kwargs,
    ) -> R:
        """Make one call of the engine as `caller`. Raises: KmsRefusal."""
        call = KmsCall(self.engine, caller, aws_name(operation))
        refusal: errors.KmsRefusal | None = None
        try:
            self.engine.rates.begin(call, kwargs)
            result = operation(call, *args, **kwargs)
            self._charge(call)
            return result
        except errors.KmsRefusal as error:
            refusal = error
            raise
        finally:
            self.events.append(_event(call, dict(kwargs), refusal))

    def _charge(self, call: KmsCall) -> None:
        charge = meter.charge_of(call)
        if charge is not None:
            self._charges.append((call, charge))

    def flush(self, *, undone: bool = False) -> None:
        """Write the events to the trail and count the requests; of one that was undone, reads and refusals happened."""
        for event in self.events:
            if not undone or event.read_only or event.error_code is not None:
                self.engine.trail.record(event)
        self.events.clear()
        happened = [charge for call, charge in self._charges if not undone or call.facts.read_only]
        meter.count(self.engine.database, self.engine.clock.now(), happened)
        self._charges.clear()


_EVENT_ERROR_CODES: dict[type[errors.KmsRefusal], str] = {
    errors.AccessDenied: "AccessDenied",
    errors.CiphertextRejected: "InvalidCiphertextException",
    errors.KeyDisabled: "DisabledException",
    errors.InvalidKeyState: "KMSInvalidStateException",
    errors.InvalidRequest: "ValidationException",
    errors.InvalidSignature: "KMSInvalidSignatureException",
    errors.CustomKeyStoreHasKeys: "CustomKeyStoreHasCMKsException",
    errors.InvalidMac: "KMSInvalidMacException",
    errors.TagRefused: "TagException",
    errors.DryRunSucceeded: "DryRunOperationException",
}
"""Codes that are not the class's own name with "Exception" behind it."""


def error_code(refusal: errors.KmsRefusal) -> str:
    """The code of a refusal in the trail."""
    kind = type(refusal)
    return _EVENT_ERROR_CODES.get(kind, f"{kind.__name__}Exception")


def _event(call: KmsCall, arguments: dict[str, Any], refusal: errors.KmsRefusal | None) -> ApiEvent:
    facts = FACTS[call.name]
    crosses = call.caller.is_service and facts.read_only and call.name != "DescribeKey"
    return ApiEvent(
        source=EVENT_SOURCE,
        name=call.name,
        region=call.caller.region,
        caller=call.caller,
        account_id=call.caller.account_id,
        read_only=facts.read_only,
        request_parameters={**(_logged(call.name, arguments) or {}), **call.shown} or None,
        response_elements=call.response,
        resources=list(call.resources),
        lists_resources=not call.name.endswith(("CustomKeyStore", "CustomKeyStores")),
        error_code=None if refusal is None else error_code(refusal),
        error_message=None if refusal is None else refusal.message,
        additional=call.additional,
        shared=crosses,
        request_id=call.caller.request_id or call.engine.randomness.uuid(),
        rulings=call.rulings,
    )


_ALGORITHM = {"encryptionAlgorithm": "SYMMETRIC_DEFAULT"}
_ALWAYS_LOGGED: dict[str, dict[str, Any]] = {
    "CreateKey": {
        "description": "",
        "origin": "AWS_KMS",
        "bypassPolicyLockoutSafetyCheck": False,
    },
    "ReplicateKey": {"bypassPolicyLockoutSafetyCheck": False},
    "PutKeyPolicy": {"bypassPolicyLockoutSafetyCheck": False},
    "Sign": {"messageType": "RAW"},
    "Verify": {"messageType": "RAW"},
    "Encrypt": _ALGORITHM,
    "Decrypt": _ALGORITHM,
    "ReEncrypt": {
        "sourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
        "destinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
    },
}
"""Parameters that the trail shows even when they were not sent, with the values that then counted."""


def _logged(name: str, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """The arguments that the trail shows, in its casing; the rest never reaches an event."""
    shown = dict(_ALWAYS_LOGGED.get(name, {}))
    for argument, value in arguments.items():
        parameter = _camel(argument)
        if parameter in FACTS[name].logged and value is not None and value not in ((), {}):
            shown[parameter] = _camel_members(parameter, value)
    return shown or None


def _camel(name: str) -> str:
    first, *rest = name.rstrip("_").split("_")
    return first + "".join(word.capitalize() for word in rest)


def _camel_members(name: str, value: Any) -> Any:
    if isinstance(value, datetime):
        return as_event_text(value.timestamp())
    if name == "tags":
        return [{"tagKey": key, "tagValue": text} for key, text in value.items()]
    if name == "constraints":
        return {kind[0].lower() + kind[1:]: given for kind, given in value.items()}
    return list(value) if isinstance(value, tuple) else value
