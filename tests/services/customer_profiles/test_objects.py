"""Object types and objects, under the domain's key or the type's own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.services.customer_profiles.support import ORDER_TYPE, create_profile, found, new_key
from tests.support import Server, refused


def put_type(client: Any, name: str = "order", **more: Any) -> dict[str, Any]:
    answer: dict[str, Any] = client.put_profile_object_type(
        DomainName="customers", ObjectTypeName=name, **{**ORDER_TYPE, **more}
    )
    return answer


def put_order(client: Any, order: str, phone: str = "1", **more: Any) -> str:
    content = json.dumps({"order": {"id": order}, "phone": phone, **more})
    answer = client.put_profile_object(DomainName="customers", ObjectTypeName="order", Object=content)
    unique_key: str = answer["ProfileObjectUniqueKey"]
    return unique_key


def orders(client: Any, profile: str, **more: Any) -> list[dict[str, Any]]:
    answer = client.list_profile_objects(DomainName="customers", ObjectTypeName="order", ProfileId=profile, **more)
    return [json.loads(item["Object"]) for item in answer["Items"]]


@pytest.fixture
def profile(profiles: Any, domain: str) -> str:
    return create_profile(profiles, domain, PhoneNumber="1")


class TestTypes:
    def test_a_type_comes_back_as_it_was_put(self, profiles: Any, domain: str) -> None:
        put = put_type(profiles)
        got = profiles.get_profile_object_type(DomainName=domain, ObjectTypeName="order")
        assert {name: got[name] for name in ORDER_TYPE} == ORDER_TYPE
        assert put["CreatedAt"] == got["CreatedAt"]
        (listed,) = profiles.list_profile_object_types(DomainName=domain)["Items"]
        assert listed["Description"] == ORDER_TYPE["Description"]

    def test_a_key_of_an_undefined_field_is_refused(self, profiles: Any, domain: str) -> None:
        with refused("BadRequestException") as refusal:
            put_type(profiles, Keys={"_caseId": [{"FieldNames": ["case"]}]})
        assert "case" in refusal.message

    def test_a_deleted_type_takes_its_objects_along(self, profiles: Any, domain: str, profile: str) -> None:
        put_type(profiles)
        put_order(profiles, "o-1")
        profiles.delete_profile_object_type(DomainName=domain, ObjectTypeName="order")
        with refused("ResourceNotFoundException"):
            orders(profiles, profile)
        put_type(profiles)
        assert orders(profiles, profile) == []


class TestObjects:
    def test_objects_find_their_profile_by_key(self, profiles: Any, profile: str) -> None:
        put_type(profiles)
        put_order(profiles, "o-1", item="book")
        put_order(profiles, "o-2", item="pen")
        assert sorted(order["item"] for order in orders(profiles, profile)) == ["book", "pen"]

    def test_the_same_unique_key_replaces(self, profiles: Any, profile: str) -> None:
        put_type(profiles)
        assert put_order(profiles, "o-1", item="book") == put_order(profiles, "o-1", item="pen")
        assert [order["item"] for order in orders(profiles, profile)] == ["pen"]

    def test_a_filter_finds_by_key(self, profiles: Any, profile: str) -> None:
        put_type(profiles)
        put_order(profiles, "o-1")
        put_order(profiles, "o-2")
        hits = orders(profiles, profile, ObjectFilter={"KeyName": "_orderId", "Values": ["o-2"]})
        assert [order["order"]["id"] for order in hits] == ["o-2"]

    def test_an_unknown_person_becomes_a_profile_if_the_type_allows(self, profiles: Any, domain: str) -> None:
        put_type(profiles, AllowProfileCreation=True)
        put_order(profiles, "o-1", phone="+1 77", city="London")
        (item,) = found(profiles, "_phone", "+177")
        assert (item["PhoneNumber"], item["Address"]) == ("+1 77", {"City": "London"})
        assert len(orders(profiles, item["ProfileId"])) == 1

    def test_an_unknown_person_is_refused_if_not(self, profiles: Any, domain: str) -> None:
        put_type(profiles)
        with refused("BadRequestException"):
            put_order(profiles, "o-1", phone="77")

    @pytest.mark.parametrize("text", ["no json", "[1]", "1", "[" * 100_000])
    def test_what_is_no_json_object_is_refused(self, profiles: Any, profile: str, text: str) -> None:
        put_type(profiles)
        with refused("BadRequestException"):
            profiles.put_profile_object(DomainName="customers", ObjectTypeName="order", Object=text)

    def test_a_deleted_object_is_gone(self, profiles: Any, domain: str, profile: str) -> None:
        put_type(profiles)
        key = put_order(profiles, "o-1")
        where = {"DomainName": domain, "ObjectTypeName": "order", "ProfileObjectUniqueKey": key}
        with refused("ResourceNotFoundException"):
            profiles.delete_profile_object(**where, ProfileId="0" * 32)
        profiles.delete_profile_object(**where, ProfileId=profile)
        assert orders(profiles, profile) == []

    def test_objects_go_with_their_profile(self, profiles: Any, domain: str, profile: str) -> None:
        put_type(profiles)
        put_order(profiles, "o-1")
        profiles.delete_profile(DomainName=domain, ProfileId=profile)
        assert profiles.get_domain(DomainName=domain)["Stats"]["ObjectCount"] == 0

    @pytest.mark.claim("P1")
    def test_nothing_of_an_object_is_on_the_disk(self, server: Server, profiles: Any, profile: str) -> None:
        canary = "canary-of-an-object"
        put_type(profiles, Description=canary)
        put_order(profiles, canary, note=canary)
        assert orders(profiles, profile)[0]["note"] == canary
        assert canary.encode() not in server.bytes_on_disk()


class TestOwnKey:
    @pytest.mark.claim("P6")
    def test_a_types_own_key_protects_its_objects_alone(
        self, profiles: Any, kms: Any, kms_key: str, profile: str
    ) -> None:
        own = new_key(kms)
        assert put_type(profiles, EncryptionKey=own)["EncryptionKey"] == own
        put_order(profiles, "o-1")
        kms.disable_key(KeyId=own)
        with refused("AccessDeniedException"):
            orders(profiles, profile)
        assert found(profiles, "_phone", "1")[0]["ProfileId"] == profile

    @pytest.mark.claim("P7")
    def test_a_types_key_can_be_switched(
        self, server: Server, profiles: Any, kms: Any, kms_key: str, profile: str
    ) -> None:
        first, second = new_key(kms), new_key(kms)
        put_type(profiles, EncryptionKey=first)
        put_order(profiles, "o-1")
        put_type(profiles, EncryptionKey=second)
        server.run_jobs()
        kms.disable_key(KeyId=first)
        assert len(orders(profiles, profile)) == 1

    @pytest.mark.claim("P6", "P7")
    def test_a_key_given_later_takes_over_and_one_taken_away_gives_back(
        self, profiles: Any, kms: Any, kms_key: str, profile: str
    ) -> None:
        put_type(profiles)
        put_order(profiles, "o-1")
        own = new_key(kms)
        put_type(profiles, EncryptionKey=own)
        kms.disable_key(KeyId=own)
        with refused("AccessDeniedException"):
            orders(profiles, profile)
        kms.enable_key(KeyId=own)
        assert "EncryptionKey" not in put_type(profiles, EncryptionKey="")
        kms.disable_key(KeyId=own)
        assert len(orders(profiles, profile)) == 1
        assert kms.list_grants(KeyId=own)["Grants"] == []
