"""UpdateDomain with another key: the asynchronous re-encryption, how it ends, and how it is taken up again."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.services.voice_id.support import (
    SERVICE,
    data_keys,
    describe,
    encryption,
    grants_of,
    new_key,
    switch,
)
from tests.support import Account, Server, account_policy, refused


@pytest.fixture
def speaker(voice_id: Any, domain: dict[str, Any]) -> dict[str, str]:
    """The parameters that name a speaker stored under the domain's first key."""
    named = {"DomainId": domain["DomainId"], "SpeakerId": "customer-1"}
    voice_id.opt_out_speaker(**named)
    return named


@pytest.fixture
def other_key(kms: Any) -> str:
    return new_key(kms)


def details_of(client: Any, domain: dict[str, Any]) -> dict[str, Any]:
    details: dict[str, Any] = describe(client, domain)["ServerSideEncryptionUpdateDetails"]
    return details


def finish(server: Server) -> None:
    server.hold_jobs(False)
    server.run_jobs()


class TestShape:
    @pytest.mark.claim("V3")
    def test_the_aws_cli_changes_the_key(
        self, server: Server, account: Account, voice_id: Any, kms_key: str, domain: dict[str, Any], tmp_path: Path
    ) -> None:
        key = new_key(account.client("kms"))
        command = [
            str(Path(sys.executable).parent / "aws"),
            "voice-id",
            "update-domain",
            *("--domain-id", domain["DomainId"], "--name", "renamed"),
            *("--server-side-encryption-configuration", f"KmsKeyId={key}"),
        ]
        environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), **account.environment}
        done = subprocess.run(command, check=False, env=environment, capture_output=True, text=True, timeout=120)
        assert done.returncode == 0, done.stderr
        changed = json.loads(done.stdout)["Domain"]
        assert changed["ServerSideEncryptionConfiguration"] == {"KmsKeyId": key}
        assert changed["ServerSideEncryptionUpdateDetails"]["OldKmsKeyId"] == kms_key
        server.run_jobs()
        assert describe(voice_id, domain)["Name"] == "renamed"
        assert details_of(voice_id, domain)["UpdateStatus"] == "COMPLETED"

    @pytest.mark.claim("V3")
    def test_the_answer_names_old_and_new_key(
        self, voice_id: Any, kms_key: str, other_key: str, domain: dict[str, Any]
    ) -> None:
        changed = switch(voice_id, domain, other_key)
        assert changed["ServerSideEncryptionConfiguration"] == {"KmsKeyId": other_key}
        assert changed["ServerSideEncryptionUpdateDetails"]["OldKmsKeyId"] == kms_key

    def test_list_domains_tells_of_the_re_encryption_too(
        self, server: Server, voice_id: Any, other_key: str, domain: dict[str, Any]
    ) -> None:
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        [summary] = voice_id.list_domains()["DomainSummaries"]
        assert summary["ServerSideEncryptionUpdateDetails"] == details_of(voice_id, domain)


