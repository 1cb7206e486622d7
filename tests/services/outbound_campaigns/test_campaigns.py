"""Onboarding, campaigns and their states through boto3."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.services.outbound_campaigns.support import Desk, create_campaign, onboard
from tests.support import Account, refused

ABSENT = str(uuid.UUID(int=1))


def config_of(client: Any, instance_id: str) -> dict[str, Any]:
    config: dict[str, Any] = client.get_connect_instance_config(connectInstanceId=instance_id)["connectInstanceConfig"]
    return config


class TestOnboarding:
    @pytest.mark.claim("O4")
    def test_a_key_can_be_given(self, campaigns: Any, kms_key: str) -> None:
        assert onboard(campaigns, ABSENT, kms_key) == {"connectInstanceId": ABSENT, "status": "SUCCEEDED"}
        encryption = config_of(campaigns, ABSENT)["encryptionConfig"]
        assert encryption == {"enabled": True, "encryptionType": "KMS", "keyArn": kms_key}

    def test_it_works_without_a_key_too(self, campaigns: Any) -> None:
        onboard(campaigns, ABSENT, None)
        assert config_of(campaigns, ABSENT)["encryptionConfig"] == {"enabled": False}

    @pytest.mark.claim("O4")
    @pytest.mark.parametrize("state", ["absent", "disabled", "pending", "denied"])
    def test_a_bad_key_fails_the_job_and_leaves_nothing(
        self, account: Account, campaigns: Any, kms: Any, kms_key: str, state: str
    ) -> None:
        client, key = campaigns, kms_key
        if state == "absent":
            key = kms_key[:-12] + "0" * 12
        elif state == "disabled":
            kms.disable_key(KeyId=key)
        elif state == "pending":
            kms.schedule_key_deletion(KeyId=key)
        else:
            allowed = {"Effect": "Allow", "Action": "connect-campaigns:*", "Resource": "*"}
            policy = {"Version": "2012-10-17", "Statement": [allowed]}
            client = account.user("no-kms", policy).client("connectcampaigns")
        status = onboard(client, ABSENT, key)
        wanted = "KMS_ACCESS_DENIED" if state == "denied" else "KMS_KEY_NOT_FOUND"
        assert (status["status"], status["failureCode"]) == ("FAILED", wanted)
        assert kms.list_grants(KeyId=kms_key)["Grants"] == []
        with refused("ResourceNotFoundException"):
            config_of(campaigns, ABSENT)

    def test_a_failed_job_can_be_forgotten_and_repeated(self, campaigns: Any, kms_key: str) -> None:
        onboard(campaigns, ABSENT, kms_key[:-12] + "0" * 12)
        campaigns.delete_instance_onboarding_job(connectInstanceId=ABSENT)
        with refused("ResourceNotFoundException"):
            campaigns.get_instance_onboarding_job_status(connectInstanceId=ABSENT)
        assert onboard(campaigns, ABSENT, kms_key)["status"] == "SUCCEEDED"
        with refused("InvalidStateException"):
            campaigns.delete_instance_onboarding_job(connectInstanceId=ABSENT)

    def test_the_same_key_again_is_nothing_new_and_another_a_conflict(
        self, campaigns: Any, kms: Any, kms_key: str
    ) -> None:
        onboard(campaigns, ABSENT, kms_key)
        assert onboard(campaigns, ABSENT, kms_key)["status"] == "SUCCEEDED"
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 1
        with refused("ConflictException"):
            onboard(campaigns, ABSENT, None)

    def test_a_key_must_be_named_if_there_is_one(self, campaigns: Any) -> None:
        with refused("ValidationException") as refusal:
            campaigns.start_instance_onboarding_job(connectInstanceId=ABSENT, encryptionConfig={"enabled": True})
        assert "keyArn" in refusal.message

    def test_offboarding_gives_the_key_up(self, campaigns: Any, kms: Any, kms_key: str, keyed_desk: Desk) -> None:
        with refused("InvalidStateException"):
            campaigns.delete_connect_instance_config(connectInstanceId=keyed_desk.instance_id)
        campaigns.delete_campaign(id=keyed_desk.campaign_id)
        campaigns.delete_connect_instance_config(connectInstanceId=keyed_desk.instance_id)
        assert kms.list_grants(KeyId=kms_key)["Grants"] == []
        with refused("ResourceNotFoundException"):
            config_of(campaigns, keyed_desk.instance_id)


class TestCampaigns:
    def test_a_campaign_comes_back_as_it_was_made(self, campaigns: Any, desk: Desk) -> None:
        got = campaigns.describe_campaign(id=desk.campaign_id)["campaign"]
        assert (got["name"], got["connectInstanceId"]) == ("callbacks", desk.instance_id)
        assert got["dialerConfig"] == {"agentlessDialerConfig": {}}
        assert got["outboundCallConfig"] == {"connectContactFlowId": "flow"}

    def test_its_settings_can_be_changed(self, campaigns: Any, desk: Desk) -> None:
        where = {"id": desk.campaign_id}
        predictive = {"predictiveDialerConfig": {"bandwidthAllocation": 0.5}}
        campaigns.update_campaign_name(**where, name="reminders")
        campaigns.update_campaign_dialer_config(**where, dialerConfig=predictive)
        campaigns.update_campaign_outbound_call_config(**where, connectSourcePhoneNumber="+1")
        got = campaigns.describe_campaign(**where)["campaign"]
        assert (got["name"], got["dialerConfig"]) == ("reminders", predictive)
        assert got["outboundCallConfig"] == {"connectContactFlowId": "flow", "connectSourcePhoneNumber": "+1"}

    def test_an_instance_must_be_onboarded_first(self, campaigns: Any) -> None:
        with refused("ResourceNotFoundException") as refusal:
            create_campaign(campaigns, ABSENT)
        assert refusal.response["xAmzErrorType"] == "ResourceNotFoundException"

    def test_a_name_is_taken_once_per_instance(self, campaigns: Any, desk: Desk) -> None:
        with refused("ConflictException"):
            create_campaign(campaigns, desk.instance_id, "callbacks")
        onboard(campaigns, ABSENT, None)
        create_campaign(campaigns, ABSENT, "callbacks")

    def test_the_quota_is_25(self, campaigns: Any, desk: Desk) -> None:
        for number in range(24):
            create_campaign(campaigns, desk.instance_id, str(number))
        with refused("ServiceQuotaExceededException"):
            create_campaign(campaigns, desk.instance_id, "one more")

    def test_the_list_comes_page_by_page_and_by_instance(self, campaigns: Any, desk: Desk) -> None:
        onboard(campaigns, ABSENT, None)
        made = {create_campaign(campaigns, ABSENT, name) for name in ("a", "b", "c")}
        by_instance = {"instanceIdFilter": {"value": ABSENT, "operator": "Eq"}}
        page = campaigns.list_campaigns(filters=by_instance, maxResults=2)
        rest = campaigns.list_campaigns(filters=by_instance, maxResults=2, nextToken=page["nextToken"])
        listed = [one["id"] for part in (page, rest) for one in part["campaignSummaryList"]]
        assert (len(listed), set(listed)) == (3, made)
        assert len(campaigns.list_campaigns()["campaignSummaryList"]) == 4

    def test_another_account_knows_nothing_of_it(self, desk: Desk, second_account: Account) -> None:
        with refused("ResourceNotFoundException"):
            second_account.client("connectcampaigns").describe_campaign(id=desk.campaign_id)


class TestStates:
    COMMANDS = ("start", "pause", "resume", "stop")

    @pytest.mark.parametrize(
        ("path", "state", "possible"),
        [
            ((), "Initialized", {"start", "stop"}),
            (("start",), "Running", {"pause", "stop"}),
            (("start", "pause"), "Paused", {"resume", "stop"}),
            (("start", "stop"), "Stopped", set()),
        ],
    )
    def test_each_state_takes_its_commands_alone(
        self, campaigns: Any, path: tuple[str, ...], state: str, possible: set[str]
    ) -> None:
        onboard(campaigns, ABSENT, None)
        for number, command in enumerate(self.COMMANDS):
            campaign = create_campaign(campaigns, ABSENT, str(number))
            for step in path:
                getattr(campaigns, f"{step}_campaign")(id=campaign)
            assert campaigns.get_campaign_state(id=campaign)["state"] == state
            if command in possible:
                getattr(campaigns, f"{command}_campaign")(id=campaign)
                continue
            with refused("InvalidCampaignStateException") as refusal:
                getattr(campaigns, f"{command}_campaign")(id=campaign)
            assert refusal.response["state"] == state

    def test_states_come_in_batches(self, campaigns: Any, desk: Desk) -> None:
        got = campaigns.get_campaign_state_batch(campaignIds=[desk.campaign_id, ABSENT])
        assert got["successfulRequests"] == [{"campaignId": desk.campaign_id, "state": "Running"}]
        assert got["failedRequests"] == [{"campaignId": ABSENT, "failureCode": "ResourceNotFound"}]
