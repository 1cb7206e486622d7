"""What arrives is what was sent, or nothing arrives: digests in headers, behind the body, signed chunk by chunk."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Iterator
from hashlib import md5, sha256
from typing import Any

import pytest

from shared.aws.checksums import ALGORITHMS, DEFAULT_ALGORITHM
from shared.aws.payload import SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER
from shared.aws.signature import ChunkSigner, derive_signing_key
from tests.services.s3.support import MIB, connect, keys_of, read, send, signed_headers
from tests.support import REGION, Account, refused

BODY = b"content" * 1000


def checksum(name: str, body: bytes = BODY) -> str:
    running = ALGORITHMS[name].new()
    running.update(body)
    return running.text()


def code_of(body: bytes) -> str:
    return body.decode().partition("<Code>")[2].partition("</Code>")[0]


@pytest.mark.parametrize("name", ALGORITHMS)
def test_a_stated_checksum_is_checked_kept_and_told(s3: Any, account: Account, bucket: str, name: str) -> None:
    header = ALGORITHMS[name].header
    status, headers, _ = send(account, "PUT", f"/{bucket}/key", BODY, headers={header: checksum(name)})
    assert (status, headers[header], headers["x-amz-checksum-type"]) == (200, checksum(name), "FULL_OBJECT")
    told = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert told[f"Checksum{name}"] == checksum(name)
    assert f"Checksum{name}" not in s3.head_object(Bucket=bucket, Key="key")
    status, _, answer = send(account, "PUT", f"/{bucket}/other", BODY, headers={header: checksum(name, b"other")})
    assert (status, code_of(answer)) == (400, "BadDigest")
    assert keys_of(s3, bucket) == ["key"]


def test_without_a_checksum_s3_computes_its_own(s3: Any, account: Account, bucket: str) -> None:
    send(account, "PUT", f"/{bucket}/key", BODY)
    told = s3.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert told[f"Checksum{DEFAULT_ALGORITHM}"] == checksum(DEFAULT_ALGORITHM)


REFUSED_DIGESTS = {
    "another MD5": ({"Content-MD5": base64.b64encode(md5(b"other").digest()).decode()}, "BadDigest"),
    "no MD5": ({"Content-MD5": "bm90IGFuIE1ENQ=="}, "InvalidDigest"),
    "no base64": ({"Content-MD5": "!"}, "InvalidDigest"),
    "malformed": ({"x-amz-checksum-crc32": "short"}, "InvalidRequest"),
    "two": ({"x-amz-checksum-crc32": "AAAAAA==", "x-amz-checksum-crc32c": "AAAAAA=="}, "InvalidRequest"),
}


@pytest.mark.parametrize("case", REFUSED_DIGESTS)
def test_a_digest_that_is_not_of_the_body_is_refused(s3: Any, account: Account, bucket: str, case: str) -> None:
    headers, code = REFUSED_DIGESTS[case]
    status, _, answer = send(account, "PUT", f"/{bucket}/key", BODY, headers=headers)
    assert (status, code_of(answer)) == (400, code)
    assert keys_of(s3, bucket) == []


def test_the_right_md5_is_accepted(s3: Any, account: Account, bucket: str) -> None:
    digest = base64.b64encode(md5(BODY).digest()).decode()
    assert send(account, "PUT", f"/{bucket}/key", BODY, headers={"Content-MD5": digest})[0] == 200
    assert read(s3, bucket, "key") == BODY


def test_a_body_must_have_the_hash_that_was_signed(s3: Any, account: Account, bucket: str) -> None:
    assert send(account, "PUT", f"/{bucket}/key", BODY, payload=sha256(BODY).hexdigest())[0] == 200
    status, _, answer = send(account, "PUT", f"/{bucket}/other", BODY, payload=sha256(b"other").hexdigest())
    assert (status, code_of(answer)) == (400, "XAmzContentSHA256Mismatch")
    assert keys_of(s3, bucket) == ["key"]


@pytest.mark.parametrize("value", ["right", "wrong"])
def test_a_list_of_keys_to_delete_is_checked_too(s3: Any, account: Account, bucket: str, value: str) -> None:
    body = b"<Delete><Object><Key>a</Key></Object></Delete>"
    digest = base64.b64encode(md5(body if value == "right" else b"other").digest()).decode()
    status, _, answer = send(
        account,
        "POST",
        f"/{bucket}?delete",
        body,
        payload=sha256(body).hexdigest(),
        headers={"Content-MD5": digest},
    )
    assert (status, code_of(answer)) == ((200, "") if value == "right" else (400, "BadDigest"))


def crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def chunked_headers(length: int) -> dict[str, str]:
    return {
        "Content-Encoding": "aws-chunked",
        "x-amz-decoded-content-length": str(length),
        "x-amz-trailer": "x-amz-checksum-crc32",
    }


def unsigned_chunks(body: bytes, trailer: str, size: int = 64 * 1024) -> bytes:
    chunks = [body[place : place + size] for place in range(0, len(body), size)]
    framed = b"".join(f"{len(chunk):x}\r\n".encode() + chunk + b"\r\n" for chunk in chunks)
    return framed + f"0\r\nx-amz-checksum-crc32:{trailer}\r\n\r\n".encode()


def test_chunks_with_a_checksum_behind_them(s3: Any, account: Account, bucket: str) -> None:
    """What SDKs send by default over TLS."""
    body = bytes(place % 251 for place in range(2 * MIB + 3))
    sent = {"payload": UNSIGNED_WITH_TRAILER, "headers": chunked_headers(len(body))}
    status, headers, _ = send(account, "PUT", f"/{bucket}/key", unsigned_chunks(body, crc32(body)), **sent)
    assert (status, headers["x-amz-checksum-crc32"]) == (200, crc32(body))
    got = s3.get_object(Bucket=bucket, Key="key")
    assert got["Body"].read() == body
    assert "ContentEncoding" not in got
    for trailer, code in ((crc32(b"other"), "BadDigest"), ("short", "InvalidRequest")):
        status, _, answer = send(account, "PUT", f"/{bucket}/other", unsigned_chunks(body, trailer), **sent)
        assert (status, code_of(answer)) == (400, code)
    status, _, answer = send(account, "PUT", f"/{bucket}/other", unsigned_chunks(body[:-1], crc32(body)), **sent)
    assert (status, code_of(answer)) == (400, "IncompleteBody")
    assert keys_of(s3, bucket) == ["key"]


def signed_chunks(
    account: Account, headers: dict[str, str], chunks: list[bytes], *, forged: int = -1
) -> Iterator[bytes]:
    """A body signed chunk by chunk, as SDKs send it over plain HTTP; one chunk changed after it was signed."""
    amz_date = headers["X-Amz-Date"]
    seed = headers["Authorization"].rpartition("Signature=")[2]
    key = derive_signing_key(account.secret_access_key, amz_date[:8], REGION, "s3")
    signer = ChunkSigner(key, amz_date, f"{amz_date[:8]}/{REGION}/s3/aws4_request", seed)
    empty, previous = sha256(b"").hexdigest(), seed
    for place, chunk in enumerate([*chunks, b""]):
        previous = signer.signature("PAYLOAD", previous, empty, sha256(chunk).hexdigest())
        sent = bytes([chunk[0] ^ 1]) + chunk[1:] if place == forged else chunk
        yield f"{len(sent):x};chunk-signature={previous}\r\n".encode() + (sent + b"\r\n" if sent else b"")
    text = f"x-amz-checksum-crc32:{crc32(b''.join(chunks))}"
    signature = signer.signature("TRAILER", previous, sha256(f"{text}\n".encode()).hexdigest())
    yield f"{text}\r\nx-amz-trailer-signature:{signature}\r\n\r\n".encode()


@pytest.mark.parametrize("forged", [-1, 0, 2])
def test_chunks_that_are_signed_one_by_one(s3: Any, account: Account, bucket: str, forged: int) -> None:
    chunks = [bytes([number]) * 500_000 for number in range(4)]
    path = f"/{bucket}/key"
    headers = signed_headers(
        account, "PUT", path, payload=SIGNED_WITH_TRAILER, headers=chunked_headers(sum(map(len, chunks)))
    )
    body = b"".join(signed_chunks(account, headers, chunks, forged=forged))
    connection = connect(account)
    connection.request("PUT", path, body=body, headers=headers)
    response = connection.getresponse()
    answer = response.read()
    connection.close()
    if forged < 0:
        assert (response.status, read(s3, bucket, "key")) == (200, b"".join(chunks))
    else:
        assert (response.status, code_of(answer)) == (403, "SignatureDoesNotMatch")
        assert keys_of(s3, bucket) == []


def test_boto3_checks_what_it_is_told(s3: Any, bucket: str) -> None:
    s3.put_object(Bucket=bucket, Key="key", Body=BODY, ChecksumAlgorithm="SHA256")
    got = s3.get_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
    assert got["Body"].read() == BODY
    assert got["ResponseMetadata"]["ChecksumAlgorithm"] == "sha256"


def test_a_length_is_required(account: Account, bucket: str) -> None:
    path = f"/{bucket}/key"
    connection = connect(account)
    headers = signed_headers(account, "PUT", path)
    headers["Transfer-Encoding"] = "chunked"
    connection.request("PUT", path, body=iter([b"content"]), headers=headers, encode_chunked=True)
    response = connection.getresponse()
    assert (response.status, code_of(response.read())) == (411, "MissingContentLength")
    connection.close()


def test_five_gib_is_the_most_that_is_put_at_once(account: Account, bucket: str) -> None:
    path = f"/{bucket}/key"
    connection = connect(account)
    headers = signed_headers(account, "PUT", path)
    connection.putrequest("PUT", path, skip_host=True, skip_accept_encoding=True)
    for name, value in {**headers, "Content-Length": str(5 * 1024**3 + 1), "Expect": "100-continue"}.items():
        connection.putheader(name, value)
    connection.putheader("Host", f"{connection.host}:{connection.port}")
    connection.endheaders()
    response = connection.getresponse()
    assert (response.status, code_of(response.read())) == (400, "EntityTooLarge")
    assert response.headers["connection"] == "close"
    connection.close()


def test_an_unknown_checksum_of_an_upload_is_refused(s3: Any, bucket: str) -> None:
    with refused("InvalidRequest"):
        s3.create_multipart_upload(Bucket=bucket, Key="key", ChecksumAlgorithm="OTHER")
