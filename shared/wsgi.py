"""A WSGI application called from ASGI's side: its environment made of a scope, its answer as it is to be sent."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication

from shared.aws.routing import BODY_TOO_LARGE_KEY, PENDING_KEY, STREAMED_KEY
from shared.bugs import where

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Scope = dict[str, Any]


class Pieces:
    """The pieces of an answer, and WSGI's `close` of it."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks = chunks
        self._iterator = iter(chunks)

    def __iter__(self) -> Pieces:
        return self

    def __next__(self) -> bytes:
        return next(self._iterator)

    def close(self) -> None:
        if hasattr(self._chunks, "close"):
            self._chunks.close()


Answer = tuple[int, list[tuple[bytes, bytes]], bytes | Pieces]


def environ_of(scope: Scope) -> Environ:
    """The environment of a request whose body is not here yet."""
    path: str = scope["path"]
    raw_path: bytes = scope.get("raw_path") or path.encode()
    query = scope["query_string"].decode("latin-1")
    client = scope.get("client") or ("", 0)
    host, port = scope.get("server") or ("", 0)
    environ: Environ = {
        "REQUEST_METHOD": scope["method"],
        "SCRIPT_NAME": "",
        "PATH_INFO": path.encode().decode("latin-1"),
        "QUERY_STRING": query,
        "REQUEST_URI": raw_path.decode("latin-1") + (f"?{query}" if query else ""),
        "SERVER_PROTOCOL": f"HTTP/{scope['http_version']}",
        "SERVER_NAME": host,
        "SERVER_PORT": str(port),
        "REMOTE_ADDR": client[0],
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": scope["scheme"],
        "wsgi.input": io.BytesIO(),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
        PENDING_KEY: [],
    }
    for name, value in scope["headers"]:
        _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
    return environ


def put_body(environ: Environ, body: bytes, max_body_bytes: int) -> None:
    """Add the body; one that is too long is left out, and the app told."""
    too_large = environ[BODY_TOO_LARGE_KEY] = len(body) > max_body_bytes
    environ["wsgi.input"] = io.BytesIO(b"" if too_large else body)
    environ["CONTENT_LENGTH"] = "0" if too_large else str(len(body))


def _add_header(environ: Environ, name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value


def call_app(app: WSGIApplication, environ: Environ) -> Answer:
    """Run a WSGI app to its end. An app that raises is our bug; it costs its own request only."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return lambda chunk: None

    try:
        chunks: Iterable[bytes] = app(environ, _typed(start_response))
        body = Pieces(chunks) if environ.get(STREAMED_KEY, False) else b"".join(chunks)
    except Exception as bug:
        log.error("a request failed outside the pipeline: %s", where(bug))
        return 500, [(b"content-type", b"text/plain")], b"Internal failure."
    status, headers = started[0]
    return int(status.split(" ", 1)[0]), encoded(headers), body


def encoded(headers: Iterable[tuple[str, str]]) -> list[tuple[bytes, bytes]]:
    """Headers as ASGI wants them."""
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers]


def _typed(start_response: Any) -> StartResponse:
    typed: StartResponse = start_response
    return typed
