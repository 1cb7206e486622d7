"""Requests a second and latency of KMS calls, signed and verified, durable; beside moto_server in the same run.

    python -m bench.load --against moto

The client costs little, so that the server is what is measured: requests are signed beforehand, and each connection is
a thread of a separate process that writes and reads a kept-alive socket. Every answer is checked. Rounds alternate
between the servers, and ratios are taken round by round: the machine's speed drifts.
"""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import signal
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import boto3
import click
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from rich.console import Console
from rich.table import Table

ROOT = Path(__file__).parent.parent
REGION = "us-west-2"
PLAINTEXT = b"a plaintext of thirty-two bytes."
_PATIENCE_SECONDS = 20
OPERATIONS = ("GenerateDataKey", "Decrypt")


@dataclass(frozen=True)
class Target:
    """A started server with a key in it. expected: what every Decrypt must give."""

    name: str
    url: str
    access_key_id: str
    secret_access_key: str
    key_id: str
    ciphertext_blob: bytes


@dataclass(frozen=True)
class Measurement:
    """One round. latencies in milliseconds."""

    target: str
    operation: str
    connections: int
    requests_per_second: float
    p50_ms: float
    p95_ms: float
    p99_ms: float


@click.command()
@click.option("--seconds", default=4.0, show_default=True, help="Length of a round.")
@click.option("--rounds", default=3, show_default=True, help="Rounds of each measurement.")
@click.option("--connections", default="1,8", show_default=True, help="Numbers of connections, separated by commas.")
@click.option("--against", type=click.Choice(["moto"]), help="Another server to measure in the same run.")
@click.option("--json", "json_file", type=click.Path(path_type=Path), help="Write all measurements to this file.")
def main(seconds: float, rounds: int, connections: str, against: str | None, json_file: Path | None) -> None:
    """Measure GenerateDataKey and Decrypt."""
    counts = [int(count) for count in connections.split(",")]
    measured: list[Measurement] = []
    with ExitStack() as stack:
        targets = [stack.enter_context(_ours())]
        if against == "moto":
            targets.append(stack.enter_context(_moto()))
        for operation in OPERATIONS:
            for count in counts:
                for _ in range(rounds):
                    measured += [_round(target, operation, count, seconds) for target in targets]
    _print(measured)
    if json_file is not None:
        json_file.write_text(json.dumps([asdict(one) for one in measured], indent=2) + "\n")


@contextmanager
def _ours() -> Iterator[Target]:
    """Our server as users start it: a process, with its data on disk."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    with tempfile.TemporaryDirectory(prefix="connect-at-rest-bench-", dir=ROOT) as directory:
        command = [sys.executable, "run.py", "serve", "--port", str(port), "--data-dir", f"{directory}/data"]
        with process(command, f"{url}/_simulator/health"):
            request = urllib.request.Request(f"{url}/_simulator/accounts", data=b"{}")
            with urllib.request.urlopen(request, timeout=10) as response:
                made = json.loads(response.read())
            yield _target("connect-at-rest", url, made["AccessKeyId"], made["SecretAccessKey"])


@contextmanager
def _moto() -> Iterator[Target]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    command = [str(Path(sys.executable).parent / "moto_server"), "-p", str(port)]
    with process(command, f"{url}/moto-api/"):
        yield _target("moto_server", url, "AKIAMOTO000000000000", "not-checked")


@contextmanager
def process(command: list[str], ready_url: str) -> Iterator[subprocess.Popen[bytes]]:
    """A server that runs until the block ends; ready when the URL answers."""
    running = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _wait_for(ready_url, running)
        yield running
    finally:
        running.send_signal(signal.SIGTERM)
        try:
            running.wait(timeout=10)
        except subprocess.TimeoutExpired:
            running.kill()
            running.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise click.ClickException(f"The server ended with status {process.returncode}.")
        try:
            with urllib.request.urlopen(url, timeout=1):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    raise click.ClickException(f"{url} does not answer.")


def _target(name: str, url: str, access_key_id: str, secret: str) -> Target:
    kms = boto3.client(
        "kms",
        region_name=REGION,
        endpoint_url=url,
        aws_access_key_id=access_key_id,
        aws_secret_access_key=secret,
    )
    key_id = kms.create_key()["KeyMetadata"]["KeyId"]
    blob = kms.encrypt(KeyId=key_id, Plaintext=PLAINTEXT, EncryptionContext={"purpose": "bench"})["CiphertextBlob"]
    return Target(name, url, access_key_id, secret, key_id, blob)


def _signed(target: Target, operation: str) -> bytes:
    """One request, as bytes for the socket."""
    parameters: dict[str, Any] = {"EncryptionContext": {"purpose": "bench"}}
    if operation == "Decrypt":
        parameters["CiphertextBlob"] = base64.b64encode(target.ciphertext_blob).decode()
    else:
        parameters |= {"KeyId": target.key_id, "KeySpec": "AES_256"}
    body = json.dumps(parameters).encode()
    headers = {"X-Amz-Target": f"TrentService.{operation}", "Content-Type": "application/x-amz-json-1.1"}
    request = AWSRequest("POST", f"{target.url}/", data=body, headers=headers)
    SigV4Auth(Credentials(target.access_key_id, target.secret_access_key), "kms", REGION).add_auth(request)
    lines = ["POST / HTTP/1.1", f"Host: {urlsplit(target.url).netloc}", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in request.headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def _round(target: Target, operation: str, connections: int, seconds: float) -> Measurement:
    """One round in a process of its own, so that the client's work and ours share no interpreter."""
    request = _signed(target, operation)
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        latencies, elapsed = pool.apply(_drive, (target.url, request, operation, connections, seconds))
    quantiles = statistics.quantiles(latencies, n=100)
    rate = len(latencies) / elapsed
    return Measurement(target.name, operation, connections, rate, quantiles[49], quantiles[94], quantiles[98])


