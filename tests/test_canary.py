"""Plaintext never rests: a canary in every protected member of every service, and no byte of it on the disk.

What must be covered is not listed here: it is what the services declare. A member that no call below fills with the
canary fails the test, and so does a new data class.
"""

from __future__ import annotations

import base64
import json
import logging
import uuid
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from services.registry import DATA_CLASSES
from shared.aws.models import service_model
from tests.services.wisdom.support import http
from tests.support import REGION, Account, Server, events_of, started

CANARY = "3141592653589793238"
"""Digits alone, because a phone number must hold it."""


def forms_of(text: str) -> set[bytes]:
    """A text as it could stand in a file: plain, as UTF-16, in hex, and in base64 at any of its three offsets."""
    plain = text.encode()
    forms = {plain, text.encode("utf-16-le"), plain.hex().encode(), plain.hex().upper().encode()}
    for offset in range(3):
        encoded = base64.b64encode(b"\0" * offset + plain)
        forms.add(encoded[4 if offset else 0 : len(encoded) - len(encoded) % 4 - 4])
    return forms


class Filled:
    """Notes which members of the calls of a client held the canary."""

    def __init__(self, client: Any) -> None:
        self.members: set[str] = set()
        client.meta.events.register("provide-client-params.*.*", self._note)

    def _note(self, params: dict[str, Any], **_: Any) -> None:
        self._walk(params)

    def _walk(self, params: Any) -> None:
        if isinstance(params, dict):
            for name, value in params.items():
                if CANARY in json.dumps(value, default=str):
                    self.members.add(name)
                self._walk(value)
        elif isinstance(params, list):
            for value in params:
                self._walk(value)


def fill_cases(client: Any, key: str) -> None:
    domain = client.create_domain(name="desk")["domainId"]
    client.create_field(domainId=domain, name="Colour", type="Text", description=CANARY)
    template = client.create_template(domainId=domain, name="t", description=CANARY)["templateId"]
    customer = f"arn:aws:profile:us-west-2:111122223333:domains/d/profiles/{'0' * 32}"
    fields = [
        {"id": "title", "value": {"stringValue": CANARY}},
        {"id": "customer_id", "value": {"stringValue": customer}},
    ]
    case = client.create_case(domainId=domain, templateId=template, fields=fields)["caseId"]
    comment = {"comment": {"body": CANARY, "contentType": "Text/Plain"}}
    client.create_related_item(domainId=domain, caseId=case, type="Comment", content=comment)
    assert len(client.search_cases(domainId=domain, searchTerm=CANARY)["cases"]) == 1


def fill_profiles(client: Any, key: str) -> None:
    client.create_domain(DomainName="customers", DefaultExpirationDays=1, DefaultEncryptionKey=key)
    shape = service_model("customer-profiles").operation_model("CreateProfile").input_shape
    members = {name: _canary_for(member) for name, member in shape.members.items() if name != "DomainName"}
    members = {name: value for name, value in members.items() if value is not None}
    profile = client.create_profile(DomainName="customers", **members)["ProfileId"]
    client.add_profile_key(DomainName="customers", ProfileId=profile, KeyName="_caseId", Values=[CANARY])
    assert len(client.search_profiles(DomainName="customers", KeyName="_phone", Values=[CANARY])["Items"]) == 1
    fields = {"phone": {"Source": "_source.phone", "Target": "_profile.PhoneNumber"}}
    keys = {"_phone": [{"StandardIdentifiers": ["PROFILE", "UNIQUE"], "FieldNames": ["phone"]}]}
    client.put_profile_object_type(
        DomainName="customers", ObjectTypeName="order", Description=CANARY, Fields=fields, Keys=keys
    )
    content = json.dumps({"phone": CANARY})
    client.put_profile_object(DomainName="customers", ObjectTypeName="order", Object=content)


