"""A body as it arrives: unwrapped of aws-chunked, and held against what its sender signed.

A body comes plain, with its SHA-256 signed or UNSIGNED-PAYLOAD; or in chunks of its own beneath HTTP's, each of them
signed or none, with trailing headers behind the last (the checksums of today's SDKs):

    <length in hex>[;chunk-signature=<hex>]CRLF <data> CRLF ...
    0[;chunk-signature=<hex>]CRLF [<name>:<value>CRLF ...] CRLF

Source: https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-streaming.html and sigv4-streaming-trailers.html
"""

from __future__ import annotations

import hmac
import re
from collections.abc import Callable
from enum import Enum
from hashlib import sha256

from shared.aws.credential import mismatch
from shared.aws.http import HttpRequest
from shared.aws.signature import ChunkSigner
from shared.aws.signed_payload import STREAMING_PREFIX, UNSIGNED_PAYLOAD, other_payload
from shared.errors import ServiceError

SIGNED = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD"
SIGNED_WITH_TRAILER = "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER"
UNSIGNED_WITH_TRAILER = "STREAMING-UNSIGNED-PAYLOAD-TRAILER"

_EMPTY_HASH = sha256(b"").hexdigest()
_MAX_LINE_BYTES = 16 * 1024
_CHUNK_HEADER = re.compile(rb"([0-9a-fA-F]{1,12})(?:;chunk-signature=([0-9a-f]{64}))?")
_TRAILER = re.compile(r"([A-Za-z0-9-]+):\s*(.*?)\s*")
_TRAILER_SIGNATURE = "x-amz-trailer-signature"


class Payload:
    """One body on its way in: `feed` it as it comes, `end` it once."""

    def feed(self, data: bytes) -> bytes:
        """The content in a piece of the body. Raises: ServiceError."""
        raise NotImplementedError

    def end(self) -> dict[str, str]:
        """The trailing headers, names in lower case, once the body is found whole and its sender's.

        Raises: ServiceError.
        """
        raise NotImplementedError


def payload_of(request: HttpRequest, signer: Callable[[], ChunkSigner]) -> Payload:
    """What reads the body of a request whose signature is verified. Raises: ServiceError."""
    stated = request.headers.get("x-amz-content-sha256", UNSIGNED_PAYLOAD)  # only a presigned URL may leave it out
    if not stated.startswith(STREAMING_PREFIX):
        return _Plain(None if stated == UNSIGNED_PAYLOAD else stated)
    length = request.headers.get("x-amz-decoded-content-length", "")
    if not length.isdecimal() or len(length) > 15:
        raise ServiceError("MissingContentLength", "You must provide the Content-Length HTTP header.", status=411)
    if stated == UNSIGNED_WITH_TRAILER:
        return _Chunked(int(length), None)
    if stated in (SIGNED, SIGNED_WITH_TRAILER):
        return _Chunked(int(length), signer(), signed_trailer=stated == SIGNED_WITH_TRAILER)
    raise ServiceError("NotImplementedException", f"{stated} is not simulated.", status=501)


class _Plain(Payload):
    """stated: the hash that was signed, or None."""

    def __init__(self, stated: str | None) -> None:
        self._stated = stated
        self._hash = sha256()

    def feed(self, data: bytes) -> bytes:
        if self._stated is not None:
            self._hash.update(data)
        return data

    def end(self) -> dict[str, str]:
        if self._stated is not None and self._stated != self._hash.hexdigest():
            raise other_payload(self._stated, self._hash.hexdigest())
        return {}


class _Expect(Enum):
    HEADER, DATA, END_OF_DATA, TRAILER, NOTHING = range(5)


class _Chunked(Payload):
    """length: of the content, as its sender stated it. signer: None for unsigned chunks."""

    def __init__(self, length: int, signer: ChunkSigner | None, *, signed_trailer: bool = False) -> None:
        self._remaining = length
        self._signer = signer
        self._signed_trailer = signed_trailer
        self._signature = "" if signer is None else signer.seed
        self._stated_signature = ""
        self._hash = sha256()
        self._expect = _Expect.HEADER
        self._left_of_chunk = 0
        self._pending = bytearray()
        self._trailers: dict[str, str] = {}
        self._trailer_text = ""

    def feed(self, data: bytes) -> bytes:
        self._pending += data
        content = bytearray()
        while self._pending and self._expect is not _Expect.NOTHING:
            if self._expect is _Expect.DATA:
                content += self._take_data()
            else:
                line = self._take_line()
                if line is None:
                    break
                self._read(line)
        return bytes(content)

    def end(self) -> dict[str, str]:
        if self._expect is not _Expect.NOTHING or self._remaining:
            raise _incomplete()
        return self._trailers

    def _take_data(self) -> bytes:
        taken = bytes(self._pending[: self._left_of_chunk])
        del self._pending[: len(taken)]
        self._left_of_chunk -= len(taken)
        self._remaining -= len(taken)
        if self._remaining < 0:
            raise _incomplete()
        if self._signer is not None:
            self._hash.update(taken)
        if self._left_of_chunk == 0:
            self._expect = _Expect.END_OF_DATA
        return taken

    def _take_line(self) -> bytes | None:
        end = self._pending.find(b"\r\n")
        if end < 0:
            if len(self._pending) > _MAX_LINE_BYTES:
                raise _incomplete()
            return None
        line = bytes(self._pending[:end])
        del self._pending[: end + 2]
        return line

    def _read(self, line: bytes) -> None:
        if self._expect is _Expect.HEADER:
            self._begin_chunk(line)
        elif self._expect is _Expect.END_OF_DATA:
            if line:
                raise _incomplete()
            self._check_chunk()
            self._expect = _Expect.HEADER
        elif line:
            self._add_trailer(line)
        else:
            self._check_trailer()
            self._expect = _Expect.NOTHING

    def _begin_chunk(self, line: bytes) -> None:
        found = _CHUNK_HEADER.fullmatch(line)
        if found is None:
            raise _incomplete()
        self._stated_signature = (found[2] or b"").decode("ascii")
        self._hash = sha256()
        self._left_of_chunk = int(found[1], 16)
        if self._left_of_chunk:
            self._expect = _Expect.DATA
        else:
            self._check_chunk()
            self._expect = _Expect.TRAILER

    def _add_trailer(self, line: bytes) -> None:
        found = _TRAILER.fullmatch(line.decode("latin-1"))
        if found is None:
            raise _incomplete()
        name = found[1].lower()
        if name == _TRAILER_SIGNATURE:
            self._stated_signature = found[2] if found[2].isascii() else ""
            return
        self._trailers[name] = found[2]
        self._trailer_text += f"{name}:{found[2]}\n"

    def _check_chunk(self) -> None:
        self._check("PAYLOAD", _EMPTY_HASH, self._hash.hexdigest())

    def _check_trailer(self) -> None:
        if self._signed_trailer:
            self._check("TRAILER", sha256(self._trailer_text.encode("latin-1")).hexdigest())

    def _check(self, kind: str, *hashes: str) -> None:
        if self._signer is None:
            return
        expected = self._signer.signature(kind, self._signature, *hashes)
        if not hmac.compare_digest(expected, self._stated_signature):
            raise mismatch()
        self._signature = expected


def _incomplete() -> ServiceError:
    return ServiceError(
        "IncompleteBody",
        "The request body terminated unexpectedly or is not what its headers say.",
        status=400,
    )
