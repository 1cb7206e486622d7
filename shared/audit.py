"""The trail: one event per call, refusals included, in CloudTrail's form.

An event lands in the trail of the caller's account and of the account that owns the resource; a service that acts
alone is a caller whose account is the service's own. Plaintext, ciphertext, key material, grant tokens and every
member that a service protects never reach it: they are hidden before an event is made.

Source: facts of the CloudTrail record reference and of the "Logging AWS KMS API calls" pages; the seed's samples.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from shared.clock import Clock
from shared.database import Database
from shared.identity import SESSION, USER, Caller, Principal, Session
from shared.randomness import Randomness
from shared.rulings import RuledEvent, Ruling, RulingLog
from shared.times import as_iso

EVENT_VERSION = "1.08"


@dataclass(frozen=True)
class Resource:
    arn: str
    account_id: str
    kind: str = "AWS::KMS::Key"


@dataclass
class ApiEvent:
    """One call as the trail will show it.

    caller: None for what AWS does by itself (an AwsServiceEvent such as RotateKey).
    request_parameters, response_elements: already in CloudTrail's casing and redacted.
    shared: the records in several accounts carry one sharedEventID.
    lists_resources: whether the list of resources is shown even if it is empty.
    is_api_call: of what AWS does by itself, whether CloudTrail calls it an API call all the same.
    rulings: the decisions behind the call; no part of the record, which they can be found by.
    """

    source: str
    name: str
    region: str
    caller: Caller | None
    account_id: str
    read_only: bool
    request_parameters: Mapping[str, Any] | None = None
    response_elements: Mapping[str, Any] | None = None
    resources: Sequence[Resource] = ()
    error_code: str | None = None
    error_message: str | None = None
    additional: Mapping[str, Any] | None = None
    service_event_details: Mapping[str, Any] | None = None
    shared: bool = False
    request_id: str = ""
    time: float | None = None
    recipients: list[str] = field(default_factory=list)
    lists_resources: bool = False
    is_api_call: bool = False
    rulings: Sequence[Ruling] = ()


class Trail:
    """Writes events; called inside the request's unit of work. rulings: what was decided, by the events' ids."""

    def __init__(self, database: Database, clock: Clock, randomness: Randomness) -> None:
        self._database = database
        self._clock = clock
        self._randomness = randomness
        self.rulings = RulingLog()

    def record(self, event: ApiEvent) -> None:
        """Store the event once per account that may see it."""
        when = self._clock.now() if event.time is None else event.time
        recipients = recipients_of(event)
        shared_id = self._randomness.uuid() if event.shared and len(recipients) > 1 else None
        event_ids = tuple(self._randomness.uuid() for _ in recipients)
        self._remember(event, event_ids, when)
        for account_id, event_id in zip(recipients, event_ids, strict=True):
            body = _body(event, account_id, event_id, when, shared_id)
            self._database.insert(
                "events",
                {
                    "sequence": None,
                    "event_id": event_id,
                    "account_id": account_id,
                    "region": event.region,
                    "time": when,
                    "name": event.name,
                    "source": event.source,
                    "read_only": int(event.read_only),
                    "username": _username(event.caller),
                    "access_key_id": event.caller.access_key_id if event.caller else None,
                    "request_id": event.request_id,
                    "resources": [
                        {"ResourceType": resource.kind, "ResourceName": resource.arn} for resource in event.resources
                    ],
                    "body": json.dumps(body, separators=(",", ":")),
                },
            )

    def remember(self, event: ApiEvent) -> None:
        """Keep the decisions behind a call that the trail does not hold: they are found by the request's id."""
        self._remember(event, (), self._clock.now())

    def _remember(self, event: ApiEvent, event_ids: tuple[str, ...], when: float) -> None:
        if event.rulings or event.error_code is not None:
            self.rulings.remember(_ruled(event, event_ids, when))


_DENIED = ("AccessDenied", "AccessDeniedException")


