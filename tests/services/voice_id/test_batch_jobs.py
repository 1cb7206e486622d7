"""Batch jobs on a customer's bucket: what they make, what fails one request, what fails a job, whose rights count."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from services.voice_id import batch, enrolment, fraudster, speaker
from services.voice_id.domain import Domain
from services.voice_id.recordings import write_wav
from shared import jobs
from tests.services.voice_id.buckets import Bucket, allow, document
from tests.services.voice_id.support import SERVICE, create_domain, grants_of, new_key
from tests.services.voice_id.voices import ADA, BOB, DAN, EVE, SHORT, TINY, Call, says, wav
from tests.support import Account, Server, account_policy, refused


@pytest.fixture
def output_key(kms: Any) -> str:
    return new_key(kms)


@pytest.fixture
def bucket(account: Account, domain: dict[str, Any], output_key: str) -> Bucket:
    return Bucket(account, domain, output_key)


def fraudsters_of(bucket: Bucket, **more: Any) -> list[dict[str, Any]]:
    listed = bucket.voice_id.list_fraudsters(DomainId=bucket.domain["DomainId"], **more)
    found: list[dict[str, Any]] = listed["FraudsterSummaries"]
    return found


def registered(server: Server, bucket: Bucket, voice: int, **more: Any) -> dict[str, Any]:
    """Register one fraudster; returns the job's line about it."""
    job_id = bucket.register([{"RequestId": "r", "AudioSpecifications": [bucket.recording(voice)]}], **more)
    server.run_jobs()
    [line] = bucket.output(job_id)["SuccessfulRegistrations"]
    found: dict[str, Any] = line
    return found


class TestEnrolment:
    def test_a_job_enrols_speakers_who_are_then_recognised(self, server: Server, bucket: Bucket) -> None:
        server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        submitted = bucket.enrolment_job(job_id)
        assert re.fullmatch("[a-zA-Z0-9]{22}", job_id)
        assert (submitted["JobStatus"], submitted["JobProgress"]) == ("SUBMITTED", {"PercentComplete": 0})
        assert submitted["JobName"] == "batch"
        assert submitted["DataAccessRoleArn"] == bucket.role
        default = bucket.domain["WatchlistDetails"]["DefaultWatchlistId"]
        fraud = {"FraudDetectionAction": "FAIL", "RiskThreshold": 50, "WatchlistIds": [default]}
        assert submitted["EnrollmentConfig"] == {"ExistingEnrollmentAction": "SKIP", "FraudDetectionConfig": fraud}
        server.hold_jobs(False)
        server.run_jobs()
        done = bucket.enrolment_job(job_id)
        assert (done["JobStatus"], done["JobProgress"]) == ("COMPLETED", {"PercentComplete": 100})
        assert done["EndedAt"] >= done["CreatedAt"]
        for name, voice in (("ada", ADA), ("bob", BOB)):
            call = Call(bucket.account, bucket.domain["DomainId"], name)
            call.start(SpeakerId=name)
            call.hears(voice)
            assert call.decision() == "ACCEPT"

    def test_the_progress_is_told_request_by_request(self, server: Server, bucket: Bucket) -> None:
        server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        seen = []
        while bucket.enrolment_job(job_id)["JobStatus"] not in {"COMPLETED", "FAILED"}:
            server.step_jobs()
            job = bucket.enrolment_job(job_id)
            seen.append((job["JobStatus"], job["JobProgress"]["PercentComplete"]))
        assert seen == [("IN_PROGRESS", 0), ("IN_PROGRESS", 50), ("IN_PROGRESS", 100), ("COMPLETED", 100)]

    @pytest.mark.claim("V15")
    def test_the_output_file_tells_of_each_request(
        self, server: Server, bucket: Bucket, kms: Any, output_key: str
    ) -> None:
        bucket.voice_id.opt_out_speaker(DomainId=bucket.domain["DomainId"], SpeakerId="eve")
        requests = bucket.enrolments(ada=ADA, eve=EVE)
        requests[0]["AudioSpecifications"][0]["S3Uri"] = bucket.put(
            "call.wav", write_wav(says(BOB, 1, 40.0), says(ADA, 1, 40.0))
        )
        requests[0]["AudioSpecifications"][0]["ChannelId"] = 1
        requests.append(
            {"RequestId": "r-short", "SpeakerId": "short", "AudioSpecifications": [bucket.recording(BOB, 1, TINY)]}
        )
        absent = {"S3Uri": f"s3://{bucket.bucket}/absent.wav", "ChannelId": 0}
        requests.append({"RequestId": "r-absent", "SpeakerId": "absent", "AudioSpecifications": [absent]})
        no_wav = {"S3Uri": bucket.put("no.wav", b"no recording"), "ChannelId": 0}
        requests.append({"RequestId": "r-no-wav", "SpeakerId": "no-wav", "AudioSpecifications": [no_wav]})
        requests.append({"RequestId": "r-no-name", "SpeakerId": "two words", "AudioSpecifications": [no_wav]})
        job_id = bucket.enroll(requests)
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED_WITH_ERRORS"
        output = bucket.output(job_id)
        assert output["Version"] == "1.0"
        [success] = output["SuccessfulEnrollments"]
        assert success["RequestId"] == "r-ada"
        assert (success["CustomerSpeakerId"], success["EnrollmentStatus"]) == ("ada", "NEW_ENROLLMENT")
        assert re.fullmatch("id#[a-zA-Z0-9]{22}", success["GeneratedSpeakerId"])
        codes = {error["RequestId"]: error["ErrorCode"] for error in output["Errors"]}
        assert codes == {"r-eve": 409, "r-short": 400, "r-absent": 404, "r-no-wav": 400, "r-no-name": 400}
        head = bucket.s3.head_object(Bucket=bucket.bucket, Key=f"out/{job_id}/requests.json.out")
        assert (head["ServerSideEncryption"], head["SSEKMSKeyId"]) == ("aws:kms", output_key)

    @pytest.mark.parametrize(
        ("action", "status", "decision"),
        [("SKIP", "DUPLICATE_SKIPPED", "REJECT"), ("OVERWRITE", "ENROLLMENT_OVERWRITE", "ACCEPT")],
    )
    def test_what_becomes_of_who_is_enrolled_already(
        self, server: Server, bucket: Bucket, action: str, status: str, decision: str
    ) -> None:
        bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        job_id = bucket.enroll(bucket.enrolments(ada=BOB), EnrollmentConfig={"ExistingEnrollmentAction": action})
        server.run_jobs()
        [success] = bucket.output(job_id)["SuccessfulEnrollments"]
        assert success["EnrollmentStatus"] == status
        call = Call(bucket.account, bucket.domain["DomainId"])
        call.start(SpeakerId="ada")
        call.hears(BOB)
        assert call.decision() == decision

    @pytest.mark.parametrize(("action", "made"), [("FAIL", 0), ("IGNORE", 1)])
    def test_a_known_fraudster_is_enrolled_only_if_that_is_to_be_ignored(
        self, server: Server, bucket: Bucket, action: str, made: int
    ) -> None:
        registered(server, bucket, EVE)
        config = {"FraudDetectionConfig": {"FraudDetectionAction": action}}
        job_id = bucket.enroll(bucket.enrolments(eve=EVE), EnrollmentConfig=config)
        server.run_jobs()
        output = bucket.output(job_id)
        assert len(output["SuccessfulEnrollments"]) == made
        assert [error["ErrorCode"] for error in output["Errors"]] == [403] * (1 - made)