def _canary_for(shape: Any) -> Any:
    """The canary wherever the model takes free text; None where it takes none."""
    if shape.type_name == "string":
        return None if shape.metadata.get("enum") or "pattern" in shape.metadata else CANARY
    if shape.type_name == "map":
        return {CANARY: CANARY}
    if shape.type_name == "list":
        return [_canary_for(shape.member)]
    parts = {name: _canary_for(member) for name, member in shape.members.items()}
    return {name: value for name, value in parts.items() if value is not None}


def fill_voice_id(client: Any, key: str) -> None:
    encryption = {"ServerSideEncryptionConfiguration": {"KmsKeyId": key}}
    tags = [{"Key": CANARY, "Value": CANARY}]
    domain = client.create_domain(Name=CANARY, Description=CANARY, Tags=tags, **encryption)["Domain"]
    client.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId=CANARY)
    client.create_watchlist(DomainId=domain["DomainId"], Name=CANARY, Description=CANARY)
    client.untag_resource(ResourceArn=domain["Arn"], TagKeys=[f"{CANARY}0"])
    client.start_speaker_enrollment_job(
        DomainId=domain["DomainId"],
        JobName=CANARY,
        DataAccessRoleArn=f"arn:aws:iam::{domain['Arn'].split(':')[4]}:role/none",
        InputDataConfig={"S3Uri": "s3://calls/requests.json"},
        OutputDataConfig={"S3Uri": "s3://calls/out"},
    )
    assert len(client.list_speakers(DomainId=domain["DomainId"])["SpeakerSummaries"]) == 1


def fill_wisdom(client: Any, key: str) -> None:
    for name, more in (("own", {"serverSideEncryptionConfiguration": {"kmsKeyId": key}}), ("aws", {})):
        base = client.create_knowledge_base(name=name, knowledgeBaseType="CUSTOM", **more)["knowledgeBase"]
        where = {"knowledgeBaseId": base["knowledgeBaseId"]}
        for _ in range(2):  # the second one stays an upload
            upload = client.start_content_upload(**where, contentType="text/plain")
            assert http("PUT", upload["url"], CANARY.encode(), upload["headersToInclude"])[0] == 200
            if not client.list_contents(**where)["contentSummaries"]:
                made = client.create_content(
                    **where,
                    name=CANARY,
                    title=CANARY,
                    metadata={CANARY: CANARY},
                    overrideLinkOutUri=CANARY,
                    uploadId=upload["uploadId"],
                )
                assert http("GET", made["content"]["url"]) == (200, CANARY.encode())
        wanted = {"filters": [{"field": "NAME", "operator": "EQUALS", "value": CANARY}]}
        assert len(client.search_content(**where, searchExpression=wanted)["contentSummaries"]) == 1


def fill_s3(client: Any, key: str) -> None:
    bucket = f"canary-{uuid.uuid4().hex}"
    client.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    said = {
        "Metadata": {"name": CANARY},
        "Tagging": f"{CANARY}={CANARY}",
        "CacheControl": CANARY,
        "ContentDisposition": CANARY,
        "ContentEncoding": CANARY,
        "ContentLanguage": CANARY,
        "ContentType": CANARY,
    }
    for name, how in (
        ("own", {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key}),
        ("managed", {"ServerSideEncryption": "aws:kms"}),
        ("aws", {}),
    ):
        client.put_object(Bucket=bucket, Key=name, Body=CANARY.encode() * 100_000, **said, **how)
        tags = [{"Key": CANARY, "Value": CANARY}]
        client.put_object_tagging(Bucket=bucket, Key=name, Tagging={"TagSet": tags})
        upload = client.create_multipart_upload(Bucket=bucket, Key=f"{name}-parts", **said, **how)["UploadId"]
        part = {"Bucket": bucket, "Key": f"{name}-parts", "UploadId": upload, "PartNumber": 1}
        client.upload_part(**part, Body=CANARY.encode())
        assert client.get_object(Bucket=bucket, Key=name)["Body"].read() == CANARY.encode() * 100_000


