"""What can happen to a domain's key, at every stage of its work: the documented outcome, nothing lost, the way back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from kms.grants import NOT_ENDED
from tests.services.voice_id.buckets import Bucket
from tests.services.voice_id.support import SERVICE, data_keys, describe, grants_of, new_key, switch
from tests.services.voice_id.voices import ADA, BOB, DAN, EVE, Call, enrolled
from tests.support import Account, Server, account_policy, refused


@dataclass
class Key:
    """A KMS key of a domain, in its customer's hands."""

    account: Account
    kms: Any
    arn: str

    def revoke(self) -> None:
        for grant in grants_of(self.kms, self.arn):
            self.kms.revoke_grant(KeyId=self.arn, GrantId=grant["GrantId"])

    def retire(self) -> None:
        for grant in grants_of(self.kms, self.arn):
            self.kms.retire_grant(KeyId=self.arn, GrantId=grant["GrantId"])

    def disable(self) -> None:
        self.kms.disable_key(KeyId=self.arn)

    def enable(self) -> None:
        self.kms.enable_key(KeyId=self.arn)

    def deny(self) -> None:
        deny = {"Effect": "Deny", "Principal": {"Service": SERVICE}, "Action": "kms:*", "Resource": "*"}
        self._put_policy(account_policy(self.account.account_id, deny))

    def deny_to_all(self) -> None:
        deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
        self._put_policy(account_policy(self.account.account_id, deny))

    def deny_retiring(self) -> None:
        """Deny what the end of a domain takes, to everyone."""
        deny = {"Effect": "Deny", "Principal": "*", "Action": "kms:RetireGrant", "Resource": "*"}
        self._put_policy(account_policy(self.account.account_id, deny))

    def allow(self) -> None:
        self._put_policy(account_policy(self.account.account_id))

    def schedule(self) -> None:
        self.kms.schedule_key_deletion(KeyId=self.arn, PendingWindowInDays=7)

    def cancel(self) -> None:
        self.kms.cancel_key_deletion(KeyId=self.arn)
        self.enable()

    def delete(self) -> None:
        self.schedule()
        self.account.server.advance("P8D")

    def _put_policy(self, policy: str) -> None:
        self.kms.put_key_policy(KeyId=self.arn, PolicyName="default", Policy=policy)


@dataclass
class Happening:
    """What happens to a key, and what the customer can do about it.

    undo: None if the key itself cannot be given back as it was. regrant: UpdateDomain with the same key mends it.
    """

    happen: Callable[[Key], None]
    undo: Callable[[Key], None] | None = None
    regrant: bool = False


HAPPENINGS: dict[str, Happening] = {
    "grant revoked": Happening(Key.revoke, regrant=True),
    "grant retired": Happening(Key.retire, regrant=True),
    "key disabled": Happening(Key.disable, Key.enable),
    "denied in the key policy": Happening(Key.deny, Key.allow),
    "denied to all": Happening(Key.deny_to_all, Key.allow),
    "deletion scheduled": Happening(Key.schedule, Key.cancel),
    "key deleted": Happening(Key.delete),
}
ENDS = [*(happening.happen for happening in HAPPENINGS.values()), Key.deny_retiring]
"""What can happen to a key before the end of a domain."""
MENDABLE = [name for name, happening in HAPPENINGS.items() if happening.undo or happening.regrant]


@pytest.fixture
def ada(account: Account, domain: dict[str, Any]) -> dict[str, Any]:
    return enrolled(account, domain, "ada", ADA)


@pytest.fixture
def key(account: Account, kms: Any, kms_key: str) -> Key:
    return Key(account, kms, kms_key)


@pytest.fixture
def other(account: Account, kms: Any) -> Key:
    return Key(account, kms, new_key(kms))


def mend(happening: Happening, key: Key, domain: dict[str, Any]) -> None:
    """What the documentation advises: make the key accessible, then UpdateDomain with the existing configuration."""
    if happening.undo is not None:
        happening.undo(key)
    if happening.regrant:
        switch(key.account.client("voice-id"), domain, key.arn)


def assert_whole(account: Account, domain: dict[str, Any], name: str = "after") -> None:
    """Everything of the domain opens, and its speaker is recognised."""
    client, here = account.client("voice-id"), {"DomainId": domain["DomainId"]}
    assert describe(client, domain)["Name"] == domain["Name"]
    assert len(client.list_watchlists(**here)["WatchlistSummaries"]) == 1
    assert client.describe_speaker(**here, SpeakerId="ada")["Speaker"]["CustomerSpeakerId"] == "ada"
    call = Call(account, domain["DomainId"], name)
    call.start(SpeakerId="ada")
    call.hears(ADA)
    assert call.decision() == "ACCEPT"


@pytest.mark.claim("V16", "V1", "V7", "V8")
@pytest.mark.parametrize("name", HAPPENINGS)
class TestIdle:
    def test_nothing_opens_until_it_is_mended(
        self, account: Account, key: Key, domain: dict[str, Any], ada: dict[str, Any], name: str
    ) -> None:
        happening = HAPPENINGS[name]
        happening.happen(key)
        client = account.client("voice-id")
        for read in (client.describe_domain, client.list_speakers, client.list_watchlists, client.list_fraudsters):
            with refused("AccessDeniedException"):
                read(DomainId=domain["DomainId"])
        if name in MENDABLE:
            mend(happening, key, domain)
            assert_whole(account, domain)
        else:
            with refused("ValidationException"):
                switch(client, domain, key.arn)
            client.delete_domain(DomainId=domain["DomainId"])


