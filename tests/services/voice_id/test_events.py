"""Voice ID's events: a rule of the default bus brings them to a queue, in the documented form and without free text."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from tests.services.voice_id.buckets import Bucket
from tests.services.voice_id.support import new_key
from tests.services.voice_id.voices import ADA, EVE, LONG, SHORT, Call
from tests.support import REGION, Account, Server

ENVELOPE = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}

TYPES = {
    "START_SESSION": "VoiceId Start Session Action",
    "UPDATE_SESSION": "VoiceId Update Session Action",
    "EVALUATE_SESSION": "VoiceId Evaluate Session Action",
    "SESSION_ENROLLMENT_REQUEST": "VoiceId Session Speaker Enrollment Action",
    "ENROLL_SPEAKER": "VoiceId Speaker Action",
    "OPT_OUT_SPEAKER": "VoiceId Speaker Action",
    "DELETE_SPEAKER": "VoiceId Speaker Action",
    "REGISTER_FRAUDSTER": "VoiceId Fraudster Action",
    "DELETE_FRAUDSTER": "VoiceId Fraudster Action",
    "BATCH_ENROLLMENT_REQUEST": "VoiceID Batch Speaker Enrollment Action",
    "BATCH_REGISTRATION_REQUEST": "VoiceId Batch Fraudster Registration Action",
}
"""Action -> detail type, in the spelling of the documentation."""


@pytest.fixture
def queue(account: Account) -> str:
    """The URL of a queue that gets all that Voice ID says."""
    sqs, events = account.client("sqs"), account.client("events")
    rule = events.put_rule(Name="voice", EventPattern=json.dumps({"source": ["aws.voiceid"]}))["RuleArn"]
    url: str = sqs.create_queue(QueueName="voice")["QueueUrl"]
    arn = f"arn:aws:sqs:{REGION}:{account.account_id}:voice"
    allow = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_targets(Rule="voice", Targets=[{"Id": "queue", "Arn": arn}])
    return url


def received(server: Server, account: Account, queue: str) -> list[dict[str, Any]]:
    """The events that have come, oldest first."""
    server.run_jobs()
    sqs = account.client("sqs")
    found: list[dict[str, Any]] = []
    while messages := sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages"):
        for message in messages:
            found.append(json.loads(message["Body"]))
            sqs.delete_message(QueueUrl=queue, ReceiptHandle=message["ReceiptHandle"])
    return sorted(found, key=lambda event: event["time"])


def of(events: list[dict[str, Any]], action: str) -> list[dict[str, Any]]:
    return [event for event in events if event["detail"]["action"] == action]


class TestShape:
    def test_everything_that_happens_is_told(
        self, server: Server, account: Account, voice_id: Any, kms: Any, domain: dict[str, Any], queue: str
    ) -> None:
        bucket, here = Bucket(account, domain, new_key(kms)), {"DomainId": domain["DomainId"]}
        call = Call(account, domain["DomainId"])
        call.start(SpeakerId="canary-ada")
        call.enroll()
        call.hears(ADA, words=1, seconds=LONG)
        call.update(RiskThreshold=60)
        evaluated = call.evaluate()
        bucket.register([{"RequestId": "r", "AudioSpecifications": [bucket.recording(EVE)]}], JobName="canary-job")
        bucket.enroll(bucket.enrolments(**{"canary-bob": ADA}), JobName="canary-job")
        server.run_jobs()
        [fraudster] = voice_id.list_fraudsters(**here)["FraudsterSummaries"]
        voice_id.delete_fraudster(**here, FraudsterId=fraudster["GeneratedFraudsterId"])
        speaker = voice_id.opt_out_speaker(**here, SpeakerId="canary-ada")["Speaker"]
        voice_id.delete_speaker(**here, SpeakerId="canary-ada")

        events = received(server, account, queue)
        assert {event["detail"]["action"]: event["detail-type"] for event in events} == TYPES
        for event in events:
            assert set(event) == ENVELOPE
            assert event["source"] == "aws.voiceid"
            assert event["resources"] == [domain["Arn"]]
            detail = event["detail"]
            assert {"sourceId", "action", "status", "errorInfo"} < set(detail)
            assert (detail["status"], detail["errorInfo"]) == ("SUCCESS", {})
            assert domain["DomainId"] in {detail.get("domainId"), detail.get("domainID")}
        assert "canary" not in json.dumps(events)

        [result] = of(events, "EVALUATE_SESSION")
        session = result["detail"]["session"]
        assert session["generatedSpeakerId"] == speaker["GeneratedSpeakerId"]
        authentication = evaluated["AuthenticationResult"]
        assert session["authenticationResult"]["decision"] == authentication["Decision"] == "ACCEPT"
        assert session["authenticationResult"]["score"] == authentication["Score"]
        risks = session["fraudDetectionResult"]["riskDetails"]
        assert set(risks) == {"knownFraudsterRisk", "voiceSpoofingRisk"}
        [started] = of(events, "START_SESSION")
        assert set(started["detail"]["session"]) == {
            "sessionId",
            "sessionName",
            "authenticationConfiguration",
            "fraudDetectionConfiguration",
            "streamingConfiguration",
            "enrollmentAudioProgress",
            "authenticationAudioProgress",
            "fraudDetectionAudioProgress",
            "generatedSpeakerId",
        }
        [updated] = of(events, "UPDATE_SESSION")
        assert updated["detail"]["session"]["fraudDetectionConfiguration"]["riskThreshold"] == 60
        [registered] = of(events, "REGISTER_FRAUDSTER")
        assert registered["detail"]["generatedFraudsterId"] == fraudster["GeneratedFraudsterId"]
        assert registered["detail"]["data"]["registrationSource"] == "BATCH"
        for action, config in (
            ("BATCH_ENROLLMENT_REQUEST", "enrollmentConfig"),
            ("BATCH_REGISTRATION_REQUEST", "registrationConfig"),
        ):
            started_batch, ended_batch = of(events, action)
            assert set(ended_batch["detail"]["data"]) == {
                "dataAccessRoleArn",
                config,
                "inputDataConfig",
                "outputDataConfig",
            }
            del started_batch["detail"]["sourceId"], ended_batch["detail"]["sourceId"]
            assert started_batch["detail"] == ended_batch["detail"]
        [batch, _] = of(events, "BATCH_ENROLLMENT_REQUEST")
        assert batch["detail"]["data"]["enrollmentConfig"]["fraudDetectionConfig"]["riskThreshold"] == 50


class TestBehaviour:
    def test_what_fails_is_told_as_a_failure(
        self, server: Server, account: Account, kms: Any, domain: dict[str, Any], queue: str
    ) -> None:
        call = Call(account, domain["DomainId"])
        call.start(SpeakerId="ada")
        call.enroll()
        call.hears(ADA, seconds=SHORT)
        call.end()
        Bucket(account, domain, new_key(kms)).enroll(b"no JSON")
        events = received(server, account, queue)
        [enrolment] = of(events, "ENROLL_SPEAKER")
        batch = [event["detail"]["status"] for event in of(events, "BATCH_ENROLLMENT_REQUEST")]
        assert enrolment["detail"]["status"] == "FAILURE"
        assert "not enrolled" in enrolment["detail"]["errorInfo"]["errorMessage"]
        assert sorted(batch) == ["FAILURE", "SUCCESS"]

    def test_each_request_of_a_job_that_fails_is_told_without_any_name(
        self, server: Server, account: Account, voice_id: Any, kms: Any, domain: dict[str, Any], queue: str
    ) -> None:
        barred = voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="canary-barred")["Speaker"]
        bucket = Bucket(account, domain, new_key(kms))
        absent = [{"S3Uri": f"s3://{bucket.bucket}/canary-absent.wav", "ChannelId": 0}]
        unread = {"RequestId": "r-unread", "SpeakerId": "canary-unread", "AudioSpecifications": absent}
        job_id = bucket.enroll([*bucket.enrolments(**{"canary-barred": ADA}), unread, {**unread, "RequestId": "r"}])
        registration_id = bucket.register([{"RequestId": "r", "AudioSpecifications": absent}])
        events = received(server, account, queue)
        assert "canary" not in json.dumps(events)
        failed = [event["detail"] for event in of(events, "ENROLL_SPEAKER")]
        met = Counter((one["generatedSpeakerId"], one["errorInfo"]["errorCode"]) for one in failed)
        assert met == {(barred["GeneratedSpeakerId"], 409): 1, (None, 404): 2}
        for one in failed:
            assert one["status"] == "FAILURE"
            assert one["data"] == {
                "enrollmentSource": "BATCH",
                "enrollmentSourceId": job_id,
                "enrollmentStatus": None,
            }
        [failed_registration] = [event["detail"] for event in of(events, "REGISTER_FRAUDSTER")]
        assert failed_registration["status"] == "FAILURE"
        assert failed_registration["generatedFraudsterId"] is None
        assert failed_registration["watchlistIds"] == [domain["WatchlistDetails"]["DefaultWatchlistId"]]
        assert failed_registration["data"]["registrationSourceId"] == registration_id
        whole = {event["detail"]["status"] for event in of(events, "BATCH_ENROLLMENT_REQUEST")}
        assert whole == {"SUCCESS"}

    def test_what_is_refused_is_not_told(
        self,
        server: Server,
        account: Account,
        voice_id: Any,
        kms: Any,
        kms_key: str,
        domain: dict[str, Any],
        queue: str,
    ) -> None:
        kms.disable_key(KeyId=kms_key)
        with pytest.raises(voice_id.exceptions.AccessDeniedException):
            voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="ada")
        assert received(server, account, queue) == []
