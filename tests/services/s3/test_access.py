"""Objects for another service: the same decisions as for a request, with a role's session."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import pytest

from kms.errors import KmsRefusal
from services.s3 import objects
from services.s3.access import Access
from shared.errors import ServiceError
from shared.identity import Caller
from tests.services.s3.support import MIB, allow, arn, identity, put, read
from tests.support import REGION, Account, Server, events_of

RIGHTS = ("s3:GetObject", "s3:PutObject", "kms:Decrypt", "kms:GenerateDataKey")


def access_of(server: Server, session: Account) -> Access:
    """What a service makes itself for the principal that it works for."""
    principal = server.simulator.credentials.principal_of(session.access_key_id, session.session_token)
    return Access(server.simulator, server.simulator.engine.session(), Caller(principal, REGION))


def write(access: Access, bucket: str, key: str, body: bytes, **encryption: str) -> None:
    with access.simulator.database.unit():
        writer = objects.write(access, bucket, key, encryption=encryption)
        writer.write(body)
        writer.finish()
        access.kms.flush()


def read_all(access: Access, bucket: str, key: str) -> bytes:
    with closing(objects.read(access, bucket, key)) as reader:
        return b"".join(reader)


@pytest.fixture
def session(account: Account) -> Account:
    return account.role("worker", identity(allow(list(RIGHTS), "*")))


def test_a_service_reads_and_writes_with_a_session(
    server: Server, account: Account, s3: Any, bucket: str, session: Account, kms_key: str
) -> None:
    body = b"request" * MIB
    how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    put(s3, bucket, "input", body=body, **how)
    access = access_of(server, session)
    assert read_all(access, bucket, "input") == body
    write(access, bucket, "output", body[::-1], **how)
    assert read(s3, bucket, "output") == body[::-1]
    mine = [
        event
        for event in events_of(account, source="kms.amazonaws.com")
        if event["userIdentity"]["type"] == "AssumedRole"
    ]
    assert [event["eventName"] for event in mine] == ["Decrypt", "GenerateDataKey"]
    assert {event["userIdentity"]["invokedBy"] for event in mine} == {"s3.amazonaws.com"}
    assert mine[1]["requestParameters"]["encryptionContext"] == {"aws:s3:arn": arn(bucket, "output")}


@pytest.mark.parametrize("missing", RIGHTS)
def test_each_right_that_is_missing_is_missed(
    server: Server, account: Account, s3: Any, bucket: str, kms_key: str, missing: str
) -> None:
    how = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": kms_key}
    put(s3, bucket, "input", **how)
    session = account.role("worker", identity(allow([one for one in RIGHTS if one != missing], "*")))
    access = access_of(server, session)
    reads = missing in ("s3:GetObject", "kms:Decrypt")
    with pytest.raises((ServiceError, KmsRefusal)) as refusal:
        if reads:
            read_all(access, bucket, "input")
        else:
            write(access, bucket, "output", b"content", **how)
    assert missing in str(refusal.value)


def test_the_buckets_policy_counts_too(server: Server, account: Account, s3: Any, bucket: str) -> None:
    put(s3, bucket, "input")
    session = account.role("worker")
    with pytest.raises(ServiceError):
        read_all(access_of(server, session), bucket, "input")
    role = {"AWS": f"arn:aws:iam::{account.account_id}:role/worker"}
    text = identity(allow("s3:GetObject", arn(bucket, "*"), role))
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(text))
    assert read_all(access_of(server, session), bucket, "input") == b"content"


def test_what_is_given_up_is_not_there(server: Server, s3: Any, bucket: str, session: Account) -> None:
    access = access_of(server, session)
    with server.simulator.database.unit():
        writer = objects.write(access, bucket, "output")
        writer.write(b"half")
        writer.abandon()
    assert "Contents" not in s3.list_objects_v2(Bucket=bucket)