def recipients_of(event: ApiEvent) -> tuple[str, ...]:
    """Whose trails hold the event: the caller's account, and each resource owner's unless the call was denied.

    Source: "Logging AWS KMS API calls": a denied cross-account call is logged in the caller's account only. For a
    service principal the customer's trail shows the denial: it is the customer's grant that was missing.
    """
    accounts = [event.account_id]
    denied_across = event.error_code in _DENIED and not (event.caller and event.caller.is_service)
    if not denied_across:
        accounts += [resource.account_id for resource in event.resources]
    return tuple(dict.fromkeys(accounts))


def _ruled(event: ApiEvent, event_ids: tuple[str, ...], when: float) -> RuledEvent:
    return RuledEvent(
        event_ids,
        event.request_id,
        event.source,
        event.name,
        when,
        event.error_code,
        event.error_message,
        event.rulings,
    )


def _body(event: ApiEvent, recipient: str, event_id: str, when: float, shared_id: str | None) -> dict[str, Any]:
    service_event = event.caller is None
    source = "AWS Internal" if event.caller is None else event.caller.source_ip
    body: dict[str, Any] = {
        "eventVersion": EVENT_VERSION,
        "userIdentity": _user_identity(event),
        "eventTime": as_iso(when),
        "eventSource": event.source,
        "eventName": event.name,
        "awsRegion": event.region,
        "sourceIPAddress": source,
        "userAgent": "AWS Internal" if event.caller is None else event.caller.user_agent,
    }
    if event.error_code is not None:
        body |= {"errorCode": event.error_code, "errorMessage": event.error_message or ""}
    body |= {
        "requestParameters": event.request_parameters,
        "responseElements": event.response_elements if event.error_code is None else None,
    }
    if event.additional is not None:
        body["additionalEventData"] = event.additional
    if event.service_event_details is not None:
        body["serviceEventDetails"] = event.service_event_details
    if not service_event:
        body["requestID"] = event.request_id
    body |= {"eventID": event_id, "readOnly": event.read_only}
    if event.resources or event.lists_resources:
        body["resources"] = [
            {"accountId": resource.account_id, "type": resource.kind, "ARN": resource.arn}
            for resource in event.resources
        ]
    body |= {
        "eventType": "AwsServiceEvent" if service_event and not event.is_api_call else "AwsApiCall",
        "managementEvent": True,
        "recipientAccountId": recipient,
    }
    if shared_id is not None:
        body["sharedEventID"] = shared_id
    body["eventCategory"] = "Management"
    return body


def _user_identity(event: ApiEvent) -> dict[str, Any]:
    caller = event.caller
    if caller is None:
        return {"accountId": event.account_id, "invokedBy": "AWS Internal"}
    if caller.is_service:
        return {"type": "AWSService", "invokedBy": caller.principal.name}
    principal = caller.principal
    identity: dict[str, Any] = {
        "type": principal.kind,
        "principalId": principal.unique_id,
        "arn": principal.arn,
        "accountId": principal.account_id,
        "accessKeyId": caller.access_key_id,
    }
    if principal.kind == USER:
        identity["userName"] = principal.name
    if principal.session is not None:
        identity["sessionContext"] = _session_context(principal, principal.session)
    if caller.invoked_by is not None:
        identity["invokedBy"] = caller.invoked_by.principal
    return identity


def _session_context(principal: Principal, session: Session) -> dict[str, Any]:
    """Which role or user temporary credentials are of, and since when."""
    context: dict[str, Any] = {}
    if session.name is not None:
        context["sessionIssuer"] = {
            "type": "Role" if principal.kind == SESSION else USER,
            "principalId": session.issuer_id,
            "arn": session.issuer_arn,
            "accountId": principal.account_id,
            "userName": session.issuer_name,
        }
        context["webIdFederationData"] = {}
    context["attributes"] = {"creationDate": as_iso(session.issued_at), "mfaAuthenticated": "false"}
    if session.source_identity is not None:
        context["sourceIdentity"] = session.source_identity
    return context


def _username(caller: Caller | None) -> str | None:
    """What LookupEvents finds a caller by: a user's name, or a session's."""
    if caller is None or caller.is_service:
        return None
    return caller.principal.session_name or caller.principal.name
