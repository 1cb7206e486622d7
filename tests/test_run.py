"""The command line: start, end, start again; and one clear line for everything that keeps it from starting."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from services.simulator import DATABASE_FILE, DOMAIN_KEY_FILE
from shared.database import Database
from tests.process import run, serving
from tests.support import refused


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return tmp_path / "data"


class TestServe:
    def test_it_prints_where_it_listens_and_the_lines_a_newcomer_needs(self, data_dir: Path) -> None:
        with serving("--data-dir", str(data_dir)) as process:
            lines = process.output.splitlines()
        assert len(lines) == 4
        assert 'eval "$(' in lines[1]
        assert "aws sts get-caller-identity" in lines[2]

    @pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM], ids=["ctrl-c", "terminated"])
    def test_it_ends_cleanly_and_a_second_start_finds_all_data(self, data_dir: Path, how: signal.Signals) -> None:
        with serving("--data-dir", str(data_dir)) as process:
            kms = process.client("kms")
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            blob = kms.encrypt(KeyId=key, Plaintext=b"kept")["CiphertextBlob"]
            status, rest = process.stop(how)
            assert "Traceback" not in rest
            assert status in (0, -how)
        with serving("--data-dir", str(data_dir)) as process:
            assert process.client("kms").decrypt(CiphertextBlob=blob)["Plaintext"] == b"kept"

    @pytest.fixture
    def ctrl_c_ignored(self) -> Iterator[None]:
        """As in a script that starts the server with an ampersand."""
        former = signal.signal(signal.SIGINT, signal.SIG_IGN)
        yield
        signal.signal(signal.SIGINT, former)

    @pytest.mark.usefixtures("ctrl_c_ignored")
    def test_it_can_be_ended_as_soon_as_it_says_that_it_listens(self) -> None:
        with serving("--ephemeral") as process:
            process.stop(signal.SIGINT)

    def test_an_ephemeral_world_leaves_nothing_behind(self, data_dir: Path) -> None:
        with serving("--ephemeral", "--data-dir", str(data_dir)) as process:
            process.client("kms").create_key()
        assert not data_dir.exists()

    def test_an_empty_world_has_no_demo_accounts(self) -> None:
        with serving("--ephemeral", "--empty") as process, refused("InvalidClientTokenId"):
            process.client("sts").get_caller_identity()

    def test_the_same_seed_and_calls_give_the_same_ids(self) -> None:
        ids = []
        for _ in range(2):
            with serving("--ephemeral", "--seed", "7") as process:
                kms = process.client("kms")
                ids.append([kms.create_key()["KeyMetadata"]["KeyId"] for _ in range(2)])
        assert ids[0] == ids[1]
        assert ids[0][0] != ids[0][1]

    def test_a_seeded_world_repeats_no_id_after_a_restart(self, data_dir: Path) -> None:
        ids = []
        for _ in range(2):
            with serving("--data-dir", str(data_dir), "--seed", "7") as process:
                ids.append(process.client("kms").create_key()["KeyMetadata"]["KeyId"])
                process.stop()
        assert ids[0] != ids[1]

    def test_demo_credentials_are_refused_beyond_loopback(self, data_dir: Path) -> None:
        with serving("--data-dir", str(data_dir), "--host", "0.0.0.0") as process:
            with refused("InvalidClientTokenId"):
                process.client("sts").get_caller_identity()
            printed = run("env", "--data-dir", str(data_dir), "--host", "0.0.0.0")
            assert "AKIADEMO" not in printed.stdout
            assert "export AWS_SECRET_ACCESS_KEY=" in printed.stdout
            assert "AKIADEMO" not in process.output
            port = process.url.rpartition(":")[2]
            reset = run("reset", "--data-dir", str(data_dir), "--host", "0.0.0.0", "--port", port)
            assert reset.returncode == 0, reset.stderr
            assert run("env", "--data-dir", str(data_dir), "--host", "0.0.0.0").stdout == printed.stdout

    def test_a_trace_shows_one_line_per_request_and_no_content(self) -> None:
        with serving("--ephemeral", "--trace") as process:
            process.client("kms").generate_random(NumberOfBytes=8)
            _, rest = process.stop()
        assert "POST kms TrentService.GenerateRandom 200 OK" in rest


class TestWhatKeepsItFromStarting:
    def fails(self, *arguments: str) -> str:
        """The one line it says."""
        result = run("serve", *arguments)
        assert result.returncode == 2, result.stderr
        assert result.stdout == ""
        assert len(result.stderr.splitlines()) == 1
        assert result.stderr.startswith("connect-at-rest: ")
        return result.stderr

    def made(self, data_dir: Path) -> Path:
        """A data directory that a server has used."""
        with serving("--data-dir", str(data_dir)) as process:
            process.stop()
        return data_dir

    def test_a_port_in_use(self, data_dir: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            line = self.fails("--data-dir", str(data_dir), "--port", str(taken.getsockname()[1]))
        assert "cannot listen" in line
        assert not data_dir.exists()

    def test_an_unwritable_data_directory(self, tmp_path: Path) -> None:
        (tmp_path / "file").write_text("in the way")
        assert "cannot be written" in self.fails("--port", "0", "--data-dir", str(tmp_path / "file" / "data"))

    def test_a_data_directory_in_use(self, data_dir: Path) -> None:
        with serving("--data-dir", str(data_dir)):
            assert "in use by another server" in self.fails("--port", "0", "--data-dir", str(data_dir))

    def test_another_programs_database(self, data_dir: Path) -> None:
        path = self.made(data_dir) / DATABASE_FILE
        path.unlink()
        with closing(sqlite3.connect(path)) as database:
            database.execute("CREATE TABLE theirs (name TEXT)")
        before = path.read_bytes()
        assert "another program's" in self.fails("--port", "0", "--data-dir", str(data_dir))
        assert path.read_bytes() == before

    def test_a_host_without_a_name(self, data_dir: Path) -> None:
        result = run("serve", "--host", "", "--data-dir", str(data_dir))
        assert result.returncode == 2
        assert "--host" in result.stderr

    def test_a_missing_domain_key(self, data_dir: Path) -> None:
        (self.made(data_dir) / DOMAIN_KEY_FILE).unlink()
        assert "is missing" in self.fails("--port", "0", "--data-dir", str(data_dir))
        assert not (data_dir / DOMAIN_KEY_FILE).exists()

    def test_a_domain_key_that_is_open_to_others(self, data_dir: Path) -> None:
        (self.made(data_dir) / DOMAIN_KEY_FILE).chmod(0o644)
        assert "is open to others" in self.fails("--port", "0", "--data-dir", str(data_dir))

    def test_a_damaged_domain_key(self, data_dir: Path) -> None:
        path = self.made(data_dir) / DOMAIN_KEY_FILE
        path.write_bytes(path.read_bytes()[:-1])
        assert "domain key" in self.fails("--port", "0", "--data-dir", str(data_dir))

    def test_the_domain_key_of_another_database(self, data_dir: Path, tmp_path: Path) -> None:
        other = self.made(tmp_path / "other") / DOMAIN_KEY_FILE
        before = (self.made(data_dir) / DATABASE_FILE).read_bytes()
        other.replace(data_dir / DOMAIN_KEY_FILE)
        assert "not the domain key of this database" in self.fails("--port", "0", "--data-dir", str(data_dir))
        assert (data_dir / DATABASE_FILE).read_bytes() == before

    def test_a_corrupt_database(self, data_dir: Path) -> None:
        path = self.made(data_dir) / DATABASE_FILE
        content = path.read_bytes()
        damaged = content[:100] + os.urandom(len(content) - 100)
        path.write_bytes(damaged)
        assert "cannot be used" in self.fails("--port", "0", "--data-dir", str(data_dir))
        assert path.read_bytes() == damaged

    def test_a_file_that_is_no_database(self, data_dir: Path) -> None:
        (self.made(data_dir) / DATABASE_FILE).write_text("These are notes, not a database." * 100)
        assert "cannot be used" in self.fails("--port", "0", "--data-dir", str(data_dir))

    def test_a_database_without_any_domain_key_is_never_given_a_new_one(self, data_dir: Path) -> None:
        data_dir.mkdir()
        Database(data_dir / DATABASE_FILE).close()
        assert "is missing" in self.fails("--port", "0", "--data-dir", str(data_dir))


class TestEnv:
    def test_it_prints_the_lines_a_shell_needs(self, data_dir: Path) -> None:
        lines = run("env", "--data-dir", str(data_dir), "--port", "9001", "--user", "auditor").stdout.splitlines()
        names = [line.removeprefix("export ").split("=")[0] for line in lines]
        assert names[:5] == [
            "AWS_ENDPOINT_URL",
            "AWS_REGION",
            "AWS_DEFAULT_REGION",
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ]
        assert "export AWS_ENDPOINT_URL=http://127.0.0.1:9001" in lines

    @pytest.mark.parametrize("arguments", [("--user", "ada"), ("--account", "123")], ids=["user", "account"])
    def test_it_names_what_it_does_not_know(self, data_dir: Path, arguments: tuple[str, str]) -> None:
        result = run("env", "--data-dir", str(data_dir), *arguments)
        assert result.returncode == 2
        assert arguments[1] in result.stderr


class TestReset:
    def test_it_empties_a_data_directory_that_nobody_uses(self, data_dir: Path) -> None:
        with serving("--data-dir", str(data_dir)) as process:
            key = process.client("kms").create_key()["KeyMetadata"]["KeyId"]
            process.stop()
        assert run("reset", "--data-dir", str(data_dir)).returncode == 0
        with serving("--data-dir", str(data_dir)) as process, refused("NotFoundException"):
            process.client("kms").describe_key(KeyId=key)

    def test_it_resets_the_server_that_uses_it(self, data_dir: Path) -> None:
        with serving("--data-dir", str(data_dir)) as process:
            kms = process.client("kms")
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            port = process.url.rpartition(":")[2]
            assert run("reset", "--data-dir", str(data_dir), "--port", port).returncode == 0
            with refused("NotFoundException"):
                kms.describe_key(KeyId=key)