def fill_campaigns(client: Any, key: str) -> None:
    for instance, config in (
        ("own", {"enabled": True, "encryptionType": "KMS", "keyArn": key}),
        ("aws", {"enabled": False}),
    ):
        client.start_instance_onboarding_job(connectInstanceId=instance, encryptionConfig=config)
        campaign = client.create_campaign(
            name="calls",
            connectInstanceId=instance,
            dialerConfig={"agentlessDialerConfig": {}},
            outboundCallConfig={"connectContactFlowId": "flow"},
        )["id"]
        client.start_campaign(id=campaign)
        request = {
            "clientToken": "token",
            "phoneNumber": CANARY,
            "expirationTime": datetime(2099, 1, 1, tzinfo=UTC),
            "attributes": {CANARY: CANARY},
        }
        taken = client.put_dial_request_batch(id=campaign, dialRequests=[request])
        assert len(taken["successfulRequests"]) == 1


def fill_events(client: Any, key: str) -> None:
    client.put_rule(Name="r", EventPattern=json.dumps({"source": [CANARY]}), Description=CANARY)
    queue = "arn:aws:sqs:us-west-2:111122223333:absent"
    transformer = {"InputPathsMap": {"a": "$.detail"}, "InputTemplate": f'"{CANARY}"'}
    inputs = ({"Input": CANARY}, {"InputPath": f"$.detail.x{CANARY}"}, {"InputTransformer": transformer})
    targets = [{"Id": str(number), "Arn": queue, **given} for number, given in enumerate(inputs)]
    client.put_targets(Rule="r", Targets=targets)
    entry = {"Source": CANARY, "DetailType": CANARY, "Detail": json.dumps({"a": CANARY}), "Resources": [CANARY]}
    assert client.put_events(Entries=[entry])["FailedEntryCount"] == 0
    event = {
        "id": "1",
        "account": "1",
        "source": CANARY,
        "time": "t",
        "region": "r",
        "resources": [],
        "detail-type": "d",
    }
    assert client.test_event_pattern(EventPattern=json.dumps({"source": [CANARY]}), Event=json.dumps(event))["Result"]


def fill_sqs(client: Any, key: str) -> None:
    for name, more in (("own", {"Attributes": {"KmsMasterKeyId": key}}), ("aws", {})):
        url = client.create_queue(QueueName=name, **more)["QueueUrl"]
        text = {"DataType": "String", "StringValue": CANARY}
        client.send_message(
            QueueUrl=url,
            MessageBody=CANARY,
            MessageAttributes={f"a{CANARY}": text},
            MessageSystemAttributes={"AWSTraceHeader": text},
        )
        (message,) = client.receive_message(QueueUrl=url, AttributeNames=["All"])["Messages"]
        assert (message["Body"], message["Attributes"]["AWSTraceHeader"]) == (CANARY, CANARY)


FILL: dict[str, Callable[[Any, str], None]] = {
    "connectcases": fill_cases,
    "customer-profiles": fill_profiles,
    "voice-id": fill_voice_id,
    "wisdom": fill_wisdom,
    "s3": fill_s3,
    "connectcampaigns": fill_campaigns,
    "events": fill_events,
    "sqs": fill_sqs,
}

