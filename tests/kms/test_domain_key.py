"""The domain key: a file of its own, for its owner alone, and what it wraps."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest

from kms.errors import DomainKeyError
from kms.key_hierarchy import DomainKey


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "domain.key"


class TestFile:
    def test_it_is_readable_by_its_owner_alone(self, path: Path) -> None:
        DomainKey.create(path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o600

    def test_it_is_never_overwritten(self, path: Path) -> None:
        DomainKey.create(path)
        with pytest.raises(FileExistsError):
            DomainKey.create(path)

    def test_it_is_the_same_after_loading(self, path: Path) -> None:
        made = DomainKey.create(path)
        wrapped = made.wrap(b"secret", binding=b"here")
        assert DomainKey.load(path).unwrap(wrapped, binding=b"here").reveal() == b"secret"
        assert DomainKey.load(path).identity == made.identity

    @pytest.mark.parametrize("mode", [0o640, 0o604, 0o660, 0o601], ids=oct)
    def test_one_that_is_open_to_others_is_refused(self, path: Path, mode: int) -> None:
        DomainKey.create(path)
        path.chmod(mode)
        with pytest.raises(DomainKeyError, match="open to others"):
            DomainKey.load(path)

    @pytest.mark.parametrize("damage", ["cut", "longer", "header", "empty"])
    def test_a_damaged_one_is_refused(self, path: Path, damage: str) -> None:
        DomainKey.create(path)
        content = path.read_bytes()
        damaged = {"cut": content[:-1], "longer": content + b"x", "header": b"X" + content[1:], "empty": b""}
        path.write_bytes(damaged[damage])
        with pytest.raises(DomainKeyError, match="damaged"):
            DomainKey.load(path)

    def test_a_missing_one_is_refused(self, path: Path) -> None:
        with pytest.raises(DomainKeyError, match="missing"):
            DomainKey.load(path)


class TestWrapping:
    def test_it_opens_with_its_binding_only(self) -> None:
        key = DomainKey.ephemeral()
        with pytest.raises(DomainKeyError):
            key.unwrap(key.wrap(b"secret", binding=b"here"), binding=b"there")

    def test_another_domain_key_does_not_open_it(self) -> None:
        wrapped = DomainKey.ephemeral().wrap(b"secret", binding=b"here")
        with pytest.raises(DomainKeyError):
            DomainKey.ephemeral().unwrap(wrapped, binding=b"here")

    def test_what_is_wrapped_does_not_show(self) -> None:
        assert b"secret" not in DomainKey.ephemeral().wrap(b"secret", binding=b"secret")

    def test_digests_differ_between_domain_keys(self) -> None:
        one, other = DomainKey.ephemeral(), DomainKey.ephemeral()
        assert one.digest(b"x") == one.digest(b"x")
        assert one.digest(b"x") != other.digest(b"x")
