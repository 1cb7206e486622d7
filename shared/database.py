"""The embedded database: units of work and a handful of verbs. The only SQL outside the tests.

Everything above speaks in tables, rows and simple conditions, so that a second backend can stand here. A
condition is a mapping of column to value; a column may carry a comparison, `{"sequence__lt": 7}`, or say that its text
has the value in it, `{"resources__has": arn}`; a tuple of values means any of them.

Durability: WAL with synchronous=FULL. `unit()` is one transaction, or a savepoint when it stands inside another;
a server opens one around all requests that arrived together, so that they share one fsync (group commit), and
answers none of them before it is committed.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Any

from sqlite_utils import Database as SqliteUtils

from shared.migrations import JSON_COLUMNS, migrations

Row = dict[str, Any]

_COMPARISONS = {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "ne": "IS NOT"}
_NO_JSON: frozenset[str] = frozenset()
_KEPT_TABLES = frozenset(
    {
        "access_keys",
        "sessions",
        "principals",
        "policy_versions",
        "kms_keys",
        "aliases",
        "backing_keys",
        "scopes",
        "data_keys",
    }
)
_KEPT_ROWS = 1_024
"""Rows per table that `find` keeps in memory: small ones, which every request asks for and few change."""


class DatabaseUnusable(Exception):
    """The database file cannot be opened, is damaged, or is none of ours."""


class Database:
    """One connection to the store. Not for use by several threads at once; `unit()` serialises those that try."""

    def __init__(self, path: Path | None = None) -> None:
        """Open the file at `path`, or a database in memory; bring its tables up to date.

        Raises: DatabaseUnusable if the file is damaged or cannot be written.
        """
        self.path = path
        self._depth = 0
        self._lock = threading.RLock()
        self._found: dict[str, dict[tuple[str, tuple[Any, ...]], sqlite3.Row]] = {}
        try:
            self._connection = sqlite3.connect(
                path or ":memory:", isolation_level=None, check_same_thread=False, cached_statements=512
            )
            self._connection.row_factory = sqlite3.Row
            self._refuse_foreign_file()
            self._execute("PRAGMA journal_mode = WAL")
            self._execute("PRAGMA synchronous = FULL")
            # Deleted rows are overwritten: what was removed is not left behind in free pages.
            self._execute("PRAGMA secure_delete = ON")
            migrations.apply(SqliteUtils(self._connection))
        except sqlite3.Error as error:
            raise DatabaseUnusable(str(error)) from error

    def _refuse_foreign_file(self) -> None:
        """Another program's tables are not to be mixed with ours. Raises: DatabaseUnusable."""
        names = {row["name"] for row in self._execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if names and migrations.migrations_table not in names:
            raise DatabaseUnusable("it is another program's database")

    def close(self) -> None:
        self._connection.close()

    def check_integrity(self) -> None:
        """Raises: DatabaseUnusable if SQLite finds damage."""
        try:
            verdict = self._execute("PRAGMA quick_check(1)").fetchone()[0]
        except sqlite3.Error as error:
            raise DatabaseUnusable(str(error)) from error
        if verdict != "ok":
            raise DatabaseUnusable(verdict)

    @contextmanager
    def unit(self) -> Iterator[None]:
        """All or nothing: a transaction, or a savepoint inside the unit around it."""
        with self._lock:
            begin, commit, rollback = self._unit_statements()
            self._execute(begin)
            self._depth += 1
            try:
                yield
            except BaseException:
                self._depth -= 1
                self._found.clear()
                for statement in rollback:
                    self._execute(statement)
                raise
            self._depth -= 1
            self._execute(commit)

    def _unit_statements(self) -> tuple[str, str, tuple[str, ...]]:
        if self._depth == 0:
            return "BEGIN IMMEDIATE", "COMMIT", ("ROLLBACK",)
        name = f"unit_{self._depth}"
        return f"SAVEPOINT {name}", f"RELEASE {name}", (f"ROLLBACK TO {name}", f"RELEASE {name}")

    def insert(self, table: str, row: Mapping[str, Any]) -> None:
        """Add a row. Raises: sqlite3.IntegrityError if its key is taken."""
        self._write(table, _insert_sql(table, tuple(row), replace=False), _values(table, row))

    def upsert(self, table: str, row: Mapping[str, Any]) -> None:
        """Add a row, or replace the one of the same key as a whole."""
        self._write(table, _insert_sql(table, tuple(row), replace=True), _values(table, row))

    def count_up(self, table: str, key: Mapping[str, Any], counter: str, by: int) -> None:
        """Add to a counter of the row that has this primary key; the row is made if there is none."""
        self._write(table, _count_up_sql(table, tuple(key), counter), (*key.values(), by))

    def update(self, table: str, where: Mapping[str, Any], changes: Mapping[str, Any]) -> int:
        """Change all rows that meet the condition; returns how many."""
        sql = _update_sql(table, tuple(changes), _condition_shape(where))
        return self._write(table, sql, _values(table, changes) + _arguments(where)).rowcount

    def update_many(
        self, table: str, key: Sequence[str], changed: Sequence[str], rows: Iterable[tuple[Any, ...]]
    ) -> None:
        """Change many rows, each by its key: `rows` hold the values of the `changed` columns, then those of the key."""
        self._found.pop(table, None)
        self._connection.executemany(_update_sql(table, tuple(changed), tuple((column, -1) for column in key)), rows)

    def delete(self, table: str, where: Mapping[str, Any]) -> int:
        """Remove all rows that meet the condition; returns how many."""
        return self._write(table, _delete_sql(table, _condition_shape(where)), _arguments(where)).rowcount

    def find(self, table: str, where: Mapping[str, Any]) -> Row | None:
        """The first row that meets the condition, or None."""
        sql, arguments = _select_sql(table, _condition_shape(where), (), 1), _arguments(where)
        row = self._find_kept(table, sql, arguments) if table in _KEPT_TABLES else self._fetch(sql, arguments)
        return None if row is None else _decode(table, row)

    def select(
        self, table: str, where: Mapping[str, Any], *, order: Sequence[str] = (), limit: int | None = None
    ) -> list[Row]:
        """Rows that meet the condition, in the order given ("-column" descends)."""
        sql = _select_sql(table, _condition_shape(where), tuple(order), limit)
        return [_decode(table, row) for row in self._execute(sql, _arguments(where))]

    def stream(
        self, table: str, where: Mapping[str, Any], columns: Sequence[str], *, limit: int
    ) -> Iterator[tuple[Any, ...]]:
        """Some columns of rows that meet the condition, one row at a time: a reader may stop when it has enough.

        The values are as they rest: JSON is text. The table must not be written to before the reader has stopped.
        """
        cursor = self._execute(_columns_sql(table, tuple(columns), _condition_shape(where), limit), _arguments(where))
        try:
            for row in cursor:
                yield tuple(row)
        finally:
            cursor.close()

    def count(self, table: str, where: Mapping[str, Any]) -> int:
        sql = f"SELECT count(*) FROM {table}{_where_sql(_condition_shape(where))}"  # noqa: S608
        return int(self._execute(sql, _arguments(where)).fetchone()[0])

    def clear(self) -> None:
        """Empty every table but the record of applied migrations."""
        for table in SqliteUtils(self._connection).table_names():
            if not table.startswith(("_", "sqlite_")):
                self.delete(table, {})

    def get_meta(self, name: str) -> str | None:
        row = self.find("meta", {"name": name})
        return None if row is None else str(row["value"])

    def set_meta(self, name: str, value: str) -> None:
        self.upsert("meta", {"name": name, "value": value})

    def _find_kept(self, table: str, sql: str, arguments: tuple[Any, ...]) -> sqlite3.Row | None:
        """A row as it was found before, if its table was not written to since."""
        kept = self._found.setdefault(table, {})
        row = kept.get((sql, arguments))
        if row is None:
            row = self._fetch(sql, arguments)
            if row is not None:
                if len(kept) >= _KEPT_ROWS:
                    kept.clear()
                kept[sql, arguments] = row
        return row

    def _fetch(self, sql: str, arguments: tuple[Any, ...]) -> sqlite3.Row | None:
        row: sqlite3.Row | None = self._execute(sql, arguments).fetchone()
        return row

    def _write(self, table: str, sql: str, arguments: tuple[Any, ...]) -> sqlite3.Cursor:
        self._found.pop(table, None)
        return self._execute(sql, arguments)

    def _execute(self, sql: str, arguments: tuple[Any, ...] = ()) -> sqlite3.Cursor:
        return self._connection.execute(sql, arguments)


def _values(table: str, row: Mapping[str, Any]) -> tuple[Any, ...]:
    json_columns = JSON_COLUMNS.get(table, _NO_JSON)
    if json_columns.isdisjoint(row):
        return tuple(row.values())
    return tuple(
        json.dumps(value, separators=(",", ":")) if column in json_columns and value is not None else value
        for column, value in row.items()
    )


def _decode(table: str, row: sqlite3.Row) -> Row:
    decoded = dict(row)
    for column in JSON_COLUMNS.get(table, _NO_JSON):
        if decoded[column] is not None:
            decoded[column] = json.loads(decoded[column])
    return decoded


def _condition_shape(where: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """The condition without its values: column, and how many values it may have (0: a null, -1: just one)."""
    return tuple(
        (column, 0 if value is None else len(value) if isinstance(value, tuple) else -1)
        for column, value in where.items()
    )


def _arguments(where: Mapping[str, Any]) -> tuple[Any, ...]:
    arguments: list[Any] = []
    for value in where.values():
        if isinstance(value, tuple):
            arguments.extend(value)
        elif value is not None:
            arguments.append(value)
    return tuple(arguments)


def _where_sql(shape: tuple[tuple[str, int], ...]) -> str:
    if not shape:
        return ""
    return " WHERE " + " AND ".join(_one_condition(column, values) for column, values in shape)


def _one_condition(column_and_comparison: str, values: int) -> str:
    column, _, comparison = column_and_comparison.partition("__")
    if values == 0:
        return f"{column} IS {'NOT ' if comparison == 'ne' else ''}NULL"
    if values > 0:
        return f"{column} IN ({', '.join('?' * values)})"
    if comparison == "has":
        return f"instr({column}, ?) > 0"
    return f"{column} {_COMPARISONS.get(comparison, '=')} ?"


# Table and column names come from the code, never from a request: values alone are bound.


@lru_cache(maxsize=512)
def _insert_sql(table: str, columns: tuple[str, ...], *, replace: bool) -> str:
    verb = "INSERT OR REPLACE" if replace else "INSERT"
    return f"{verb} INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"


@lru_cache(maxsize=512)
def _count_up_sql(table: str, key: tuple[str, ...], counter: str) -> str:
    taken = f"ON CONFLICT ({', '.join(key)}) DO UPDATE SET {counter} = {counter} + excluded.{counter}"
    return f"{_insert_sql(table, (*key, counter), replace=False)} {taken}"


@lru_cache(maxsize=512)
def _update_sql(table: str, columns: tuple[str, ...], shape: tuple[tuple[str, int], ...]) -> str:
    changes = ", ".join(f"{column} = ?" for column in columns)
    return f"UPDATE {table} SET {changes}{_where_sql(shape)}"  # noqa: S608


@lru_cache(maxsize=512)
def _delete_sql(table: str, shape: tuple[tuple[str, int], ...]) -> str:
    return f"DELETE FROM {table}{_where_sql(shape)}"  # noqa: S608


@lru_cache(maxsize=512)
def _select_sql(table: str, shape: tuple[tuple[str, int], ...], order: tuple[str, ...], limit: int | None) -> str:
    ordering = ", ".join(f"{column[1:]} DESC" if column.startswith("-") else column for column in order)
    return (
        f"SELECT * FROM {table}{_where_sql(shape)}"  # noqa: S608
        + (f" ORDER BY {ordering}" if ordering else "")
        + (f" LIMIT {int(limit)}" if limit is not None else "")
    )


@lru_cache(maxsize=512)
def _columns_sql(table: str, columns: tuple[str, ...], shape: tuple[tuple[str, int], ...], limit: int) -> str:
    return f"SELECT {', '.join(columns)} FROM {table}{_where_sql(shape)} LIMIT {int(limit)}"  # noqa: S608
