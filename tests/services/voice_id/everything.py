"""A domain with something of everything in it, and a call of each of the 29 operations on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from tests.services.voice_id.buckets import Bucket, allow, document
from tests.services.voice_id.support import create_domain, encryption
from tests.services.voice_id.voices import ADA, BOB, DAN, EVE, Call, enrolled
from tests.support import Account

USE = document(allow("voiceid:*"), allow("iam:PassRole"))
"""What a user of Voice ID needs beside rights on the key."""


@dataclass
class Furnished:
    """A furnished domain. key: its KMS key. other_key: another one that it can be switched to."""

    account: Account
    key: str
    other_key: str
    domain: dict[str, Any]
    bucket: Bucket
    fraudsters: list[str]
    watchlists: list[str]

    @classmethod
    def make(cls, account: Account, key: str, other_key: str) -> Furnished:
        """As the account's administrator, in whose rights nothing is missing."""
        client = account.client("voice-id")
        domain = create_domain(client, key, Tags=[{"Key": "team", "Value": "red"}])
        bucket = Bucket(account, domain, key)
        enrolled(account, domain, "ada", ADA)
        client.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="gone")
        call = Call(account, domain["DomainId"])
        call.start(SpeakerId="ada")
        call.hears(ADA)
        requests = [
            {"RequestId": f"r{voice}", "AudioSpecifications": [bucket.recording(voice)]} for voice in (DAN, EVE)
        ]
        bucket.register(requests)
        bucket.enroll(bucket.enrolments(bob=BOB))
        account.server.run_jobs()
        listed = client.list_fraudsters(DomainId=domain["DomainId"])["FraudsterSummaries"]
        fraudsters = [fraudster["GeneratedFraudsterId"] for fraudster in listed]
        watchlists = [
            client.create_watchlist(DomainId=domain["DomainId"], Name=name)["Watchlist"]["WatchlistId"]
            for name in ("spare",)
        ]
        return cls(account, key, other_key, domain, bucket, fraudsters, watchlists)

    def calls(self, client: Any) -> dict[str, Callable[[], Any]]:
        """By operation, in an order in which each can be done after those before it."""
        here = {"DomainId": self.domain["DomainId"]}
        default = {**here, "WatchlistId": self.domain["WatchlistDetails"]["DefaultWatchlistId"]}
        spare = {**here, "WatchlistId": self.watchlists[0]}
        first, second = ({**here, "FraudsterId": fraudster} for fraudster in self.fraudsters)
        tagged = {"ResourceArn": self.domain["Arn"]}
        administrator = self.account.client("voice-id")
        registration = self._first(administrator.list_fraudster_registration_jobs)
        enrolment = self._first(administrator.list_speaker_enrollment_jobs)
        enrolments = self.bucket.enrolments(ada=ADA)
        registrations = [{"RequestId": "r", "AudioSpecifications": [self.bucket.recording(EVE)]}]
        return {
            "DescribeDomain": lambda: client.describe_domain(**here),
            "ListDomains": client.list_domains,
            "DescribeSpeaker": lambda: client.describe_speaker(**here, SpeakerId="ada"),
            "ListSpeakers": lambda: client.list_speakers(**here),
            "DescribeWatchlist": lambda: client.describe_watchlist(**default),
            "ListWatchlists": lambda: client.list_watchlists(**here),
            "DescribeFraudster": lambda: client.describe_fraudster(**first),
            "ListFraudsters": lambda: client.list_fraudsters(**here),
            "EvaluateSession": lambda: client.evaluate_session(**here, SessionNameOrId="call"),
            "ListTagsForResource": lambda: client.list_tags_for_resource(**tagged),
            "TagResource": lambda: client.tag_resource(**tagged, Tags=[{"Key": "team", "Value": "blue"}]),
            "UntagResource": lambda: client.untag_resource(**tagged, TagKeys=["team"]),
            "DescribeFraudsterRegistrationJob": lambda: client.describe_fraudster_registration_job(**registration),
            "ListFraudsterRegistrationJobs": lambda: client.list_fraudster_registration_jobs(**here),
            "StartFraudsterRegistrationJob": lambda: self.bucket.register(registrations, client=client),
            "StartSpeakerEnrollmentJob": lambda: self.bucket.enroll(enrolments, client=client),
            "DescribeSpeakerEnrollmentJob": lambda: client.describe_speaker_enrollment_job(**enrolment),
            "ListSpeakerEnrollmentJobs": lambda: client.list_speaker_enrollment_jobs(**here),
            "AssociateFraudster": lambda: client.associate_fraudster(**spare, FraudsterId=first["FraudsterId"]),
            "DisassociateFraudster": lambda: client.disassociate_fraudster(**spare, FraudsterId=first["FraudsterId"]),
            "DeleteFraudster": lambda: client.delete_fraudster(**second),
            "CreateWatchlist": lambda: client.create_watchlist(**here, Name="known"),
            "UpdateWatchlist": lambda: client.update_watchlist(**spare, Name="renamed"),
            "DeleteWatchlist": lambda: client.delete_watchlist(**spare),
            "OptOutSpeaker": lambda: client.opt_out_speaker(**here, SpeakerId="ada"),
            "DeleteSpeaker": lambda: client.delete_speaker(**here, SpeakerId="gone"),
            "CreateDomain": lambda: create_domain(client, self.other_key, "another"),
            "UpdateDomain": lambda: client.update_domain(
                **here, Name="moved", ServerSideEncryptionConfiguration=encryption(self.other_key)
            ),
            "DeleteDomain": lambda: client.delete_domain(**here),
        }

    def outcomes(self, client: Any) -> dict[str, str]:
        """Call every operation; by name "done", or the code and words of the refusal."""
        return {name: outcome_of(call) for name, call in self.calls(client).items()}

    def _first(self, list_jobs: Callable[..., Any]) -> dict[str, str]:
        """What names one of the jobs that are listed."""
        listed = list_jobs(DomainId=self.domain["DomainId"])["JobSummaries"]
        return {"DomainId": self.domain["DomainId"], "JobId": listed[0]["JobId"]}


def outcome_of(call: Callable[[], Any]) -> str:
    try:
        call()
    except ClientError as error:
        return f"{error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}"
    return "done"
