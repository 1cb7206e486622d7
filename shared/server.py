"""The server: uvicorn's event loop with the WSGI app called inline, one commit for all requests of a tick.

All requests that have arrived when the loop comes round are served one after the other inside one unit of work, and
answered when it is committed: with many connections they share one fsync. A slow client costs a connection, not a
thread. Background work takes its turns between the ticks.

Content of any length goes through in pieces. A request whose body streams is served as soon as its headers are here;
the app refuses it, or leaves it pending and takes the body in piece by piece, each piece in a tick with whatever else
has arrived, so that a large upload costs the memory of a piece and delays others by a piece. An answer that streams is
sent likewise. All other bodies are read whole, up to a limit, before their request is served.

A request that waits for something is left pending as well: between its looks, each in a tick, it costs nothing, and it
is given up when its client goes away.

Source: our choice. `uvicorn` hands over the raw path that SigV4 needs; a thread pool would only hand the GIL around.
"""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, Protocol, TypeVar
from wsgiref.types import WSGIApplication

import uvicorn

from shared.aws.routing import PENDING_KEY, has_streamed_body
from shared.bugs import where
from shared.database import Database
from shared.pipeline import Pending
from shared.wsgi import Answer, Environ, Scope, call_app, encoded, environ_of, put_body

log = logging.getLogger(__name__)

Receive = Callable[[], Awaitable[dict[str, Any]]]
Send = Callable[[dict[str, Any]], Awaitable[None]]

T = TypeVar("T")

_UNAVAILABLE: Answer = (500, [(b"content-type", b"text/plain")], b"The request could not be made durable.")
_PIECE_BYTES = 1024 * 1024
_DUE_SECONDS = 1.0


class NotDurable(Exception):
    """What was done could not be committed."""


class ClientGone(Exception):
    """The connection ended before the request did."""


class World(Protocol):
    """What the server runs besides answering requests."""

    @property
    def database(self) -> Database: ...

    def tick(self) -> None: ...

    def work(self) -> bool: ...


