"""Uploads in parts, and the order and the sizes that parts must have."""

from __future__ import annotations

import io
import os
from hashlib import md5
from typing import Any

import pytest

from tests.services.s3.support import MIB, keys_of, put, read
from tests.support import refused

PART = os.urandom(5 * MIB)


def begin(s3: Any, bucket: str, key: str = "key", **others: Any) -> dict[str, Any]:
    made: dict[str, Any] = s3.create_multipart_upload(Bucket=bucket, Key=key, **others)
    return {"Bucket": bucket, "Key": key, "UploadId": made["UploadId"]}


def send_part(s3: Any, upload: dict[str, Any], number: int, body: bytes = PART, **others: Any) -> dict[str, Any]:
    """What completing the upload says of the part."""
    sent = s3.upload_part(**upload, PartNumber=number, Body=body, **others)
    checksums = {name: value for name, value in sent.items() if name.startswith("Checksum")}
    return {"PartNumber": number, "ETag": sent["ETag"], **checksums}


def complete(s3: Any, upload: dict[str, Any], *parts: dict[str, Any], **others: Any) -> dict[str, Any]:
    made: dict[str, Any] = s3.complete_multipart_upload(**upload, MultipartUpload={"Parts": list(parts)}, **others)
    return made


def test_the_parts_make_an_object(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, Metadata={"a": "b"}, ContentType="audio/wav", Tagging="t=1")
    parts = [send_part(s3, upload, number, body) for number, body in ((2, PART), (5, PART[::-1]), (9, b"end"))]
    assert keys_of(s3, bucket) == []
    made = complete(s3, upload, *parts)
    got = s3.get_object(Bucket=bucket, Key="key")
    assert got["Body"].read() == PART + PART[::-1] + b"end"
    digests = b"".join(md5(part, usedforsecurity=False).digest() for part in (PART, PART[::-1], b"end"))
    assert made["ETag"] == got["ETag"] == f'"{md5(digests, usedforsecurity=False).hexdigest()}-3"'
    assert (got["Metadata"], got["ContentType"], got["TagCount"]) == ({"a": "b"}, "audio/wav", 1)
    assert read(s3, bucket, "key", Range=f"bytes={5 * MIB - 2}-{5 * MIB + 1}") == PART[-2:] + PART[::-1][:2]


