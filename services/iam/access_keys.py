"""Access keys of users. The secret is told once, when the key is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.iam import errors, limits
from services.iam.entities import authorize, own_or_named_user, page_of
from shared.credentials import ACTIVE
from shared.database import Row

if TYPE_CHECKING:
    from services.call import ServiceCall


def create_access_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    user = own_or_named_user(call, parameters)
    count = call.database.count("access_keys", {"principal_arn": user["arn"]})
    limits.check(count, limits.ACCESS_KEYS_PER_USER, "AccessKeysPerUser")
    key = call.credentials.create_access_key(user["arn"])
    return {
        "AccessKey": {
            "UserName": user["name"],
            "AccessKeyId": key.access_key_id,
            "Status": ACTIVE,
            "SecretAccessKey": key.secret_access_key,
            "CreateDate": call.clock.now(),
        }
    }


def list_access_keys(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    user = own_or_named_user(call, parameters)
    keys = {
        row["access_key_id"]: {
            "UserName": user["name"],
            "AccessKeyId": row["access_key_id"],
            "Status": row["status"],
            "CreateDate": row["created_at"],
        }
        for row in call.database.select("access_keys", {"principal_arn": user["arn"]})
    }
    page, more = page_of(call, keys)
    return {"AccessKeyMetadata": page, **more}


def update_access_key(parameters: dict[str, Any], call: ServiceCall) -> None:
    """Switch a key off or on; while it is off, its signatures are refused."""
    key = _key_of_user(parameters, call)
    if parameters["Status"] == "Expired":
        raise errors.invalid("Status must be Active or Inactive.")
    call.database.update("access_keys", {"access_key_id": key["access_key_id"]}, {"status": parameters["Status"]})


def delete_access_key(parameters: dict[str, Any], call: ServiceCall) -> None:
    key = _key_of_user(parameters, call)
    call.database.delete("access_keys", {"access_key_id": key["access_key_id"]})


def get_access_key_last_used(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Read from the trail: the last call under the key."""
    access_key_id = parameters["AccessKeyId"]
    key = call.database.find("access_keys", {"access_key_id": access_key_id})
    owner = None if key is None else call.identities.find_principal(key["principal_arn"])
    if owner is None or owner.account_id != call.account_id:
        authorize(call, "*")
        raise errors.no_such("Access Key", access_key_id)
    authorize(call, owner.arn)
    where = {"account_id": call.account_id, "access_key_id": access_key_id}
    events = call.database.select("events", where, order=["-sequence"], limit=1)
    return {"UserName": owner.name, "AccessKeyLastUsed": _use(events[0] if events else None)}


def _use(event: Row | None) -> dict[str, Any]:
    if event is None:
        return {"ServiceName": "N/A", "Region": "N/A"}
    service = event["source"].removesuffix(".amazonaws.com")
    return {"LastUsedDate": event["time"], "ServiceName": service, "Region": event["region"]}


def _key_of_user(parameters: dict[str, Any], call: ServiceCall) -> Row:
    user = own_or_named_user(call, parameters)
    access_key_id = parameters["AccessKeyId"]
    row = call.database.find("access_keys", {"access_key_id": access_key_id, "principal_arn": user["arn"]})
    if row is None:
        raise errors.no_such("Access Key", access_key_id)
    return row
