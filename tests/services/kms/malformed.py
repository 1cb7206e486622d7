"""Requests to every operation of KMS, most of them malformed: a valid one is taken or made up, then spoilt.

All is drawn from one seeded generator, so that a run repeats itself; a request tells its number when it fails.
"""

from __future__ import annotations

import base64
import json
import string
from collections import defaultdict
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, field, replace
from random import Random
from typing import Any

from botocore import xform_name
from botocore.model import Shape

from services.kms.blueprint import SERVICE
from tests.services.kms.support import KEY_CALLS, REPLICA_REGION, administrator_arn, set_scene, with_other_alias
from tests.support import Account

Document = dict[str, Any]

CHEAP_SPECS = ["ECC_NIST_P256", "ECC_NIST_EDWARDS25519", "HMAC_256", "ML_KEM_768", "ML_DSA_44", "SM2"]
"""To make RSA keys takes longer than all else together."""

KEYLESS: dict[str, list[Document]] = {
    "CreateKey": [{}, {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"}, {"Origin": "EXTERNAL"}],
    "CreateCustomKeyStore": [
        {
            "CustomKeyStoreName": "<fresh>",
            "CustomKeyStoreType": "AWS_CLOUDHSM",
            "CloudHsmClusterId": "cluster-<fresh>",
            "TrustAnchorCertificate": "<fresh>",
            "KeyStorePassword": "kmsPassword",
        }
    ],
    "DescribeCustomKeyStores": [{}],
    "GenerateRandom": [{"NumberOfBytes": 32}],
    "ListAliases": [{}],
    "ListKeys": [{}],
}
"""Valid requests that need no key."""

LITERALS = ["NaN", "-Infinity", "1e999", "-0", "01", "1" * 400, "0x10", "'x'", "undefined", '"\\ud800"', '"\\u0000"']
"""JSON, nearly JSON and no JSON, to stand in place of a value."""


@dataclass
class Samples:
    """Valid requests of an account, by operation; and by member name the values that they have."""

    requests: dict[str, list[Document]] = field(default_factory=lambda: defaultdict(list))
    values: dict[str, list[Any]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def of(cls, account: Account) -> Samples:
        """One of every call on a key, of the kind that it needs; most values name what exists."""
        samples = cls()
        shared = with_other_alias(set_scene(account))
        for call in KEY_CALLS:
            scene = replace(shared, extra=dict(shared.extra))
            call.prepare(scene)
            samples.add(*call.make(_Recorder(), scene))
        for operation, documents in KEYLESS.items():
            for document in documents:
                samples.add(operation, document)
        samples.add("ListRetirableGrants", {"RetiringPrincipal": administrator_arn(account)})
        samples.add_stores(account)
        samples.values |= {
            "KeySpec": CHEAP_SPECS,
            "CustomerMasterKeySpec": CHEAP_SPECS,
            "KeyPairSpec": CHEAP_SPECS,
            "WrappingKeySpec": ["RSA_2048", "SM2", "RSA_1"],
            "AliasName": ["alias/<fresh>", *samples.values["AliasName"]],
            "ReplicaRegion": ["eu-central-1", REPLICA_REGION],
        }
        return samples

    def add_stores(self, account: Account) -> None:
        """Custom key stores, connected and not."""
        kms, random = account.client("kms"), Random()
        made = [json.loads(fresh(json.dumps(KEYLESS["CreateCustomKeyStore"][0]), random)) for _ in range(3)]
        connected, *others = [kms.create_custom_key_store(**document)["CustomKeyStoreId"] for document in made]
        kms.connect_custom_key_store(CustomKeyStoreId=connected)
        account.server.advance("PT1S")
        self.add("DisconnectCustomKeyStore", {"CustomKeyStoreId": connected})
        self.add("CreateKey", {"CustomKeyStoreId": connected, "Origin": "AWS_CLOUDHSM"})
        self.add("UpdateCustomKeyStore", {"CustomKeyStoreId": others[0], "NewCustomKeyStoreName": "<fresh>"})
        self.add("ConnectCustomKeyStore", {"CustomKeyStoreId": others[0]})
        self.add("DeleteCustomKeyStore", {"CustomKeyStoreId": others[1]})

    def add(self, operation: str, document: Document) -> None:
        document = _as_json(document)
        self.requests[operation].append(document)
        for name, value in document.items():
            self.values[name].append(value)


class _Recorder:
    """Stands for a client, and tells what it would have sent."""

    def __getattr__(self, method: str) -> Any:
        by_method = {xform_name(name): name for name in SERVICE.model.operation_names}
        return lambda **parameters: (by_method[method], parameters)


def fresh(text: str, random: Random) -> str:
    """A text with names in place of <fresh> that nothing else has."""
    return text.replace("<fresh>", "".join(random.choices("abcdefghijklmnopqrstuvwxyz234567", k=16)))


def _as_json(value: Any) -> Any:
    match value:
        case bytes():
            return base64.b64encode(value).decode()
        case dict():
            return {name: _as_json(inner) for name, inner in value.items()}
        case list():
            return [_as_json(inner) for inner in value]
        case _:
            return value


class Malformed:
    """Bodies for operations. random: the source of all choices."""

    def __init__(self, random: Random, samples: Samples) -> None:
        self.random = random
        self.samples = samples

    def body(self, operation: str) -> bytes:
        """Of ten, about three are left as they are, four are spoilt as documents, three as text or bytes."""
        document = self.document(operation)
        kind = self.random.randrange(10)
        for _ in range(self.random.randint(1, 3) if 3 <= kind < 7 else 0):
            document = self.spoilt(document)
        text = fresh(json.dumps(document), self.random)
        return self.broken(text) if kind >= 7 else text.encode()

    def document(self, operation: str) -> Any:
        """A valid request as often as one that is of the model's shape only."""
        valid = self.samples.requests[operation]
        if valid and self.random.random() < 0.5:
            return deepcopy(self.random.choice(valid))
        shape = SERVICE.model.operation_model(operation).input_shape
        return {} if shape is None else self.fitting(shape)

    def fitting(self, shape: Shape, name: str = "") -> Any:
        """A value of the right kind, of a structure the required members and each of the others now and then."""
        if name in self.samples.values and self.random.random() < 0.9:
            return deepcopy(self.random.choice(self.samples.values[name]))
        match shape.type_name:
            case "structure":
                required = set(shape.required_members)
                return {
                    member: self.fitting(inner, member)
                    for member, inner in shape.members.items()
                    if member in required or self.random.random() < 0.25
                }
            case "list":
                return [self.fitting(shape.member) for _ in range(self.random.randint(0, 3))]
            case "map":
                return {self.word(): self.fitting(shape.value) for _ in range(self.random.randint(0, 3))}
            case "boolean":
                return self.random.random() < 0.5
            case "integer" | "long":
                return self.random.randint(1, 100)
            case "timestamp":
                return 1_900_000_000 + self.random.randint(0, 10**6)
            case "blob":
                return _as_json(self.random.randbytes(self.random.choice((1, 32, 64))))
            case _:
                return self.random.choice(shape.enum) if shape.enum else self.word()

    def word(self) -> str:
        return "".join(self.random.choices(string.ascii_letters, k=self.random.randint(1, 8)))

    def spoilt(self, document: Any) -> Any:
        """A document with one place changed."""
        places = list(_places(document))
        if isinstance(document, dict) and self.random.random() < 0.1:
            return {**document, self.word(): self.strange(0)}
        if not places or self.random.random() < 0.05:
            return self.strange(document)
        container, at = self.random.choice(places)
        if isinstance(container, dict) and self.random.random() < 0.2:
            del container[at]
        else:
            container[at] = self.strange(container[at])
        return document

    def strange(self, value: Any) -> Any:
        """Something else in place of a value: another type, an extreme, or the value a little changed."""
        choices: list[Any] = [
            None,
            True,
            "",
            [],
            {},
            0,
            -1,
            2**31,
            2**63,
            10**30,
            1.5,
            -1e300,
            "\0",
            "\N{BOM}\N{PILE OF POO}\u202e",
            "x" * self.random.choice((257, 8_193, 140_000)),
            "!" * 20,
            "arn:aws:kms:us-west-2:111122223333:key/",
            "arn:aws:kms:::alias/",
            "alias/aws/",
            ["x"] * 51,
            {str(number): "x" for number in range(60)},
            _nested(self.random.choice((5, 200))),
        ]
        if isinstance(value, str) and value and self.random.random() < 0.4:
            at = self.random.randrange(len(value))
            return self.random.choice((value[:at], value + value, value[:at] + "\u00e9" + value[at:], value.swapcase()))
        return self.random.choice(choices)

    def broken(self, text: str) -> bytes:
        """No valid JSON any more, or only just."""
        at = self.random.randrange(len(text))
        literal = self.random.choice(LITERALS)
        whole, head, tail = text.encode(), text[:at].encode(), text[at:].encode()
        return self.random.choice(
            (
                head,
                whole + b"}",
                head + self.random.randbytes(3) + tail,
                text.encode("utf-16"),
                b"\xef\xbb\xbf" + whole,
                text.replace(": ", f': {literal}, "x": ', 1).encode(),
                f'{text[:-1]}, "KeyId": {literal}}}'.encode(),
                f"{text[:-1]}, {text[1:]}".encode(),  # every member twice
                b"[" * 20_000 + b"]" * 20_000,
                b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
                self.random.choice((b"", b"null", b"[]", b'"x"', b"1", b"{}{}", b"\0", b"KeyId=x&Plaintext=y")),
            )
        )


def _places(document: Any) -> Iterator[tuple[Any, Any]]:
    """Every place of a document: its container, and the key or index there."""
    if isinstance(document, dict | list):
        entries = list(document.items() if isinstance(document, dict) else enumerate(document))
        for at, inner in entries:
            yield document, at
            yield from _places(inner)


def _nested(depth: int) -> Any:
    document: Any = "x"
    for _ in range(depth):
        document = {"x": [document]}
    return document
