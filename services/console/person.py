"""One person's data in all five services, through the public API: how it is stored, and how each class is read.

A driver holds one service under one ownership model, in two instances, A and B (domains, knowledge bases, Connect
instances): A is what happens to, B is the neighbour. What a driver made it keeps in `ids`, which is JSON.
"""

from __future__ import annotations

import base64
import json
import uuid
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any, ClassVar

from services.console.clients import ENDPOINT, InProcess
from shared.catalog import arn

PERSON = {
    "first": "Ada",
    "last": "Lovelace",
    "phone": "+14255550123",
    "speaker": "customer-ada-4711",
    "note": "Ada asked to be called back about her mortgage.",
    "document": "What to say when a caller asks for Ada Lovelace's balance.",
}

_VOICE = 4711
"""The number of the person's voice."""
_OK = 200

Read = Callable[[], Any]


class NoSuchOperation(Exception):
    """The service has no operation for this; the text says what its customers do instead."""


@dataclass
class Driver(ABC):
    """One service under one ownership model. key_arn: the customer's key, None where the customer has none.

    dial: lets the dialer of outbound campaigns take what is queued; the one thing that has no AWS operation.
    """

    person: InProcess
    account_id: str
    key_arn: str | None = None
    dial: Callable[[str], list[dict[str, Any]]] | None = None
    ids: dict[str, str] = field(default_factory=dict)

    service: ClassVar[str]
    ownership: ClassVar[str]

    @property
    def client(self) -> Any:
        return self.person.client(self.service)

    def arn(self, resource: str, service: str | None = None) -> str:
        return arn(service or self.service, self.person.region, self.account_id, resource)

    @abstractmethod
    def store(self) -> None:
        """Make A and B and store the person's data in both."""

    @abstractmethod
    def scope_arn(self, instance: str) -> str:
        """The ARN of the scope that protects an instance's data."""

    @abstractmethod
    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        """By data class: how to read an instance's data, and what that must give.

        through: the instance by which it is asked for, if it is not its own.
        """

    def switch(self, new_key_arn: str) -> None:
        """Give A another key. Raises: NoSuchOperation."""
        raise NoSuchOperation("the key is the service's own; there is nothing to switch")


class Cases(Driver):
    """Cases: AWS owned, always."""

    service = "connectcases"
    ownership = "AWS_OWNED"

    def store(self) -> None:
        for instance in "ab":
            domain = self.client.create_domain(name=f"service-desk-{instance}")["domainId"]
            noted = self.client.create_field(domainId=domain, name="Callback", type="Text", description=PERSON["note"])
            template = self.client.create_template(domainId=domain, name="Callback", description=PERSON["note"])
            made = self.client.create_case(
                domainId=domain,
                templateId=template["templateId"],
                fields=[
                    {"id": "title", "value": {"stringValue": PERSON["note"]}},
                    {"id": "customer_id", "value": {"stringValue": self._customer()}},
                ],
            )
            self.client.create_related_item(
                domainId=domain,
                caseId=made["caseId"],
                type="Comment",
                content={"comment": {"body": PERSON["note"], "contentType": "Text/Plain"}},
            )
            self.ids |= {
                f"domain_{instance}": domain,
                f"field_{instance}": noted["fieldId"],
                f"template_{instance}": template["templateId"],
                f"case_{instance}": made["caseId"],
            }

    def _customer(self) -> str:
        return self.arn(f"domains/service-desk/profiles/{uuid.UUID(int=4711).hex}", "profile")

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domain/{self.ids[f'domain_{instance}']}", "cases")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        case, note = self.ids[f"case_{instance}"], PERSON["note"]
        return {
            "case": (lambda: self._title(domain, case), note),
            "comment": (lambda: self._comment(domain, case), note),
            "field": (lambda: self._field(domain, self.ids[f"field_{instance}"]), note),
            "template": (
                lambda: self.client.get_template(domainId=domain, templateId=self.ids[f"template_{instance}"])[
                    "description"
                ],
                note,
            ),
        }

    def _title(self, domain: str, case: str) -> Any:
        got = self.client.get_case(domainId=domain, caseId=case, fields=[{"id": "title"}])
        return got["fields"][0]["value"]["stringValue"]

    def _comment(self, domain: str, case: str) -> Any:
        items = self.client.search_related_items(domainId=domain, caseId=case)["relatedItems"]
        return items[0]["content"]["comment"]["body"]

    def _field(self, domain: str, field_id: str) -> Any:
        got = self.client.batch_get_field(domainId=domain, fields=[{"id": field_id}])
        if got["errors"]:
            return got["errors"][0]["errorCode"]
        return got["fields"][0]["description"]


