"""Watchlists through boto3: the default one and the customer's own."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import Server, refused


def create(client: Any, domain: dict[str, Any], name: str = "known", **more: Any) -> dict[str, Any]:
    answer = client.create_watchlist(DomainId=domain["DomainId"], Name=name, **more)
    watchlist: dict[str, Any] = answer["Watchlist"]
    return watchlist


def describe(client: Any, domain: dict[str, Any], watchlist_id: str) -> dict[str, Any]:
    answer = client.describe_watchlist(DomainId=domain["DomainId"], WatchlistId=watchlist_id)
    watchlist: dict[str, Any] = answer["Watchlist"]
    return watchlist


class TestShape:
    def test_every_domain_has_a_default_watchlist(self, voice_id: Any, domain: dict[str, Any]) -> None:
        default_id = domain["WatchlistDetails"]["DefaultWatchlistId"]
        [only] = voice_id.list_watchlists(DomainId=domain["DomainId"])["WatchlistSummaries"]
        assert only["WatchlistId"] == default_id
        assert only["DefaultWatchlist"] is True
        assert describe(voice_id, domain, default_id) == only

    def test_a_watchlist_answers_with_what_it_was_given(self, voice_id: Any, domain: dict[str, Any]) -> None:
        made = create(voice_id, domain, "known", Description="Seen before")
        assert (made["Name"], made["Description"]) == ("known", "Seen before")
        assert made["DefaultWatchlist"] is False
        assert describe(voice_id, domain, made["WatchlistId"]) == made

    def test_an_unknown_watchlist_is_refused_by_its_type(self, voice_id: Any, domain: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException") as refusal:
            describe(voice_id, domain, "a" * 22)
        assert refusal.response["ResourceType"] == "WATCHLIST"

    def test_list_watchlists_pages_through_all(self, voice_id: Any, domain: dict[str, Any]) -> None:
        create(voice_id, domain, "one")
        create(voice_id, domain, "two")
        pages = list(
            voice_id.get_paginator("list_watchlists").paginate(
                DomainId=domain["DomainId"], PaginationConfig={"PageSize": 2}
            )
        )
        assert [len(page["WatchlistSummaries"]) for page in pages] == [2, 1]


class TestBehaviour:
    def test_the_default_watchlist_cannot_be_changed(self, voice_id: Any, domain: dict[str, Any]) -> None:
        ids = {
            "DomainId": domain["DomainId"],
            "WatchlistId": domain["WatchlistDetails"]["DefaultWatchlistId"],
        }
        with refused("ValidationException"):
            voice_id.update_watchlist(**ids, Name="mine")
        with refused("ValidationException"):
            voice_id.delete_watchlist(**ids)

    def test_an_update_changes_what_it_names_only(self, voice_id: Any, domain: dict[str, Any]) -> None:
        made = create(voice_id, domain, "known", Description="Seen before")
        ids = {"DomainId": domain["DomainId"], "WatchlistId": made["WatchlistId"]}
        renamed = voice_id.update_watchlist(**ids, Name="renamed")["Watchlist"]
        assert (renamed["Name"], renamed["Description"]) == ("renamed", "Seen before")
        assert renamed["CreatedAt"] == made["CreatedAt"]
        assert describe(voice_id, domain, made["WatchlistId"]) == renamed

    def test_a_deleted_watchlist_is_unknown(self, voice_id: Any, domain: dict[str, Any]) -> None:
        made = create(voice_id, domain)
        voice_id.delete_watchlist(DomainId=domain["DomainId"], WatchlistId=made["WatchlistId"])
        with refused("ResourceNotFoundException"):
            describe(voice_id, domain, made["WatchlistId"])

    def test_a_fourth_watchlist_is_refused(self, voice_id: Any, domain: dict[str, Any]) -> None:
        create(voice_id, domain, "one")
        create(voice_id, domain, "two")
        with refused("ServiceQuotaExceededException"):
            create(voice_id, domain, "three")

    def test_the_same_token_makes_one_watchlist(self, voice_id: Any, domain: dict[str, Any]) -> None:
        made = create(voice_id, domain, ClientToken="once")
        assert create(voice_id, domain, ClientToken="once") == made
        with refused("ConflictException"):
            create(voice_id, domain, "other", ClientToken="once")

    @pytest.mark.claim("V10")
    def test_free_text_of_domains_watchlists_and_tags_is_nowhere_on_disk(
        self, server: Server, voice_id: Any, domain: dict[str, Any], kms_key: str
    ) -> None:
        voice_id.update_domain(
            DomainId=domain["DomainId"],
            Name="canary-domain-name",
            Description="canary-domain-description",
            ServerSideEncryptionConfiguration={"KmsKeyId": kms_key},
        )
        create(voice_id, domain, "canary-watchlist-name", Description="canary-watchlist-description")
        voice_id.tag_resource(ResourceArn=domain["Arn"], Tags=[{"Key": "canary-tag-key", "Value": "canary-tag-value"}])
        voice_id.untag_resource(ResourceArn=domain["Arn"], TagKeys=["canary-other-key"])
        on_disk = server.bytes_on_disk()
        for canary in (b"canary-domain", b"canary-watchlist", b"canary-tag", b"canary-other-key"):
            assert canary not in on_disk
