"""What the outbound campaigns tests share: an onboarded instance with a campaign, and its dialer."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from tests.support import REGION, Account, Server

PHONE = "+14255550123"
FAR_FUTURE = datetime.now(UTC) + timedelta(days=36_500)


def onboard(client: Any, instance_id: str, key_arn: str | None) -> dict[str, Any]:
    config: dict[str, Any] = {"enabled": key_arn is not None}
    if key_arn is not None:
        config |= {"encryptionType": "KMS", "keyArn": key_arn}
    answer = client.start_instance_onboarding_job(connectInstanceId=instance_id, encryptionConfig=config)
    status: dict[str, Any] = answer["connectInstanceOnboardingJobStatus"]
    return status


def create_campaign(client: Any, instance_id: str, name: str = "callbacks") -> str:
    campaign_id: str = client.create_campaign(
        name=name,
        connectInstanceId=instance_id,
        dialerConfig={"agentlessDialerConfig": {}},
        outboundCallConfig={"connectContactFlowId": "flow"},
    )["id"]
    return campaign_id


def dial_request(phone: str = PHONE, **more: Any) -> dict[str, Any]:
    request = {
        "clientToken": uuid.uuid4().hex,
        "phoneNumber": phone,
        "expirationTime": FAR_FUTURE,
        "attributes": {"name": "Ada"},
    }
    return {**request, **more}


@dataclass
class Desk:
    """A Connect instance with a running campaign."""

    server: Server
    account: Account
    client: Any
    instance_id: str
    campaign_id: str

    @classmethod
    def open(cls, server: Server, account: Account, key_arn: str | None) -> Desk:
        client, instance_id = account.client("connectcampaigns"), str(uuid.uuid4())
        assert onboard(client, instance_id, key_arn)["status"] == "SUCCEEDED"
        campaign_id = create_campaign(client, instance_id)
        client.start_campaign(id=campaign_id)
        return cls(server, account, client, instance_id, campaign_id)

    @property
    def arn(self) -> str:
        return f"arn:aws:connect:{REGION}:{self.account.account_id}:instance/{self.instance_id}"

    def put(self, *requests: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self.client.put_dial_request_batch(id=self.campaign_id, dialRequests=list(requests))
        return answer

    def dial(self) -> list[str]:
        """What the dialer meets, request by request."""
        body = {"Account": self.account.account_id, "Region": REGION, "Campaign": self.campaign_id}
        return [one["outcome"] for one in self.server.control("dialer", body)["Dialled"]]

    def scope(self) -> dict[str, Any]:
        """The instance's scope as it rests."""
        row = self.server.simulator.database.find("scopes", {"arn": self.arn})
        assert row is not None
        return row
