"""What a domain leaves in the trail: calls to its key in the documented shapes, its own records without text."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from tests.services.voice_id.support import CONTEXT_KEY, SERVICE, VECTORS, create_domain, new_key, switch
from tests.support import Account, Server

SAMPLES: dict[str, Any] = json.loads((VECTORS / "voice_id_events.json").read_text())["events"]

COMMON = {
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
}
"""What every sample has."""

CANARY = "canary-in-the-trail"
HIDDEN = "HIDDEN_DUE_TO_SECURITY_REASONS"


@pytest.fixture
def busy(account: Account, server: Server, voice_id: Any, kms: Any, kms_key: str) -> dict[str, Any]:
    """A domain with a speaker that was moved to another key."""
    domain = create_domain(voice_id, kms_key, CANARY, Description=CANARY, Tags=[{"Key": CANARY, "Value": CANARY}])
    named = {"DomainId": domain["DomainId"], "SpeakerId": CANARY}
    voice_id.opt_out_speaker(**named)
    voice_id.describe_speaker(**named)
    switch(voice_id, domain, new_key(kms))
    server.run_jobs()
    voice_id.describe_speaker(**named)
    return domain


def assert_like(sample: Any, live: Any, where: str = "event") -> None:
    """The same members all the way down, of the same types; texts without a placeholder are the same too."""
    if isinstance(sample, dict):
        assert isinstance(live, dict), where
        present = {name for name, value in sample.items() if value != "absent"}
        assert set(live) == present, where
        for name in present:
            assert_like(sample[name], live[name], f"{where}.{name}")
    elif isinstance(sample, list):
        assert isinstance(live, list), where
        assert len(live) == len(sample), where
        for index, member in enumerate(sample):
            assert_like(member, live[index], f"{where}[{index}]")
    elif isinstance(sample, str) and "<" in sample:
        pattern = ".+".join(re.escape(part) for part in re.split(r"<[^>]+>", sample))
        assert isinstance(live, str), where
        assert re.fullmatch(pattern, live), f"{where}: {live}"
    else:
        assert live == sample, where


def service_events(trail: Any, account: Account, name: str | None = None) -> list[dict[str, Any]]:
    """The calls that Voice ID made to KMS on its own."""
    own = {"type": "AWSService", "invokedBy": SERVICE}
    return [event for event in trail(account, name, "kms.amazonaws.com") if event["userIdentity"] == own]


class TestShape:
    @pytest.mark.parametrize(
        "name",
        [
            pytest.param("DescribeKey", marks=pytest.mark.claim("T2")),
            pytest.param("Decrypt", marks=pytest.mark.claim("T3")),
            pytest.param("GenerateDataKeyWithoutPlaintext", marks=pytest.mark.claim("T4")),
            pytest.param("ReEncrypt", marks=pytest.mark.claim("T5")),
        ],
    )
    def test_the_services_own_calls_look_like_the_samples(
        self, account: Account, busy: dict[str, Any], trail: Any, name: str
    ) -> None:
        events = service_events(trail, account, name)
        assert events
        sample = {**dict.fromkeys(COMMON, "<any>"), **SAMPLES[name]}
        for event in events:
            assert_like(sample, event)

    @pytest.mark.claim("T1")
    def test_create_grant_by_a_role_session_looks_like_the_sample(
        self, account: Account, kms_key: str, trail: Any
    ) -> None:
        everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]}
        role = account.role("Admin", everything, session="alice")
        create_domain(role.client("voice-id"), kms_key)
        [event] = trail(account, "CreateGrant")
        sample = {**dict.fromkeys(COMMON, "<any>"), **SAMPLES["CreateGrant"], "managementEvent": True}
        assert_like(sample, event)
        assert event["userIdentity"]["arn"] == role.arn
        assert event["userIdentity"]["sessionContext"]["sessionIssuer"]["userName"] == "Admin"

    def test_create_grant_by_a_user_differs_in_the_identity_alone(
        self, account: Account, busy: dict[str, Any], trail: Any
    ) -> None:
        events = trail(account, "CreateGrant")
        assert len(events) == 2
        known = {"managementEvent": True, "userIdentity": _iam_user(account)}
        sample = {**dict.fromkeys(COMMON, "<any>"), **SAMPLES["CreateGrant"], **known}
        for event in events:
            assert_like(sample, event)
            assert re.fullmatch("[0-9a-f]{64}", event["responseElements"]["grantId"])
            assert event["sourceIPAddress"] == "127.0.0.1"
            assert event["requestParameters"]["keyId"] == event["resources"][0]["ARN"]

    def test_create_domains_calls_share_its_request_id(
        self, account: Account, domain: dict[str, Any], trail: Any
    ) -> None:
        [made] = trail(account, "CreateDomain")
        caused = [event["eventName"] for event in trail(account) if event["requestID"] == made["requestID"]]
        assert {"DescribeKey", "CreateGrant", "GenerateDataKeyWithoutPlaintext", "Decrypt"} < set(caused)
        assert caused.index("DescribeKey") < caused.index("CreateGrant")


class TestBehaviour:
    @pytest.mark.claim("V19", "V24")
    def test_every_call_carries_exactly_the_domains_encryption_context(
        self, account: Account, busy: dict[str, Any], trail: Any
    ) -> None:
        context, seen = {CONTEXT_KEY: busy["Arn"]}, set()
        for event in trail(account, source="kms.amazonaws.com"):
            for name, value in (event["requestParameters"] or {}).items():
                if name.endswith("ncryptionContext"):
                    assert value == context, event["eventName"]
                    seen.add(event["eventName"])
        assert seen == {"GenerateDataKeyWithoutPlaintext", "GenerateDataKey", "Decrypt", "ReEncrypt"}

    @pytest.mark.claim("V24")
    def test_the_trail_can_be_filtered_by_the_encryption_context(
        self, account: Account, voice_id: Any, kms_key: str, busy: dict[str, Any], trail: Any
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        counts = {
            domain["Arn"]: sum(
                (event["requestParameters"] or {}).get("encryptionContext") == {CONTEXT_KEY: domain["Arn"]}
                for event in trail(account, "Decrypt")
            )
            for domain in (busy, other)
        }
        assert counts[busy["Arn"]] > counts[other["Arn"]] > 0

    @pytest.mark.claim("V12")
    @pytest.mark.parametrize("name", ["GenerateDataKey", "GenerateDataKeyWithoutPlaintext"])
    def test_data_keys_are_made_by_the_service_on_its_grant(
        self, account: Account, busy: dict[str, Any], trail: Any, name: str
    ) -> None:
        events = trail(account, name)
        assert events
        assert events == service_events(trail, account, name)

    @pytest.mark.claim("V13")
    def test_a_read_is_decrypted_by_the_service_and_by_its_caller(
        self, account: Account, voice_id: Any, domain: dict[str, Any], trail: Any
    ) -> None:
        voice_id.describe_domain(DomainId=domain["DomainId"])
        asked = trail(account, "DescribeDomain")[-1]
        caused = [event for event in trail(account, "Decrypt") if event["requestID"] == asked["requestID"]]
        identities = [event["userIdentity"] for event in caused]
        assert {"type": "AWSService", "invokedBy": SERVICE} in identities
        assert {identity["type"] for identity in identities} == {"AWSService", "IAMUser"}
        assert {identity["invokedBy"] for identity in identities} == {SERVICE}

    def test_a_refused_read_is_in_the_trail_with_its_cause(
        self, account: Account, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any], trail: Any
    ) -> None:
        kms.disable_key(KeyId=kms_key)
        with pytest.raises(voice_id.exceptions.AccessDeniedException):
            voice_id.describe_domain(DomainId=domain["DomainId"])
        assert trail(account, "DescribeDomain")[-1]["errorCode"] == "AccessDeniedException"
        assert trail(account, "Decrypt")[-1]["errorCode"] == "DisabledException"

    @pytest.mark.claim("T6")
    def test_no_event_holds_any_free_text(self, account: Account, busy: dict[str, Any], trail: Any) -> None:
        events = trail(account)
        assert CANARY not in json.dumps(events)
        [created] = [event for event in events if event["eventName"] == "CreateDomain"]
        assert created["eventSource"] == SERVICE
        assert created["requestParameters"]["name"] == HIDDEN
        assert created["requestParameters"]["description"] == HIDDEN
        assert created["responseElements"]["domain"]["name"] == HIDDEN

    def test_the_key_is_shown_as_sent_and_in_the_answer_by_its_arn(
        self, account: Account, voice_id: Any, kms_key: str, trail: Any
    ) -> None:
        key_id = kms_key.rpartition("/")[2]
        create_domain(voice_id, key_id)
        [made] = trail(account, "CreateDomain")
        sent = made["requestParameters"]["serverSideEncryptionConfiguration"]
        answered = made["responseElements"]["domain"]["serverSideEncryptionConfiguration"]
        assert (sent, answered) == ({"kmsKeyId": key_id}, {"kmsKeyId": kms_key})


def _iam_user(account: Account) -> dict[str, str]:
    """The caller's identity where the sample has a role session."""
    return {
        "type": "IAMUser",
        "principalId": "<id>",
        "arn": f"arn:aws:iam::{account.account_id}:user/<name>",
        "accountId": account.account_id,
        "accessKeyId": account.access_key_id,
        "userName": "<name>",
        "invokedBy": SERVICE,
    }