class CustomerProfiles(Driver):
    """Customer Profiles under the customer's key."""

    service = "customer-profiles"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        key = {"DefaultEncryptionKey": self.key_arn} if self.key_arn else {}
        for instance in "ab":
            domain = f"customers-{self.ownership.lower().replace('_', '-')}-{instance}"
            self.client.create_domain(DomainName=domain, DefaultExpirationDays=365, **key)
            made = self.client.create_profile(
                DomainName=domain,
                FirstName=PERSON["first"],
                LastName=PERSON["last"],
                PhoneNumber=PERSON["phone"],
            )
            self.ids |= {f"domain_{instance}": domain, f"profile_{instance}": made["ProfileId"]}

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domains/{self.ids[f'domain_{instance}']}", "profile")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        profile = self.ids[f"profile_{instance}"]
        return {"profile": (lambda: self._last_name(domain, profile), PERSON["last"])}

    def _last_name(self, domain: str, profile: str) -> Any:
        items = self.client.search_profiles(DomainName=domain, KeyName="_profileId", Values=[profile])["Items"]
        return items[0]["LastName"] if items else None

    def switch(self, new_key_arn: str) -> None:
        self.client.update_domain(DomainName=self.ids["domain_a"], DefaultEncryptionKey=new_key_arn)


class CustomerProfilesByDefault(CustomerProfiles):
    """Customer Profiles without a key of the customer's: under alias/aws/profile."""

    ownership = "AWS_MANAGED"


class VoiceId(Driver):
    """Voice ID: the customer's key, always.

    The person is enrolled in one call and on the line in another: no API shows a voiceprint or any audio, but
    EvaluateSession must open both to tell who speaks. A call is known for a day; who looks later looks at a new one.
    """

    service = "voice-id"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        for instance in "ab":
            domain = self.client.create_domain(
                Name=f"voices-{instance}",
                Description=PERSON["note"],
                ServerSideEncryptionConfiguration={"KmsKeyId": self.key_arn},
            )["Domain"]["DomainId"]
            self.ids[f"domain_{instance}"] = domain
            self._connect(domain, "enrolment", "start", SpeakerId=PERSON["speaker"])
            self._connect(domain, "enrolment", "enroll")
            self._connect(domain, "enrolment", "audio", Audio=_recording(seconds=40))
            self._connect(domain, "enrolment", "end")
            self._call(domain, instance)
            speaker = self.client.describe_speaker(DomainId=domain, SpeakerId=PERSON["speaker"])["Speaker"]
            self.ids[f"speaker_{instance}"] = speaker["GeneratedSpeakerId"]

    def _call(self, domain: str, instance: str) -> None:
        """The person calls, and says who they are."""
        self._connect(domain, f"call-{instance}", "start", SpeakerId=PERSON["speaker"])
        self._connect(domain, f"call-{instance}", "audio", Audio=_recording(seconds=16))

    def _connect(self, domain: str, session: str, deed: str, **members: Any) -> bool:
        """What Amazon Connect does with a call; returns whether Voice ID took it."""
        body = {"Account": self.account_id, "DomainId": domain, "SessionName": session, **members}
        url = f"{ENDPOINT}/_simulator/voice-id/sessions/{deed}"
        return self.person.fetch("POST", url, json.dumps(body).encode())[0] == _OK

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domain/{self.ids[f'domain_{instance}']}", "voiceid")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        reads: dict[str, tuple[Read, Any]] = {
            "speaker": (
                lambda: self.client.describe_speaker(DomainId=domain, SpeakerId=self.ids[f"speaker_{instance}"])[
                    "Speaker"
                ]["CustomerSpeakerId"],
                PERSON["speaker"],
            ),
            "voiceprint": (lambda: self._evaluated(instance, through)["AuthenticationResult"]["Decision"], "ACCEPT"),
            "audio": (lambda: self._evaluated(instance, through)["FraudDetectionResult"]["Decision"], "LOW_RISK"),
        }
        if through is None:
            reads["domain"] = (
                lambda: self.client.describe_domain(DomainId=domain)["Domain"]["Description"],
                PERSON["note"],
            )
        return reads

    def _evaluated(self, instance: str, through: str | None) -> Any:
        """What is decided of the call. A moment of silence first: what was decided before holds no more."""
        domain, session = self.ids[f"domain_{instance}"], f"call-{instance}"
        if not self._connect(domain, session, "audio", Audio=_recording(seconds=0)):
            self._call(domain, instance)  # if Voice ID does not take it either, EvaluateSession tells why
        asked = self.ids[f"domain_{through or instance}"]
        return self.client.evaluate_session(DomainId=asked, SessionNameOrId=session)

    def switch(self, new_key_arn: str) -> None:
        self.client.update_domain(
            DomainId=self.ids["domain_a"],
            Name="voices-a",
            Description=PERSON["note"],
            ServerSideEncryptionConfiguration={"KmsKeyId": new_key_arn},
        )


