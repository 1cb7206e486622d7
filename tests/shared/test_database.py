"""Units of work, conditions and durability settings of the embedded database."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from shared.database import Database, DatabaseUnusable


@pytest.fixture
def database() -> Database:
    return Database()


def add(database: Database, *names: str) -> None:
    for name in names:
        database.insert("meta", {"name": name, "value": name.upper()})


def names(database: Database) -> list[str]:
    return [row["name"] for row in database.select("meta", {}, order=["name"])]


class TestUnits:
    def test_a_unit_that_fails_leaves_nothing(self, database: Database) -> None:
        with pytest.raises(RuntimeError), database.unit():
            add(database, "a")
            raise RuntimeError
        assert names(database) == []

    def test_a_unit_inside_fails_alone(self, database: Database) -> None:
        with database.unit():
            add(database, "a")
            with pytest.raises(RuntimeError), database.unit():
                add(database, "b")
                raise RuntimeError
            add(database, "c")
        assert names(database) == ["a", "c"]

    def test_the_outer_unit_takes_the_inner_ones_with_it(self, database: Database) -> None:
        with pytest.raises(RuntimeError), database.unit():
            with database.unit():
                add(database, "a")
            raise RuntimeError
        assert names(database) == []

    def test_a_counter_goes_up_with_its_unit_or_not_at_all(self, database: Database) -> None:
        def counted() -> list[int]:
            return [row["requests"] for row in database.select("kms_requests", {}, order=["key_arn"])]

        row = dict.fromkeys(("month", "account_id", "region", "key_arn", "service", "price_class"), "a")
        for key_arn, by in (("a", 1), ("b", 2), ("a", 3)):
            database.count_up("kms_requests", {**row, "key_arn": key_arn}, "requests", by)
        assert counted() == [4, 2]
        with pytest.raises(RuntimeError), database.unit():
            database.count_up("kms_requests", row, "requests", 5)
            raise RuntimeError
        assert counted() == [4, 2]

    def test_what_is_not_committed_is_not_on_disk(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        database, other = Database(path), Database(path)
        with database.unit():
            add(database, "a")
            assert other.count("meta", {}) == 0
        assert other.count("meta", {}) == 1

    def test_commits_reach_the_disk_before_they_return(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "file")
        pragmas = {name: database._execute(f"PRAGMA {name}").fetchone()[0] for name in ("synchronous", "journal_mode")}
        assert pragmas == {"synchronous": 2, "journal_mode": "wal"}


class TestConditions:
    @pytest.mark.parametrize(
        ("where", "expected"),
        [
            ({"name": "b"}, ["b"]),
            ({"name__lt": "b"}, ["a"]),
            ({"name__le": "b"}, ["a", "b"]),
            ({"name__gt": "b"}, ["c"]),
            ({"name__ge": "b"}, ["b", "c"]),
            ({"name__ne": "b"}, ["a", "c"]),
            ({"name": ("a", "c")}, ["a", "c"]),
            ({"value": None}, []),
            ({"value__ne": None}, ["a", "b", "c"]),
            ({"name__ge": "b", "value": "C"}, ["c"]),
            ({"name__has": "b"}, ["b"]),
        ],
        ids=["equal", "lt", "le", "gt", "ge", "ne", "any-of", "null", "not-null", "both", "has"],
    )
    def test_conditions_select(self, database: Database, where: dict[str, object], expected: list[str]) -> None:
        add(database, "a", "b", "c")
        assert [row["name"] for row in database.select("meta", where, order=["name"])] == expected

    def test_values_are_bound_and_never_read_as_sql(self, database: Database) -> None:
        hostile = "a' OR '1'='1"
        add(database, "a", hostile)
        assert database.find("meta", {"name": hostile}) == {"name": hostile, "value": hostile.upper()}
        assert database.delete("meta", {"name": hostile}) == 1
        assert names(database) == ["a"]

    def test_order_descends_and_limits(self, database: Database) -> None:
        add(database, "a", "b", "c")
        assert [row["name"] for row in database.select("meta", {}, order=["-name"], limit=2)] == ["c", "b"]

    def test_lists_and_objects_come_back_as_they_went(self, database: Database) -> None:
        database.insert("scopes", {"arn": "a", "encryption_context": {"k": "v"}})
        database.update("scopes", {"arn": "a"}, {"encryption_context": {"k": "w"}})
        row = database.find("scopes", {"arn": "a"})
        assert row is not None
        assert row["encryption_context"] == {"k": "w"}

    def test_a_key_is_taken_once(self, database: Database) -> None:
        add(database, "a")
        with pytest.raises(sqlite3.IntegrityError):
            add(database, "a")


class TestFile:
    def test_a_file_that_is_no_database_is_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "file"
        path.write_bytes(b"no database" * 1000)
        with pytest.raises(DatabaseUnusable):
            Database(path)

    def test_what_is_deleted_is_overwritten(self, tmp_path: Path) -> None:
        database = Database(tmp_path / "file")
        database.insert("meta", {"name": "gone", "value": "left-behind-canary"})
        database.delete("meta", {"name": "gone"})
        database.close()
        assert b"left-behind-canary" not in (tmp_path / "file").read_bytes()