class TestBehaviour:
    @pytest.mark.claim("V4")
    def test_a_switch_runs_in_the_background_and_completes(
        self, server: Server, voice_id: Any, kms_key: str, other_key: str, domain: dict[str, Any], speaker: Any
    ) -> None:
        server.hold_jobs(True)
        changed = switch(voice_id, domain, other_key)
        running = {"OldKmsKeyId": kms_key, "UpdateStatus": "IN_PROGRESS"}
        assert changed["ServerSideEncryptionUpdateDetails"] == running
        assert details_of(voice_id, domain) == running
        assert kms_key in {row["key_arn"] for row in data_keys(server, domain)}
        finish(server)
        assert details_of(voice_id, domain) == {**running, "UpdateStatus": "COMPLETED"}
        assert {row["key_arn"] for row in data_keys(server, domain)} == {other_key}
        assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"

    @pytest.mark.claim("V4")
    def test_data_is_read_and_written_while_it_moves(
        self, server: Server, voice_id: Any, other_key: str, domain: dict[str, Any], speaker: Any
    ) -> None:
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        assert voice_id.describe_speaker(**speaker)["Speaker"]["Status"] == "OPTED_OUT"
        voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="customer-2")
        finish(server)
        for name in ("customer-1", "customer-2"):
            found = voice_id.describe_speaker(DomainId=domain["DomainId"], SpeakerId=name)["Speaker"]
            assert found["CustomerSpeakerId"] == name

    @pytest.mark.claim("V5")
    def test_the_old_key_can_go_once_all_has_moved(
        self,
        server: Server,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
    ) -> None:
        switch(voice_id, domain, other_key)
        server.run_jobs()
        assert grants_of(kms, kms_key) == []
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        server.advance("P8D")
        with refused("NotFoundException"):
            kms.describe_key(KeyId=kms_key)
        assert describe(voice_id, domain)["Name"] == domain["Name"]
        assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"
        watchlists = voice_id.list_watchlists(DomainId=domain["DomainId"])["WatchlistSummaries"]
        assert len(watchlists) == 1

    @pytest.mark.claim("V5b")
    @pytest.mark.parametrize("unusable", ["old", "new"])
    def test_a_switch_fails_when_a_key_becomes_unusable_and_can_be_completed(
        self,
        server: Server,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
        unusable: str,
    ) -> None:
        key = kms_key if unusable == "old" else other_key
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        kms.disable_key(KeyId=key)
        finish(server)
        kms.enable_key(KeyId=key)
        failed = details_of(voice_id, domain)
        assert (failed["OldKmsKeyId"], failed["UpdateStatus"]) == (kms_key, "FAILED")
        assert key in failed["Message"]
        assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"

        server.hold_jobs(True)
        again = switch(voice_id, domain, other_key)["ServerSideEncryptionUpdateDetails"]
        assert again == {"OldKmsKeyId": kms_key, "UpdateStatus": "IN_PROGRESS"}
        finish(server)
        assert details_of(voice_id, domain)["UpdateStatus"] == "COMPLETED"
        assert {row["key_arn"] for row in data_keys(server, domain)} == {other_key}
        assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"

    @pytest.mark.claim("V5b")
    def test_what_still_lies_under_a_disabled_old_key_cannot_be_read(
        self,
        server: Server,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
    ) -> None:
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        kms.disable_key(KeyId=kms_key)
        with refused("AccessDeniedException"):
            voice_id.describe_speaker(**speaker)
        finish(server)

    @pytest.mark.claim("V16")
    def test_a_revoked_grant_fails_the_re_encryption(
        self,
        server: Server,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
    ) -> None:
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        [grant] = grants_of(kms, kms_key)
        kms.revoke_grant(KeyId=kms_key, GrantId=grant["GrantId"])
        finish(server)
        details = details_of(voice_id, domain)
        assert details["UpdateStatus"] == "FAILED"
        assert "kms:Decrypt" in details["Message"]

    @pytest.mark.claim("V14", "V16")
    @pytest.mark.parametrize(
        ("which", "action"), [("old", "kms:Decrypt"), ("old", "kms:ReEncryptFrom"), ("new", "kms:ReEncryptTo")]
    )
    def test_a_right_that_is_denied_to_the_service_fails_the_re_encryption_by_its_name(
        self,
        server: Server,
        account: Account,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
        which: str,
        action: str,
    ) -> None:
        hit = kms_key if which == "old" else other_key
        deny = {"Effect": "Deny", "Principal": {"Service": SERVICE}, "Action": action, "Resource": "*"}

        def put(*statements: dict[str, Any]) -> None:
            policy = account_policy(account.account_id, *statements)
            kms.put_key_policy(KeyId=hit, PolicyName="default", Policy=policy)

        put(deny)
        switch(voice_id, domain, other_key)
        server.run_jobs()
        failed = details_of(voice_id, domain)
        assert failed["UpdateStatus"] == "FAILED"
        assert f"perform: {action} on resource: {hit}" in failed["Message"]
        put()
        switch(voice_id, domain, other_key)
        server.run_jobs()
        assert details_of(voice_id, domain)["UpdateStatus"] == "COMPLETED"
        assert {row["key_arn"] for row in data_keys(server, domain)} == {other_key}
        assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"

    def test_a_second_switch_while_one_runs_is_a_conflict(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, other_key: str, domain: dict[str, Any]
    ) -> None:
        server.hold_jobs(True)
        switch(voice_id, domain, other_key)
        for key in (kms_key, new_key(kms)):
            with refused("ConflictException") as refusal:
                switch(voice_id, domain, key)
            assert refusal.response["ConflictType"] == "DOMAIN_LOCKED_FROM_ENCRYPTION_UPDATES"
        assert switch(voice_id, {**domain, "Name": "renamed"}, other_key)["Name"] == "renamed"
        finish(server)
        assert details_of(voice_id, domain)["UpdateStatus"] == "COMPLETED"

    def test_a_domain_can_move_there_and_back(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, other_key: str, domain: dict[str, Any]
    ) -> None:
        for old, new in ((kms_key, other_key), (other_key, kms_key)):
            switch(voice_id, domain, new)
            server.run_jobs()
            assert details_of(voice_id, domain) == {"OldKmsKeyId": old, "UpdateStatus": "COMPLETED"}
            assert grants_of(kms, old) == []
            assert len(grants_of(kms, new)) == 1

    def test_a_switch_that_is_refused_changes_nothing(
        self, account: Account, voice_id: Any, kms: Any, other_key: str, domain: dict[str, Any]
    ) -> None:
        deny = {
            "Version": "2012-10-17",
            "Statement": [
                {"Effect": "Allow", "Action": ["voiceid:*", "kms:*"], "Resource": "*"},
                {"Effect": "Deny", "Action": "kms:CreateGrant", "Resource": "*"},
            ],
        }
        client = account.user("no-grants", deny).client("voice-id")
        with refused("AccessDeniedException"):
            client.update_domain(
                DomainId=domain["DomainId"],
                Name="renamed",
                ServerSideEncryptionConfiguration=encryption(other_key),
            )
        assert describe(voice_id, domain) == domain
        assert grants_of(kms, other_key) == []

    @pytest.mark.claim("V14")
    def test_the_trail_shows_re_encrypt_from_the_old_to_the_new_key(
        self,
        server: Server,
        account: Account,
        voice_id: Any,
        kms_key: str,
        other_key: str,
        domain: dict[str, Any],
        speaker: Any,
        trail: Any,
    ) -> None:
        switch(voice_id, domain, other_key)
        server.run_jobs()
        events = trail(account, "ReEncrypt")
        assert events
        for event in events:
            assert event["requestParameters"]["sourceKeyId"] == kms_key
            assert event["requestParameters"]["destinationKeyId"] == other_key
            assert [resource["ARN"] for resource in event["resources"]] == [kms_key, other_key]
            assert event["userIdentity"]["type"] == "AWSService"