class TestRegistration:
    def test_a_fraudster_is_registered_and_recognised_in_calls(self, server: Server, bucket: Bucket) -> None:
        line = registered(server, bucket, EVE)
        assert line["RegistrationStatus"] == "NEW_REGISTRATION"
        [fraudster] = fraudsters_of(bucket)
        assert fraudster["GeneratedFraudsterId"] == line["GeneratedFraudsterId"]
        assert fraudster["WatchlistIds"] == [bucket.domain["WatchlistDetails"]["DefaultWatchlistId"]]
        decisions = {}
        for name, voice in (("eve", EVE), ("ada", ADA)):
            call = Call(bucket.account, bucket.domain["DomainId"], name)
            call.start()
            call.hears(voice)
            decisions[name] = call.evaluate()["FraudDetectionResult"]
        assert (decisions["eve"]["Decision"], decisions["eve"]["Reasons"]) == ("HIGH_RISK", ["KNOWN_FRAUDSTER"])
        risk = decisions["eve"]["RiskDetails"]["KnownFraudsterRisk"]
        assert risk["GeneratedFraudsterId"] == fraudster["GeneratedFraudsterId"]
        assert risk["RiskScore"] > 50 >= decisions["ada"]["RiskDetails"]["KnownFraudsterRisk"]["RiskScore"]
        assert decisions["ada"]["Decision"] == "LOW_RISK"

    def test_a_duplicate_is_skipped_or_registered_anew(self, server: Server, bucket: Bucket) -> None:
        first = registered(server, bucket, EVE)
        skipped = registered(server, bucket, EVE)
        assert skipped["RegistrationStatus"] == "DUPLICATE_SKIPPED"
        assert skipped["GeneratedFraudsterId"] == first["GeneratedFraudsterId"]
        assert skipped["FraudsterSimilarityScore"] > 90
        anew = registered(server, bucket, EVE, RegistrationConfig={"DuplicateRegistrationAction": "REGISTER_AS_NEW"})
        assert anew["GeneratedFraudsterId"] != first["GeneratedFraudsterId"]
        assert len(fraudsters_of(bucket)) == 2

    def test_the_threshold_says_what_a_duplicate_is(self, server: Server, bucket: Bucket) -> None:
        registered(server, bucket, EVE)
        other = registered(server, bucket, ADA, RegistrationConfig={"FraudsterSimilarityThreshold": 0})
        assert other["RegistrationStatus"] in {"DUPLICATE_SKIPPED", "NEW_REGISTRATION"}
        assert (other["RegistrationStatus"] == "NEW_REGISTRATION") == (other["FraudsterSimilarityScore"] == 0)

    def test_fraudsters_on_watchlists(self, server: Server, bucket: Bucket) -> None:
        domain_id, client = bucket.domain["DomainId"], bucket.voice_id
        watchlist = client.create_watchlist(DomainId=domain_id, Name="known")["Watchlist"]["WatchlistId"]
        default = bucket.domain["WatchlistDetails"]["DefaultWatchlistId"]
        fraudster = {"DomainId": domain_id, "FraudsterId": registered(server, bucket, EVE)["GeneratedFraudsterId"]}
        registered(server, bucket, ADA)

        with refused("ConflictException") as refusal:
            client.disassociate_fraudster(**fraudster, WatchlistId=default)
        assert refusal.response["ConflictType"] == "FRAUDSTER_MUST_BELONG_TO_AT_LEAST_ONE_WATCHLIST"
        for _ in range(2):
            put = client.associate_fraudster(**fraudster, WatchlistId=watchlist)["Fraudster"]
        assert set(put["WatchlistIds"]) == {default, watchlist}
        assert client.describe_fraudster(**fraudster)["Fraudster"] == put
        assert fraudsters_of(bucket, WatchlistId=watchlist) == [put]
        with refused("ConflictException") as refusal:
            client.delete_watchlist(DomainId=domain_id, WatchlistId=watchlist)
        assert refusal.response["ConflictType"] == "CANNOT_DELETE_NON_EMPTY_WATCHLIST"
        taken = client.disassociate_fraudster(**fraudster, WatchlistId=default)["Fraudster"]
        assert taken["WatchlistIds"] == [watchlist]
        with refused("ValidationException"):
            client.disassociate_fraudster(**fraudster, WatchlistId=default)
        client.delete_fraudster(**fraudster)
        for gone in (client.describe_fraudster, client.delete_fraudster):
            with refused("ResourceNotFoundException") as refusal:
                gone(**fraudster)
            assert refusal.response["ResourceType"] == "FRAUDSTER"
        client.delete_watchlist(DomainId=domain_id, WatchlistId=watchlist)
        with refused("ResourceNotFoundException") as refusal:
            client.list_fraudsters(DomainId=domain_id, WatchlistId=watchlist)
        assert refusal.response["ResourceType"] == "WATCHLIST"
        assert len(fraudsters_of(bucket)) == 1

    def test_fraudsters_are_listed_in_pages(self, server: Server, bucket: Bucket) -> None:
        made = {registered(server, bucket, voice)["GeneratedFraudsterId"] for voice in (ADA, BOB, EVE)}
        default = bucket.domain["WatchlistDetails"]["DefaultWatchlistId"]
        for of in ({}, {"WatchlistId": default}):
            pages = list(
                bucket.voice_id.get_paginator("list_fraudsters").paginate(
                    DomainId=bucket.domain["DomainId"], PaginationConfig={"PageSize": 2}, **of
                )
            )
            assert [len(page["FraudsterSummaries"]) for page in pages] == [2, 1]
            assert {one["GeneratedFraudsterId"] for page in pages for one in page["FraudsterSummaries"]} == made

    def test_a_watchlist_takes_five_hundred_fraudsters(self, server: Server, bucket: Bucket) -> None:
        registered(server, bucket, EVE)
        default = bucket.domain["WatchlistDetails"]["DefaultWatchlistId"]
        database = server.simulator.database
        where = {"scope_arn": bucket.domain["Arn"], "data_class": "watchlist-membership"}
        [membership] = database.select("records", where)
        with database.unit():
            for number in range(499):
                database.insert("records", {**membership, "record_id": f"{default}/{number:03d}"})
        client, domain_id = bucket.voice_id, bucket.domain["DomainId"]
        other = client.create_watchlist(DomainId=domain_id, Name="other")["Watchlist"]["WatchlistId"]
        config = {"WatchlistIds": [other]}
        fraudster = registered(server, bucket, ADA, RegistrationConfig=config)["GeneratedFraudsterId"]
        with refused("ServiceQuotaExceededException"):
            client.associate_fraudster(DomainId=domain_id, FraudsterId=fraudster, WatchlistId=default)