class InlineServer:
    """An ASGI application that calls a WSGI application on the event loop itself."""

    def __init__(self, app: WSGIApplication, world: World, max_body_bytes: int, on_ready: Callable[[], None]) -> None:
        self._app = app
        self._on_ready = on_ready
        self._world = world
        self._max_body_bytes = max_body_bytes
        self._waiting: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []
        self._background: asyncio.Task[None] | None = None
        self.is_closing = False
        """Whether the server ends: who waits for something is answered without it."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        elif scope["type"] == "http":
            await self._answer(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        environ = environ_of(scope)
        try:
            answer = await self._served(environ, receive)
        except ClientGone:
            return
        except NotDurable:
            answer = _UNAVAILABLE
        await self._send(answer, send)

    async def _served(self, environ: Environ, receive: Receive) -> Answer:
        """Raises: ClientGone, NotDurable."""
        streams = has_streamed_body(environ)
        if not streams:
            put_body(environ, await self._read(receive), self._max_body_bytes)
        answer: Answer = await self._in_tick(lambda: call_app(self._app, environ))
        if environ[PENDING_KEY]:
            return await self._awaited(environ[PENDING_KEY][0], receive)
        if streams and "HTTP_EXPECT" in environ:
            # The client will not send the body now; what it sends next must not be taken for one.
            return answer[0], [*answer[1], (b"connection", b"close")], answer[2]
        return answer

    async def _awaited(self, pending: Pending, receive: Receive) -> Answer:
        """Carry a pending request to its end. Raises: ClientGone, NotDurable."""
        try:
            if pending.takes_body:
                async for piece in _pieces(receive):
                    await self._in_tick(partial(pending.write, piece))
            else:
                while await self._in_tick(pending.step) and not self.is_closing:
                    await _paused(pending, receive)
            response = await self._in_tick(pending.finish)
        except (ClientGone, NotDurable):
            await self._in_tick(pending.abandon)
            raise
        body = response.body if isinstance(response.body, bytes) else b"".join(response.body)
        headers = {"Content-Length": str(len(body)), **response.headers}
        return response.status, encoded(headers.items()), body

    async def _send(self, answer: Answer, send: Send) -> None:
        status, headers, body = answer
        await send({"type": "http.response.start", "status": status, "headers": headers})
        if isinstance(body, bytes):
            await send({"type": "http.response.body", "body": body})
            return
        try:
            for piece in body:
                await send({"type": "http.response.body", "body": piece, "more_body": True})
                await asyncio.sleep(0)
        except Exception as bug:
            # The status is sent already: only a connection cut short can tell the client.
            log.error("an answer broke off: %s", where(bug))
            return
        finally:
            body.close()
        await send({"type": "http.response.body", "body": b""})

    async def _read(self, receive: Receive) -> bytes:
        """The body, cut one byte behind the limit. Raises: ClientGone."""
        chunks: list[bytes] = []
        length = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise ClientGone
            length += len(message.get("body", b""))
            if length <= self._max_body_bytes:
                chunks.append(message.get("body", b""))
            if not message.get("more_body", False):
                return b"".join(chunks) if length <= self._max_body_bytes else b"\0" * (self._max_body_bytes + 1)

    def _in_tick(self, work: Callable[[], T]) -> asyncio.Future[T]:
        """The result of a unit of work that the next tick does, once it is committed; or NotDurable."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._tick)
        self._waiting.append((work, future))
        return future

    def _tick(self) -> None:
        """Do all that waits, commit once, then answer."""
        batch, self._waiting = self._waiting, []
        results: list[Any] | None = None
        try:
            with self._world.database.unit():
                results = [work() for work, _ in batch]
        except Exception as bug:
            log.error("a group of %d requests could not be committed: %s", len(batch), where(bug))
            results = None
        for place, (_, future) in enumerate(batch):
            if future.done():
                continue
            if results is None:
                future.set_exception(NotDurable())
            else:
                future.set_result(results[place])

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        await receive()
        self._background = asyncio.create_task(self._turns())
        self._on_ready()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        self._background.cancel()
        await send({"type": "lifespan.shutdown.complete"})

    async def _turns(self) -> None:
        """Between requests: jobs as long as there are any, and once a second what has fallen due."""
        loop = asyncio.get_running_loop()
        next_due = loop.time()
        while True:
            if loop.time() >= next_due:
                _survive(self._world.tick, "what has fallen due")
                next_due = loop.time() + _DUE_SECONDS
            busy = _survive(self._world.work, "background work")
            await asyncio.sleep(0 if busy else 0.05)


def _survive(turn: Callable[[], T], what: str) -> T | None:
    """A turn of the background; a bug in it is logged, and the next one comes all the same."""
    try:
        return turn()
    except Exception as bug:
        log.error("%s failed: %s", what, where(bug))
        return None


async def _paused(pending: Pending, receive: Receive) -> None:
    """Let time pass until the next step is due, or the request is woken. Raises: ClientGone."""
    woken = asyncio.Event()
    seconds = pending.pause(woken.set)
    if seconds is None:
        return
    waits = {asyncio.ensure_future(woken.wait()), gone := asyncio.ensure_future(_end_of(receive))}
    try:
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if gone.done():
            raise ClientGone
    finally:
        for wait in waits:
            wait.cancel()


async def _end_of(receive: Receive) -> None:
    """Returns when the connection ends; for a request whose body has been read."""
    while (await receive())["type"] != "http.disconnect":
        pass


async def _pieces(receive: Receive) -> AsyncIterator[bytes]:
    """A body in pieces of some size, as it arrives. Raises: ClientGone."""
    piece = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientGone
        piece += message.get("body", b"")
        more = message.get("more_body", False)
        if piece and (not more or len(piece) >= _PIECE_BYTES):
            yield bytes(piece)
            piece.clear()
        if not more:
            return


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


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, inline: InlineServer) -> None:
        super().__init__(config)
        self._inline = inline

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._inline.is_closing = True
        await super().shutdown(sockets)


def make_server(
    app: WSGIApplication, world: World, max_body_bytes: int, on_ready: Callable[[], None] = lambda: None
) -> uvicorn.Server:
    """A server that is run with `server.run(sockets=[...])` and ends cleanly on SIGINT and SIGTERM.

    on_ready: called once it serves, and heeds these signals.
    """
    inline = InlineServer(app, world, max_body_bytes, on_ready)
    config = uvicorn.Config(
        inline,
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
    return _Server(config, inline)
