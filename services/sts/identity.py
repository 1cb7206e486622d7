"""GetCallerIdentity: everyone with credentials may ask, whatever their policies say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.call import ServiceCall


def get_caller_identity(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    principal = call.caller.principal
    return {"UserId": principal.unique_id, "Account": principal.account_id, "Arn": principal.arn}