NOT_IN_INPUT = {
    "voice-id": {"CustomerSpeakerId"},  # of answers; SpeakerId is what sets it
    "wisdom": {"linkOutUri"},  # of answers; overrideLinkOutUri is what sets it
    "customer-profiles": {"PartyType", "Gender", "ProfileType"},  # enumerations
}


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server of its own, so that each byte on its disk comes from here."""
    directory: Path = tmp_path_factory.mktemp("canary") / "data"
    with started(directory) as server:
        yield server


def test_every_service_that_protects_is_filled() -> None:
    assert set(FILL) == set(DATA_CLASSES)


@pytest.mark.claim("W1", "V1", "V10", "C1", "C2", "C3", "P1", "O1", "T6")
@pytest.mark.parametrize("service", sorted(FILL))
def test_the_canary_is_in_every_protected_member_and_nowhere_on_the_disk(
    own_server: Server, service: str, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    account = own_server.new_account()
    key = account.client("kms").create_key()["KeyMetadata"]["Arn"]
    client = account.client(service)
    filled = Filled(client)
    FILL[service](client, key)

    protected = frozenset().union(*(data_class.protects for data_class in DATA_CLASSES[service]))
    assert protected - filled.members - NOT_IN_INPUT.get(service, set()) == set()
    _assert_nowhere(own_server, account)
    logged = [record for record in caplog.records if not record.name.startswith(("botocore", "urllib3"))]
    assert CANARY not in "\n".join(record.getMessage() for record in logged)

    own_server.advance("P40D")
    own_server.run_jobs()
    _assert_nowhere(own_server, account)


@pytest.mark.claim("T6")
@pytest.mark.parametrize(
    ("service", "operation", "parameters"),
    [
        ("connectcases", "create_field", {"domainId": "0" * 32, "name": "n", "type": "Text", "description": None}),
        ("connectcases", "create_template", {"domainId": "0" * 32, "name": None}),
        ("customer-profiles", "search_profiles", {"DomainName": "d", "KeyName": "_phone", "Values": [None]}),
        ("wisdom", "create_knowledge_base", {"name": None, "knowledgeBaseType": "CUSTOM"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_value_that_was_refused_rests_nowhere(
    own_server: Server, service: str, operation: str, parameters: dict[str, Any]
) -> None:
    """Nor does its tail, if it looks like the words of a refusal."""
    account = own_server.new_account()
    too_long = f"A' at '{CANARY}'" + "x" * 5000
    filled = {name: [too_long] if value == [None] else value or too_long for name, value in parameters.items()}
    with pytest.raises(ClientError) as refusal:
        getattr(account.client(service), operation)(**filled)
    assert CANARY in refusal.value.response["Error"]["Message"]
    _assert_nowhere(own_server, account)


def _assert_nowhere(server: Server, account: Account) -> None:
    disk = server.bytes_on_disk()
    found = [disk.find(form) for form in sorted(forms_of(CANARY)) if form in disk]
    assert [disk[place - 60 : place + 60] for place in found] == []
    assert CANARY not in json.dumps(events_of(account))
    assert CANARY not in json.dumps(server.control("trail"))


def test_a_canary_at_rest_would_be_seen(tmp_path: Path) -> None:
    """The search itself finds what it is meant to find."""
    for form in forms_of(CANARY):
        (tmp_path / "data.bin").write_bytes(b"ab" + form + b"yz")
        assert any(one in (tmp_path / "data.bin").read_bytes() for one in forms_of(CANARY))
    framed = base64.b64encode(b'{"a":"' + CANARY.encode() + b'"}')
    assert any(form in framed for form in forms_of(CANARY))


@pytest.mark.claim("T6")
def test_no_key_material_rests(own_server: Server) -> None:
    """Plaintext data keys and encrypted plaintexts that were answered are in no file and no event."""
    account = own_server.new_account()
    kms = account.client("kms")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    data_key = kms.generate_data_key(KeyId=key, KeySpec="AES_256")["Plaintext"]
    random = kms.generate_random(NumberOfBytes=32)["Plaintext"]
    blob = kms.encrypt(KeyId=key, Plaintext=CANARY.encode())["CiphertextBlob"]
    assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == CANARY.encode()
    disk, trail = own_server.bytes_on_disk(), json.dumps(events_of(account)).encode()
    for secret in (data_key, random, CANARY.encode()):
        for form in (secret, secret.hex().encode(), base64.b64encode(secret).rstrip(b"=")[:-1]):
            assert form not in disk
            assert form not in trail
