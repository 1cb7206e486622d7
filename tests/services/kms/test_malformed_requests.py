"""No request, however malformed, makes an operation fail: it is answered, or refused with a 4xx or a 501."""

from __future__ import annotations

import inspect
import json
import re
import socket
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, closing, suppress
from itertools import cycle
from random import Random
from typing import Any

import pytest
from botocore import xform_name

from kms.operation import OPERATIONS
from services.kms.blueprint import SERVICE
from tests.services.kms.malformed import Malformed, Samples
from tests.services.kms.support import IMPLEMENTED, OPERATION_NAMES, UNIMPLEMENTED, RawKms
from tests.support import Account, Server

REQUESTS, TOGETHER = 10_000, 25
ROUNDS_PER_SAMPLES = 40
"""After so many rounds most keys are disabled or wait for their deletion, and a new account makes others."""

UNSIMULATED: dict[tuple[str, str], dict[str, Any]] = {
    ("Decrypt", "Recipient"): {"Recipient": {}},
    ("DeriveSharedSecret", "Recipient"): {"Recipient": {}},
    ("GenerateDataKey", "Recipient"): {"Recipient": {}},
    ("GenerateDataKeyPair", "Recipient"): {"Recipient": {}},
    ("GenerateRandom", "Recipient"): {"Recipient": {}},
}
"""Members that the model has and the engine does not."""

