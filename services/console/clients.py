"""boto3 clients whose requests go straight into a WSGI application: the public API, without a socket between.

Everything else is as over HTTP: boto3 builds and signs the request, the simulator routes, verifies and answers it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import lru_cache
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit
from wsgiref.types import WSGIApplication

import boto3
from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.config import Config

ENDPOINT = "http://127.0.0.1:8470"
_CONFIG = Config(retries={"total_max_attempts": 1}, user_agent_extra="connect-at-rest-console")


class InProcess:
    """Clients of one application for one principal."""

    def __init__(self, app: WSGIApplication, region: str, access_key_id: str, secret_access_key: str) -> None:
        self.region = region
        self._app = app
        self._credentials = (access_key_id, secret_access_key)
        self._clients: dict[str, Any] = {}

    def client(self, service: str) -> Any:
        """A boto3 client. Its models are loaded once per process."""
        if service not in self._clients:
            client = _session().client(
                service,
                region_name=self.region,
                endpoint_url=ENDPOINT,
                aws_access_key_id=self._credentials[0],
                aws_secret_access_key=self._credentials[1],
                config=_CONFIG,
            )
            client.meta.events.register("before-send", self._send)
            self._clients[service] = client
        return self._clients[service]

    def fetch(
        self, method: str, url: str, body: bytes = b"", headers: dict[str, str] | None = None
    ) -> tuple[int, bytes]:
        """An unsigned request to a link that a service gave out: status and body."""
        return self._call(method, url, headers or {}, body)[::2]

    def _send(self, request: AWSPreparedRequest, **_: Any) -> AWSResponse:
        body = request.body or b""
        content = body.encode() if isinstance(body, str) else bytes(body)
        headers = {
            name: value.decode() if isinstance(value, bytes) else str(value) for name, value in request.headers.items()
        }
        status, answered, answer = self._call(request.method, request.url, headers, content)
        return AWSResponse(request.url, status, answered, _Raw(answer))

    def _call(self, method: str, url: str, headers: dict[str, str], body: bytes) -> tuple[int, dict[str, str], bytes]:
        started: list[tuple[str, list[tuple[str, str]]]] = []

        def start_response(status: str, answered: list[tuple[str, str]], exc_info: Any = None) -> Any:
            started[:] = [(status, answered)]
            return lambda chunk: None

        chunks = self._app(_environ(method, url, headers, body), start_response)
        answer = b"".join(chunks)
        status, answered = started[0]
        return int(status.split(" ", 1)[0]), {name.lower(): value for name, value in answered}, answer


class _Raw:
    """What botocore reads a response body from."""

    def __init__(self, content: bytes) -> None:
        self._content = content

    def stream(self, **_: Any) -> Iterator[bytes]:
        yield self._content


@lru_cache(maxsize=1)
def _session() -> Any:
    return boto3.session.Session()


def _environ(method: str, url: str, headers: dict[str, str], body: bytes) -> dict[str, Any]:
    parts = urlsplit(url)
    path = parts.path or "/"
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote_to_bytes(path).decode("latin-1"),
        "QUERY_STRING": parts.query,
        "REQUEST_URI": path + (f"?{parts.query}" if parts.query else ""),
        "SERVER_PROTOCOL": "HTTP/1.1",
        "SERVER_NAME": parts.hostname or "",
        "SERVER_PORT": str(parts.port or 80),
        "REMOTE_ADDR": "127.0.0.1",
        "HTTP_HOST": parts.netloc,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": parts.scheme,
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": io.StringIO(),
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers.items():
        key = name.upper().replace("-", "_")
        if key != "CONTENT_LENGTH":
            environ[key if key == "CONTENT_TYPE" else f"HTTP_{key}"] = value
    return environ
