"""A flipped bit is always refused: in every sealed record and every encrypted data key of every service."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from services.console.comparison import READABLE, probe, rows_of
from services.console.drivers import DRIVERS, Driver
from services.console.world import World
from shared.database import Database, Row

PLACES = st.floats(min_value=0, max_value=1, exclude_max=True)
BITS = st.integers(min_value=0, max_value=7)
_SETTINGS = settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with World(tmp_path_factory.mktemp("damage")) as world:
        yield world


@pytest.fixture(scope="module")
def drivers(world: World) -> dict[type[Driver], Driver]:
    """One person's data in every service, under every owner."""
    return {type(driver): driver for driver in world.store_everything()}


@contextmanager
def one_bit_changed(
    database: Database, table: str, where: dict[str, Any], column: str, place: float, bit: int
) -> Iterator[None]:
    row = database.find(table, where)
    assert row is not None
    whole: bytes = row[column]
    position = int(place * len(whole))
    damaged = whole[:position] + bytes([whole[position] ^ 1 << bit]) + whole[position + 1 :]
    _write(database, table, where, {column: damaged})
    try:
        yield
    finally:
        _write(database, table, where, {column: whole})


def _write(database: Database, table: str, where: dict[str, Any], changes: dict[str, Any]) -> None:
    with database.unit():
        database.update(table, where, changes)


def _records(world: World, driver: Driver) -> list[tuple[Any, Row]]:
    found = []
    for row in rows_of(driver):
        record = world.record(driver, row, "a")
        assert record is not None
        found.append((row, record))
    return found


@pytest.mark.parametrize("kind", DRIVERS, ids=lambda kind: f"{kind.service}-{kind.ownership}")
@given(place=PLACES, bit=BITS)
@_SETTINGS
def test_a_flipped_bit_in_a_sealed_record_is_refused(
    world: World, drivers: dict[type[Driver], Driver], kind: type[Driver], place: float, bit: int
) -> None:
    database = world.simulator.database
    for row, record in _records(world, drivers[kind]):
        where = {name: record[name] for name in ("scope_arn", "data_class", "record_id")}
        assert probe(world, drivers[kind], row).outcome == READABLE
        with one_bit_changed(database, "records", where, "sealed", place, bit):
            assert probe(world, drivers[kind], row).outcome == "InternalServerException"


@pytest.mark.parametrize("kind", DRIVERS, ids=lambda kind: f"{kind.service}-{kind.ownership}")
@given(place=PLACES, bit=BITS)
@_SETTINGS
def test_a_flipped_bit_in_an_encrypted_data_key_is_refused(
    world: World, drivers: dict[type[Driver], Driver], kind: type[Driver], place: float, bit: int
) -> None:
    database = world.simulator.database
    for row, record in _records(world, drivers[kind]):
        where = {"data_key_id": record["data_key_id"]}
        with one_bit_changed(database, "data_keys", where, "ciphertext_blob", place, bit):
            assert probe(world, drivers[kind], row).outcome in ("InternalServerException", "AccessDeniedException")
