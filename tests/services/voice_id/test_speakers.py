"""Speakers through boto3: both kinds of id, opting out, listing, forgetting."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.services.voice_id.support import create_domain
from tests.support import Account, Server, refused


def opt_out(client: Any, domain: dict[str, Any], speaker_id: str) -> dict[str, Any]:
    answer = client.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId=speaker_id)
    speaker: dict[str, Any] = answer["Speaker"]
    return speaker


def describe(client: Any, domain: dict[str, Any], speaker_id: str) -> dict[str, Any]:
    answer = client.describe_speaker(DomainId=domain["DomainId"], SpeakerId=speaker_id)
    speaker: dict[str, Any] = answer["Speaker"]
    return speaker


class TestShape:
    def test_a_speaker_has_the_customers_id_and_a_generated_one(self, voice_id: Any, domain: dict[str, Any]) -> None:
        speaker = opt_out(voice_id, domain, "customer-4711")
        assert speaker["CustomerSpeakerId"] == "customer-4711"
        assert re.fullmatch(r"id#[a-zA-Z0-9]{22}", speaker["GeneratedSpeakerId"])
        assert speaker["Status"] == "OPTED_OUT"
        assert speaker["DomainId"] == domain["DomainId"]

    def test_an_unknown_speaker_is_refused_by_its_type(self, voice_id: Any, domain: dict[str, Any]) -> None:
        for speaker_id in ("nobody", "id#" + "a" * 22):
            with refused("ResourceNotFoundException") as refusal:
                describe(voice_id, domain, speaker_id)
            assert refusal.response["ResourceType"] == "SPEAKER"
            assert speaker_id not in refusal.message

    def test_list_speakers_pages_through_all(self, voice_id: Any, domain: dict[str, Any]) -> None:
        made = {opt_out(voice_id, domain, f"customer-{number}")["GeneratedSpeakerId"] for number in range(5)}
        pages = list(
            voice_id.get_paginator("list_speakers").paginate(
                DomainId=domain["DomainId"], PaginationConfig={"PageSize": 2}
            )
        )
        assert [len(page["SpeakerSummaries"]) for page in pages] == [2, 2, 1]
        assert {speaker["GeneratedSpeakerId"] for page in pages for speaker in page["SpeakerSummaries"]} == made

    def test_a_page_token_survives_the_deletion_of_its_speaker(self, voice_id: Any, domain: dict[str, Any]) -> None:
        for number in range(3):
            opt_out(voice_id, domain, f"customer-{number}")
        first = voice_id.list_speakers(DomainId=domain["DomainId"], MaxResults=1)
        gone = first["SpeakerSummaries"][0]["GeneratedSpeakerId"]
        voice_id.delete_speaker(DomainId=domain["DomainId"], SpeakerId=gone)
        rest = voice_id.list_speakers(DomainId=domain["DomainId"], NextToken=first["NextToken"])
        assert len(rest["SpeakerSummaries"]) == 2


class TestAuthorization:
    def test_a_speaker_id_says_nothing_to_whom_the_key_is_refused(
        self, account: Account, kms_key: str, voice_id: Any, domain: dict[str, Any]
    ) -> None:
        opt_out(voice_id, domain, "customer-1")
        allowed = {"Effect": "Allow", "Action": "voiceid:*", "Resource": "*"}
        client = account.user("keyless", {"Version": "2012-10-17", "Statement": [allowed]}).client("voice-id")
        for speaker_id in ("customer-1", "customer-2"):
            with refused("AccessDeniedException") as refusal:
                describe(client, domain, speaker_id)
            assert "kms:Decrypt" in refusal.message


class TestBehaviour:
    @pytest.mark.claim("V9")
    def test_a_speaker_is_found_by_either_id(self, voice_id: Any, domain: dict[str, Any]) -> None:
        opt_out(voice_id, domain, "customer-1")
        speaker = opt_out(voice_id, domain, "customer-2")
        assert describe(voice_id, domain, "customer-2") == speaker
        assert describe(voice_id, domain, speaker["GeneratedSpeakerId"]) == speaker

    @pytest.mark.claim("V9")
    def test_a_customers_speaker_id_is_nowhere_on_disk(
        self, server: Server, voice_id: Any, domain: dict[str, Any]
    ) -> None:
        speaker = opt_out(voice_id, domain, "canary-speaker-7f3a")
        describe(voice_id, domain, "canary-speaker-7f3a")
        on_disk = server.bytes_on_disk()
        assert b"canary-speaker-7f3a" not in on_disk
        assert speaker["GeneratedSpeakerId"].encode() in on_disk

    @pytest.mark.claim("V9")
    def test_a_speaker_of_one_domain_is_unknown_in_another(
        self, voice_id: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        speaker = opt_out(voice_id, domain, "customer-1")
        other = create_domain(voice_id, kms_key, "others")
        for speaker_id in ("customer-1", speaker["GeneratedSpeakerId"]):
            with refused("ResourceNotFoundException"):
                describe(voice_id, other, speaker_id)

    def test_opting_out_again_keeps_the_speaker(self, voice_id: Any, domain: dict[str, Any]) -> None:
        speaker = opt_out(voice_id, domain, "customer-1")
        again = opt_out(voice_id, domain, speaker["GeneratedSpeakerId"])
        assert again["GeneratedSpeakerId"] == speaker["GeneratedSpeakerId"]
        assert again["CreatedAt"] == speaker["CreatedAt"]

    def test_opting_out_an_unknown_generated_id_makes_no_speaker(self, voice_id: Any, domain: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException"):
            opt_out(voice_id, domain, "id#" + "a" * 22)
        assert voice_id.list_speakers(DomainId=domain["DomainId"])["SpeakerSummaries"] == []

    def test_a_deleted_speaker_is_unknown_by_both_ids(self, voice_id: Any, domain: dict[str, Any]) -> None:
        speaker = opt_out(voice_id, domain, "customer-1")
        voice_id.delete_speaker(DomainId=domain["DomainId"], SpeakerId="customer-1")
        for speaker_id in ("customer-1", speaker["GeneratedSpeakerId"]):
            with refused("ResourceNotFoundException"):
                describe(voice_id, domain, speaker_id)
            with refused("ResourceNotFoundException"):
                voice_id.delete_speaker(DomainId=domain["DomainId"], SpeakerId=speaker_id)
        assert opt_out(voice_id, domain, "customer-1") != speaker