class TestQuotas:
    @pytest.fixture
    def two_speakers(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """The quota of speakers is two, not 100,000."""
        assert speaker.MAX_SPEAKERS == 100_000
        monkeypatch.setattr(speaker, "MAX_SPEAKERS", 2)

    def test_a_domain_takes_no_more_speakers_than_its_quota(
        self, server: Server, bucket: Bucket, two_speakers: None
    ) -> None:
        here = {"DomainId": bucket.domain["DomainId"]}
        for name in ("one", "two"):
            bucket.voice_id.opt_out_speaker(**here, SpeakerId=name)
        with refused("ServiceQuotaExceededException"):
            bucket.voice_id.opt_out_speaker(**here, SpeakerId="three")
        bucket.voice_id.opt_out_speaker(**here, SpeakerId="two")
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        assert [error["ErrorCode"] for error in bucket.output(job_id)["Errors"]] == [402]
        bucket.voice_id.delete_speaker(**here, SpeakerId="one")
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        assert len(bucket.output(job_id)["SuccessfulEnrollments"]) == 1

    def test_a_full_watchlist_fails_the_request(
        self, server: Server, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(fraudster, "MAX_PER_WATCHLIST", 1)
        requests = [{"RequestId": str(voice), "AudioSpecifications": [bucket.recording(voice)]} for voice in (ADA, EVE)]
        job_id = bucket.register(requests)
        server.run_jobs()
        output = bucket.output(job_id)
        assert [error["ErrorCode"] for error in output["Errors"]] == [402]
        assert len(fraudsters_of(bucket)) == 1


class TestRefusals:
    def test_one_job_of_a_kind_runs_at_a_time(self, server: Server, bucket: Bucket) -> None:
        server.hold_jobs(True)
        bucket.enroll(bucket.enrolments(ada=ADA))
        with refused("ServiceQuotaExceededException"):
            bucket.enroll(bucket.enrolments(bob=BOB))
        bucket.register([{"RequestId": "r", "AudioSpecifications": [bucket.recording(EVE)]}])
        server.hold_jobs(False)
        server.run_jobs()
        bucket.enroll(bucket.enrolments(bob=BOB))
        server.run_jobs()

    def test_the_same_token_starts_one_job(self, server: Server, bucket: Bucket) -> None:
        requests = bucket.enrolments(ada=ADA)
        job_id = bucket.enroll(requests, ClientToken="once")
        server.run_jobs()
        assert bucket.enroll(requests, ClientToken="once") == job_id
        with refused("ConflictException"):
            bucket.enroll(requests, ClientToken="once", JobName="other")

    def test_an_unknown_job_is_refused_by_its_type(self, server: Server, bucket: Bucket) -> None:
        registration = bucket.register([{"RequestId": "r", "AudioSpecifications": [bucket.recording(EVE)]}])
        for job_id in ("a" * 22, registration):
            with refused("ResourceNotFoundException") as refusal:
                bucket.enrolment_job(job_id)
            assert refusal.response["ResourceType"] == "BATCH_JOB"
        server.run_jobs()

    def test_jobs_are_listed_by_kind_and_status_in_pages(self, server: Server, bucket: Bucket) -> None:
        made = []
        for number in range(3):
            made.append(bucket.enroll(b"no JSON" if number else bucket.enrolments(ada=ADA)))
            server.run_jobs()
        listing = {"DomainId": bucket.domain["DomainId"]}
        pages = list(
            bucket.voice_id.get_paginator("list_speaker_enrollment_jobs").paginate(
                **listing, PaginationConfig={"PageSize": 2}
            )
        )
        assert [len(page["JobSummaries"]) for page in pages] == [2, 1]
        assert {job["JobId"] for page in pages for job in page["JobSummaries"]} == set(made)
        failed = bucket.voice_id.list_speaker_enrollment_jobs(**listing, JobStatus="FAILED")["JobSummaries"]
        assert {job["JobId"] for job in failed} == set(made[1:])
        assert bucket.voice_id.list_fraudster_registration_jobs(**listing)["JobSummaries"] == []

    @pytest.mark.parametrize(
        "content",
        [
            b"no JSON",
            b"[]",
            b'{"Version": "2.0", "SpeakerEnrollmentRequests": [{"RequestId": "r"}]}',
            b'{"Version": "1.0"}',
            b'{"Version": "1.0", "SpeakerEnrollmentRequests": []}',
            b'{"Version": "1.0", "SpeakerEnrollmentRequests": [{}]}',
            b'{"Version": "1.0", "SpeakerEnrollmentRequests": [{"RequestId": "r"}, {"RequestId": "r"}]}',
            b"[" * 100_000,
            json.dumps(
                {"Version": "1.0", "SpeakerEnrollmentRequests": [{"RequestId": str(n)} for n in range(10_001)]}
            ).encode(),
        ],
        ids=["no JSON", "a list", "version", "no requests", "none", "no id", "ids twice", "too deep", "too many"],
    )
    def test_an_input_file_that_is_none_fails_the_job(self, server: Server, bucket: Bucket, content: bytes) -> None:
        job_id = bucket.enroll(content)
        server.run_jobs()
        job = bucket.enrolment_job(job_id)
        assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 400)
        assert job["FailureDetails"]["Message"]
        assert job["EndedAt"]

    @pytest.mark.parametrize(
        "specifications",
        [
            None,
            [],
            [{}],
            [{"S3Uri": "file:///etc/passwd"}],
            [{"S3Uri": "s3://b"}],
            ["x"],
            [{"S3Uri": "s3://bbb/k"}] * 11,
            [{"S3Uri": "s3://bbb/k", "ChannelId": 2}],
            [{"S3Uri": "s3://bbb/\ud800", "ChannelId": 0}],
            [{"S3Uri": json.loads("[" * 500 + "]" * 500), "ChannelId": 0}],
        ],
        ids=[
            "absent",
            "none",
            "empty",
            "no S3",
            "no key",
            "a text",
            "eleven",
            "third channel",
            "half a character",
            "deep",
        ],
    )
    def test_a_request_that_is_none_fails_alone(self, server: Server, bucket: Bucket, specifications: Any) -> None:
        bad = {"RequestId": "bad", "SpeakerId": "bad", "AudioSpecifications": specifications}
        job_id = bucket.enroll([bad, *bucket.enrolments(ada=ADA)])
        server.run_jobs()
        output = bucket.output(job_id)
        assert [(error["RequestId"], error["ErrorCode"]) for error in output["Errors"]] == [("bad", 400)]
        assert len(output["SuccessfulEnrollments"]) == 1

    @pytest.mark.parametrize("speaker_id", [None, "", 7, "two\nlines", "half \ud800", "a" * 257], ids=repr)
    def test_a_speaker_id_that_is_none_fails_its_request(self, server: Server, bucket: Bucket, speaker_id: Any) -> None:
        [sound] = bucket.enrolments(ada=ADA)
        job_id = bucket.enroll([sound, {**sound, "RequestId": "bad", "SpeakerId": speaker_id}])
        server.run_jobs()
        output = bucket.output(job_id)
        assert [(error["RequestId"], error["ErrorCode"]) for error in output["Errors"]] == [("bad", 400)]
        assert len(output["SuccessfulEnrollments"]) == 1

    def test_a_recording_that_is_broken_fails_its_request(self, server: Server, bucket: Bucket) -> None:
        beyond = b"RIFF\x40\0\0\0WAVEjunk\xff\0\0\0" + bytes(20)  # a chunk that says it is longer than the file
        broken = {"S3Uri": bucket.put("broken.wav", beyond), "ChannelId": 0}
        [sound] = bucket.enrolments(ada=ADA)
        job_id = bucket.enroll([{**sound, "RequestId": "bad", "AudioSpecifications": [broken]}, sound])
        server.run_jobs()
        output = bucket.output(job_id)
        assert [(error["RequestId"], error["ErrorCode"]) for error in output["Errors"]] == [("bad", 400)]
        assert len(output["SuccessfulEnrollments"]) == 1

    def test_too_large_a_recording_fails_its_request(self, server: Server, bucket: Bucket) -> None:
        uri = bucket.put("large.wav", bytes(20 * 1024 * 1024 + 1))
        request = {"RequestId": "r", "SpeakerId": "ada", "AudioSpecifications": [{"S3Uri": uri, "ChannelId": 0}]}
        job_id = bucket.enroll([request])
        server.run_jobs()
        [error] = bucket.output(job_id)["Errors"]
        assert error["ErrorCode"] == 400

    def test_a_role_of_another_account_is_refused(self, second_account: Account, bucket: Bucket) -> None:
        with refused("ValidationException"):
            bucket.enroll([], DataAccessRoleArn=f"arn:aws:iam::{second_account.account_id}:role/jobs")

    def test_an_unknown_watchlist_is_refused_at_the_start(self, bucket: Bucket) -> None:
        config = {"FraudDetectionConfig": {"WatchlistIds": ["a" * 22]}}
        with refused("ResourceNotFoundException") as refusal:
            bucket.enroll([], EnrollmentConfig=config)
        assert refusal.response["ResourceType"] == "WATCHLIST"


class TestAuthorization:
    def test_whoever_starts_a_job_must_be_allowed_to_pass_the_role(self, server: Server, bucket: Bucket) -> None:
        use = document(allow("voiceid:*", "kms:Decrypt"))
        to_voice_id = {"StringEquals": {"iam:PassedToService": SERVICE}}
        passing = document({**allow("iam:PassRole", resource=bucket.role), "Condition": to_voice_id})
        elsewhere = document(
            {
                **allow("iam:PassRole", resource=bucket.role),
                "Condition": {"StringEquals": {"iam:PassedToService": "lambda.amazonaws.com"}},
            }
        )
        account, requests = bucket.account, bucket.enrolments(ada=ADA)
        for name, more in (("no-passing", []), ("elsewhere", [elsewhere])):
            with refused("AccessDeniedException") as refusal:
                bucket.enroll(requests, client=account.user(name, use, *more).client("voice-id"))
            assert "iam:PassRole" in refusal.message
        job_id = bucket.enroll(requests, client=account.user("passing", use, passing).client("voice-id"))
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED"

    @pytest.mark.parametrize("flaw", ["another service", "another domain", "another account", "nobody"])
    def test_a_role_that_does_not_trust_voice_id_for_this_domain_fails_the_job(
        self, server: Server, bucket: Bucket, flaw: str
    ) -> None:
        other = bucket.domain["Arn"][:-1] + ("a" if bucket.domain["Arn"][-1] != "a" else "b")
        changes: dict[str, Any] = {
            "another service": {"Principal": {"Service": "connect.amazonaws.com"}},
            "another domain": {"Condition": {"ArnLike": {"aws:SourceArn": other}}},
            "another account": {"Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}}},
            "nobody": {"Effect": "Deny"},
        }[flaw]
        bucket.trust(bucket.trust_statement(**changes))
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        job = bucket.enrolment_job(job_id)
        assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 403)
        assert "sts:AssumeRole" in job["FailureDetails"]["Message"]
        bucket.trust(bucket.trust_statement())
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED"

    @pytest.mark.claim("V15", "V16")
    @pytest.mark.parametrize(
        ("statement", "missing"),
        [(0, "s3:GetObject"), (0, "s3:PutObject"), (2, "kms:Decrypt"), (2, "kms:GenerateDataKey")],
        ids=lambda value: str(value) if isinstance(value, str) else "",
    )
    def test_each_right_that_the_role_lacks_fails_the_job(
        self, server: Server, bucket: Bucket, output_key: str, statement: int, missing: str
    ) -> None:
        """The input file lies under a KMS key too, so that kms:Decrypt of the role counts."""
        statements = json.loads(json.dumps(bucket.statements))
        statements[statement]["Action"].remove(missing)
        bucket.s3.put_bucket_encryption(
            Bucket=bucket.bucket,
            ServerSideEncryptionConfiguration={
                "Rules": [
                    {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": output_key}}
                ]
            },
        )
        bucket.permit(*statements)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        job = bucket.enrolment_job(job_id)
        assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 403)
        assert missing in job["FailureDetails"]["Message"]
        bucket.permit(*bucket.statements)
        again = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        assert bucket.enrolment_job(again)["JobStatus"] == "COMPLETED"

    def test_a_job_that_cannot_write_its_output_has_done_all_its_requests(self, server: Server, bucket: Bucket) -> None:
        """PercentComplete is "the completed percentage of requests listed in the input file"."""
        statements = json.loads(json.dumps(bucket.statements))
        statements[0]["Action"].remove("s3:PutObject")
        bucket.permit(*statements)
        for start, found in (
            (lambda: bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB)), bucket.enrolment_job),
            (
                lambda: bucket.register([{"RequestId": "r", "AudioSpecifications": [bucket.recording(EVE)]}]),
                bucket.registration_job,
            ),
        ):
            job_id = start()
            server.run_jobs()
            job = found(job_id)
            assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 403)
            assert job["JobProgress"] == {"PercentComplete": 100}
        listed = bucket.voice_id.list_speakers(DomainId=bucket.domain["DomainId"])["SpeakerSummaries"]
        assert {one["Status"] for one in listed} == {"ENROLLED"}
        assert len(listed) == 2
        assert len(fraudsters_of(bucket)) == 1

    def test_a_right_that_is_missing_for_one_recording_fails_its_request(self, server: Server, bucket: Bucket) -> None:
        requests = bucket.enrolments(ada=ADA, bob=BOB)
        uri = requests[0]["AudioSpecifications"][0]["S3Uri"]
        deny = {**allow("s3:GetObject", resource=uri.replace("s3://", "arn:aws:s3:::")), "Effect": "Deny"}
        bucket.permit(*bucket.statements, deny)
        job_id = bucket.enroll(requests)
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED_WITH_ERRORS"
        output = bucket.output(job_id)
        assert [(error["RequestId"], error["ErrorCode"]) for error in output["Errors"]] == [("r-ada", 403)]
        assert [line["RequestId"] for line in output["SuccessfulEnrollments"]] == ["r-bob"]

    def test_a_bucket_policy_can_deny_the_role(self, server: Server, bucket: Bucket) -> None:
        deny = {
            "Effect": "Deny",
            "Principal": {"AWS": bucket.role},
            "Action": "s3:PutObject",
            "Resource": f"arn:aws:s3:::{bucket.bucket}/*",
        }
        bucket.s3.put_bucket_policy(Bucket=bucket.bucket, Policy=json.dumps(document(deny)))
        job_id = bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["FailureDetails"]["StatusCode"] == 403


