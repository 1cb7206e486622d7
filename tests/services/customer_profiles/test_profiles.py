"""Profiles, their keys, and what finds them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.customer_profiles.support import create_profile, found
from tests.support import Account, Server, events_of, refused

ADA = {
    "FirstName": "Ada",
    "MiddleName": "King",
    "LastName": "Lovelace",
    "MobilePhoneNumber": "+1 (425) 555-0123",
    "BusinessEmailAddress": "Ada@Example.com",
    "AccountNumber": "4711",
    "Address": {"City": "London", "PostalCode": "SW1"},
    "Attributes": {"shoe": "37"},
}


@pytest.fixture
def ada(profiles: Any, domain: str) -> str:
    return create_profile(profiles, domain, **ADA)


class TestProfile:
    def test_a_profile_comes_back_whole(self, profiles: Any, ada: str) -> None:
        (item,) = found(profiles, "_profileId", ada)
        assert item == {"ProfileId": ada, **ADA}

    @pytest.mark.parametrize("name", ["$bytes", "$$bytes", "$", "$dict"])
    def test_an_attribute_may_be_called_anything(self, profiles: Any, domain: str, name: str) -> None:
        profile = create_profile(profiles, domain, Attributes={name: "aGVsbG8="})
        assert found(profiles, "_profileId", profile)[0]["Attributes"] == {name: "aGVsbG8="}

    def test_an_update_replaces_and_an_empty_string_removes(self, profiles: Any, domain: str, ada: str) -> None:
        profiles.update_profile(DomainName=domain, ProfileId=ada, FirstName="Augusta", MiddleName="", Address={})
        (item,) = found(profiles, "_profileId", ada)
        assert item["FirstName"] == "Augusta"
        assert not {"MiddleName", "Address"} & item.keys()
        assert item["LastName"] == "Lovelace"

    def test_a_deleted_profile_is_found_no_more(self, profiles: Any, domain: str, ada: str) -> None:
        profiles.delete_profile(DomainName=domain, ProfileId=ada)
        assert found(profiles, "_account", "4711") == []
        with refused("ResourceNotFoundException"):
            profiles.delete_profile(DomainName=domain, ProfileId=ada)

    def test_an_unknown_profile_is_not_found(self, profiles: Any, domain: str) -> None:
        with refused("ResourceNotFoundException"):
            profiles.update_profile(DomainName=domain, ProfileId="0" * 32, LastName="x")

    def test_a_profile_is_of_its_domain_alone(self, profiles: Any, ada: str) -> None:
        profiles.create_domain(DomainName="others", DefaultExpirationDays=1)
        create_profile(profiles, "others", LastName="Hopper")
        assert found(profiles, "_profileId", ada, domain="others") == []
        assert found(profiles, "_account", "4711", domain="others") == []

    @pytest.mark.claim("P1")
    def test_nothing_of_a_profile_is_on_the_disk(self, server: Server, profiles: Any, domain: str) -> None:
        canary = "canary-of-a-profile"
        create_profile(profiles, domain, LastName=canary, PhoneNumber=canary, Attributes={canary: canary})
        assert found(profiles, "_phone", canary)[0]["LastName"] == canary
        assert canary.encode() not in server.bytes_on_disk()

    def test_the_trail_shows_no_profile(self, account: Account, profiles: Any, domain: str, ada: str) -> None:
        found(profiles, "_fullName", "ada lovelace")
        text = str(events_of(account, source="profile.amazonaws.com"))
        assert "CreateProfile" in text
        assert not [word for word in ("Lovelace", "lovelace", "4711", "Example") if word in text]


class TestSearch:
    @pytest.mark.parametrize(
        ("key", "value"),
        [
            ("_account", "4711"),
            ("_phone", "+14255550123"),
            ("_phone", "+1-425-555-0123"),
            ("_email", "ada@example.com"),
            ("_fullName", "ada lovelace"),
            ("_fullName", "Ada  King Lovelace"),
        ],
    )
    def test_a_predefined_key_finds_the_profile(self, profiles: Any, ada: str, key: str, value: str) -> None:
        assert [item["ProfileId"] for item in found(profiles, key, value)] == [ada]

    @pytest.mark.parametrize("value", ["471", "47111", "4711 x"])
    def test_only_the_whole_value_finds_it(self, profiles: Any, ada: str, value: str) -> None:
        assert found(profiles, "_account", value) == []

    def test_a_changed_value_finds_it_no_more(self, profiles: Any, domain: str, ada: str) -> None:
        profiles.update_profile(DomainName=domain, ProfileId=ada, AccountNumber="12")
        assert found(profiles, "_account", "4711") == []
        assert found(profiles, "_account", "12")[0]["ProfileId"] == ada

    @pytest.mark.parametrize(("operator", "names"), [("AND", ["Ada"]), ("OR", ["Ada", "Grace"])])
    def test_several_keys_are_joined(
        self, profiles: Any, domain: str, ada: str, operator: str, names: list[str]
    ) -> None:
        create_profile(profiles, domain, FirstName="Grace", AccountNumber="4711")
        items = found(
            profiles,
            "_account",
            "4711",
            AdditionalSearchKeys=[{"KeyName": "_email", "Values": ["ada@example.com"]}],
            LogicalOperator=operator,
        )
        assert sorted(item["FirstName"] for item in items) == names
        by = next(item["FoundByItems"] for item in items if item["FirstName"] == "Ada")
        assert [key["KeyName"] for key in by] == ["_account", "_email"]

    def test_hits_come_page_by_page(self, profiles: Any, domain: str) -> None:
        made = {create_profile(profiles, domain, AccountNumber="1") for _ in range(5)}
        pages = profiles.search_profiles(DomainName=domain, KeyName="_account", Values=["1"], MaxResults=2)
        ids = [item["ProfileId"] for item in pages["Items"]]
        while "NextToken" in pages:
            pages = profiles.search_profiles(
                DomainName=domain, KeyName="_account", Values=["1"], MaxResults=2, NextToken=pages["NextToken"]
            )
            ids += [item["ProfileId"] for item in pages["Items"]]
        assert (len(ids), set(ids)) == (5, made)


class TestKeys:
    def test_an_added_key_finds_the_profile_until_it_is_removed(self, profiles: Any, domain: str, ada: str) -> None:
        key = {"DomainName": domain, "ProfileId": ada, "KeyName": "_ctrContactId"}
        assert profiles.add_profile_key(**key, Values=["c-1", "c-2"])["Values"] == ["c-1", "c-2"]
        assert found(profiles, "_ctrContactId", "c-2")[0]["ProfileId"] == ada
        profiles.delete_profile_key(**key, Values=["c-2"])
        assert found(profiles, "_ctrContactId", "c-2") == []
        assert found(profiles, "_ctrContactId", "c-1")[0]["ProfileId"] == ada

    def test_a_key_that_was_not_added_cannot_be_removed(self, profiles: Any, domain: str, ada: str) -> None:
        with refused("ResourceNotFoundException"):
            profiles.delete_profile_key(DomainName=domain, ProfileId=ada, KeyName="_account", Values=["4711"])

    def test_the_profile_id_is_no_key_to_add(self, profiles: Any, domain: str, ada: str) -> None:
        with refused("BadRequestException"):
            profiles.add_profile_key(DomainName=domain, ProfileId=ada, KeyName="_profileId", Values=["x"])
