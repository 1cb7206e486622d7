"""What the Customer Profiles tests share."""

from __future__ import annotations

from typing import Any

SERVICE = "profile.amazonaws.com"

ORDER_TYPE = {
    "Description": "Orders of the shop",
    "Fields": {
        "order": {"Source": "_source.order.id", "ContentType": "STRING"},
        "phone": {"Source": "_source.phone", "Target": "_profile.PhoneNumber", "ContentType": "PHONE_NUMBER"},
        "city": {"Source": "_source.city", "Target": "_profile.Address.City"},
    },
    "Keys": {
        "_orderId": [{"StandardIdentifiers": ["UNIQUE", "ORDER"], "FieldNames": ["order"]}],
        "_phone": [{"StandardIdentifiers": ["PROFILE"], "FieldNames": ["phone"]}],
    },
}
"""An object type whose objects find their profile by its phone number."""


def found(client: Any, key: str, *values: str, domain: str = "customers", **more: Any) -> list[dict[str, Any]]:
    """What a search finds."""
    answer = client.search_profiles(DomainName=domain, KeyName=key, Values=list(values), **more)
    items: list[dict[str, Any]] = answer["Items"]
    return items


def create_profile(client: Any, domain: str = "customers", **members: Any) -> str:
    profile_id: str = client.create_profile(DomainName=domain, **members)["ProfileId"]
    return profile_id


def new_key(kms: Any) -> str:
    arn: str = kms.create_key()["KeyMetadata"]["Arn"]
    return arn
