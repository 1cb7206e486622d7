"""The AWS CLI as a client of KMS: blobs from files, pages, queries, JSON from files, and its exit statuses."""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from awscli.clidriver import create_clidriver

from tests.support import Account

REFUSED = 255
"""Its exit status when the service refused; of its version 2 it is 254."""


@dataclass
class Done:
    """What a command left."""

    returncode: int
    stdout: str
    stderr: str


class Cli:
    """`aws kms ...` in this process: all of the CLI but the second that Python takes to load it each time."""

    def __init__(self, capture: pytest.CaptureFixture[str]) -> None:
        self._capture = capture
        self._driver = create_clidriver()

    def run(self, *arguments: str) -> Done:
        self._capture.readouterr()
        status = self._driver.main(["kms", *arguments])
        out, err = self._capture.readouterr()
        return Done(status, out, err)

    def told(self, *arguments: str) -> Any:
        """The JSON of a command that succeeds."""
        done = self.run(*arguments)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    def text(self, *arguments: str) -> str:
        """The text output of a command that succeeds."""
        done = self.run(*arguments, "--output", "text")
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()


@pytest.fixture
def aws(account: Account, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Cli:
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(tmp_path)
    return Cli(capsys)


def test_a_files_bytes_come_back_from_encrypt_and_decrypt(aws: Cli, kms_key: str, tmp_path: Path) -> None:
    content = bytes(range(256))
    (tmp_path / "plain").write_bytes(content)
    options = ("--encryption-context", "tenant=ada,purpose=test")
    blob = aws.text(
        "encrypt", "--key-id", kms_key, "--plaintext", "fileb://plain", *options, "--query", "CiphertextBlob"
    )
    (tmp_path / "sealed").write_bytes(base64.b64decode(blob))
    told = aws.told("decrypt", "--ciphertext-blob", "fileb://sealed", *options)
    assert base64.b64decode(told["Plaintext"]) == content
    assert told["KeyId"] == kms_key
    done = aws.run("decrypt", "--ciphertext-blob", "fileb://sealed", "--encryption-context", "tenant=bob")
    assert done.returncode == REFUSED
    assert "(InvalidCiphertextException) when calling the Decrypt operation" in done.stderr


def test_a_key_is_made_described_and_scheduled_for_deletion(aws: Cli, kms: Any) -> None:
    key = aws.text(
        *("create-key", "--description", "from the CLI", "--tags", "TagKey=a,TagValue=b"),
        *("--query", "KeyMetadata.KeyId"),
    )
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["Description"] == "from the CLI"
    described = aws.told("describe-key", "--key-id", key)["KeyMetadata"]
    assert (described["KeyState"], described["Enabled"]) == ("Enabled", True)
    told = aws.told("schedule-key-deletion", "--key-id", key, "--pending-window-in-days", "7")
    assert told["KeyState"] == "PendingDeletion"
    done = aws.run("encrypt", "--key-id", key, "--plaintext", "x")
    assert done.returncode == REFUSED
    assert "(KMSInvalidStateException)" in done.stderr


def test_pages_are_walked_alone_or_by_token(aws: Cli, kms: Any, kms_key: str) -> None:
    names = [f"alias/{name}" for name in ("a", "b", "c", "d", "e")]
    for name in names:
        kms.create_alias(AliasName=name, TargetKeyId=kms_key)
    listing = ("list-aliases", "--key-id", kms_key)
    whole = aws.told(*listing, "--page-size", "2")["Aliases"]
    assert [alias["AliasName"] for alias in whole] == names
    first = aws.told(*listing, "--max-items", "3")
    rest = aws.told(*listing, "--starting-token", first["NextToken"])
    assert [alias["AliasName"] for alias in first["Aliases"] + rest["Aliases"]] == names
    assert aws.text(*listing, "--query", "length(Aliases)") == "5"


def test_a_signature_made_from_files_is_verified(aws: Cli, kms: Any, tmp_path: Path) -> None:
    key = kms.create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    (tmp_path / "message").write_bytes(b"\xff\x00 signed")
    options = ("--key-id", key, "--message", "fileb://message", "--signing-algorithm", "ECDSA_SHA_256")
    signature = aws.text("sign", *options, "--query", "Signature")
    (tmp_path / "signature").write_bytes(base64.b64decode(signature))
    assert aws.told("verify", *options, "--signature", "fileb://signature")["SignatureValid"] is True
    (tmp_path / "message").write_bytes(b"another")
    done = aws.run("verify", *options, "--signature", "fileb://signature")
    assert done.returncode == REFUSED
    assert "(KMSInvalidSignatureException)" in done.stderr


def test_a_policy_and_a_whole_request_come_from_files(
    aws: Cli, account: Account, kms: Any, kms_key: str, tmp_path: Path
) -> None:
    policy = json.loads(
        aws.text("get-key-policy", "--key-id", kms_key, "--policy-name", "default", "--query", "Policy")
    )
    policy["Statement"][0]["Sid"] = "from a file"
    (tmp_path / "policy").write_text(json.dumps(policy))
    assert aws.run("put-key-policy", "--key-id", kms_key, "--policy", "file://policy").returncode == 0
    assert json.loads(kms.get_key_policy(KeyId=kms_key)["Policy"]) == policy
    grant = {
        "KeyId": kms_key,
        "GranteePrincipal": f"arn:aws:iam::{account.account_id}:user/administrator",
        "Operations": ["Decrypt"],
        "Constraints": {"EncryptionContextSubset": {"tenant": "ada"}},
    }
    (tmp_path / "grant").write_text(json.dumps(grant))
    made = aws.told("create-grant", "--cli-input-json", "file://grant")
    (listed,) = aws.told("list-grants", "--key-id", kms_key)["Grants"]
    assert (listed["GrantId"], listed["Constraints"]) == (made["GrantId"], grant["Constraints"])
