"""Object types: what a kind of object looks like, and whose key protects its objects: its own, or the domain's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.customer_profiles import errors
from services.customer_profiles.data_classes import OBJECT_TYPE
from services.customer_profiles.domain import (
    Domain,
    customer_key,
    forget,
    list_page,
    object_type_arn,
    protect,
    require_domain,
    switch_key,
)
from services.customer_profiles.object import move_objects, objects_of_type, require_type

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_OBJECT_TYPES = 100
_PLAIN = (
    "TemplateId",
    "ExpirationDays",
    "AllowProfileCreation",
    "SourceLastUpdatedTimestampFormat",
    "MaxProfileObjectCount",
    "SourcePriority",
    "Fields",
    "Keys",
    "Tags",
)


def put_profile_object_type(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Create or replace a type. A key that is given for a type that has objects takes them over."""
    domain, name = require_domain(call, parameters["DomainName"]), parameters["ObjectTypeName"]
    record = call.store.find(domain.arn, OBJECT_TYPE, name)
    if record is None and call.store.count(domain.arn, OBJECT_TYPE) >= MAX_OBJECT_TYPES:
        raise errors.invalid(f"The quota of {MAX_OBJECT_TYPES} object types is reached.")
    _check_fields(parameters)
    if "EncryptionKey" in parameters:
        _apply_key(call, domain, name, parameters["EncryptionKey"])
    attributes = {member: parameters[member] for member in _PLAIN if member in parameters}
    record = call.store.put(
        domain.scope,
        OBJECT_TYPE,
        name,
        {"Description": parameters["Description"]},
        {**attributes, "LastUpdatedAt": call.clock.now()},
    )
    return _summary(call, domain, record)


def get_profile_object_type(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = require_domain(call, parameters["DomainName"])
    return _summary(call, domain, require_type(call, domain, parameters["ObjectTypeName"]))


def list_profile_object_types(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = require_domain(call, parameters["DomainName"])
    records, token = list_page(call, domain.arn, OBJECT_TYPE)
    shown = ("ObjectTypeName", "Description", "CreatedAt", "LastUpdatedAt", "Tags")
    items = [{name: _summary(call, domain, record)[name] for name in shown} for record in records]
    return {"Items": items, "NextToken": token}


def delete_profile_object_type(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Delete a type with its objects, and give its own key up."""
    domain, name = require_domain(call, parameters["DomainName"]), parameters["ObjectTypeName"]
    record = require_type(call, domain, name)
    own = call.store.find_scope(object_type_arn(call.caller, domain.name, name))
    if own is not None:
        forget(call, own)
    for stored in objects_of_type(call, domain.scope, name):
        call.store.delete(stored)
    call.store.delete(record)
    return {"Message": "OK"}


def _apply_key(call: ServiceCall, domain: Domain, name: str, key_id: str) -> None:
    """Give a type a key of its own, another one, or (empty) none. Its objects move with it."""
    own = call.store.find_scope(object_type_arn(call.caller, domain.name, name))
    if own is not None and key_id:
        switch_key(call, own, key_id)
    elif own is not None:
        move_objects(call, name, own, domain.scope)
        forget(call, own)
    elif key_id:
        scope = protect(call, object_type_arn(call.caller, domain.name, name), key_id)
        move_objects(call, name, domain.scope, scope)


def _check_fields(parameters: dict[str, Any]) -> None:
    """Keys are made of fields. Raises: ServiceError("BadRequestException")."""
    fields = parameters.get("Fields", {})
    for key, entries in parameters.get("Keys", {}).items():
        for entry in entries:
            unknown = sorted(set(entry.get("FieldNames", [])) - set(fields))
            if unknown:
                raise errors.invalid(f"The key {key} names the field {unknown[0]}, which is not defined.")


def _summary(call: ServiceCall, domain: Domain, record: Record) -> dict[str, Any]:
    attributes = {member: value for member, value in record.attributes.items() if member in _PLAIN}
    own = call.store.find_scope(object_type_arn(call.caller, domain.name, record.record_id))
    return {
        "ObjectTypeName": record.record_id,
        "Description": call.store.reveal(record)["Description"],
        "EncryptionKey": customer_key(own),
        "AllowProfileCreation": False,
        "Tags": {},
        **attributes,
        "CreatedAt": record.created_at,
        "LastUpdatedAt": record.attributes["LastUpdatedAt"],
    }