def _drive(url: str, request: bytes, operation: str, connections: int, seconds: float) -> tuple[list[float], float]:
    """All latencies in milliseconds, and the time it took in seconds. Raises: AssertionError on a wrong answer."""
    address = (urlsplit(url).hostname or "", urlsplit(url).port or 80)
    latencies: list[list[float]] = [[] for _ in range(connections)]
    failures: list[str] = []
    started = time.perf_counter()
    threads = [
        threading.Thread(target=_connection, args=(address, request, operation, started + seconds, own, failures))
        for own in latencies
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    elapsed = time.perf_counter() - started
    if failures:
        raise AssertionError(failures[0])
    return [latency for own in latencies for latency in own], elapsed


def _connection(
    address: tuple[str, int], request: bytes, operation: str, until: float, own: list[float], failures: list[str]
) -> None:
    expected = b'"Plaintext"' if operation != "Decrypt" else base64.b64encode(PLAINTEXT)
    connection: socket.socket | None = _connect(address)
    try:
        while (sent := time.perf_counter()) < until:
            # A server that closes after each answer costs a connection each time, as it costs every client.
            connection = connection or _connect(address)
            connection.sendall(request)
            answer = _read_answer(connection)
            own.append((time.perf_counter() - sent) * 1000)
            if not answer.startswith(b"HTTP/1.1 200") or expected not in answer:
                failures.append(answer[:500].decode("latin-1"))
                return
            if b"connection: close" in answer.partition(b"\r\n\r\n")[0].lower():
                connection.close()
                connection = None
    except OSError as error:
        failures.append(f"{type(error).__name__}: {error}")
    finally:
        if connection is not None:
            connection.close()


def _connect(address: tuple[str, int]) -> socket.socket:
    connection = socket.create_connection(address, timeout=_PATIENCE_SECONDS)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def _read_answer(connection: socket.socket) -> bytes:
    answer = b""
    while b"\r\n\r\n" not in answer:
        answer += _receive(connection)
    head, _, body = answer.partition(b"\r\n\r\n")
    length = next(
        int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")
    )
    while len(body) < length:
        more = _receive(connection)
        body += more
        answer += more
    return answer


def _receive(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise ConnectionError("The server closed the connection.")
    return received


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
    return port


def _print(measured: list[Measurement]) -> None:
    names = list(dict.fromkeys(one.target for one in measured))
    table = Table(title=f"KMS, every request signed and verified; {os.cpu_count()} cores; medians of all rounds")
    for column in (
        "operation",
        "connections",
        "server",
        "requests/s",
        "p50 ms",
        "p95 ms",
        "p99 ms",
        "ratio (min to max)",
    ):
        table.add_column(column, justify="left" if column in ("operation", "server") else "right")
    for operation, count in dict.fromkeys((one.operation, one.connections) for one in measured):
        rounds = {
            name: [m for m in measured if (m.target, m.operation, m.connections) == (name, operation, count)]
            for name in names
        }
        for name in names:
            table.add_row(operation, str(count), name, *_medians(rounds[name]), _ratios(rounds[names[0]], rounds[name]))
    Console().print(table)


def _medians(rounds: list[Measurement]) -> tuple[str, ...]:
    fields = ("requests_per_second", "p50_ms", "p95_ms", "p99_ms")
    values = [statistics.median(getattr(one, field) for one in rounds) for field in fields]
    return (f"{values[0]:.0f}", *(f"{value:.2f}" for value in values[1:]))


def _ratios(ours: list[Measurement], theirs: list[Measurement]) -> str:
    """How many times as many requests we answer, round by round."""
    if ours == theirs:
        return ""
    ratios = sorted(a.requests_per_second / b.requests_per_second for a, b in zip(ours, theirs, strict=True))
    return f"{statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f})"


if __name__ == "__main__":
    main()
