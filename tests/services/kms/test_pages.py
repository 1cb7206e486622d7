"""Lists in pages: markers are opaque, survive what happens between two pages, and are refused if they were made up."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.kms.kinds import STORE_PARAMETERS
from tests.services.kms.support import administrator_arn, fresh_alias
from tests.support import Account, refused

Lister = Callable[..., dict[str, Any]]

LISTS: dict[str, tuple[str, int]] = {
    "list_keys": ("Keys", 1000),
    "list_aliases": ("Aliases", 100),
    "list_grants": ("Grants", 100),
    "list_retirable_grants": ("Grants", 100),
    "list_resource_tags": ("Tags", 50),
    "list_key_rotations": ("Rotations", 1000),
    "list_key_policies": ("PolicyNames", 1000),
    "describe_custom_key_stores": ("CustomKeyStores", 1000),
}
"""Operation -> its list and the greatest page. Source: the limits of the API reference."""

PAGED = [name for name in LISTS if name != "list_key_policies"]


@pytest.fixture
def add(account: Account, kms: Any, kms_key: str) -> dict[str, Callable[[int], Any]]:
    """How to add one more item to each list."""
    grant = {
        "KeyId": kms_key,
        "GranteePrincipal": administrator_arn(account),
        "RetiringPrincipal": administrator_arn(account),
        "Operations": ["Decrypt"],
    }
    return {
        "list_keys": lambda _: kms.create_key(),
        "list_aliases": lambda _: kms.create_alias(AliasName=fresh_alias(), TargetKeyId=kms_key),
        "list_grants": lambda _: kms.create_grant(**grant),
        "list_retirable_grants": lambda _: kms.create_grant(**grant),
        "list_resource_tags": lambda number: kms.tag_resource(
            KeyId=kms_key, Tags=[{"TagKey": f"tag {number * 7 % 10}", "TagValue": ""}]
        ),
        "list_key_rotations": lambda _: kms.rotate_key_on_demand(KeyId=kms_key),
        "describe_custom_key_stores": lambda _: _create_store(kms),
    }


def _create_store(kms: Any) -> None:
    name = uuid.uuid4().hex
    parameters = {**STORE_PARAMETERS["EXTERNAL_KEY_STORE"], "XksProxyUriEndpoint": f"https://{name}.example.com"}
    kms.create_custom_key_store(CustomKeyStoreName=name, **parameters)


@pytest.fixture
def listing(account: Account, kms: Any, kms_key: str) -> Callable[[str], Lister]:
    """Each list operation, with its subject filled in."""

    def of(name: str) -> Lister:
        subject: dict[str, str] = {}
        if name == "list_retirable_grants":
            subject = {"RetiringPrincipal": administrator_arn(account)}
        elif name not in ("list_keys", "list_aliases", "describe_custom_key_stores"):
            subject = {"KeyId": kms_key}
        return lambda **others: getattr(kms, name)(**subject, **others)

    return of


def key_of(item: Any) -> str:
    return str(sorted(item.items()))


def all_pages(
    list_page: Lister, member: str, size: int, between: Callable[[int], Any] = lambda page: None
) -> list[Any]:
    """All items, with something done between the pages."""
    items: list[Any] = []
    more: dict[str, Any] = {}
    for page in range(100):
        answer = list_page(Limit=size, **more)
        assert len(answer[member]) <= size
        items += answer[member]
        assert answer["Truncated"] is ("NextMarker" in answer)
        if not answer["Truncated"]:
            return items
        more = {"Marker": answer["NextMarker"]}
        between(page)
    raise AssertionError("The pages never end.")


@pytest.mark.parametrize("name", PAGED)
def test_small_pages_make_up_the_whole_list(
    name: str, add: dict[str, Callable[[int], Any]], listing: Callable[[str], Lister]
) -> None:
    for number in range(5):
        add[name](number)
    whole = listing(name)()[LISTS[name][0]]
    assert len(whole) >= 5
    for size in (1, 2, len(whole)):
        assert all_pages(listing(name), LISTS[name][0], size) == whole


@pytest.mark.parametrize("name", PAGED)
def test_what_is_added_between_two_pages_repeats_and_hides_nothing(
    name: str, add: dict[str, Callable[[int], Any]], listing: Callable[[str], Lister]
) -> None:
    for number in range(4):
        add[name](number)
    before = {key_of(item) for item in listing(name)()[LISTS[name][0]]}
    seen = all_pages(listing(name), LISTS[name][0], 1, lambda page: add[name](4 + page) if page < 3 else None)
    keys = [key_of({**item, "KeyMaterialState": ""} if name == "list_key_rotations" else item) for item in seen]
    assert len(keys) == len(set(keys))
    if name != "list_key_rotations":  # a rotation changes the state of the material before it
        assert before <= set(keys)


REMOVE: dict[str, Callable[[Account, Any, str, Any], Any]] = {
    "list_keys": lambda account, kms, key, item: _destroy_key(account, kms, item["KeyId"]),
    "list_aliases": lambda account, kms, key, item: kms.delete_alias(AliasName=item["AliasName"]),
    "list_grants": lambda account, kms, key, item: kms.revoke_grant(KeyId=key, GrantId=item["GrantId"]),
    "list_retirable_grants": lambda account, kms, key, item: kms.revoke_grant(KeyId=key, GrantId=item["GrantId"]),
    "list_resource_tags": lambda account, kms, key, item: kms.untag_resource(KeyId=key, TagKeys=[item["TagKey"]]),
    "describe_custom_key_stores": lambda account, kms, key, item: kms.delete_custom_key_store(
        CustomKeyStoreId=item["CustomKeyStoreId"]
    ),
}
"""How an item leaves its list; rotations never do."""


def _destroy_key(account: Account, kms: Any, key_id: str) -> None:
    kms.schedule_key_deletion(KeyId=key_id, PendingWindowInDays=7)
    account.server.advance("P8D")


@pytest.mark.parametrize("name", REMOVE)
def test_a_marker_survives_the_deletion_of_the_item_that_it_stands_for(
    account: Account,
    kms: Any,
    kms_key: str,
    add: dict[str, Callable[[int], Any]],
    listing: Callable[[str], Lister],
    name: str,
) -> None:
    for number in range(3):
        add[name](number)
    member = LISTS[name][0]
    whole = listing(name)()[member]
    first = listing(name)(Limit=1)
    REMOVE[name](account, kms, kms_key, first[member][0])
    rest = listing(name)(Marker=first["NextMarker"])
    assert rest[member] == whole[1:]


@pytest.mark.parametrize("name", PAGED)
def test_a_marker_does_not_show_what_it_stands_for(
    name: str, add: dict[str, Callable[[int], Any]], listing: Callable[[str], Lister]
) -> None:
    for number in range(2):
        add[name](number)
    answer = listing(name)(Limit=1)
    values = [value for value in answer[LISTS[name][0]][0].values() if isinstance(value, str) and value]
    assert not any(value in answer["NextMarker"] for value in values)


@pytest.mark.parametrize("marker", ["nonsense", "!", "bm90IG91cnM=", "é"], ids=["text", "sign", "base64", "latin"])
@pytest.mark.parametrize("name", LISTS)
def test_a_made_up_marker_is_refused(name: str, marker: str, listing: Callable[[str], Lister]) -> None:
    with refused("InvalidMarkerException") as refusal:
        listing(name)(Marker=marker)
    assert refusal.status == 400


@pytest.mark.parametrize("name", [name for name in LISTS if name != "list_keys"])
def test_the_marker_of_another_list_is_refused(name: str, kms: Any, listing: Callable[[str], Lister]) -> None:
    kms.create_key()
    marker = kms.list_keys(Limit=1)["NextMarker"]
    with refused("InvalidMarkerException"):
        listing(name)(Marker=marker)


@pytest.mark.parametrize("name", LISTS)
def test_a_page_beyond_the_limit_is_refused(name: str, listing: Callable[[str], Lister]) -> None:
    most = LISTS[name][1]
    listing(name)(Limit=most)
    with refused("ValidationException") as refusal:
        listing(name)(Limit=most + 1)
    assert refusal.message == (
        f"1 validation error detected: Value '{most + 1}' at 'limit' failed to satisfy constraint: "
        f"Member must have value less than or equal to {most}"
    )


@pytest.mark.parametrize("name", LISTS)
def test_an_empty_page_cannot_be_asked_for(name: str, listing: Callable[[str], Lister], raw_kms: Any) -> None:
    words = "".join(part.capitalize() for part in name.split("_"))
    status, body = raw_kms.send(words, b'{"Limit": 0}')
    assert status == 400
    assert "'limit' failed to satisfy constraint: Member must have value greater than or equal to 1" in body["message"]
