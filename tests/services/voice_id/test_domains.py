"""Domains through boto3: their shape, idempotency, quota and life."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from botocore.config import Config

from tests.services.voice_id.support import create_domain, describe, documented_conflicts, switch
from tests.support import REGION, Account, Server, refused

ABSENT = "a" * 22


class TestShape:
    def test_create_domain_answers_with_the_whole_domain(self, account: Account, voice_id: Any, kms_key: str) -> None:
        domain = create_domain(voice_id, kms_key, "calls", Description="Calls about insurance")
        assert re.fullmatch(r"[a-zA-Z0-9]{22}", domain["DomainId"])
        assert domain["Arn"] == f"arn:aws:voiceid:{REGION}:{account.account_id}:domain/{domain['DomainId']}"
        assert (domain["Name"], domain["Description"]) == ("calls", "Calls about insurance")
        assert domain["DomainStatus"] == "ACTIVE"
        assert re.fullmatch(r"[a-zA-Z0-9]{22}", domain["WatchlistDetails"]["DefaultWatchlistId"])
        assert "ServerSideEncryptionUpdateDetails" not in domain
        assert domain["UpdatedAt"] == domain["CreatedAt"]

    @pytest.mark.parametrize("form", ["id", "arn", "alias name", "alias arn"])
    def test_the_key_is_shown_by_its_arn_however_it_was_named(
        self, account: Account, voice_id: Any, kms: Any, kms_key: str, form: str
    ) -> None:
        alias = f"alias/{uuid.uuid4()}"
        kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        given = {
            "id": kms_key.rpartition("/")[2],
            "arn": kms_key,
            "alias name": alias,
            "alias arn": f"arn:aws:kms:{REGION}:{account.account_id}:{alias}",
        }[form]
        domain = create_domain(voice_id, given)
        assert domain["ServerSideEncryptionConfiguration"] == {"KmsKeyId": kms_key}

    def test_describe_domain_answers_as_create_domain_did(self, voice_id: Any, domain: dict[str, Any]) -> None:
        assert describe(voice_id, domain) == domain

    @pytest.mark.claim("V2")
    def test_a_domain_without_a_key_is_refused(self, account: Account) -> None:
        client = _without_client_validation(account)
        with refused("ValidationException"):
            client.create_domain(Name="calls")
        with refused("ValidationException"):
            client.create_domain(Name="calls", ServerSideEncryptionConfiguration={})

    def test_a_name_with_a_blank_is_refused(self, voice_id: Any, kms_key: str) -> None:
        with refused("ValidationException"):
            create_domain(voice_id, kms_key, "two words")

    def test_an_unknown_domain_is_refused_by_its_type(self, voice_id: Any) -> None:
        with refused("ResourceNotFoundException") as refusal:
            voice_id.describe_domain(DomainId=ABSENT)
        assert refusal.response["ResourceType"] == "DOMAIN"
        assert refusal.status == 400

    def test_list_domains_pages_through_all(self, voice_id: Any, kms_key: str) -> None:
        made = {create_domain(voice_id, kms_key, f"calls{number}")["DomainId"] for number in range(3)}
        pages = list(voice_id.get_paginator("list_domains").paginate(PaginationConfig={"PageSize": 2}))
        assert [len(page["DomainSummaries"]) for page in pages] == [2, 1]
        assert {summary["DomainId"] for page in pages for summary in page["DomainSummaries"]} == made

    def test_a_page_token_that_was_not_given_out_is_refused(self, voice_id: Any) -> None:
        with refused("ValidationException"):
            voice_id.list_domains(NextToken="not a token")


class TestAuthorization:
    def test_a_user_without_rights_on_voice_id_is_refused(self, account: Account, kms_key: str) -> None:
        nobody = account.user("nobody").client("voice-id")
        with refused("AccessDeniedException") as refusal:
            create_domain(nobody, kms_key)
        assert "voiceid:CreateDomain" in refusal.message

    def test_rights_on_one_domain_do_not_reach_another(
        self, account: Account, voice_id: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        allowed = {"Effect": "Allow", "Action": ["voiceid:*", "kms:*"], "Resource": [domain["Arn"], kms_key]}
        client = account.user("one", {"Version": "2012-10-17", "Statement": [allowed]}).client("voice-id")
        assert describe(client, domain)["Name"] == domain["Name"]
        with refused("AccessDeniedException"):
            describe(client, other)

    def test_another_account_does_not_see_a_domain(self, second_account: Account, domain: dict[str, Any]) -> None:
        stranger = second_account.client("voice-id")
        with refused("ResourceNotFoundException"):
            describe(stranger, domain)
        assert stranger.list_domains()["DomainSummaries"] == []

    def test_another_region_does_not_see_a_domain(self, account: Account, domain: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException"):
            describe(account.client("voice-id", "eu-central-1"), domain)


class TestBehaviour:
    def test_the_same_token_makes_one_domain(self, voice_id: Any, kms: Any, kms_key: str) -> None:
        first = create_domain(voice_id, kms_key, ClientToken="once")
        assert create_domain(voice_id, kms_key, ClientToken="once") == first
        assert len(voice_id.list_domains()["DomainSummaries"]) == 1
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 1

    def test_the_same_token_with_other_parameters_is_a_conflict(self, voice_id: Any, kms_key: str) -> None:
        create_domain(voice_id, kms_key, ClientToken="once")
        with refused("ConflictException") as refusal:
            create_domain(voice_id, kms_key, "other", ClientToken="once")
        assert refusal.response["ConflictType"] == "CONCURRENT_CHANGES"

    def test_a_fourth_domain_is_refused_and_leaves_no_grant(self, voice_id: Any, kms: Any, kms_key: str) -> None:
        for number in range(3):
            create_domain(voice_id, kms_key, f"calls{number}")
        with refused("ServiceQuotaExceededException"):
            create_domain(voice_id, kms_key, "one-too-many")
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 3

    def test_update_domain_replaces_name_and_removes_an_omitted_description(
        self, voice_id: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        changed = switch(voice_id, {**domain, "Name": "renamed"}, kms_key)
        assert changed["Name"] == "renamed"
        assert "Description" not in changed
        assert changed["UpdatedAt"] >= domain["UpdatedAt"]
        assert changed["CreatedAt"] == domain["CreatedAt"]
        assert describe(voice_id, domain) == changed

    def test_an_update_with_the_same_key_re_encrypts_nothing(
        self, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        alias = f"alias/{uuid.uuid4()}"
        kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        for same in (kms_key, kms_key.rpartition("/")[2], alias):
            assert "ServerSideEncryptionUpdateDetails" not in switch(voice_id, domain, same)
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 1

    def test_a_deleted_domain_is_suspended_and_no_longer_listed(self, voice_id: Any, domain: dict[str, Any]) -> None:
        voice_id.delete_domain(DomainId=domain["DomainId"])
        assert describe(voice_id, domain)["DomainStatus"] == "SUSPENDED"
        assert voice_id.list_domains()["DomainSummaries"] == []

    def test_a_deleted_domain_takes_no_changes(self, voice_id: Any, kms_key: str, domain: dict[str, Any]) -> None:
        voice_id.delete_domain(DomainId=domain["DomainId"])
        for change in (
            lambda: switch(voice_id, domain, kms_key),
            lambda: voice_id.delete_domain(DomainId=domain["DomainId"]),
            lambda: voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="jane"),
        ):
            with refused("ConflictException") as refusal:
                change()
            assert refusal.response["ConflictType"] == "DOMAIN_NOT_ACTIVE"
            assert refusal.message == documented_conflicts()["DOMAIN_NOT_ACTIVE"]

    def test_a_deleted_domain_is_gone_after_thirty_days(
        self, server: Server, voice_id: Any, domain: dict[str, Any]
    ) -> None:
        voice_id.delete_domain(DomainId=domain["DomainId"])
        server.advance("P29D")
        assert describe(voice_id, domain)["DomainStatus"] == "SUSPENDED"
        server.advance("P2D")
        with refused("ResourceNotFoundException"):
            describe(voice_id, domain)

    def test_a_domain_whose_key_was_deleted_can_still_go(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        with refused("AccessDeniedException"):
            voice_id.delete_domain(DomainId=domain["DomainId"])
        server.advance("P8D")
        voice_id.delete_domain(DomainId=domain["DomainId"])
        assert voice_id.list_domains()["DomainSummaries"] == []

    def test_after_thirty_days_nothing_of_a_deleted_domain_is_left(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        generated = voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="jane")["Speaker"]
        voice_id.delete_domain(DomainId=domain["DomainId"])
        server.advance("P29D")
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 1
        assert generated["GeneratedSpeakerId"].encode() in server.bytes_on_disk()
        server.advance("P2D")
        assert kms.list_grants(KeyId=kms_key)["Grants"] == []
        for table in ("scopes", "records", "data_keys", "blind_indexes"):
            column = "arn" if table == "scopes" else "scope_arn"
            assert server.simulator.database.count(table, {column: domain["Arn"]}) == 0, table

    def test_a_grant_that_was_revoked_does_not_keep_the_data_from_being_erased(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        voice_id.delete_domain(DomainId=domain["DomainId"])
        [grant] = kms.list_grants(KeyId=kms_key)["Grants"]
        kms.revoke_grant(KeyId=kms_key, GrantId=grant["GrantId"])
        server.advance("P31D")
        assert server.simulator.database.count("records", {"scope_arn": domain["Arn"]}) == 0

    def test_no_domain_is_made_without_the_consent_to_biometric_data(
        self, server: Server, account: Account, voice_id: Any, kms_key: str
    ) -> None:
        server.control("voice-id/consent", {"Account": account.account_id, "Acknowledged": False})
        with refused("ResourceNotFoundException") as refusal:
            create_domain(voice_id, kms_key)
        assert refusal.response["ResourceType"] == "COMPLIANCE_CONSENT"
        server.control("voice-id/consent", {"Account": account.account_id, "Acknowledged": True})
        assert create_domain(voice_id, kms_key)["DomainStatus"] == "ACTIVE"


def _without_client_validation(account: Account) -> Any:
    import boto3

    return boto3.client(
        "voice-id",
        region_name=REGION,
        endpoint_url=account.server.url,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
        config=Config(parameter_validation=False, retries={"total_max_attempts": 1}),
    )