@cache
def _recording(seconds: float) -> str:
    """The person speaking, as the control API takes it: base64 of a WAV file."""
    from services.voice_id.recordings import write_wav  # with numpy, which is slow to import
    from services.voice_id.sample_voices import SampleVoice

    spoken = SampleVoice.of(_VOICE).says(words=1, seconds=max(seconds, 1.0))
    return base64.b64encode(write_wav(spoken[: int(seconds * 8_000)])).decode()


class Wisdom(Driver):
    """Wisdom content under the customer's key; its search index is AWS's all the same."""

    service = "wisdom"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        key = {"serverSideEncryptionConfiguration": {"kmsKeyId": self.key_arn}} if self.key_arn else {}
        for instance in "ab":
            made = self.client.create_knowledge_base(
                name=f"answers-{self.ownership}-{instance}", knowledgeBaseType="CUSTOM", **key
            )["knowledgeBase"]["knowledgeBaseId"]
            upload = self.client.start_content_upload(knowledgeBaseId=made, contentType="text/plain")
            self.person.fetch("PUT", upload["url"], PERSON["document"].encode(), upload["headersToInclude"])
            content = self.client.create_content(
                knowledgeBaseId=made, name="balance", title=PERSON["note"], uploadId=upload["uploadId"]
            )["content"]["contentId"]
            self.ids |= {f"base_{instance}": made, f"content_{instance}": content}

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"knowledge-base/{self.ids[f'base_{instance}']}", "wisdom")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        base = self.ids[f"base_{through or instance}"]
        content = self.ids[f"content_{instance}"]
        reads: dict[str, tuple[Read, Any]] = {
            "content": (lambda: self._document(base, content), PERSON["document"].encode())
        }
        if through is None:
            reads["index-entry"] = (lambda: self._found(base), PERSON["note"])
        return reads

    def _document(self, base: str, content: str) -> bytes:
        link = self.client.get_content(knowledgeBaseId=base, contentId=content)["content"]["url"]
        return self.person.fetch("GET", link)[1]

    def _found(self, base: str) -> Any:
        search = {"filters": [{"field": "NAME", "operator": "EQUALS", "value": "balance"}]}
        hits = self.client.search_content(knowledgeBaseId=base, searchExpression=search)["contentSummaries"]
        return hits[0]["title"] if hits else None

    def switch(self, new_key_arn: str) -> None:
        raise NoSuchOperation("a knowledge base keeps its key; another key means another knowledge base")


class WisdomByDefault(Wisdom):
    """Wisdom without a key of the customer's."""

    ownership = "AWS_OWNED"


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


DRIVERS: tuple[type[Driver], ...] = (
    Cases,
    CustomerProfiles,
    CustomerProfilesByDefault,
    VoiceId,
    Wisdom,
    WisdomByDefault,
    OutboundCampaigns,
    OutboundCampaignsByDefault,
)


def needs_key(driver: type[Driver]) -> bool:
    return driver.ownership == "CUSTOMER_MANAGED"
