"""Objects on their way: others are served meanwhile, what breaks off leaves nothing, a crash least of all."""

from __future__ import annotations

import os
import signal
import time
import tracemalloc
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from services.app import create_app
from services.simulator import DATABASE_FILE
from shared import demo_world
from shared.database import Database
from tests.process import serving
from tests.services.s3.support import MIB, connect, keys_of, new_bucket, put, read, signed_headers
from tests.support import Account, Server, events_of

PATIENCE_SECONDS = 20


def begin_put(account: Account, path: str, length: int, **headers: str) -> Any:
    """A connection that has sent the headers of a PutObject, and none of its body."""
    connection = connect(account)
    signed = signed_headers(account, "PUT", path, headers=headers)
    connection.putrequest("PUT", path, skip_accept_encoding=True)
    for name, value in {**signed, "Content-Length": str(length)}.items():
        connection.putheader(name, value)
    connection.endheaders()
    return connection


def pieces(server: Server, state: str) -> int:
    return server.simulator.database.count("sealed_pieces", {"state": state})


def wait_until(condition: Any) -> None:
    """What the server does between two requests is not announced."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_others_are_served_while_an_upload_goes_on(account: Account, s3: Any, bucket: str) -> None:
    connection = begin_put(account, f"/{bucket}/slow", 3 * MIB)
    connection.send(b"x" * (2 * MIB))
    put(s3, bucket, "quick")
    assert keys_of(s3, bucket) == ["quick"]
    connection.send(b"x" * MIB)
    assert connection.getresponse().status == 200
    connection.close()
    assert read(s3, bucket, "slow") == b"x" * (3 * MIB)


def test_others_are_served_while_a_download_goes_on(s3: Any, bucket: str) -> None:
    body = os.urandom(32 * MIB)
    put(s3, bucket, "large", body=body)
    stream = s3.get_object(Bucket=bucket, Key="large")["Body"]
    first = stream.read(1000)
    put(s3, bucket, "quick")
    assert read(s3, bucket, "quick") == b"content"
    assert first + stream.read() == body


def test_an_object_that_is_replaced_or_deleted_is_read_to_its_end(server: Server, s3: Any, bucket: str) -> None:
    body = os.urandom(24 * MIB)
    put(s3, bucket, "key", body=body)
    streams = [s3.get_object(Bucket=bucket, Key="key")["Body"] for _ in range(2)]
    first = [stream.read(10) for stream in streams]
    put(s3, bucket, "key", body=b"new")
    s3.delete_object(Bucket=bucket, Key="key")
    assert [start + stream.read() for start, stream in zip(first, streams, strict=True)] == [body, body]
    wait_until(lambda: pieces(server, "GARBAGE") == 0)


def test_an_upload_that_breaks_off_leaves_nothing(account: Account, server: Server, s3: Any, bucket: str) -> None:
    wait_until(lambda: pieces(server, "GARBAGE") == 0)
    chunks = server.simulator.database.count("sealed_chunks", {})
    connection = begin_put(account, f"/{bucket}/half", 10 * MIB)
    connection.send(b"x" * (5 * MIB))
    wait_until(lambda: server.simulator.database.count("sealed_chunks", {}) > chunks)
    assert pieces(server, "WRITING") == 1
    connection.close()
    wait_until(lambda: pieces(server, "WRITING") == 0 and pieces(server, "GARBAGE") == 0)
    assert server.simulator.database.count("sealed_chunks", {}) == chunks
    assert keys_of(s3, bucket) == []


def test_what_an_upload_asked_of_kms_is_in_the_trail_though_it_broke_off(
    account: Account, server: Server, bucket: str, kms_key: str
) -> None:
    headers = {
        "x-amz-server-side-encryption": "aws:kms",
        "x-amz-server-side-encryption-aws-kms-key-id": kms_key,
    }
    connection = begin_put(account, f"/{bucket}/half", MIB, **headers)
    connection.send(b"x")
    wait_until(lambda: pieces(server, "WRITING") == 1)
    connection.close()
    assert [event["resources"][0]["ARN"] for event in events_of(account, "GenerateDataKey")] == [kms_key]


def test_a_refused_upload_is_refused_before_its_body_is_sent(account: Account, bucket: str) -> None:
    stranger = account.user("stranger")
    connection = begin_put(stranger, f"/{bucket}/key", 10 * MIB, Expect="100-continue")
    response = connection.getresponse()
    assert response.status == 403
    assert response.headers["connection"] == "close"
    assert b"<Code>AccessDenied</Code>" in response.read()
    connection.close()


def test_after_a_refusal_the_rest_of_a_body_is_passed_over(account: Account, s3: Any, bucket: str) -> None:
    """The connection stays good for the next request."""
    connection = begin_put(account.user("stranger"), f"/{bucket}/key", 3 * MIB)
    connection.send(b"x" * (3 * MIB))
    response = connection.getresponse()
    assert (response.status, b"AccessDenied" in response.read()) == (403, True)
    path = f"/{bucket}/mine"
    connection.request("PUT", path, body=b"mine", headers=signed_headers(account, "PUT", path))
    assert connection.getresponse().status == 200
    connection.close()
    assert read(s3, bucket, "mine") == b"mine"


def test_of_two_uploads_to_one_key_the_one_that_ends_last_counts(account: Account, s3: Any, bucket: str) -> None:
    early = begin_put(account, f"/{bucket}/key", 5)
    put(s3, bucket, "key", body=b"quick")
    early.send(b"early")
    assert early.getresponse().status == 200
    early.close()
    assert read(s3, bucket, "key") == b"early"


def test_of_two_uploads_that_want_to_be_first_one_is(account: Account, s3: Any, bucket: str) -> None:
    late = begin_put(account, f"/{bucket}/key", 4, **{"If-None-Match": "*"})
    put(s3, bucket, "key", body=b"first", IfNoneMatch="*")
    late.send(b"late")
    assert late.getresponse().status == 412
    late.close()
    assert read(s3, bucket, "key") == b"first"


def test_a_bucket_that_goes_takes_an_upload_with_it(account: Account, s3: Any, bucket: str) -> None:
    connection = begin_put(account, f"/{bucket}/key", 4)
    s3.delete_bucket(Bucket=bucket)
    connection.send(b"late")
    response = connection.getresponse()
    assert (response.status, b"<Code>NoSuchBucket</Code>" in response.read()) == (404, True)
    connection.close()


def test_a_process_that_is_killed_leaves_no_half_object(tmp_path: Path) -> None:
    """An upload is under way, another is acknowledged: kill -9; the one is gone, the other whole."""
    data_dir = tmp_path / "data"
    whole = os.urandom(3 * MIB)
    demo = demo_world.credentials(demo_world.DEFAULT_ACCOUNT, "administrator")
    with serving("--data-dir", str(data_dir)) as process:
        client = process.client("s3")
        bucket = new_bucket(client)
        put(client, bucket, "whole", body=whole)
        upload = client.create_multipart_upload(Bucket=bucket, Key="parts")["UploadId"]
        part = client.upload_part(Bucket=bucket, Key="parts", UploadId=upload, PartNumber=1, Body=whole)
        server = Server(process.url, None, data_dir)  # type: ignore[arg-type]
        account = Account(server, demo_world.DEFAULT_ACCOUNT, demo.access_key_id, demo.secret_access_key)
        connection = begin_put(account, f"/{bucket}/half", 20 * MIB)
        connection.send(b"x" * (12 * MIB))
        wait_until(lambda: client.list_buckets() and _chunks_at_rest(data_dir) > 9)
        process.stop(signal.SIGKILL)
        connection.close()
    with serving("--data-dir", str(data_dir)) as process:
        client = process.client("s3")
        assert keys_of(client, bucket) == ["whole"]
        assert read(client, bucket, "whole") == whole
        parts = {"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]}
        client.complete_multipart_upload(Bucket=bucket, Key="parts", UploadId=upload, MultipartUpload=parts)
        assert read(client, bucket, "parts") == whole
        wait_until(lambda: _chunks_at_rest(data_dir) == 6)


def _chunks_at_rest(data_dir: Path) -> int:
    database = Database(data_dir / DATABASE_FILE)
    try:
        return database.count("sealed_chunks", {})
    finally:
        database.close()


def test_a_server_that_cannot_wait_does_all_at_once(account: Account, s3: Any, bucket: str) -> None:
    """Any WSGI server carries the app; only the one that it comes with takes bodies in as they come."""
    body = os.urandom(2 * MIB + 1)
    client = create_app(account.server.simulator).test_client()
    path, copied = f"/{bucket}/key", f"/{bucket}/copied"
    host = urlsplit(account.server.url).netloc
    headers = signed_headers(account, "PUT", path)
    assert client.put(path, data=body, headers={**headers, "Host": host}).status_code == 200
    headers = signed_headers(account, "PUT", copied, headers={"x-amz-copy-source": path})
    assert client.put(copied, headers={**headers, "Host": host}).status_code == 200
    assert read(s3, bucket, "key") == read(s3, bucket, "copied") == body


@pytest.mark.parametrize("method", ["GET", "PUT"])
def test_a_large_object_needs_little_memory(account: Account, s3: Any, bucket: str, method: str) -> None:
    """Resident memory is measured by bench/objects.py; here the most that Python holds at a time."""
    size = 64 * MIB
    if method == "GET":
        put(s3, bucket, "large", body=b"x" * size)
    tracemalloc.start()
    try:
        if method == "GET":
            stream = s3.get_object(Bucket=bucket, Key="large")["Body"]
            while stream.read(MIB):
                pass
        else:
            connection = begin_put(account, f"/{bucket}/large", size)
            piece = b"x" * MIB
            for _ in range(size // MIB):
                connection.send(piece)
            assert connection.getresponse().status == 200
            connection.close()
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 24 * MIB
