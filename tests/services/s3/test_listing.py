"""Lists of objects: in order, by prefix, rolled up at a delimiter, in pages; both forms, against a plain model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.services.s3.support import new_bucket, put
from tests.support import Account, Server, refused, started

KEYS = ("a", "a-", "a/", "a/1", "a/2", "a/b/1", "a/b/2", "b", "c/", "c/d/e", "ü", "ü/1", "z")


@pytest.fixture(scope="module")
def own_server() -> Iterator[Server]:
    with started(None) as server:
        yield server


@pytest.fixture(scope="module")
def filled(own_server: Server) -> tuple[Any, str]:
    """A client, and a bucket with all keys."""
    client = own_server.new_account().client("s3")
    bucket = new_bucket(client)
    put(client, bucket, *KEYS)
    return client, bucket


def expected(prefix: str, delimiter: str) -> list[str]:
    """What a list shows: keys, and common prefixes in their places."""
    shown: list[str] = []
    for key in sorted((key for key in KEYS if key.startswith(prefix)), key=str.encode):
        end = key.find(delimiter, len(prefix)) if delimiter else -1
        entry = key if end < 0 else key[: end + len(delimiter)]
        if entry not in shown:
            shown.append(entry)
    return shown


def shown_in(page: dict[str, Any]) -> list[str]:
    keys = [one["Key"] for one in page.get("Contents", [])]
    prefixes = [one["Prefix"] for one in page.get("CommonPrefixes", [])]
    return sorted(keys + prefixes, key=str.encode)


@pytest.mark.parametrize("size", [1, 2, 3, 1000])
@pytest.mark.parametrize("form", ["list_objects_v2", "list_objects"])
@given(prefix=st.sampled_from(["", "a", "a/", "a/b", "c/", "x", "ü"]), delimiter=st.sampled_from(["", "/", "/b", "-"]))
@settings(max_examples=12, deadline=None)
def test_the_pages_of_a_list_together_show_everything_once(
    filled: tuple[Any, str], form: str, size: int, prefix: str, delimiter: str
) -> None:
    client, bucket = filled
    shown: list[str] = []
    more: dict[str, Any] = {}
    while True:
        page = getattr(client, form)(Bucket=bucket, Prefix=prefix, Delimiter=delimiter, MaxKeys=size, **more)
        part = shown_in(page)
        assert len(part) <= size
        shown += part
        if not page["IsTruncated"]:
            break
        if form == "list_objects_v2":
            more = {"ContinuationToken": page["NextContinuationToken"]}
        else:
            more = {"Marker": page.get("NextMarker", part[-1])}
    assert shown == expected(prefix, delimiter)


def test_a_list_may_start_behind_a_key(filled: tuple[Any, str]) -> None:
    client, bucket = filled
    assert shown_in(client.list_objects_v2(Bucket=bucket, StartAfter="b")) == ["c/", "c/d/e", "z", "ü", "ü/1"]


def test_an_entry_tells_what_the_object_is(s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="key", Body=b"content", ChecksumAlgorithm="SHA256")["ETag"]
    (entry,) = s3.list_objects_v2(Bucket=bucket, FetchOwner=True)["Contents"]
    assert (entry["ETag"], entry["Size"], entry["StorageClass"]) == (etag, 7, "STANDARD")
    assert entry["ChecksumAlgorithm"] == ["SHA256"]
    assert len(entry["Owner"]["ID"]) == 64


def test_a_page_of_nothing_is_the_last(filled: tuple[Any, str]) -> None:
    client, bucket = filled
    page = client.list_objects_v2(Bucket=bucket, MaxKeys=0)
    assert (shown_in(page), page["IsTruncated"]) == ([], False)


def test_a_token_must_be_one_that_was_given_out(s3: Any, bucket: str) -> None:
    with refused("InvalidArgument"):
        s3.list_objects_v2(Bucket=bucket, ContinuationToken="made up")


def test_more_keys_than_a_look_at_the_index_takes(account: Account) -> None:
    client = account.client("s3")
    bucket = new_bucket(client)
    put(client, bucket, *(f"{group}/{number:03d}" for group in "abc" for number in range(90)))
    page = client.list_objects_v2(Bucket=bucket, Delimiter="/")
    assert shown_in(page) == ["a/", "b/", "c/"]
    assert client.list_objects_v2(Bucket=bucket)["KeyCount"] == 270