def test_a_part_can_be_read_by_its_number(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    complete(s3, upload, send_part(s3, upload, 3), send_part(s3, upload, 7, b"end"))
    got = s3.get_object(Bucket=bucket, Key="key", PartNumber=2)
    assert (got["Body"].read(), got["PartsCount"]) == (b"end", 2)
    assert got["ContentRange"] == f"bytes {5 * MIB}-{5 * MIB + 2}/{5 * MIB + 3}"
    with refused("InvalidPartNumber"):
        s3.get_object(Bucket=bucket, Key="key", PartNumber=3)


def test_a_part_that_is_sent_again_is_replaced(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    old = send_part(s3, upload, 1, b"old")
    new = send_part(s3, upload, 1, b"new")
    with refused("InvalidPart"):
        complete(s3, upload, old)
    complete(s3, upload, new)
    assert read(s3, bucket, "key") == b"new"


def test_parts_that_are_not_listed_are_left_out(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    first, _, last = (send_part(s3, upload, number, body) for number, body in ((1, PART), (2, PART), (3, b"end")))
    complete(s3, upload, first, last)
    assert read(s3, bucket, "key") == PART + b"end"


def test_all_parts_but_the_last_have_a_least_size(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    parts = [send_part(s3, upload, 1, PART[:-1]), send_part(s3, upload, 2, b"end")]
    with refused("EntityTooSmall") as refusal:
        complete(s3, upload, *parts)
    assert refusal.response["Error"]["PartNumber"] == "1"


def test_parts_must_be_listed_in_order(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    parts = [send_part(s3, upload, 1), send_part(s3, upload, 2)]
    with refused("InvalidPartOrder"):
        complete(s3, upload, *reversed(parts))
    with refused("MalformedXML"):
        complete(s3, upload)
    with refused("InvalidPart"):
        complete(s3, upload, parts[0], {"PartNumber": 3, "ETag": '"other"'})


@pytest.mark.parametrize("number", [0, 10_001])
def test_parts_are_numbered_from_1_to_10000(s3: Any, bucket: str, number: int) -> None:
    upload = begin(s3, bucket)
    with refused("InvalidArgument"):
        send_part(s3, upload, number)


def test_an_upload_can_be_given_up(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    part = send_part(s3, upload, 1)
    s3.abort_multipart_upload(**upload)
    for call in (
        lambda: send_part(s3, upload, 2),
        lambda: complete(s3, upload, part),
        lambda: s3.list_parts(**upload),
        lambda: s3.abort_multipart_upload(**upload),
    ):
        with refused("NoSuchUpload"):
            call()


def test_an_upload_belongs_to_its_key(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    with refused("NoSuchUpload"):
        s3.upload_part(**{**upload, "Key": "other"}, PartNumber=1, Body=b"")


def test_uploads_and_parts_are_listed_in_pages(s3: Any, bucket: str) -> None:
    uploads = [begin(s3, bucket) for _ in range(3)]
    for number in (1, 2, 3):
        send_part(s3, uploads[0], number, b"part")
    first = s3.list_parts(**uploads[0], MaxParts=2)
    assert ([one["PartNumber"] for one in first["Parts"]], first["IsTruncated"]) == ([1, 2], True)
    rest = s3.list_parts(**uploads[0], PartNumberMarker=first["NextPartNumberMarker"])
    assert ([one["PartNumber"] for one in rest["Parts"]], rest["IsTruncated"]) == ([3], False)
    page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=2)
    more = s3.list_multipart_uploads(
        Bucket=bucket, KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
    )
    assert [one["UploadId"] for one in page["Uploads"] + more["Uploads"]] == [one["UploadId"] for one in uploads]
    assert "Uploads" not in s3.list_multipart_uploads(Bucket=bucket, Prefix="other")


def test_a_part_may_be_copied_out_of_an_object(s3: Any, bucket: str) -> None:
    put(s3, bucket, "source", body=PART + b"tail")
    upload = begin(s3, bucket)
    copied = s3.upload_part_copy(
        **upload, PartNumber=1, CopySource=f"{bucket}/source", CopySourceRange=f"bytes=0-{5 * MIB - 1}"
    )["CopyPartResult"]
    tail = s3.upload_part_copy(
        **upload, PartNumber=2, CopySource=f"{bucket}/source", CopySourceRange=f"bytes={5 * MIB}-{5 * MIB + 3}"
    )["CopyPartResult"]
    complete(s3, upload, {"PartNumber": 1, "ETag": copied["ETag"]}, {"PartNumber": 2, "ETag": tail["ETag"]})
    assert read(s3, bucket, "key") == PART + b"tail"
    with refused("NoSuchUpload"):
        s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/source")


def test_a_range_to_copy_must_lie_in_the_source(s3: Any, bucket: str) -> None:
    put(s3, bucket, "source", body=b"0123456789")
    upload = begin(s3, bucket)
    for text, message in (
        ("bytes=0-10", "Range specified is not valid for source object of size: 10"),
        ("bytes=20-30", "Range specified is not valid for source object of size: 10"),
        ("bytes=5-4", "The x-amz-copy-source-range value must be of the form bytes=first-last"),
        ("bytes=5-", "The x-amz-copy-source-range value must be of the form bytes=first-last"),
    ):
        with refused("InvalidArgument") as refusal:
            s3.upload_part_copy(**upload, PartNumber=1, CopySource=f"{bucket}/source", CopySourceRange=text)
        assert refusal.message.startswith(message)


CHECKSUMS = [("CRC32", "COMPOSITE"), ("CRC32", "FULL_OBJECT"), ("CRC64NVME", "FULL_OBJECT"), ("SHA256", "COMPOSITE")]


@pytest.mark.parametrize(("algorithm", "kind"), CHECKSUMS, ids=["-".join(one) for one in CHECKSUMS])
def test_the_checksum_of_an_upload_is_made_of_its_parts(s3: Any, bucket: str, algorithm: str, kind: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm=algorithm, ChecksumType=kind)
    parts = [send_part(s3, upload, number, PART, ChecksumAlgorithm=algorithm) for number in (1, 2)]
    made = complete(s3, upload, *parts)
    told = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert made["ChecksumType"] == told["ChecksumType"] == kind
    assert made[f"Checksum{algorithm}"] == told[f"Checksum{algorithm}"]
    assert made[f"Checksum{algorithm}"].endswith("-2") is (kind == "COMPOSITE")
    if kind == "FULL_OBJECT":
        whole = s3.put_object(Bucket=bucket, Key="whole", Body=PART * 2, ChecksumAlgorithm=algorithm)
        assert whole[f"Checksum{algorithm}"] == made[f"Checksum{algorithm}"]


def test_a_composite_checksum_needs_those_of_the_parts(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket, ChecksumAlgorithm="SHA256")
    part = send_part(s3, upload, 1, ChecksumAlgorithm="SHA256")
    with refused("InvalidRequest"):
        complete(s3, upload, {name: part[name] for name in ("PartNumber", "ETag")})
    with refused("InvalidPart"):
        complete(s3, upload, {**part, "ChecksumSHA256": "A" * 43 + "="})
    with refused("InvalidRequest"):
        send_part(s3, upload, 2, ChecksumAlgorithm="CRC32")
    with refused("BadDigest"):
        complete(s3, upload, part, ChecksumSHA256="A" * 43 + "=-1")
    with refused("InvalidRequest"):
        complete(s3, upload, part, MpuObjectSize=1)
    complete(s3, upload, part, MpuObjectSize=5 * MIB)


@pytest.mark.parametrize(
    "wanted",
    [{"ChecksumAlgorithm": "SHA256", "ChecksumType": "FULL_OBJECT"}, {"ChecksumType": "COMPOSITE"}],
    ids=["no full object of a hash", "no type without an algorithm"],
)
def test_not_every_checksum_can_be_made_of_parts(s3: Any, bucket: str, wanted: Any) -> None:
    with refused("InvalidRequest"):
        begin(s3, bucket, **wanted)


def test_boto3_moves_a_file_in_parts(s3: Any, bucket: str) -> None:
    body = os.urandom(18 * MIB + 7)
    s3.upload_fileobj(io.BytesIO(body), bucket, "file")
    assert s3.head_object(Bucket=bucket, Key="file")["ETag"].endswith('-3"')
    s3.copy({"Bucket": bucket, "Key": "file"}, bucket, "copied")
    for key in ("file", "copied"):
        target = io.BytesIO()
        s3.download_fileobj(bucket, key, target)
        assert target.getvalue() == body


def test_a_bucket_goes_with_the_uploads_that_were_never_completed(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    send_part(s3, upload, 1)
    s3.delete_bucket(Bucket=bucket)
    with refused("NoSuchBucket"):
        send_part(s3, upload, 2)


def test_an_upload_may_want_to_be_the_first(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    part = send_part(s3, upload, 1, b"late")
    put(s3, bucket, "key", body=b"early")
    with refused("PreconditionFailed"):
        complete(s3, upload, part, IfNoneMatch="*")
    assert read(s3, bucket, "key") == b"early"


class TestListingUploads:
    @pytest.fixture
    def uploads(self, s3: Any, bucket: str) -> list[tuple[str, str]]:
        """Key and id of uploads under way, in the order of lists."""
        keys = ["a/1", "a/1", "a/2", "b", "c/d/1", "e f+ü"]
        return [(key, begin(s3, bucket, key)["UploadId"]) for key in keys]

    def test_keys_beyond_a_delimiter_are_rolled_up(self, s3: Any, bucket: str, uploads: list[tuple[str, str]]) -> None:
        found = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/")
        assert [one["Prefix"] for one in found["CommonPrefixes"]] == ["a/", "c/"]
        assert [one["Key"] for one in found["Uploads"]] == ["b", "e f+ü"]
        assert (found["Delimiter"], found["IsTruncated"]) == ("/", False)
        inside = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", Prefix="c/")
        assert [one["Prefix"] for one in inside["CommonPrefixes"]] == ["c/d/"]
        assert (inside["Prefix"], inside.get("Uploads")) == ("c/", None)

    @pytest.mark.parametrize("size", [1, 2, 4])
    @pytest.mark.parametrize("delimiter", ["", "/"])
    def test_pages_show_each_entry_once(
        self, s3: Any, bucket: str, uploads: list[tuple[str, str]], delimiter: str, size: int
    ) -> None:
        shown, more = [], {"Delimiter": delimiter} if delimiter else {}
        for page in s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=bucket, PaginationConfig={"PageSize": size}, **more
        ):
            shown += [(one["Key"], one["UploadId"]) for one in page.get("Uploads", [])]
            shown += [(one["Prefix"], "") for one in page.get("CommonPrefixes", [])]
        if not delimiter:
            assert shown == uploads
        else:
            assert sorted(shown) == sorted([("a/", ""), ("c/", ""), uploads[3], uploads[5]])

    def test_markers_say_where_a_list_begins(self, s3: Any, bucket: str, uploads: list[tuple[str, str]]) -> None:
        def behind(**markers: str) -> list[tuple[str, str]]:
            found = s3.list_multipart_uploads(Bucket=bucket, **markers)
            return [(one["Key"], one["UploadId"]) for one in found.get("Uploads", [])]

        (_, first), (_, second) = uploads[:2]
        assert behind(KeyMarker="a/1") == uploads[2:]
        assert behind(KeyMarker="a/1", UploadIdMarker=first) == uploads[1:]
        assert behind(KeyMarker="a/1", UploadIdMarker=second) == uploads[2:]
        assert behind(UploadIdMarker=second) == uploads  # without a key marker it is ignored
        assert behind(KeyMarker="e f+ü") == []
        rolled = s3.list_multipart_uploads(Bucket=bucket, Delimiter="/", KeyMarker="a/1")
        assert [one["Prefix"] for one in rolled["CommonPrefixes"]] == ["c/"]

    def test_a_marker_that_was_aborted_still_marks_its_place(
        self, s3: Any, bucket: str, uploads: list[tuple[str, str]]
    ) -> None:
        page = s3.list_multipart_uploads(Bucket=bucket, MaxUploads=1)
        s3.abort_multipart_upload(Bucket=bucket, Key="a/1", UploadId=page["NextUploadIdMarker"])
        rest = s3.list_multipart_uploads(
            Bucket=bucket, KeyMarker=page["NextKeyMarker"], UploadIdMarker=page["NextUploadIdMarker"]
        )
        shown = [(one["Key"], one["UploadId"]) for one in rest["Uploads"]]
        assert shown[-4:] == uploads[2:]
        assert (uploads[1] in shown) == (uploads[1][1] > page["NextUploadIdMarker"])

    def test_names_can_be_percent_encoded(self, s3: Any, bucket: str, uploads: list[tuple[str, str]]) -> None:
        found = s3.list_multipart_uploads(Bucket=bucket, EncodingType="url", KeyMarker="c d", Delimiter="+")
        assert found["EncodingType"] == "url"
        assert (found["KeyMarker"], found["Delimiter"]) == ("c%20d", "%2B")
        assert [one["Prefix"] for one in found["CommonPrefixes"]] == ["e%20f%2B"]

    @pytest.mark.parametrize(
        ("operation", "member", "name"),
        [
            ("list_multipart_uploads", "MaxUploads", "max-uploads"),
            ("list_parts", "MaxParts", "max-parts"),
            ("list_parts", "PartNumberMarker", "part-number-marker"),
        ],
    )
    def test_numbers_must_be_natural(
        self, s3: Any, bucket: str, uploads: list[tuple[str, str]], operation: str, member: str, name: str
    ) -> None:
        which = {"Key": "b", "UploadId": uploads[3][1]} if operation == "list_parts" else {}
        with refused("InvalidArgument") as refusal:
            getattr(s3, operation)(Bucket=bucket, **which, **{member: -1})
        assert (refusal.status, refusal.response["Error"]["ArgumentName"]) == (400, name)

    def test_a_page_of_nothing_is_no_part_of_a_longer_list(
        self, s3: Any, bucket: str, uploads: list[tuple[str, str]]
    ) -> None:
        assert s3.list_multipart_uploads(Bucket=bucket, MaxUploads=0)["IsTruncated"] is False
        s3.upload_part(Bucket=bucket, Key="b", UploadId=uploads[3][1], PartNumber=1, Body=b"part")
        found = s3.list_parts(Bucket=bucket, Key="b", UploadId=uploads[3][1], MaxParts=0)
        assert (found["IsTruncated"], found.get("Parts")) == (False, None)


def test_an_upload_does_not_overwrite_what_came_while_it_ran(s3: Any, bucket: str) -> None:
    old = s3.put_object(Bucket=bucket, Key="key", Body=b"old")["ETag"]
    upload = begin(s3, bucket)
    part = send_part(s3, upload, 1, b"late")
    with refused("PreconditionFailed"):
        complete(s3, upload, part, IfMatch='"other"')
    put(s3, bucket, "key", body=b"old")
    with refused("ConditionalRequestConflict") as refusal:
        complete(s3, upload, part, IfMatch=old)
    assert refusal.status == 409
    assert (refusal.response["Error"]["Condition"], refusal.response["Error"]["Key"]) == ("If-Match", "key")
    later = begin(s3, bucket)
    complete(s3, later, send_part(s3, later, 1, b"new"), IfMatch=old)
    assert read(s3, bucket, "key") == b"new"


def test_an_upload_without_a_list_of_parts_cannot_be_completed(s3: Any, bucket: str) -> None:
    upload = begin(s3, bucket)
    with refused("InvalidRequest") as refusal:
        s3.complete_multipart_upload(**upload)
    assert refusal.message == "You must specify at least one part"
    with refused("MalformedXML"):
        complete(s3, upload)
