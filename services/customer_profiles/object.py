"""An object as it rests, under its type's key or the domain's, and the values by which it is found. No operations."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.customer_profiles import errors
from services.customer_profiles.data_classes import OBJECT, OBJECT_TYPE
from services.customer_profiles.domain import Domain, object_type_arn
from services.customer_profiles.profile import normal

if TYPE_CHECKING:
    from services.call import ServiceCall

UNIQUE = "_unique"
"""The index field of the key that tells one object of a type from the others."""

Keys = dict[str, tuple[frozenset[str], str]]
"""Key name -> what the key identifies (as the model's StandardIdentifiers), and its value in one object."""


def require_type(call: ServiceCall, domain: Domain, name: str) -> Record:
    """Raises: ServiceError("ResourceNotFoundException")."""
    record = call.store.find(domain.arn, OBJECT_TYPE, name)
    if record is None:
        raise errors.not_found(f"Object type {name}")
    return record


def scope_of_type(call: ServiceCall, domain: Domain, name: str) -> Scope:
    """Whose key protects the objects of a type."""
    return call.store.find_scope(object_type_arn(call.caller, domain.name, name)) or domain.scope


def objects_of_type(call: ServiceCall, scope: Scope, name: str) -> Iterator[Record]:
    return (record for record in call.store.stream(scope.arn, OBJECT) if record.attributes["ObjectTypeName"] == name)


def objects_of_profile(call: ServiceCall, domain: Domain, name: str, profile_id: str) -> Iterator[Record]:
    scope = scope_of_type(call, domain, name)
    return call.store.stream(scope.arn, OBJECT, parent=parent_of(name, profile_id))


def parent_of(name: str, profile_id: str) -> str:
    return f"{name}/{profile_id}"


def find_by_key(call: ServiceCall, scope: Scope, name: str, key: str, value: str) -> list[str]:
    """The ids of a type's objects that have this value of a key. Raises: KmsRefusal."""
    return call.store.find_by(scope, OBJECT, f"{name}/{key}", normal(key, value))


def store_object(
    call: ServiceCall, scope: Scope, name: str, object_id: str, parent: str, text: str, values: dict[str, str]
) -> None:
    """Seal an object and index it. values: key name -> value. Raises: KmsRefusal."""
    index = sorted((f"{name}/{key}", normal(key, value)) for key, value in values.items())
    protected = {"Object": text, "keys": values}
    call.store.put(scope, OBJECT, object_id, protected, {"ObjectTypeName": name}, parent=parent, index=index)


def move_objects(call: ServiceCall, name: str, source: Scope, target: Scope) -> None:
    """Seal a type's objects anew under another key, at once. Raises: KmsRefusal."""
    for record in objects_of_type(call, source, name):
        opened = call.store.reveal(record)
        store_object(call, target, name, record.record_id, record.parent, opened["Object"], opened["keys"])
        call.store.delete(record)


def keys_of(attributes: dict[str, Any], content: dict[str, Any]) -> Keys:
    """The keys that an object has by its type. attributes: the type's. content: the object."""
    found: Keys = {}
    for key, entries in attributes.get("Keys", {}).items():
        for entry in entries:
            values = [_source_value(attributes, field, content) for field in entry.get("FieldNames", [])]
            if values and None not in values:
                found[key] = (frozenset(entry.get("StandardIdentifiers", [])), " ".join(str(value) for value in values))
    return found


def inferred_members(attributes: dict[str, Any], content: dict[str, Any]) -> dict[str, Any]:
    """What the fields of an object tell of its person: by their targets, such as _profile.Address.City."""
    members: dict[str, Any] = {}
    for field_name, field in attributes.get("Fields", {}).items():
        value = _source_value(attributes, field_name, content)
        if value is None or not field.get("Target", "").startswith("_profile."):
            continue
        *outer, last = field["Target"].split(".")[1:]
        place = members
        for part in outer:
            place = place.setdefault(part, {})
        place[last] = str(value)
    return members


def _source_value(attributes: dict[str, Any], field_name: str, content: dict[str, Any]) -> Any:
    """The value of a field in an object: at the path of its source, such as _source.contact.phone."""
    path = attributes["Fields"][field_name].get("Source", f"_source.{field_name}").split(".")
    place: Any = content
    for part in path[1:] if path[0] == "_source" else path:
        place = place.get(part) if isinstance(place, dict) else None
    return None if isinstance(place, dict | list) else place
