"""The server: uvicorn's event loop with the WSGI app called inline, one commit for all requests of a tick.

All requests that have arrived when the loop comes round are served one after the other inside one unit of work, and
answered when it is committed: with many connections they share one fsync. A slow client costs a connection, not a
thread. Background work takes its turns between the ticks.

Source: our choice. `uvicorn` hands over the raw path that SigV4 needs; a thread pool would only hand the GIL around.
"""

from __future__ import annotations

import asyncio
import io
import logging
import socket
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, Protocol
from wsgiref.types import StartResponse, WSGIApplication

import uvicorn

from shared.bugs import where
from shared.database import Database

log = logging.getLogger(__name__)

Environ = dict[str, Any]
Scope = dict[str, Any]
Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]
Answer = tuple[int, list[tuple[bytes, bytes]], bytes]

_DUE_SECONDS = 1.0
_UNAVAILABLE: Answer = (500, [(b"content-type", b"text/plain")], b"The request could not be made durable.")


class World(Protocol):
    """What the server runs besides answering requests."""

    @property
    def database(self) -> Database: ...

    def tick(self) -> None: ...

    def work(self) -> bool: ...


class InlineServer:
    """An ASGI application that calls a WSGI application on the event loop itself."""

    def __init__(self, app: WSGIApplication, world: World, max_body_bytes: int) -> None:
        self._app = app
        self._world = world
        self._max_body_bytes = max_body_bytes
        self._waiting: list[tuple[Environ, asyncio.Future[Answer]]] = []
        self._background: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        body = await self._read(receive)
        if body is None:
            return
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Answer] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._tick)
        self._waiting.append((self._environ(scope, body), future))
        status, headers, content = await future
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": content})

    async def _read(self, receive: Receive) -> bytes | None:
        """The body, cut one byte behind the limit; None if the client went away."""
        chunks: list[bytes] = []
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                return None
            length += len(message.get("body", b""))
            if length <= self._max_body_bytes:
                chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(chunks) if length <= self._max_body_bytes else b"\0" * (self._max_body_bytes + 1)

    def _tick(self) -> None:
        """Serve all that wait, commit once, then answer."""
        batch, self._waiting = self._waiting, []
        try:
            with self._world.database.unit():
                answers = [_call(self._app, environ) for environ, _ in batch]
        except Exception as bug:
            log.error("a group of %d requests could not be committed: %s", len(batch), where(bug))
            answers = [_UNAVAILABLE] * len(batch)
        for (_, future), answer in zip(batch, answers, strict=True):
            if not future.done():
                future.set_result(answer)

    def _environ(self, scope: Scope, body: bytes) -> Environ:
        too_large = len(body) > self._max_body_bytes
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
            "wsgi.input": io.BytesIO(b"" if too_large else body),
            "wsgi.errors": io.StringIO(),
            "wsgi.multithread": False,
            "wsgi.multiprocess": False,
            "wsgi.run_once": False,
            "connect_at_rest.body_too_large": too_large,
        }
        for name, value in scope["headers"]:
            _add_header(environ, name.decode("latin-1"), value.decode("latin-1"))
        environ["CONTENT_LENGTH"] = "0" if too_large else str(len(body))
        return environ

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._background = asyncio.create_task(self._turns())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._background.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _turns(self) -> None:
        """Between requests: jobs as long as there are any, and once a second what has fallen due."""
        loop = asyncio.get_running_loop()
        next_due = loop.time()
        while True:
            try:
                if loop.time() >= next_due:
                    self._world.tick()
                    next_due = loop.time() + _DUE_SECONDS
                busy = self._world.work()
            except Exception as bug:
                log.error("background work failed: %s", where(bug))
                busy = False
            await asyncio.sleep(0 if busy else 0.05)


def _add_header(environ: Environ, name: str, value: str) -> None:
    key = name.upper().replace("-", "_")
    key = key if key in ("CONTENT_TYPE", "CONTENT_LENGTH") else f"HTTP_{key}"
    environ[key] = f"{environ[key]},{value}" if key in environ else value


def _call(app: WSGIApplication, environ: Environ) -> Answer:
    """Run a WSGI app to its end. An app that raises is our bug; it costs its own request only."""
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start_response(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Callable[[bytes], object]:
        started[:] = [(status, headers)]
        return lambda chunk: None

    try:
        chunks: Iterable[bytes] = app(environ, _typed(start_response))
        body = b"".join(chunks)
    except Exception as bug:
        log.error("a request failed outside the pipeline: %s", where(bug))
        return 500, [(b"content-type", b"text/plain")], b"Internal failure."
    status, headers = started[0]
    return (
        int(status.split(" ", 1)[0]),
        [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers],
        body,
    )


def _typed(start_response: Any) -> StartResponse:
    typed: StartResponse = start_response
    return typed


def bind(host: str, port: int) -> socket.socket:
    """A listening socket. Raises: OSError if the port is taken or the host is none of ours."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener


def make_server(app: WSGIApplication, world: World, max_body_bytes: int) -> uvicorn.Server:
    """A server that is run with `server.run(sockets=[...])` and ends cleanly on SIGINT and SIGTERM."""
    config = uvicorn.Config(
        InlineServer(app, world, max_body_bytes),
        http="httptools",
        ws="none",
        lifespan="on",
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        timeout_graceful_shutdown=5,
        timeout_keep_alive=60,
    )
    return uvicorn.Server(config)
