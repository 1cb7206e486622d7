"""A profile as it rests, and the values by which it is found. No operations here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.customer_profiles import errors
from services.customer_profiles.data_classes import PROFILE

if TYPE_CHECKING:
    from services.call import ServiceCall

PROFILE_ID = "_profileId"

MEMBERS_OF_KEY: dict[str, tuple[str, ...]] = {
    "_account": ("AccountNumber",),
    "_phone": ("PhoneNumber", "MobilePhoneNumber", "HomePhoneNumber", "BusinessPhoneNumber"),
    "_email": ("EmailAddress", "PersonalEmailAddress", "BusinessEmailAddress"),
}
"""Predefined search key -> the members it looks into. Source: AWS names the keys; the members are our choice."""

_FULL_NAME = "_fullName"


@dataclass(frozen=True)
class Profile:
    """members: as the API shows them. keys: search key name -> values, added by AddProfileKey."""

    profile_id: str
    members: dict[str, Any]
    keys: dict[str, list[str]]


def get_profile(call: ServiceCall, scope: Scope, profile_id: str) -> Profile:
    """Raises: ServiceError("ResourceNotFoundException"); KmsRefusal."""
    record = call.store.find(scope.arn, PROFILE, profile_id)
    if record is None:
        call.store.require_access(scope)
        raise errors.not_found(f"Profile {profile_id}")
    return opened(call, record)


def opened(call: ServiceCall, record: Record) -> Profile:
    """Raises: KmsRefusal."""
    protected = call.store.reveal(record)
    return Profile(record.record_id, protected["members"], protected["keys"])


def store_profile(
    call: ServiceCall,
    scope: Scope,
    members: dict[str, Any],
    keys: dict[str, list[str]] | None = None,
    profile_id: str | None = None,
) -> str:
    """Seal a new or changed profile and index it; returns its id. Raises: KmsRefusal."""
    profile = Profile(profile_id or call.randomness.uuid().replace("-", ""), members, keys or {})
    protected = {"members": profile.members, "keys": profile.keys}
    call.store.put(scope, PROFILE, profile.profile_id, protected, index=sorted(_search_values(profile)))
    return profile.profile_id


def find_ids(call: ServiceCall, scope: Scope, key_name: str, values: list[str]) -> set[str]:
    """The ids of the profiles that have one of the values. Raises: KmsRefusal."""
    if key_name == PROFILE_ID:
        return {value for value in values if call.store.find(scope.arn, PROFILE, value) is not None}
    found: set[str] = set()
    for value in values:
        found.update(call.store.find_by(scope, PROFILE, key_name, normal(key_name, value)))
    return found


def normal(key_name: str, value: str) -> str:
    """A value without what does not tell two apart: case and spaces, and the punctuation of phone numbers."""
    if key_name == "_phone":
        return "".join(character for character in value if character.isalnum() or character == "+")
    return " ".join(value.split()).casefold()


def _search_values(profile: Profile) -> set[tuple[str, str]]:
    pairs = [(key, profile.members.get(member)) for key, members in MEMBERS_OF_KEY.items() for member in members]
    pairs += [(_FULL_NAME, name) for name in _full_names(profile.members)]
    pairs += [(key, value) for key, values in profile.keys.items() for value in values]
    return {(key, normal(key, value)) for key, value in pairs if value}


def _full_names(members: dict[str, Any]) -> list[str]:
    """With and without the middle name."""
    first, middle, last = (members.get(f"{part}Name", "") for part in ("First", "Middle", "Last"))
    return [f"{first} {last}".strip(), f"{first} {middle} {last}".strip()]