@pytest.mark.claim("V16")
@pytest.mark.parametrize("name", HAPPENINGS)
class TestWhileAJobRuns:
    def test_the_jobs_fail_and_what_they_did_stays(
        self, server: Server, account: Account, key: Key, domain: dict[str, Any], ada: dict[str, Any], name: str
    ) -> None:
        bucket = Bucket(account, domain, new_key(key.kms))
        people = bucket.enrolments(bob=BOB, eve=ADA)
        frauds = [{"RequestId": str(voice), "AudioSpecifications": [bucket.recording(voice)]} for voice in (DAN, EVE)]
        server.hold_jobs(True)
        enrolment, registration = bucket.enroll(people), bucket.register(frauds)
        server.step_jobs(4)  # two turns each
        happening = HAPPENINGS[name]
        happening.happen(key)
        server.hold_jobs(False)
        server.run_jobs()
        if name not in MENDABLE:
            for job_of, job_id in ((bucket.enrolment_job, enrolment), (bucket.registration_job, registration)):
                with refused("AccessDeniedException"):
                    job_of(job_id)
            return
        mend(happening, key, domain)
        for job in (bucket.enrolment_job(enrolment), bucket.registration_job(registration)):
            assert (job["JobStatus"], job["FailureDetails"]["StatusCode"]) == ("FAILED", 403)
            assert key.arn in job["FailureDetails"]["Message"]
            assert job["JobProgress"] == {"PercentComplete": 50}
        assert_whole(account, domain)
        enrolment, registration = bucket.enroll(people), bucket.register(frauds)
        server.run_jobs()
        enrolled_now = [line["EnrollmentStatus"] for line in bucket.output(enrolment)["SuccessfulEnrollments"]]
        assert enrolled_now == ["DUPLICATE_SKIPPED", "NEW_ENROLLMENT"]
        registered = [line["RegistrationStatus"] for line in bucket.output(registration)["SuccessfulRegistrations"]]
        assert registered == ["DUPLICATE_SKIPPED", "NEW_REGISTRATION"]


@pytest.mark.claim("V5b", "V16")
@pytest.mark.parametrize("which", ["old", "new"])
@pytest.mark.parametrize("name", HAPPENINGS)
class TestWhileDataMoves:
    def test_the_move_fails_cleanly_and_is_completed_by_update_domain(
        self,
        server: Server,
        account: Account,
        key: Key,
        other: Key,
        domain: dict[str, Any],
        ada: dict[str, Any],
        name: str,
        which: str,
    ) -> None:
        client = account.client("voice-id")
        server.hold_jobs(True)
        switch(client, domain, other.arn)
        server.step_jobs(3)
        under = {row["key_arn"] for row in data_keys(server, domain)}
        assert under == {key.arn, other.arn}  # in the middle
        happening, hit = HAPPENINGS[name], key if which == "old" else other
        happening.happen(hit)
        here = {"DomainId": domain["DomainId"]}
        lists = (client.list_fraudsters, client.list_speaker_enrollment_jobs, client.list_fraudster_registration_jobs)
        for read in (client.describe_domain, *lists):  # none of them needs what still lies under the old key
            if which == "old":
                read(**here)
                continue
            with refused("AccessDeniedException") as refusal:
                read(**here)
            assert hit.arn in refusal.message
        server.hold_jobs(False)
        server.run_jobs()
        [job] = [job for job in server.control("jobs")["jobs"] if job["subject"] == domain["Arn"]]
        assert job["status"] == "FAILED"
        assert hit.arn in job["message"]
        if name not in MENDABLE:
            assert {row["key_arn"] for row in data_keys(server, domain)} == under
            client.delete_domain(DomainId=domain["DomainId"])
            return
        if happening.undo is not None:
            happening.undo(hit)
        if happening.regrant and which == "old":
            switch(client, domain, key.arn)  # back, which makes a new grant on the old key
            server.run_jobs()
            assert_whole(account, domain, "back")
        switch(client, domain, other.arn)
        server.run_jobs()
        details = describe(client, domain)["ServerSideEncryptionUpdateDetails"]
        assert details == {"OldKmsKeyId": key.arn, "UpdateStatus": "COMPLETED"}
        assert {row["key_arn"] for row in data_keys(server, domain)} == {other.arn}
        assert grants_of(key.kms, key.arn) == []
        key.delete()
        assert_whole(account, domain)


@pytest.mark.claim("V16")
@pytest.mark.parametrize("which", ["old", "new", "both"])
@pytest.mark.parametrize("happen", ENDS, ids=lambda happen: happen.__name__)
class TestErasure:
    def test_a_domain_deleted_in_the_middle_of_a_switch_leaves_no_data_and_no_grant(
        self,
        server: Server,
        account: Account,
        key: Key,
        other: Key,
        domain: dict[str, Any],
        ada: dict[str, Any],
        happen: Callable[[Key], None],
        which: str,
    ) -> None:
        client = account.client("voice-id")
        server.hold_jobs(True)
        switch(client, domain, other.arn)
        server.step_jobs(3)
        client.delete_domain(DomainId=domain["DomainId"])
        hit = {"old": [key], "new": [other], "both": [key, other]}[which]
        for one in hit:
            happen(one)
        server.advance("P31D")
        server.run_jobs()
        for table in ("scopes", "records", "data_keys", "blind_indexes", "tallies"):
            column = "arn" if table == "scopes" else "scope_arn"
            assert server.simulator.database.count(table, {column: domain["Arn"]}) == 0, table
        for one in (key, other):
            grants = server.simulator.database.count("grants", {"key_arn": one.arn, **NOT_ENDED})
            assert grants == 0, one.arn
