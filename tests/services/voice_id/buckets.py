"""A customer's bucket with recordings, a role that Voice ID may take, and batch jobs on both."""

from __future__ import annotations

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from tests.services.voice_id.support import SERVICE
from tests.services.voice_id.voices import LONG, wav
from tests.support import REGION, Account

ROLE_NAME = "voice-id-jobs"


def allow(*actions: str, resource: str | list[str] = "*") -> dict[str, Any]:
    return {"Effect": "Allow", "Action": list(actions), "Resource": resource}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


@dataclass
class Bucket:
    """bucket: its name. role: the ARN of the data access role."""

    account: Account
    domain: dict[str, Any]
    output_key: str
    bucket: str = ""
    role: str = ""
    statements: list[dict[str, Any]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.bucket = f"calls-{uuid.uuid4()}"
        self.s3.create_bucket(Bucket=self.bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
        self.statements = [
            allow("s3:GetObject", "s3:PutObject", resource=f"arn:aws:s3:::{self.bucket}/*"),
            allow("s3:ListBucket", resource=f"arn:aws:s3:::{self.bucket}"),
            allow("kms:Decrypt", "kms:GenerateDataKey"),
        ]
        self.role = self.iam.create_role(
            RoleName=ROLE_NAME, AssumeRolePolicyDocument=json.dumps(document(self.trust_statement()))
        )["Role"]["Arn"]
        self.permit(*self.statements)

    @property
    def s3(self) -> Any:
        return self.account.client("s3")

    @property
    def iam(self) -> Any:
        return self.account.client("iam")

    @property
    def voice_id(self) -> Any:
        return self.account.client("voice-id")

    def trust_statement(self, **changes: Any) -> dict[str, Any]:
        """The documented trust policy: Voice ID alone, for this domain of this account."""
        condition = {
            "StringEquals": {"aws:SourceAccount": self.account.account_id},
            "ArnLike": {"aws:SourceArn": self.domain["Arn"]},
        }
        statement = {
            "Effect": "Allow",
            "Principal": {"Service": SERVICE},
            "Action": "sts:AssumeRole",
            "Condition": condition,
        }
        return {**statement, **changes}

    def trust(self, *statements: dict[str, Any]) -> None:
        policy = json.dumps(document(*statements))
        self.iam.update_assume_role_policy(RoleName=ROLE_NAME, PolicyDocument=policy)

    def permit(self, *statements: dict[str, Any]) -> None:
        """What the role may do, from now on."""
        self.iam.put_role_policy(
            RoleName=ROLE_NAME, PolicyName="files", PolicyDocument=json.dumps(document(*statements))
        )

    def put(self, key: str, content: bytes, **encryption: str) -> str:
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=content, **encryption)
        return f"s3://{self.bucket}/{key}"

    def recording(self, voice: int, words: int = 1, seconds: float = LONG) -> dict[str, Any]:
        """A recording in the bucket, as a request of a job names it."""
        uri = self.put(f"audio/{voice}-{words}-{seconds}.wav", wav(voice, words, seconds))
        return {"S3Uri": uri, "ChannelId": 0}

    def enrolments(self, **voices: int) -> list[dict[str, Any]]:
        """Requests to enrol speakers, by speaker id."""
        return [
            {"RequestId": f"r-{speaker}", "SpeakerId": speaker, "AudioSpecifications": [self.recording(voice)]}
            for speaker, voice in voices.items()
        ]

    def enroll(self, requests: Any, *, client: Any = None, **more: Any) -> str:
        """Start a speaker enrolment job on these requests; returns its id."""
        content = requests if isinstance(requests, bytes) else _input("SpeakerEnrollmentRequests", requests)
        given = self._given("enrolment", content, more)
        job: dict[str, Any] = (client or self.voice_id).start_speaker_enrollment_job(**given)["Job"]
        return str(job["JobId"])

    def register(self, requests: list[dict[str, Any]], *, client: Any = None, **more: Any) -> str:
        """Start a fraudster registration job; returns its id."""
        given = self._given("registration", _input("FraudsterRegistrationRequests", requests), more)
        job: dict[str, Any] = (client or self.voice_id).start_fraudster_registration_job(**given)["Job"]
        return str(job["JobId"])

    def _given(self, kind: str, content: bytes, more: dict[str, Any]) -> dict[str, Any]:
        """Each kind of job has an input file of its own: both may be waiting at once."""
        return {
            "DomainId": self.domain["DomainId"],
            "JobName": "batch",
            "DataAccessRoleArn": self.role,
            "InputDataConfig": {"S3Uri": self.put(f"in/{kind}/requests.json", content)},
            "OutputDataConfig": {"S3Uri": f"s3://{self.bucket}/out", "KmsKeyId": self.output_key},
            **more,
        }

    def enrolment_job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.voice_id.describe_speaker_enrollment_job(
            DomainId=self.domain["DomainId"], JobId=job_id
        )["Job"]
        return job

    def registration_job(self, job_id: str) -> dict[str, Any]:
        job: dict[str, Any] = self.voice_id.describe_fraudster_registration_job(
            DomainId=self.domain["DomainId"], JobId=job_id
        )["Job"]
        return job

    def output(self, job_id: str) -> dict[str, Any]:
        body = self.s3.get_object(Bucket=self.bucket, Key=f"out/{job_id}/requests.json.out")["Body"]
        output: dict[str, Any] = json.loads(body.read())
        return output


def _input(member: str, requests: list[dict[str, Any]]) -> bytes:
    return json.dumps({"Version": "1.0", member: requests}).encode()
