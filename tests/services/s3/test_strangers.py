"""Requests without a signature: what a bucket's policy gives to everyone, and what nobody gets without signing."""

from __future__ import annotations

import http.client
import json
from typing import Any
from urllib.parse import urlsplit
from xml.etree import ElementTree

import boto3
import pytest
from botocore import UNSIGNED
from botocore.config import Config

from tests.services.s3.support import MIB, allow, arn, deny, new_bucket, policy, put, read
from tests.support import REGION, Account, Server, refused

EVERYONE = "*"


@pytest.fixture
def bucket(s3: Any) -> str:
    """A bucket that may be public: others are not."""
    name = new_bucket(s3)
    s3.delete_public_access_block(Bucket=name)
    return name


@pytest.fixture
def stranger(server: Server) -> Any:
    config = Config(signature_version=UNSIGNED, retries={"total_max_attempts": 1}, s3={"addressing_style": "path"})
    return boto3.client("s3", region_name=REGION, endpoint_url=server.url, config=config)


def send(server: Server, method: str, path: str, **headers: str) -> tuple[int, str, bytes]:
    """Status, content type and body of a request that is not signed."""
    parts = urlsplit(server.url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
    connection.request(method, path, headers=headers)
    response = connection.getresponse()
    answered = response.status, response.headers.get("Content-Type", ""), response.read()
    connection.close()
    return answered


def code_of(body: bytes) -> str | None:
    root = ElementTree.fromstring(body)
    assert root.tag == "Error"
    return root.findtext("Code")


class TestShape:
    @pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
    def test_a_bucket_that_is_not_public_is_denied_in_xml(self, server: Server, bucket: str, method: str) -> None:
        status, content_type, body = send(server, method, f"/{bucket}/key")
        assert (status, content_type, code_of(body)) == (403, "application/xml", "AccessDenied")
        assert ElementTree.fromstring(body).findtext("Message") == "Access Denied"

    def test_a_bucket_that_is_not_there_is_told(self, server: Server) -> None:
        status, content_type, body = send(server, "GET", "/no-such-bucket-at-all/key")
        assert (status, content_type, code_of(body)) == (404, "application/xml", "NoSuchBucket")

    def test_a_bucket_in_the_host_name_is_found_as_well(self, server: Server, bucket: str) -> None:
        status, _, body = send(server, "GET", "/key", Host=f"{bucket}.localhost")
        assert (status, code_of(body)) == (403, "AccessDenied")

    @pytest.mark.parametrize("path", ["/", "/compare", "/_simulator/health"])
    def test_our_own_pages_are_no_buckets(self, server: Server, path: str) -> None:
        status, content_type, _ = send(server, "GET", path)
        assert status == 200
        assert "xml" not in content_type


class TestAuthorization:
    def test_what_the_policy_gives_to_everyone_needs_no_signature(self, s3: Any, bucket: str, stranger: Any) -> None:
        put(s3, bucket, "public/page", "private")
        gives = allow("s3:GetObject", arn(bucket, "public/*"), EVERYONE)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(gives))
        assert read(stranger, bucket, "public/page") == b"content"
        for call in (
            lambda: read(stranger, bucket, "private"),
            lambda: stranger.list_objects_v2(Bucket=bucket),
            lambda: read(stranger, bucket, "public/absent"),  # who may not list is not told
        ):
            with refused("AccessDenied"):
                call()

    def test_everyone_can_list_and_write_where_the_policy_says_so(self, s3: Any, bucket: str, stranger: Any) -> None:
        statements = allow("s3:*", arn(bucket), EVERYONE), allow("s3:*", arn(bucket, "*"), EVERYONE)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))
        large = b"x" * (17 * MIB)
        stranger.put_object(Bucket=bucket, Key="gift", Body=large)
        assert read(s3, bucket, "gift") == large
        assert stranger.list_objects_v2(Bucket=bucket)["KeyCount"] == 1
        stranger.delete_object(Bucket=bucket, Key="gift")
        with refused("NoSuchKey"):
            read(stranger, bucket, "gift")

    @pytest.mark.parametrize("principal", ["user", "account"])
    def test_who_is_named_must_sign(
        self, account: Account, s3: Any, bucket: str, stranger: Any, principal: str
    ) -> None:
        put(s3, bucket, "key")
        arns = {"user": account.user("user").arn, "account": account.account_id}
        s3.put_bucket_policy(
            Bucket=bucket, Policy=policy(allow("s3:GetObject", arn(bucket, "*"), {"AWS": arns[principal]}))
        )
        with refused("AccessDenied"):
            read(stranger, bucket, "key")

    @pytest.mark.parametrize(
        "statement",
        [
            deny("s3:GetObject", "{bucket}/*", EVERYONE),
            deny("s3:GetObject", "{bucket}/*", EVERYONE, Null={"aws:PrincipalArn": "true"}),
            deny("s3:GetObject", "{bucket}/*", EVERYONE, StringEquals={"aws:userid": "anonymous"}),
        ],
        ids=["everyone", "who-has-no-arn", "who-is-anonymous"],
    )
    def test_a_deny_of_everyone_beats_it(self, s3: Any, bucket: str, stranger: Any, statement: Any) -> None:
        put(s3, bucket, "key")
        statement = json.loads(json.dumps(statement).replace("{bucket}", arn(bucket)))
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", arn(bucket, "*"), EVERYONE), statement))
        with refused("AccessDenied"):
            read(stranger, bucket, "key")

    def test_some_things_take_a_signature_whatever_the_policy_says(self, s3: Any, bucket: str, stranger: Any) -> None:
        statements = allow("s3:*", arn(bucket), EVERYONE), allow("s3:*", arn(bucket, "*"), EVERYONE)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(*statements))
        for call in (
            lambda: stranger.get_bucket_policy(Bucket=bucket),
            lambda: stranger.delete_bucket_policy(Bucket=bucket),
            lambda: stranger.delete_bucket(Bucket=bucket),
            lambda: stranger.create_bucket(
                Bucket=f"{bucket}-2", CreateBucketConfiguration={"LocationConstraint": REGION}
            ),
            lambda: stranger.create_multipart_upload(Bucket=bucket, Key="key"),
        ):
            with refused("AccessDenied") as refusal:
                call()
            assert refusal.status == 403

    def test_a_kms_key_is_used_for_nobody_who_does_not_sign(
        self, s3: Any, bucket: str, stranger: Any, kms_key: str
    ) -> None:
        put(s3, bucket, "key", ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key)
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:*", arn(bucket, "*"), EVERYONE)))
        assert stranger.head_object(Bucket=bucket, Key="key")["SSEKMSKeyId"] == kms_key
        with refused("InvalidArgument") as reading:
            read(stranger, bucket, "key")
        assert "require AWS Signature Version 4" in reading.message
        with refused("InvalidArgument"):
            put(stranger, bucket, "new", ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key)

    def test_a_broken_signature_is_no_absent_one(self, server: Server, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        s3.put_bucket_policy(Bucket=bucket, Policy=policy(allow("s3:GetObject", arn(bucket, "*"), EVERYONE)))
        assert send(server, "GET", f"/{bucket}/key")[0] == 200
        for path, headers in (
            (f"/{bucket}/key", {"Authorization": "AWS4-HMAC-SHA256 nonsense"}),
            (f"/{bucket}/key?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=x", {}),
        ):
            assert send(server, "GET", path, **headers)[0] in (400, 403)
