"""Chunks as they rest: sealed, bound to their places, gone with their key."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from botocore.exceptions import ClientError, IncompleteReadError, ResponseStreamingError

from kms.sealed_pieces import CHUNK_BYTES
from shared.database import Database, Row
from tests.services.s3.support import put, read
from tests.support import Server, refused

CHUNKS = 3
BODY = os.urandom((CHUNKS - 1) * CHUNK_BYTES + 1000)


def chunks_of(database: Database, bucket: str, key: str) -> list[Row]:
    record = database.find("records", {"scope_arn": f"arn:aws:s3:::{bucket}", "data_class": "object", "record_id": key})
    assert record is not None
    piece = database.find("sealed_pieces", {"content_id": record["attributes"]["content"]})
    assert piece is not None
    return database.select("sealed_chunks", {"piece_id": piece["piece_id"]}, order=["chunk_index"])


@contextmanager
def rewritten(database: Database, changes: list[tuple[Row, bytes | None]]) -> Iterator[None]:
    """Other bytes in the place of chunks, None for a chunk that is gone; all is put back in the end."""
    _write(database, changes)
    try:
        yield
    finally:
        _write(database, [(row, row["sealed"]) for row, _ in changes])


def _write(database: Database, changes: list[tuple[Row, bytes | None]]) -> None:
    with database.unit():
        for row, sealed in changes:
            database.delete("sealed_chunks", {"piece_id": row["piece_id"], "chunk_index": row["chunk_index"]})
            if sealed is not None:
                database.insert("sealed_chunks", {**row, "sealed": sealed})


def is_refused(s3: Any, bucket: str, key: str = "key") -> bool:
    """Damage in the first chunk is told as an error; later on the answer has begun, and breaks off."""
    try:
        read(s3, bucket, key)
    except (ClientError, IncompleteReadError, ResponseStreamingError):
        return True
    return False


def flipped(sealed: bytes, place: int) -> bytes:
    return sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]


DAMAGE: dict[str, Callable[[list[Row], list[Row]], list[tuple[Row, bytes | None]]]] = {
    "a bit of the first chunk": lambda own, other: [(own[0], flipped(own[0]["sealed"], 100))],
    "a bit of a later chunk": lambda own, other: [(own[1], flipped(own[1]["sealed"], 10**6))],
    "a bit of a nonce": lambda own, other: [(own[0], flipped(own[0]["sealed"], 20))],
    "a bit of a tag": lambda own, other: [(own[2], flipped(own[2]["sealed"], -1 % len(own[2]["sealed"])))],
    "two chunks swapped": lambda own, other: [(own[0], own[1]["sealed"]), (own[1], own[0]["sealed"])],
    "the end cut off": lambda own, other: [(own[2], None)],
    "the last chunk in the middle": lambda own, other: [(own[1], own[2]["sealed"])],
    "a middle chunk at the end": lambda own, other: [(own[2], own[1]["sealed"])],
    "a chunk of another object": lambda own, other: [(own[1], other[1]["sealed"])],
    "an empty chunk": lambda own, other: [(own[0], b"")],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_content_is_never_handed_out(server: Server, s3: Any, bucket: str, damage: str) -> None:
    put(s3, bucket, "key", "other", body=BODY)
    database = server.simulator.database
    own, other = chunks_of(database, bucket, "key"), chunks_of(database, bucket, "other")
    assert len(own) == CHUNKS
    with rewritten(database, DAMAGE[damage](own, other)):
        assert is_refused(s3, bucket)
    assert read(s3, bucket, "key") == BODY


def test_damage_that_is_found_at_once_is_an_error_of_the_service(server: Server, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key", body=BODY)
    database = server.simulator.database
    (first, *_) = chunks_of(database, bucket, "key")
    with rewritten(database, [(first, flipped(first["sealed"], 50))]), refused("InternalError") as refusal:
        read(s3, bucket, "key")
    assert refusal.status == 500


def test_parts_of_an_upload_cannot_change_places(server: Server, s3: Any, bucket: str) -> None:
    upload = {"Bucket": bucket, "Key": "key"}
    upload["UploadId"] = s3.create_multipart_upload(**upload)["UploadId"]
    bodies = [os.urandom(5 * CHUNK_BYTES) for _ in range(2)]
    parts = [
        {"PartNumber": number, "ETag": s3.upload_part(**upload, PartNumber=number, Body=body)["ETag"]}
        for number, body in enumerate(bodies, 1)
    ]
    s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})
    database = server.simulator.database
    content = database.select("sealed_pieces", {"state": "KEPT"})[-1]["content_id"]
    one, two = (
        database.select("sealed_chunks", {"piece_id": row["piece_id"], "chunk_index": 0})[0]
        for row in database.select("sealed_pieces", {"content_id": content})
    )
    with rewritten(database, [(one, two["sealed"]), (two, one["sealed"])]):
        assert is_refused(s3, bucket)
    assert read(s3, bucket, "key") == b"".join(bodies)


def test_a_deleted_object_leaves_no_data_key(server: Server, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key", body=BODY)
    where = {"scope_arn": f"arn:aws:s3:::{bucket}"}
    assert server.simulator.database.count("sealed_contents", where) == 1
    s3.delete_object(Bucket=bucket, Key="key")
    assert server.simulator.database.count("sealed_contents", where) == 0
    assert server.simulator.database.count("records", where) == 0


def test_what_s3_tells_of_an_object_rests_sealed(server: Server, s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="key", Body=b"a guess", Metadata={"name": "Lovelace"})["ETag"].strip('"')
    disk = server.bytes_on_disk()
    assert etag.encode() not in disk
    assert b"Lovelace" not in disk