class TestKeys:
    @pytest.mark.claim("V16")
    @pytest.mark.parametrize("how", ["revoke", "disable", "deny", "schedule deletion"])
    def test_a_key_taken_away_fails_a_running_job_and_a_new_one_succeeds_once_it_is_back(
        self, server: Server, account: Account, bucket: Bucket, kms: Any, kms_key: str, how: str
    ) -> None:
        server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        server.step_jobs(2)
        if how == "revoke":
            [grant] = grants_of(kms, kms_key)
            kms.revoke_grant(KeyId=kms_key, GrantId=grant["GrantId"])
        elif how == "disable":
            kms.disable_key(KeyId=kms_key)
        elif how == "deny":
            deny = {"Effect": "Deny", "Principal": {"Service": SERVICE}, "Action": "kms:*", "Resource": "*"}
            policy = account_policy(account.account_id, deny)
            kms.put_key_policy(KeyId=kms_key, PolicyName="default", Policy=policy)
        else:
            kms.schedule_key_deletion(KeyId=kms_key)
        server.hold_jobs(False)
        server.run_jobs()
        if how == "revoke":
            return  # nothing of the domain can be asked any more, not even its jobs: see the lifecycle table
        if how == "deny":
            kms.put_key_policy(KeyId=kms_key, PolicyName="default", Policy=account_policy(account.account_id))
        if how == "schedule deletion":
            kms.cancel_key_deletion(KeyId=kms_key)
        if how != "deny":
            kms.enable_key(KeyId=kms_key)
        job = bucket.enrolment_job(job_id)
        assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 403)
        listed = bucket.voice_id.list_speakers(DomainId=bucket.domain["DomainId"])["SpeakerSummaries"]
        assert [speaker["CustomerSpeakerId"] for speaker in listed] == ["ada"]
        again = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        server.run_jobs()
        statuses = {line["EnrollmentStatus"] for line in bucket.output(again)["SuccessfulEnrollments"]}
        assert statuses == {"DUPLICATE_SKIPPED", "NEW_ENROLLMENT"}

    @pytest.mark.claim("V1", "V8", "V9", "V10")
    def test_nothing_of_a_running_job_is_on_disk_in_the_clear(
        self, server: Server, bucket: Bucket, domain: dict[str, Any]
    ) -> None:
        server.hold_jobs(True)
        job_id = bucket.enroll(
            bucket.enrolments(**{"canary-speaker-5a": ADA, "canary-speaker-6b": BOB}), JobName="canary-job-name"
        )
        server.step_jobs(2)
        on_disk = server.bytes_on_disk()
        for canary in (b"canary-speaker", b"canary-job-name", says(ADA, 1, 40.0).tobytes()[40_000:40_032]):
            assert canary not in on_disk
        server.hold_jobs(False)
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobName"] == "canary-job-name"
        left = {"scope_arn": domain["Arn"], "data_class": "job-request"}
        assert server.simulator.database.count("records", left) == 0

    @pytest.mark.claim("G4")
    def test_recordings_lie_in_s3_under_a_kms_data_key(self, server: Server, bucket: Bucket, output_key: str) -> None:
        encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": output_key}
        recording = wav(DAN, 5)
        bucket.put("recorded.wav", recording, **encryption)
        head = bucket.s3.head_object(Bucket=bucket.bucket, Key="recorded.wav")
        assert {name: head[name] for name in encryption} == encryption
        assert recording[30_000:30_032] not in server.bytes_on_disk()
        assert bucket.s3.get_object(Bucket=bucket.bucket, Key="recorded.wav")["Body"].read() == recording

    @pytest.mark.claim("V12", "V13", "V15")
    def test_the_trail_tells_who_did_what(
        self, server: Server, bucket: Bucket, output_key: str, kms_key: str, trail: Any
    ) -> None:
        before = len(trail(bucket.account, source="kms.amazonaws.com"))
        bucket.enroll(bucket.enrolments(ada=ADA))
        server.run_jobs()
        events = trail(bucket.account, source="kms.amazonaws.com")[before:]
        mine = [event for event in events if event["userIdentity"]["type"] == "AWSService"]
        of_role = [event for event in events if event["userIdentity"]["type"] == "AssumedRole"]
        assert {event["resources"][0]["ARN"] for event in mine} == {kms_key}
        assert {event["resources"][0]["ARN"] for event in of_role} == {output_key}
        assert {event["eventName"] for event in of_role} == {"GenerateDataKey"}
        [assumed] = trail(bucket.account, "AssumeRole")[:1]
        assert assumed["userIdentity"]["invokedBy"] == SERVICE


