"""Presigned URLs, of the version that boto3 takes by default and of the other: used without credentials."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.services.s3.support import put, read
from tests.support import REGION, Account


def presigning(account: Account, version: str) -> Any:
    return boto3.client(
        "s3",
        region_name=REGION,
        endpoint_url=account.server.url,
        aws_access_key_id=account.access_key_id,
        aws_secret_access_key=account.secret_access_key,
        aws_session_token=account.session_token,
        config=Config(signature_version=version) if version else None,
    )


def fetch(url: str, method: str = "GET", body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, method=method, data=body, headers=named)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


VERSIONS = pytest.mark.parametrize("version", ["", "s3v4"], ids=["default", "s3v4"])


@VERSIONS
def test_a_url_fetches_an_object_with_all_that_the_signer_may(
    account: Account, bucket: str, s3: Any, version: str
) -> None:
    put(s3, bucket, "a key/ü", body=b"content")
    client = presigning(account, version)
    parameters = {"Bucket": bucket, "Key": "a key/ü", "ResponseContentType": "text/html"}
    url = client.generate_presigned_url("get_object", Params=parameters)
    assert ("X-Amz-Signature" in url) is (version == "s3v4")
    assert fetch(url) == (200, b"content")
    assert fetch(url, "PUT", b"other")[0] == 403
    assert fetch(url.replace("content-type", "cache-control"))[0] == 403


@VERSIONS
def test_a_url_puts_an_object(account: Account, bucket: str, s3: Any, version: str) -> None:
    client = presigning(account, version)
    parameters = {"Bucket": bucket, "Key": "key", "ContentType": "text/plain"}
    url = client.generate_presigned_url("put_object", Params=parameters)
    assert fetch(url, "PUT", b"by url", Content_Type="text/plain")[0] == 200
    assert fetch(url, "PUT", b"by url", Content_Type="text/html")[0] == 403
    assert read(s3, bucket, "key") == b"by url"
    assert s3.head_object(Bucket=bucket, Key="key")["ContentType"] == "text/plain"


def test_a_url_expires(account: Account, bucket: str, s3: Any) -> None:
    """The hour of a URL of version 4 is its signer's: tests of the verifier, which take the time, cover it."""
    put(s3, bucket, "key")
    where = {"Bucket": bucket, "Key": "key"}
    url = presigning(account, "").generate_presigned_url("get_object", Params=where, ExpiresIn=-1)
    status, body = fetch(url)
    assert (status, b"<Message>Request has expired</Message>" in body) == (403, True)


@VERSIONS
def test_a_url_of_a_session_carries_its_token(account: Account, bucket: str, s3: Any, version: str) -> None:
    put(s3, bucket, "key")
    rights = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "s3:GetObject", "Resource": "*"}]}
    session = account.role("reader", rights)
    client = presigning(session, version)
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"})
    assert fetch(url) == (200, b"content")
    forged = url.replace(session.session_token or "", "0" * 192)
    assert fetch(forged)[0] == 403


@VERSIONS
def test_what_the_signer_may_not_a_url_may_not(account: Account, bucket: str, s3: Any, version: str) -> None:
    put(s3, bucket, "key")
    client = presigning(account.user("nobody"), version)
    url = client.generate_presigned_url("get_object", Params={"Bucket": bucket, "Key": "key"})
    status, body = fetch(url)
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)


def test_a_presigned_sts_request_works_too(account: Account) -> None:
    url = account.client("sts").generate_presigned_url("get_caller_identity", HttpMethod="GET")
    status, body = fetch(url)
    assert (status, account.account_id.encode() in body) == (200, True)


def test_without_a_signature_nothing_is_shown(account: Account, bucket: str) -> None:
    status, body = fetch(f"{account.server.url}/s3/{bucket}/key")
    assert (status, b"<Code>AccessDenied</Code>" in body) == (403, True)


def test_a_url_of_the_older_version_opens_nothing_under_a_kms_key(
    account: Account, s3: Any, bucket: str, kms_key: str
) -> None:
    put(s3, bucket, "key", ServerSideEncryption="aws:kms", SSEKMSKeyId=kms_key)
    told = {}
    for version in ("", "s3v4"):
        client = presigning(account, version)
        told[version] = fetch(client.generate_presigned_url("get_object", {"Bucket": bucket, "Key": "key"}))
    assert told["s3v4"] == (200, b"content")
    assert told[""][0] == 400
    assert b"<Code>InvalidArgument</Code>" in told[""][1]
    assert b"require AWS Signature Version 4" in told[""][1]


@VERSIONS
def test_a_url_lists_a_bucket(account: Account, bucket: str, s3: Any, version: str) -> None:
    put(s3, bucket, "key")
    url = presigning(account, version).generate_presigned_url("list_objects_v2", Params={"Bucket": bucket})
    status, body = fetch(url)
    assert (status, b"<Key>key</Key>" in body) == (200, True)


def test_a_url_does_not_expire_before_it_is_made(account: Account, bucket: str) -> None:
    url = presigning(account, "s3v4").generate_presigned_url("get_object", {"Bucket": bucket, "Key": "key"}, 60)
    status, body = fetch(url.replace("X-Amz-Expires=60", "X-Amz-Expires=-1"))
    assert status == 400
    assert b"<Message>X-Amz-Expires must be non-negative</Message>" in body
