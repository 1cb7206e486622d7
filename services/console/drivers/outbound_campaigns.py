"""A call to the person that a campaign has queued."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from services.console.drivers.driver import PERSON, Driver, NoSuchOperation, Read


class OutboundCampaigns(Driver):
    """Outbound campaigns under the customer's key."""

    service = "connectcampaigns"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        for instance in "ab":
            connect = str(uuid.uuid5(uuid.NAMESPACE_OID, f"{self.ownership}/{self.account_id}/{instance}"))
            self.ids[f"instance_{instance}"] = connect
            self._onboard(connect, self.key_arn)
            self._queue(instance)

    def _onboard(self, connect: str, key_arn: str | None) -> None:
        config: dict[str, Any] = {"enabled": key_arn is not None}
        if key_arn is not None:
            config |= {"encryptionType": "KMS", "keyArn": key_arn}
        self.client.start_instance_onboarding_job(connectInstanceId=connect, encryptionConfig=config)

    def _queue(self, instance: str) -> None:
        """A running campaign with one dial request."""
        campaign = self.client.create_campaign(
            name=f"callbacks-{instance}",
            connectInstanceId=self.ids[f"instance_{instance}"],
            dialerConfig={"agentlessDialerConfig": {}},
            outboundCallConfig={"connectContactFlowId": str(uuid.UUID(int=7))},
        )["id"]
        self.client.start_campaign(id=campaign)
        self.ids[f"campaign_{instance}"] = campaign
        self._request(instance)

    def _request(self, instance: str) -> None:
        """A dial request, which the dialer will take."""
        self.client.put_dial_request_batch(
            id=self.ids[f"campaign_{instance}"],
            dialRequests=[
                {
                    "clientToken": uuid.uuid4().hex,
                    "phoneNumber": PERSON["phone"],
                    "expirationTime": datetime.now(UTC) + timedelta(days=3650),
                    "attributes": {"name": PERSON["first"]},
                }
            ],
        )

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"instance/{self.ids[f'instance_{instance}']}", "connect")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        if through is not None:
            return {}
        campaign = self.ids[f"campaign_{instance}"]
        return {"dial-request": (lambda: self._dialled(campaign), "DIALLED")}

    def _dialled(self, campaign: str) -> Any:
        outcomes = self.dial(campaign) if self.dial else []
        return outcomes[0]["outcome"] if outcomes else None

    def switch(self, new_key_arn: str) -> None:
        raise NoSuchOperation("an instance keeps its key until it is offboarded, and its data goes with it")


class OutboundCampaignsByDefault(OutboundCampaigns):
    """Outbound campaigns without a key of the customer's: a key that is the instance's alone."""

    ownership = "INSTANCE_SPECIFIC"

    def switch(self, new_key_arn: str) -> None:
        raise NoSuchOperation("the key is the service's own; there is nothing to switch")
