"""Bodies as they arrive: aws-chunked taken apart wherever the wire cuts it, signed chunk by chunk or not."""

from __future__ import annotations

from hashlib import sha256

import pytest

from shared.aws.http import HttpRequest
from shared.aws.payload import SIGNED, SIGNED_WITH_TRAILER, UNSIGNED_WITH_TRAILER, Payload, payload_of
from shared.aws.signature import ChunkSigner, derive_signing_key
from shared.errors import ServiceError

# "Example: PUT Object" of "Signature calculations for the Authorization header: Transferring payload in multiple
# chunks" of the S3 API reference: 65 KiB + 1 KiB of the letter a, with the published signatures.
KEY = derive_signing_key("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "20130524", "us-east-1", "s3")
SEED = "4f232c4386841ef735655705268965c44a0e4690baa4adea153f7db9fa80a0a9"
PUBLISHED = (
    "ad80c730a21e5b8d04586a2213dd63b9a0e99e0e2307b0ade35a65485a288648",
    "0055627c9e194cb4542bae2aa5492e3c1575bbb81b612b7d234b86a503ef5497",
    "b6c6ea8a5354eaf15b3cb7646744f4275b71ea724fed81ceb9323e279d449df9",
)
SIGNER = ChunkSigner(KEY, "20130524T000000Z", "20130524/us-east-1/s3/aws4_request", SEED)
CHUNKS = (b"a" * 65536, b"a" * 1024, b"")


def payload(mode: str, length: int) -> Payload:
    headers = {"x-amz-content-sha256": mode, "x-amz-decoded-content-length": str(length), "authorization": "AWS4"}
    return payload_of(HttpRequest("PUT", "/b/k", "", headers, b"", streams=True), lambda: SIGNER)


def signed_body(*signatures: str, chunks: tuple[bytes, ...] = CHUNKS) -> bytes:
    return (
        b"".join(
            f"{len(chunk):x};chunk-signature={signature}\r\n".encode() + (chunk + b"\r\n" if chunk else b"")
            for chunk, signature in zip(chunks, signatures, strict=True)
        )
        + b"\r\n"
    )


def fed(reader: Payload, body: bytes, step: int) -> tuple[bytes, dict[str, str]]:
    content = b"".join(reader.feed(body[place : place + step]) for place in range(0, len(body), step))
    return content, reader.end()


@pytest.mark.parametrize("step", [1, 7, 1000, 10**6])
def test_the_published_example_of_signed_chunks_is_accepted(step: int) -> None:
    content, trailers = fed(payload(SIGNED, 66560), signed_body(*PUBLISHED), step)
    assert (content, trailers) == (b"a" * 66560, {})


@pytest.mark.parametrize("place", range(3))
def test_a_wrong_chunk_signature_is_refused(place: int) -> None:
    signatures = list(PUBLISHED)
    signatures[place] = "0" * 64
    with pytest.raises(ServiceError) as refused:
        fed(payload(SIGNED, 66560), signed_body(*signatures), 1000)
    assert refused.value.code == "InvalidSignatureException"


def test_signed_chunks_cannot_change_places() -> None:
    swapped = signed_body(PUBLISHED[1], PUBLISHED[0], PUBLISHED[2], chunks=(CHUNKS[1], CHUNKS[0], b""))
    with pytest.raises(ServiceError) as refused:
        fed(payload(SIGNED, 66560), swapped, 1000)
    assert refused.value.code == "InvalidSignatureException"


def trailer_body(value: str) -> bytes:
    end = SIGNER.signature("PAYLOAD", SEED, sha256(b"").hexdigest(), sha256(b"hello").hexdigest())
    last = SIGNER.signature("PAYLOAD", end, sha256(b"").hexdigest(), sha256(b"").hexdigest())
    text = b"x-amz-checksum-crc32c:wdBDMA==\n"
    trailer = SIGNER.signature("TRAILER", last, sha256(text).hexdigest())
    return (
        f"5;chunk-signature={end}\r\nhello\r\n0;chunk-signature={last}\r\n"
        f"x-amz-checksum-crc32c:{value}\r\nx-amz-trailer-signature:{trailer}\r\n\r\n"
    ).encode()


def test_a_signed_trailer_is_handed_over() -> None:
    content, trailers = fed(payload(SIGNED_WITH_TRAILER, 5), trailer_body("wdBDMA=="), 3)
    assert (content, trailers) == (b"hello", {"x-amz-checksum-crc32c": "wdBDMA=="})


def test_a_changed_trailer_is_refused() -> None:
    with pytest.raises(ServiceError) as refused:
        fed(payload(SIGNED_WITH_TRAILER, 5), trailer_body("AAAAAA=="), 3)
    assert refused.value.code == "InvalidSignatureException"


UNSIGNED = b"3\r\nhel\r\n2\r\nlo\r\n0\r\nx-amz-checksum-crc32:NhCmhg==\r\n\r\n"


@pytest.mark.parametrize("step", [1, 2, 100])
def test_unsigned_chunks_with_a_trailer_are_taken_apart(step: int) -> None:
    content, trailers = fed(payload(UNSIGNED_WITH_TRAILER, 5), UNSIGNED, step)
    assert (content, trailers) == (b"hello", {"x-amz-checksum-crc32": "NhCmhg=="})


BROKEN = {
    "cut": UNSIGNED[:-2],
    "cut in the data": UNSIGNED[:5],
    "too long": b"6\r\nhello!\r\n0\r\n\r\n",
    "too short": b"4\r\nhell\r\n0\r\n\r\n",
    "no length": b"x\r\nhello\r\n0\r\n\r\n",
    "no end of data": b"4\r\nhello\r\n0\r\n\r\n",
    "endless line": b"5" * 20_000,
    "nothing": b"",
}


@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN.keys())
def test_a_body_that_is_not_what_it_says_is_incomplete(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        fed(payload(UNSIGNED_WITH_TRAILER, 5), body, 1000)
    assert refused.value.code == "IncompleteBody"


def test_a_plain_body_must_have_the_hash_that_was_signed() -> None:
    headers = {"x-amz-content-sha256": sha256(b"hello").hexdigest(), "authorization": "AWS4"}
    request = HttpRequest("PUT", "/b/k", "", headers, b"", streams=True)
    assert fed(payload_of(request, lambda: SIGNER), b"hello", 2) == (b"hello", {})
    with pytest.raises(ServiceError) as refused:
        fed(payload_of(request, lambda: SIGNER), b"hullo", 2)
    assert refused.value.code == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize(
    ("mode", "length", "code"),
    [(UNSIGNED_WITH_TRAILER, "", "MissingContentLength"), ("STREAMING-OTHER", "5", "NotImplementedException")],
)
def test_a_body_that_cannot_be_read_is_refused_before_it_comes(mode: str, length: str, code: str) -> None:
    headers = {"x-amz-content-sha256": mode, "x-amz-decoded-content-length": length, "authorization": "AWS4"}
    with pytest.raises(ServiceError) as refused:
        payload_of(HttpRequest("PUT", "/b/k", "", headers, b"", streams=True), lambda: SIGNER)
    assert refused.value.code == code
