"""Objects: put, got in whole and in ranges, on conditions, copied, tagged, deleted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from hashlib import md5
from typing import Any

import pytest

from tests.services.s3.support import MIB, keys_of, put, read, send
from tests.support import Account, refused

SIZES = [0, 1, MIB - 1, MIB, MIB + 1, 3 * MIB + 17]


class TestShape:
    @pytest.mark.parametrize("size", SIZES)
    def test_an_object_comes_back_as_it_was_put(self, s3: Any, bucket: str, size: int) -> None:
        body = bytes(place * 31 % 251 for place in range(size))
        made = s3.put_object(Bucket=bucket, Key="key", Body=body)
        got = s3.get_object(Bucket=bucket, Key="key")
        assert got["Body"].read() == body
        assert got["ContentLength"] == s3.head_object(Bucket=bucket, Key="key")["ContentLength"] == size
        assert made["ETag"] == got["ETag"] == f'"{md5(body, usedforsecurity=False).hexdigest()}"'

    def test_what_is_said_of_an_object_is_told_again(self, s3: Any, bucket: str) -> None:
        said = {
            "CacheControl": "no-cache",
            "ContentDisposition": "attachment",
            "ContentEncoding": "gzip",
            "ContentLanguage": "en",
            "ContentType": "text/plain",
            "Metadata": {"caller": "Ada", "long-name": "value, with = signs"},
            "StorageClass": "STANDARD_IA",
        }
        expires = datetime(2030, 1, 1, tzinfo=UTC)
        put(s3, bucket, "key", **said, Expires=expires)
        for told in (s3.get_object(Bucket=bucket, Key="key"), s3.head_object(Bucket=bucket, Key="key")):
            assert {name: told[name] for name in said} == said
            assert told["ExpiresString"] == "Tue, 01 Jan 2030 00:00:00 GMT"
            assert told["AcceptRanges"] == "bytes"

    def test_the_answer_may_say_otherwise_if_the_request_wants(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key", ContentType="text/plain")
        got = s3.get_object(
            Bucket=bucket, Key="key", ResponseContentType="text/html", ResponseContentDisposition="inline"
        )
        assert (got["ContentType"], got["ContentDisposition"]) == ("text/html", "inline")
        assert s3.head_object(Bucket=bucket, Key="key")["ContentType"] == "text/plain"

    def test_what_the_request_wants_of_the_answer_must_fit_a_header(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        wanted = {"Bucket": bucket, "Key": "key"}
        got = s3.get_object(**wanted, ResponseContentDisposition='attachment; filename="€.txt"')
        assert got["ContentDisposition"].encode("latin-1").decode() == 'attachment; filename="€.txt"'
        with refused("InvalidArgument"):
            s3.get_object(**wanted, ResponseContentType="text/html\r\nSet-Cookie: a=b")

    @pytest.mark.parametrize(
        "key", ["plain", "with space", "ü/€/𝄞", "a//b", "dir/", "per%cent+plus", "'\"<&>", "a?b=c#d"]
    )
    def test_a_key_is_any_text(self, s3: Any, bucket: str, key: str) -> None:
        put(s3, bucket, key, body=key.encode())
        assert keys_of(s3, bucket) == [key]
        assert read(s3, bucket, key) == key.encode()

    def test_a_key_has_at_most_1024_bytes(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "k" * 1024)
        with refused("KeyTooLongError"):
            put(s3, bucket, "k" * 1025)

    @pytest.mark.parametrize(
        ("parameters", "code"),
        [
            ({"ACL": "public-read"}, "AccessControlListNotSupported"),
            ({"StorageClass": "GLACIER"}, "NotImplemented"),
            ({"ObjectLockLegalHoldStatus": "ON"}, "NotImplemented"),
            ({"WebsiteRedirectLocation": "/x"}, "NotImplemented"),
            ({"Tagging": "a=1&a=2"}, "InvalidArgument"),
            ({"Tagging": "aws:a=1"}, "InvalidTag"),
        ],
        ids=str,
    )
    def test_what_an_object_cannot_be_is_refused(self, s3: Any, bucket: str, parameters: Any, code: str) -> None:
        with refused(code):
            put(s3, bucket, "key", **parameters)
        assert keys_of(s3, bucket) == []


RANGES = [
    ("bytes=0-0", 0, 1),
    ("bytes=2-4", 2, 5),
    ("bytes=5-", 5, None),
    ("bytes=-3", -3, None),
    (f"bytes=-{10**9}", 0, None),
    (f"bytes={MIB - 2}-{MIB + 2}", MIB - 2, MIB + 3),
    (f"bytes={2 * MIB}-{10**9}", 2 * MIB, None),
]


class TestRanges:
    @pytest.mark.parametrize(("text", "start", "end"), RANGES, ids=[one[0] for one in RANGES])
    def test_a_range_is_a_part_of_the_content(
        self, s3: Any, bucket: str, text: str, start: int, end: int | None
    ) -> None:
        body = bytes(place % 253 for place in range(2 * MIB + 100))
        put(s3, bucket, "key", body=body)
        got = s3.get_object(Bucket=bucket, Key="key", Range=text)
        assert got["Body"].read() == body[start:end]
        assert got["ResponseMetadata"]["HTTPStatusCode"] == 206
        first = len(body) + start if start < 0 else start
        last = len(body) if end is None else end
        assert got["ContentRange"] == f"bytes {first}-{last - 1}/{len(body)}"

    @pytest.mark.parametrize("text", ["bytes=7-", "bytes=100-200", "bytes=-0"])
    def test_a_range_behind_the_end_cannot_be_satisfied(self, s3: Any, bucket: str, text: str) -> None:
        put(s3, bucket, "key", body=b"content")
        with refused("InvalidRange") as refusal:
            s3.get_object(Bucket=bucket, Key="key", Range=text)
        assert (refusal.status, refusal.response["Error"]["ActualObjectSize"]) == (416, "7")

    @pytest.mark.parametrize(
        "text",
        ["bytes=5-2", "lines=1-2", "bytes=-", "bytes=0-1,3-4", f"bytes=0-{'9' * 5000}"],
        ids=["backwards", "lines", "nothing", "two", "endless"],
    )
    def test_a_range_that_is_none_is_passed_over(self, s3: Any, bucket: str, text: str) -> None:
        put(s3, bucket, "key", body=b"content")
        got = s3.get_object(Bucket=bucket, Key="key", Range=text)
        assert (got["Body"].read(), got["ResponseMetadata"]["HTTPStatusCode"]) == (b"content", 200)


class TestConditions:
    def test_a_read_may_depend_on_the_etag(self, s3: Any, bucket: str) -> None:
        etag = s3.put_object(Bucket=bucket, Key="key", Body=b"content")["ETag"]
        assert read(s3, bucket, "key", IfMatch=etag) == b"content"
        assert read(s3, bucket, "key", IfNoneMatch='"other"') == b"content"
        with refused("PreconditionFailed") as failed:
            s3.get_object(Bucket=bucket, Key="key", IfMatch='"other"')
        with refused("304"):
            s3.get_object(Bucket=bucket, Key="key", IfNoneMatch=etag)
        assert failed.status == 412

    def test_a_read_may_depend_on_the_time(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        changed = s3.head_object(Bucket=bucket, Key="key")["LastModified"]
        before, after = changed - timedelta(hours=1), changed + timedelta(hours=1)
        assert read(s3, bucket, "key", IfModifiedSince=before) == b"content"
        assert read(s3, bucket, "key", IfUnmodifiedSince=changed) == b"content"
        with refused("304"):
            s3.get_object(Bucket=bucket, Key="key", IfModifiedSince=after)
        with refused("PreconditionFailed"):
            s3.get_object(Bucket=bucket, Key="key", IfUnmodifiedSince=before)

    def test_the_etag_goes_before_the_time(self, s3: Any, bucket: str) -> None:
        etag = s3.put_object(Bucket=bucket, Key="key", Body=b"content")["ETag"]
        past, future = datetime(2001, 1, 1, tzinfo=UTC), datetime(2099, 1, 1, tzinfo=UTC)
        assert read(s3, bucket, "key", IfMatch=etag, IfUnmodifiedSince=past) == b"content"
        with refused("304"):
            s3.get_object(Bucket=bucket, Key="key", IfNoneMatch=etag, IfModifiedSince=past)
        assert read(s3, bucket, "key", IfNoneMatch='"other"', IfModifiedSince=future) == b"content"

    def test_a_write_may_want_to_be_the_first(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key", body=b"first", IfNoneMatch="*")
        with refused("PreconditionFailed"):
            put(s3, bucket, "key", body=b"second", IfNoneMatch="*")
        assert read(s3, bucket, "key") == b"first"

    def test_a_write_may_want_to_replace_what_it_knows(self, s3: Any, bucket: str) -> None:
        etag = s3.put_object(Bucket=bucket, Key="key", Body=b"first")["ETag"]
        with refused("PreconditionFailed"):
            put(s3, bucket, "key", body=b"second", IfMatch='"other"')
        put(s3, bucket, "key", body=b"second", IfMatch=etag)
        assert read(s3, bucket, "key") == b"second"
        with refused("NoSuchKey"):
            put(s3, bucket, "absent", IfMatch=etag)


class TestBehaviour:
    def test_the_last_write_counts(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key", body=b"first", Metadata={"old": "yes"})
        put(s3, bucket, "key", body=b"second")
        got = s3.get_object(Bucket=bucket, Key="key")
        assert (got["Body"].read(), got["Metadata"]) == (b"second", {})

    def test_what_is_not_there(self, s3: Any, bucket: str) -> None:
        with refused("NoSuchKey") as refusal:
            s3.get_object(Bucket=bucket, Key="absent")
        assert (refusal.status, refusal.response["Error"]["Key"]) == (404, "absent")
        with refused("404"):
            s3.head_object(Bucket=bucket, Key="absent")
        with refused("NoSuchBucket"):
            s3.get_object(Bucket="no-such-bucket-anywhere", Key="key")
        s3.delete_object(Bucket=bucket, Key="absent")

    def test_there_are_no_versions(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        assert read(s3, bucket, "key", VersionId="null") == b"content"
        with refused("NoSuchVersion"):
            s3.get_object(Bucket=bucket, Key="key", VersionId="other")

    def test_objects_are_deleted_together(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "a", "b", "c")
        wanted = [{"Key": key} for key in ("a", "c", "absent")]
        answer = s3.delete_objects(Bucket=bucket, Delete={"Objects": wanted})
        assert [one["Key"] for one in answer["Deleted"]] == ["a", "c", "absent"]
        assert keys_of(s3, bucket) == ["b"]
        quiet = s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": "b"}], "Quiet": True})
        assert "Deleted" not in quiet
        assert keys_of(s3, bucket) == []

    def test_at_most_a_thousand_are_deleted_together(self, s3: Any, bucket: str) -> None:
        with refused("MalformedXML"):
            s3.delete_objects(Bucket=bucket, Delete={"Objects": [{"Key": str(n)} for n in range(1001)]})

    def test_tags_of_an_object(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key", Tagging="team=voice&empty=")
        assert s3.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == [
            {"Key": "team", "Value": "voice"},
            {"Key": "empty", "Value": ""},
        ]
        assert s3.head_object(Bucket=bucket, Key="key")["TagCount"] == 2
        s3.put_object_tagging(Bucket=bucket, Key="key", Tagging={"TagSet": [{"Key": "a", "Value": "b"}]})
        assert s3.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == [{"Key": "a", "Value": "b"}]
        s3.delete_object_tagging(Bucket=bucket, Key="key")
        assert s3.get_object_tagging(Bucket=bucket, Key="key")["TagSet"] == []
        assert read(s3, bucket, "key") == b"content"
        with refused("BadRequest"):
            tags = [{"Key": str(number), "Value": ""} for number in range(11)]
            s3.put_object_tagging(Bucket=bucket, Key="key", Tagging={"TagSet": tags})


class TestCopies:
    def test_a_copy_has_content_and_metadata_of_its_source(self, s3: Any, bucket: str) -> None:
        body = b"x" * (2 * MIB + 5)
        put(s3, bucket, "from/ü key", body=body, Metadata={"a": "b"}, Tagging="t=1", ContentType="text/plain")
        made = s3.copy_object(Bucket=bucket, Key="to", CopySource={"Bucket": bucket, "Key": "from/ü key"})
        got = s3.get_object(Bucket=bucket, Key="to")
        assert got["Body"].read() == body
        assert (got["Metadata"], got["ContentType"], got["TagCount"]) == ({"a": "b"}, "text/plain", 1)
        assert made["CopyObjectResult"]["ETag"] == got["ETag"]

    def test_a_copy_may_be_described_anew(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "from", Metadata={"a": "b"}, Tagging="t=1")
        s3.copy_object(
            Bucket=bucket,
            Key="to",
            CopySource=f"{bucket}/from",
            MetadataDirective="REPLACE",
            Metadata={"c": "d"},
            TaggingDirective="REPLACE",
        )
        got = s3.get_object(Bucket=bucket, Key="to")
        assert (got["Metadata"], got.get("TagCount")) == ({"c": "d"}, None)

    def test_an_object_is_copied_onto_itself_only_to_change_it(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key", body=b"content")
        with refused("InvalidRequest"):
            s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key")
        s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key", MetadataDirective="REPLACE")
        assert read(s3, bucket, "key") == b"content"

    def test_a_copy_may_depend_on_its_source(self, s3: Any, bucket: str) -> None:
        etag = s3.put_object(Bucket=bucket, Key="from", Body=b"content")["ETag"]
        s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from", CopySourceIfMatch=etag)
        with refused("PreconditionFailed"):
            s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from", CopySourceIfNoneMatch=etag)

    @pytest.mark.parametrize("source", ["no-key", "/"])
    def test_a_source_must_name_an_object(self, account: Account, bucket: str, source: str) -> None:
        status, _, body = send(account, "PUT", f"/{bucket}/to", headers={"x-amz-copy-source": source})
        assert (status, b"<Code>InvalidArgument</Code>" in body) == (400, True)
