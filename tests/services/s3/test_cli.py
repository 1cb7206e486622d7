"""The AWS CLI's high-level commands, as people type them."""

from __future__ import annotations

import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.services.s3.support import MIB, keys_of
from tests.support import Account

Run = Callable[..., str]


@pytest.fixture
def aws(account: Account, tmp_path: Path) -> Run:
    """Runs `aws s3 ...` in a directory of its own and returns what it printed."""

    def run(*arguments: str, **options: Any) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "awscli", "s3", *arguments],
            cwd=tmp_path,
            env={**os.environ, **account.environment},
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
            **options,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def test_files_go_up_and_come_down(aws: Run, s3: Any, account: Account, tmp_path: Path) -> None:
    bucket = f"cli-{account.account_id}"
    assert aws("mb", f"s3://{bucket}") == f"make_bucket: {bucket}\n"
    (tmp_path / "voices").mkdir()
    for name, body in (("small one.txt", b"small"), ("large.wav", os.urandom(20 * MIB)), ("gone.txt", b"")):
        (tmp_path / "voices" / name).write_bytes(body)
    aws("sync", "voices", f"s3://{bucket}/voices", "--no-progress")
    assert aws("sync", "voices", f"s3://{bucket}/voices", "--no-progress") == ""
    assert keys_of(s3, bucket) == ["voices/gone.txt", "voices/large.wav", "voices/small one.txt"]
    (tmp_path / "voices" / "gone.txt").unlink()
    assert "delete: " in aws("sync", "voices", f"s3://{bucket}/voices", "--delete")
    aws("cp", f"s3://{bucket}/voices", "back", "--recursive", "--no-progress")
    for name in ("small one.txt", "large.wav"):
        assert (tmp_path / "back" / name).read_bytes() == (tmp_path / "voices" / name).read_bytes()
    aws("mv", f"s3://{bucket}/voices/large.wav", f"s3://{bucket}/moved.wav", "--no-progress")
    listed = aws("ls", f"s3://{bucket}")
    assert "PRE voices/" in listed
    assert f"{20 * MIB} moved.wav" in listed
    url = aws("presign", f"s3://{bucket}/voices/small one.txt").strip()
    with urllib.request.urlopen(url, timeout=30) as response:
        assert response.read() == b"small"
    aws("rm", f"s3://{bucket}", "--recursive")
    aws("rb", f"s3://{bucket}")
    assert s3.list_buckets()["Buckets"] == []


def test_standard_input_and_output(aws: Run, bucket: str) -> None:
    aws("cp", "-", f"s3://{bucket}/typed.txt", input="as it was typed")
    assert aws("cp", f"s3://{bucket}/typed.txt", "-") == "as it was typed"


def test_a_file_goes_under_a_key_of_the_customer(aws: Run, s3: Any, bucket: str, kms_key: str, tmp_path: Path) -> None:
    (tmp_path / "file.bin").write_bytes(os.urandom(10 * MIB))
    aws("cp", "file.bin", f"s3://{bucket}/", "--sse", "aws:kms", "--sse-kms-key-id", kms_key, "--no-progress")
    assert s3.head_object(Bucket=bucket, Key="file.bin")["SSEKMSKeyId"] == kms_key
