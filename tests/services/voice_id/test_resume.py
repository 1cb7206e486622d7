"""What was begun goes on after kill -9: a move to another key, and a batch job, each killed in the middle."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.process import Process, serving
from tests.services.voice_id.buckets import Bucket
from tests.services.voice_id.support import create_domain, describe, new_key, switch
from tests.services.voice_id.voices import ADA, BOB, DAN, EVE, Call, enrolled
from tests.support import Account, Server

VOICES = {"ada": ADA, "bob": BOB, "dan": DAN, "eve": EVE}
"""The audio of four speakers is more than a re-encryption moves in one step."""


def account_of(process: Process, known: Account | None = None) -> Account:
    """An account of a server that is a process of its own; a known one again after a restart."""
    server = Server(process.url, None, None)  # type: ignore[arg-type]
    if known is None:
        return server.new_account()
    return Account(server, known.account_id, known.access_key_id, known.secret_access_key)


@pytest.mark.claim("V4", "V5", "V5b")
def test_a_move_that_was_killed_is_completed_after_the_restart(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"))
    with serving(*arguments) as process:
        account = account_of(process)
        client, kms = account.client("voice-id"), account.client("kms")
        old, new = new_key(kms), new_key(kms)
        domain = create_domain(client, old)
        for name, voice in VOICES.items():
            enrolled(account, domain, name, voice)
        account.server.hold_jobs(True)
        switch(client, domain, new)
        account.server.step_jobs(5)
        [job] = account.server.control("jobs")["jobs"]
        assert 0 < job["state"]["moved"] < job["state"]["total"]
        process.stop(signal.SIGKILL)
    with serving(*arguments) as process:
        account = account_of(process, account)
        account.server.run_jobs()
        client, kms = account.client("voice-id"), account.client("kms")
        details = describe(client, domain)["ServerSideEncryptionUpdateDetails"]
        assert details == {"OldKmsKeyId": old, "UpdateStatus": "COMPLETED"}
        [job] = account.server.control("jobs")["jobs"]
        assert job["state"]["moved"] == job["state"]["total"]
        kms.schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
        account.server.advance("P8D")
        pages = client.get_paginator("list_speakers").paginate(DomainId=domain["DomainId"])
        assert {one["CustomerSpeakerId"] for page in pages for one in page["SpeakerSummaries"]} == set(VOICES)
        for name, voice in VOICES.items():
            call = Call(account, domain["DomainId"], name)
            call.start(SpeakerId=name)
            call.hears(voice)
            assert call.decision() == "ACCEPT"


@pytest.mark.claim("V4", "V5")
def test_a_move_and_a_batch_job_that_are_killed_again_and_again_lose_nothing(tmp_path: Path) -> None:
    """Nothing is held here: the process dies wherever it happens to be, with requests under way."""
    arguments = ("--data-dir", str(tmp_path / "data"))
    barred = [f"barred-{number}" for number in range(300)]
    with serving(*arguments) as process:
        account = account_of(process)
        client, kms = account.client("voice-id"), account.client("kms")
        old, new = new_key(kms), new_key(kms)
        domain = create_domain(client, old)
        bucket = Bucket(account, domain, new)
        for name in barred:
            client.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId=name)
        for name, voice in VOICES.items():
            enrolled(account, domain, name, voice)
        requests = bucket.enrolments(**{f"caller-{number}": BOB for number in range(12)})
        account.server.hold_jobs(True)
        switch(client, domain, new)
        job_id = bucket.enroll(requests)
        process.stop(signal.SIGKILL)
    for number in range(2):
        with serving(*arguments) as process:
            bucket.account = account_of(process, account)
            name = f"late-{number}"
            bucket.voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId=name)
            barred.append(name)
            process.stop(signal.SIGKILL)
    with serving(*arguments) as process:
        account = bucket.account = account_of(process, account)
        account.server.run_jobs()
        assert describe(bucket.voice_id, domain)["ServerSideEncryptionUpdateDetails"]["UpdateStatus"] == "COMPLETED"
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED"
        lines = bucket.output(job_id)["SuccessfulEnrollments"]
        assert [line["EnrollmentStatus"] for line in lines] == ["NEW_ENROLLMENT"] * len(requests)
        account.client("kms").schedule_key_deletion(KeyId=old, PendingWindowInDays=7)
        account.server.advance("P8D")
        pages = bucket.voice_id.get_paginator("list_speakers").paginate(DomainId=domain["DomainId"])
        listed = [one["CustomerSpeakerId"] for page in pages for one in page["SpeakerSummaries"]]
        assert sorted(listed) == sorted([*barred, *VOICES, *(request["SpeakerId"] for request in requests)])


@pytest.mark.claim("V15")
def test_a_batch_job_that_was_killed_goes_on_with_the_request_it_was_at(tmp_path: Path) -> None:
    arguments = ("--data-dir", str(tmp_path / "data"))
    with serving(*arguments) as process:
        account = account_of(process)
        key = new_key(account.client("kms"))
        bucket = Bucket(account, create_domain(account.client("voice-id"), key), key)
        account.server.hold_jobs(True)
        job_id = bucket.enroll(bucket.enrolments(ada=ADA, bob=BOB))
        account.server.step_jobs(2)
        assert bucket.enrolment_job(job_id)["JobProgress"] == {"PercentComplete": 50}
        process.stop(signal.SIGKILL)
    with serving(*arguments) as process:
        bucket.account = account_of(process, account)
        bucket.account.server.run_jobs()
        assert bucket.enrolment_job(job_id)["JobStatus"] == "COMPLETED"
        lines = bucket.output(job_id)["SuccessfulEnrollments"]
        assert [(line["CustomerSpeakerId"], line["EnrollmentStatus"]) for line in lines] == [
            ("ada", "NEW_ENROLLMENT"),
            ("bob", "NEW_ENROLLMENT"),
        ]