REQUIRED = {
    "DeriveSharedSecret": {"KeyId": "<key id>", "KeyAgreementAlgorithm": "ECDH", "PublicKey": "eA=="},
    "GenerateDataKeyPair": {"KeyId": "<key id>", "KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKey": {"KeyId": "<key id>", "KeySpec": "AES_256"},
}


@pytest.mark.parametrize("case", UNSIMULATED, ids="-".join)
def test_a_member_that_is_not_simulated_is_refused_by_its_name(
    account: Account, raw_kms: RawKms, case: tuple[str, str]
) -> None:
    operation, name = case
    body = {**REQUIRED.get(operation, {}), **UNSIMULATED[case]}
    status, answer = raw_kms.send(operation, json.dumps(body).encode())
    assert (status, answer["__type"]) == (400, "UnsupportedOperationException")
    assert answer["message"] == f"{name} is not simulated."


def argument(member: str) -> str:
    return "tags_" if member == "Tags" else xform_name(member)


def test_every_other_member_is_a_parameter_of_the_engine() -> None:
    strange = set()
    for name in IMPLEMENTED:
        shape = SERVICE.model.operation_model(name).input_shape
        parameters = inspect.signature(OPERATIONS[name]).parameters
        if "given" in parameters:  # takes what its model has
            continue
        members = shape.members if shape is not None else {}
        strange |= {(name, member) for member in members if argument(member) not in parameters}
    assert strange == set(UNSIMULATED)


def rounds(server: Server) -> Iterator[tuple[RawKms, list[tuple[str, bytes]]]]:
    """Requests to be sent together, by whom; each operation has its turn as often as the others."""
    random, operations = Random(20_230), cycle(OPERATION_NAMES)
    for _ in range(REQUESTS // (ROUNDS_PER_SAMPLES * TOGETHER)):
        account = server.new_account()
        malformed = Malformed(random, Samples.of(account))
        with closing(RawKms(account)) as raw_kms:
            for _ in range(ROUNDS_PER_SAMPLES):
                chosen = [next(operations) for _ in range(TOGETHER)]
                yield raw_kms, [(operation, malformed.body(operation)) for operation in chosen]


def test_no_document_makes_an_operation_fail(server: Server) -> None:
    statuses: dict[str, Counter[int]] = {name: Counter() for name in OPERATION_NAMES}
    for number, (raw_kms, requests) in enumerate(rounds(server)):
        for (operation, body), answer in zip(requests, raw_kms.send_together(requests), strict=True):
            told = (number, operation, body[:2_000], answer)
            refused = 400 <= answer.status < 500 or (answer.status == 501 and operation in UNIMPLEMENTED)
            assert answer.status == 200 or refused, told
            assert answer.request_id, told
            assert isinstance(answer.body, dict), told
            assert answer.status == 200 or isinstance(answer.body["__type"], str), told
            statuses[operation][answer.status] += 1
    assert sum(map(Counter.total, statuses.values())) == REQUESTS
    kinds = {name: set(counted) for name, counted in statuses.items()}
    assert {name for name in IMPLEMENTED if not kinds[name] >= {200, 400}} == set(), "each answers, and each refuses"


FUZZED = 1_000
SOUND = ("GenerateRandom", b'{"NumberOfBytes": 8}')


def spoilt(request: bytes, random: Random) -> bytes:
    """The bytes of a request with a few of its head changed, dropped or doubled."""
    head, end, body = request.partition(b"\r\n\r\n")
    changed = bytearray(head)
    for _ in range(random.randint(1, 4)):
        at = random.randrange(len(changed))
        match random.randrange(5):
            case 0:
                changed[at] = random.randrange(256)
            case 1:
                del changed[at : at + random.randint(1, 30)]
            case 2:
                changed[at:at] = random.choice((b"\r\n", b"\0", b" " * 70, b"%zz", b"\xff\xfe", b": ", b"A" * 9_000))
            case 3:
                line = random.choice(bytes(changed).split(b"\r\n")[1:] or [b"x: y"])
                changed += b"\r\n" + line
            case _:
                changed += b"\r\n" + random.choice(STRANGE_HEADERS)
    return bytes(changed) + end + body


STRANGE_HEADERS = (
    b"Content-Length: -1",
    b"Content-Length: 99999999999999999999",
    b"Transfer-Encoding: chunked",
    b"Transfer-Encoding: gzip",
    b"Expect: 100-continue",
    b"Upgrade: h2c",
    b"Connection: close, upgrade",
    b"Content-Encoding: br",
    b"Content-Type: application/x-www-form-urlencoded",
    b"X-Amz-Date: 99999999T999999Z",
    b"X-Amz-Date: \xd9\xa2\xd9\xa0",
    b"X-Amz-Target: TrentService.",
    b"X-Amz-Content-Sha256: UNSIGNED-PAYLOAD",
    b"X-Amz-Security-Token: " + b"x" * 5_000,
    b"Authorization: AWS4-HMAC-SHA256 Credential=a/b/c/kms/aws4_request, SignedHeaders=;;, Signature=",
    b"Authorization: AWS4-HMAC-SHA256 Credential=\xc3\xa9/20230101/us-west-2/kms/aws4_request, Signature=\xff",
    b"Authorization: Basic eDp5",
    b'Forwarded: for="_x"',
)


def answers_to(raw_kms: RawKms, sound: bytes, requests: list[bytes]) -> list[bytes]:
    """What comes back for each, by the time that the server has answered sound requests that came after them.

    sound: sent first on every connection, so that the server is known to listen there.
    """
    host, port = raw_kms.host.split(":")
    with ExitStack() as open_connections:
        connections = [
            open_connections.enter_context(socket.create_connection((host, int(port)), timeout=30)) for _ in requests
        ]
        for connection in connections:
            connection.sendall(sound)
            content = b""
            while not content.endswith(b"}"):
                content += connection.recv(65_536)
        for connection, request in zip(connections, requests, strict=True):
            connection.sendall(request)
        for _ in range(2):
            assert raw_kms.send(*SOUND)[0] == 200
        return [received(connection) for connection in connections]


def received(connection: socket.socket) -> bytes:
    """What has arrived; nothing is waited for."""
    connection.setblocking(False)
    content = b""
    with suppress(BlockingIOError, ConnectionResetError):
        while chunk := connection.recv(65_536):
            content += chunk
    return content


def test_no_bytes_make_the_server_fail(raw_kms: RawKms) -> None:
    """What is no HTTP is answered with 400 or not at all; what is, as every request."""
    random, seen = Random(7), Counter[int]()
    operation, body = SOUND
    assert raw_kms.send(operation, body)[0] == 200
    for number in range(FUZZED // TOGETHER):
        headers = {**raw_kms.headers(operation, body), "Content-Length": str(len(body))}
        lines = ["POST / HTTP/1.1", *(f"{name}: {value}" for name, value in headers.items())]
        sound = "\r\n".join(lines).encode() + b"\r\n\r\n" + body
        requests = [spoilt(sound, random) for _ in range(TOGETHER)]
        for request, answer in zip(requests, answers_to(raw_kms, sound, requests), strict=True):
            statuses = [int(status) for status in re.findall(rb"^HTTP/1\.1 (\d{3}) ", answer, re.MULTILINE)]
            assert all(status < 500 for status in statuses), (number, request, answer)
            seen.update(statuses)
    assert min(seen[200], seen[400], seen[404]) > FUZZED // 100, seen
