"""Who am I, whose access key is this, and what did that refusal say?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.sts import errors
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.call import ServiceCall


def get_caller_identity(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Everyone with credentials may ask, whatever their policies say."""
    principal = call.caller.principal
    return {"UserId": principal.unique_id, "Account": principal.account_id, "Arn": principal.arn}


def get_access_key_info(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    account_id = call.credentials.account_of_access_key(parameters["AccessKeyId"])
    if account_id is None:
        raise errors.invalid("The access key is of no account in this world.")
    return {"Account": account_id}


def decode_authorization_message(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """No simulated service encodes what it tells of a refusal, so no message is one that can be decoded."""
    raise ServiceError("InvalidAuthorizationMessageException", "The message is not valid.")
