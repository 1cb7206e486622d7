"""Whether what arrived is what was sent: Content-MD5 and the checksums, in headers or behind the body.

An object is stored with one checksum at least: the one its sender gave or named, else CRC-64/NVME.
Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/checking-object-integrity-upload.html
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from services.s3 import errors
from shared.aws.checksums import ALGORITHMS, DEFAULT_ALGORITHM, Algorithm

if TYPE_CHECKING:
    from services.call import ServiceCall

_TRAILER = "x-amz-trailer"


@dataclass(frozen=True)
class Stated:
    """What a sender says of its body. value: None where it is to come behind the body, or not at all.

    in_trailer: it is to come, and must.
    """

    content_md5: bytes | None = None
    algorithm: Algorithm | None = None
    value: str | None = None
    in_trailer: bool = False


def stated(parameters: Mapping[str, Any], headers: Mapping[str, str]) -> Stated:
    """What a request states. Raises: ServiceError InvalidDigest, InvalidRequest."""
    content_md5 = _content_md5(headers.get("content-md5"))
    given = [one for one in ALGORITHMS.values() if one.header in headers]
    announced = [one for one in ALGORITHMS.values() if one.header == headers.get(_TRAILER, "").strip().lower()]
    if len(given) + len(announced) > 1:
        raise errors.invalid_request(
            "Expecting a single x-amz-checksum- header. Multiple checksum Types are not allowed."
        )
    if given:
        value = headers[given[0].header]
        _check_form(given[0], value)
        return Stated(content_md5, given[0], value)
    if announced:
        return Stated(content_md5, announced[0], in_trailer=True)
    named = parameters.get("ChecksumAlgorithm")
    return Stated(content_md5, None if named is None else ALGORITHMS[named])


def _content_md5(text: str | None) -> bytes | None:
    if text is None:
        return None
    try:
        digest = base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        digest = b""
    if len(digest) != 16:
        raise errors.invalid_digest(text)
    return digest


def _check_form(algorithm: Algorithm, value: str) -> None:
    if not algorithm.is_well_formed(value):
        raise errors.invalid_request(f"Value for {algorithm.header} header is invalid.")


class Digests:
    """The running digests of a body. stored: the algorithm whose checksum is kept, besides the stated one."""

    def __init__(self, stated: Stated, stored: str | None = None) -> None:
        self._stated = stated
        self._md5 = hashlib.md5(usedforsecurity=False)
        names = {stored, stated.algorithm.name if stated.algorithm else None} - {None}
        self._checksums = {name: ALGORITHMS[name].new() for name in names or {DEFAULT_ALGORITHM} if name}

    def update(self, data: bytes) -> None:
        self._md5.update(data)
        for checksum in self._checksums.values():
            checksum.update(data)

    def check(self, trailers: Mapping[str, str]) -> dict[str, str]:
        """The checksums by algorithm, once they are what was stated. Raises: ServiceError BadDigest, InvalidRequest."""
        values = {name: checksum.text() for name, checksum in self._checksums.items()}
        given, calculated = self._stated.content_md5, self._md5.digest()
        if given is not None and given != calculated:
            raise errors.wrong_content_md5(*(base64.b64encode(digest).decode() for digest in (given, calculated)))
        algorithm, value = self._stated.algorithm, self._stated.value
        if algorithm is not None and self._stated.in_trailer:
            value = trailers.get(algorithm.header)
            if value is None:
                raise errors.invalid_request(f"The trailer {algorithm.header} is missing.")
            _check_form(algorithm, value)
        if algorithm is not None and value not in (None, values[algorithm.name]):
            raise errors.bad_digest(algorithm.name)
        return values

    @property
    def md5(self) -> str:
        return self._md5.hexdigest()


def check_whole_body(call: ServiceCall, *, must_be_stated: bool = False) -> None:
    """Hold a body that came whole, such as a list of keys to delete, against what its sender states.

    must_be_stated: whether the sender must state anything. Raises: ServiceError.
    """
    said = stated(call.parameters, call.request.headers)
    if must_be_stated and said.content_md5 is None and said.value is None and not said.in_trailer:
        raise errors.missing_checksum()
    digests = Digests(said)
    digests.update(call.request.body)
    digests.check({})