class TestBugs:
    @pytest.fixture
    def broken(self, monkeypatch: pytest.MonkeyPatch, bucket: Bucket) -> list[str]:
        """Every enrolment in the domain of `bucket` meets a bug, whose text is told to nobody; what was tried."""
        enrol, tried = enrolment.enrol, []

        def enrol_or_break(worker: Any, domain: Domain, job: Any, request: Any, hear: Any) -> dict[str, Any]:
            if domain.arn == bucket.domain["Arn"]:
                tried.append(request["SpeakerId"])
                raise ZeroDivisionError(request["SpeakerId"])
            return enrol(worker, domain, job, request, hear)

        monkeypatch.setattr(enrolment, "enrol", enrol_or_break)
        return tried

    def test_a_bug_in_one_job_keeps_no_other_waiting(
        self,
        server: Server,
        bucket: Bucket,
        second_account: Account,
        broken: list[str],
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        key = new_key(second_account.client("kms"))
        other = Bucket(second_account, create_domain(second_account.client("voice-id"), key), key)
        server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(**{"canary-ada": ADA}))
        sound = other.enroll(other.enrolments(bob=BOB))
        server.step_jobs(6)  # three turns each
        assert bucket.enrolment_job(job_id)["JobStatus"] == "IN_PROGRESS"
        assert other.enrolment_job(sound)["JobStatus"] == "COMPLETED"
        server.hold_jobs(False)
        server.run_jobs()
        job = bucket.enrolment_job(job_id)
        assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 500)
        assert job["EndedAt"]
        assert broken == ["canary-ada"] * jobs.MAX_TRIES
        [told] = [one for one in server.control("jobs")["jobs"] if one["subject"] == bucket.domain["Arn"]]
        assert (told["status"], told["message"]) == ("FAILED", jobs.BROKEN)
        assert caplog.text.count(" met a bug: ZeroDivisionError") == jobs.MAX_TRIES
        assert "canary-ada" not in caplog.text
        assert b"canary-ada" not in server.bytes_on_disk()

    def test_a_bug_in_the_end_of_a_job_that_fails_keeps_no_other_waiting(
        self, server: Server, bucket: Bucket, second_account: Account, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        key = new_key(second_account.client("kms"))
        other = Bucket(second_account, create_domain(second_account.client("voice-id"), key), key)
        fail = batch._Run.fail

        def fail_or_break(run: Any, code: int, message: str) -> None:
            if run._domain.arn == bucket.domain["Arn"]:
                raise ZeroDivisionError
            fail(run, code, message)

        monkeypatch.setattr(batch._Run, "fail", fail_or_break)
        server.hold_jobs(True)
        bucket.enroll(b"no JSON")
        sound = other.enroll(other.enrolments(bob=BOB))
        server.step_jobs(2 * jobs.MAX_TRIES)
        assert other.enrolment_job(sound)["JobStatus"] == "COMPLETED"
        [told] = [one for one in server.control("jobs")["jobs"] if one["subject"] == bucket.domain["Arn"]]
        assert told["status"] == "FAILED"

    def test_a_bug_that_passes_costs_the_job_nothing(
        self, server: Server, bucket: Bucket, broken: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        server.step_jobs(jobs.MAX_TRIES)
        assert len(broken) == jobs.MAX_TRIES - 1
        monkeypatch.undo()
        server.hold_jobs(False)
        server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED"
        assert len(bucket.output(job_id)["SuccessfulEnrollments"]) == 2


def test_a_recording_of_short_speech_is_enough_for_a_fraudster(server: Server, bucket: Bucket) -> None:
    uri = bucket.put("short.wav", wav(EVE, 1, SHORT))
    job_id = bucket.register([{"RequestId": "r", "AudioSpecifications": [{"S3Uri": uri, "ChannelId": 0}]}])
    server.run_jobs()
    assert bucket.registration_job(job_id)["JobStatus"] == "COMPLETED"
