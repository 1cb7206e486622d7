"""Operation x key state, as one table: `tables/key_states.json` says what every operation does in every state.

Follows "Key states of AWS KMS keys" of the AWS KMS Developer Guide.
"""

from __future__ import annotations

from functools import cache
from typing import Any

from kms import errors, tables
from kms.key import KmsKey

_EXCEPTION_OF_CODE: dict[str, type[errors.KmsRefusal]] = {
    "DisabledException": errors.KeyDisabled,
    "KMSInvalidStateException": errors.InvalidKeyState,
    "UnsupportedOperationException": errors.UnsupportedOperation,
}


def check(operation: str, key: KmsKey) -> None:
    """Refuse an operation that the key's state does not allow.

    Conditional rows are decided where their condition is known: by origin here, the rest by the operation itself.
    Raises: KeyDisabled, InvalidKeyState, UnsupportedOperation.
    """
    outcome = _outcome(operation, key.state)
    if outcome["outcome"] == "conditional":
        outcome = _case_by_origin(outcome["cases"], key)
    if outcome["outcome"] == "error":
        raise _EXCEPTION_OF_CODE[outcome["code"]](_message(outcome["message"] or "", key))


def refuse_pending_deletion(key: KmsKey) -> None:
    """Raises: InvalidKeyState if a key's deletion is scheduled."""
    if key.state in ("PendingDeletion", "PendingReplicaDeletion"):
        raise errors.InvalidKeyState(_message("<keyArn> is pending deletion.", key))


@cache
def _outcome(operation: str, state: str) -> dict[str, Any]:
    table = tables.load("key_states")
    row = table["operations"].get(operation)
    if row is None:
        return {"outcome": "ok"}
    column = "PendingDeletion" if state == "PendingReplicaDeletion" else state
    outcome: dict[str, Any] = table["outcomes"][row["row"][table["columns"].index(column)]]
    return outcome


def _case_by_origin(cases: list[dict[str, Any]], key: KmsKey) -> dict[str, Any]:
    for case in cases:
        when = case["when"]
        if when.startswith(f"Origin={key.origin}") or when == "any other Origin":
            return case
    return {"outcome": "ok"}


def _message(template: str, key: KmsKey) -> str:
    message = template.replace("<keyArn>", key.arn).replace("<Origin>", key.origin)
    if key.state == "PendingReplicaDeletion":
        return message.replace("pending deletion", "pending replica deletion")
    return message
