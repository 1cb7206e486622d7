"""HTTP requests and responses as the wire protocols see them, free of any web framework."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class HttpRequest:
    """One HTTP request, its path and query exactly as they stood on the wire.

    raw_path: percent-encoded as sent and without any service prefix; SigV4 signs these very bytes.
    query_string: raw, without the question mark.
    headers: names in lower case; repeated headers joined with a comma.
    streams: the body is not here yet: whoever answers takes it in piece by piece.
    """

    method: str
    raw_path: str
    query_string: str
    headers: Mapping[str, str]
    body: bytes
    source_ip: str = "127.0.0.1"
    body_too_large: bool = False
    streams: bool = False


@dataclass(frozen=True)
class HttpResponse:
    """body: whole, or an iterator of its pieces with a `close` that is called in any case."""

    status: int
    body: bytes | Iterator[bytes]
    headers: dict[str, str] = field(default_factory=dict)
