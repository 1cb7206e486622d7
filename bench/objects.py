"""How much memory a large object costs on its way in and out, and how long others wait meanwhile.

The server runs as users start it, a process with its data on disk. An object is put and got over one connection each,
unbuffered; the server's resident memory is read from /proc, so this runs on Linux only.

    python -m bench.objects --size 1024
"""

from __future__ import annotations

import hashlib
import http.client
import json
import statistics
import sys
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import click
from botocore.auth import S3SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from bench.load import REGION, free_port, process

BLOCK = hashlib.shake_256(b"connect-at-rest").digest(1024 * 1024)


@dataclass
class Server:
    url: str
    pid: int
    credentials: Credentials


@dataclass
class Watch:
    """What happened while something was going on. latencies: of small requests beside it, in milliseconds."""

    peak_kib: int = 0
    latencies: list[float] = field(default_factory=list)


@click.command()
@click.option("--size", default=1024, show_default=True, help="Size of the object in MiB.")
def main(size: int) -> None:
    """Put and get one object."""
    with _server() as server:
        client = _client(server)
        client.create_bucket(Bucket="bench", CreateBucketConfiguration={"LocationConstraint": REGION})
        _put(server, "warm", 4)
        _get(server, "warm")
        for name, action in (("PUT", lambda: _put(server, "large", size)), ("GET", lambda: _get(server, "large"))):
            before = _resident_kib(server.pid)
            started = time.perf_counter()
            with _watched(server) as watch:
                action()
            seconds = time.perf_counter() - started
            grown = (watch.peak_kib - before) / 1024
            print(
                f"{name} of {size} MiB: {size / seconds:.0f} MiB/s, resident memory {before / 1024:.0f} MiB before, "
                f"grew by at most {grown:.1f} MiB; {len(watch.latencies)} small requests beside it: median "
                f"{statistics.median(watch.latencies):.1f} ms, longest {max(watch.latencies):.0f} ms"
            )


@contextmanager
def _server() -> Iterator[Server]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="connect-at-rest-bench-", dir=Path(__file__).parent.parent) as directory:
        command = [sys.executable, "run.py", "serve", "--port", str(port), "--data-dir", f"{directory}/data"]
        with process(command, f"{url}/_simulator/health") as running:
            request = urllib.request.Request(f"{url}/_simulator/accounts", data=b"{}")
            with urllib.request.urlopen(request, timeout=10) as response:
                made = json.loads(response.read())
            yield Server(url, running.pid, Credentials(made["AccessKeyId"], made["SecretAccessKey"]))


def _client(server: Server, service: str = "s3") -> Any:
    return boto3.client(
        service,
        region_name=REGION,
        endpoint_url=server.url,
        aws_access_key_id=server.credentials.access_key,
        aws_secret_access_key=server.credentials.secret_key,
    )


def _put(server: Server, key: str, size: int) -> None:
    length = size * len(BLOCK)
    connection, headers = _signed(server, "PUT", key, {"Content-Length": str(length)})
    connection.request("PUT", f"/bench/{key}", body=(BLOCK for _ in range(size)), headers=headers)
    response = connection.getresponse()
    body = response.read()
    assert response.status == 200, body


def _get(server: Server, key: str) -> None:
    connection, headers = _signed(server, "GET", key, {})
    connection.request("GET", f"/bench/{key}", headers=headers)
    response = connection.getresponse()
    assert response.status == 200, response.read()
    while block := response.read(len(BLOCK)):
        assert block == BLOCK


def _signed(
    server: Server, method: str, key: str, headers: dict[str, str]
) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    parts = urlsplit(server.url)
    request = AWSRequest(method, f"{server.url}/bench/{key}", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    request.context["payload_signing_enabled"] = False
    request.context["has_streaming_input"] = True
    signer = S3SigV4Auth(server.credentials, "s3", REGION)
    signer._should_sha256_sign_payload = lambda request: False  # type: ignore[method-assign]
    signer.add_auth(request)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=600)
    return connection, {**dict(request.headers.items()), **headers}


@contextmanager
def _watched(server: Server) -> Iterator[Watch]:
    """Look at the server's memory, and ask it something small, until the block ends."""
    watch, over = Watch(), threading.Event()
    sts = _client(server, "sts")

    def look() -> None:
        while not over.wait(0.01):
            watch.peak_kib = max(watch.peak_kib, _resident_kib(server.pid))

    def ask() -> None:
        while not over.wait(0.01):
            asked = time.perf_counter()
            sts.get_caller_identity()
            watch.latencies.append((time.perf_counter() - asked) * 1000)

    threads = [threading.Thread(target=look), threading.Thread(target=ask)]
    for thread in threads:
        thread.start()
    try:
        yield watch
    finally:
        over.set()
        for thread in threads:
            thread.join()


def _resident_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1])
    raise LookupError("no VmRSS")


if __name__ == "__main__":
    main()
