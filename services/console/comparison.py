"""The side by side: every class of data, under every owner, through everything that can happen to its key.

For each event a fresh world is made, one person's data is stored in all services, the event happens, and every class is
read through the public API. Each cell is what came out of that: nothing here knows an answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from botocore.exceptions import ClientError

from kms.costs import monthly_cost
from kms.ownership import Scope
from services.console.drivers import Driver
from services.console.happenings import HAPPENINGS, Happening
from services.console.world import World
from services.registry import DATA_CLASSES, OWNERSHIPS
from shared.catalog import SERVICES

Progress = Callable[[int, int, str], None]
"""Steps done, steps in all, what is being done."""

READABLE = "readable"


@dataclass(frozen=True)
class Row:
    """One class of data of one service under one owner."""

    service: str
    data_class: str
    title: str
    ownership: str
    claims: tuple[str, ...]

    @property
    def service_title(self) -> str:
        return SERVICES[self.service].short_title

    @property
    def label(self) -> str:
        return f"{self.service_title}: {self.title}"


@dataclass(frozen=True)
class Cell:
    """What came of one event for one row.

    attempt: what the event itself met, if it was refused or cannot be. outcome: "readable", or the error's code.
    kms_calls: the calls that one read took, refused ones with their code. trails: whose trails show those calls.
    """

    outcome: str
    message: str
    attempt: str
    kms_calls: tuple[str, ...]
    trails: tuple[str, ...]
    monthly_cost: str

    @property
    def is_readable(self) -> bool:
        return self.outcome == READABLE

    @property
    def trails_in_words(self) -> str:
        whose = [f"{owner}'s" if owner == "AWS" else f"the {owner}'s" for owner in reversed(self.trails)]
        return f"in {' and '.join(whose)} trail" if whose else "in nobody's trail"


@dataclass(frozen=True)
class Comparison:
    rows: tuple[Row, ...]
    happenings: tuple[Happening, ...]
    cells: dict[tuple[Row, str], Cell]

    def cell(self, row: Row, happening: Happening) -> Cell:
        return self.cells[row, happening.name]

    def as_json(self) -> dict[str, Any]:
        return {
            "happenings": [{"name": event.name, "title": event.title} for event in self.happenings],
            "rows": [
                {
                    **asdict(row),
                    "service_title": row.service_title,
                    "cells": {event.name: asdict(self.cell(row, event)) for event in self.happenings},
                }
                for row in self.rows
            ],
        }


def compare(
    on_progress: Progress = lambda done, total, what: None, happenings: Sequence[Happening] = HAPPENINGS
) -> Comparison:
    """Run all events in fresh worlds. on_progress: told before each."""
    cells: dict[tuple[Row, str], Cell] = {}
    for number, happening in enumerate(happenings):
        on_progress(number, len(happenings), happening.title)
        with World() as world:
            for place, cell in _experiment(world, happening):
                # Wisdom's index is the same row whoever owns the content's key; the customer's case comes first.
                cells.setdefault(place, cell)
    on_progress(len(happenings), len(happenings), "done")
    rows = tuple(dict.fromkeys(row for row, _ in cells))
    return Comparison(rows, tuple(happenings), cells)


def _experiment(world: World, happening: Happening) -> Iterable[tuple[tuple[Row, str], Cell]]:
    drivers = world.store_everything()
    for driver in drivers:
        if not happening.at_once:
            attempt = happening.happen(world, driver)
            yield from _cells(world, driver, happening, attempt)
    if happening.at_once:
        attempts = {id(driver): happening.happen(world, driver) for driver in drivers}
        happening.conclude(world)
        for driver in drivers:
            yield from _cells(world, driver, happening, attempts[id(driver)])


def _cells(world: World, driver: Driver, happening: Happening, attempt: str) -> Iterable[tuple[tuple[Row, str], Cell]]:
    for row in rows_of(driver):
        yield (row, happening.name), probe(world, driver, row, attempt, through=happening.through)


def rows_of(driver: Driver) -> list[Row]:
    """The classes of data that a driver reads, as declared by the service."""
    declared = {data_class.name: data_class for data_class in DATA_CLASSES[driver.service]}
    rows = []
    for name in driver.reads("a"):
        data_class = declared[name]
        kind = driver.ownership if driver.ownership in data_class.ownerships else data_class.ownerships[0]
        ownership = OWNERSHIPS[driver.service][kind].title
        rows.append(Row(driver.service, name, data_class.title, ownership, data_class.claims))
    return rows


def probe(world: World, driver: Driver, row: Row, attempt: str = "", *, through: str | None = None) -> Cell:
    """Read one class of A's data and tell what it took."""
    mark = world.mark()
    outcome, message = _read(driver, row, through)
    events = world.kms_events_since(mark)
    scope = world.scope(driver, row, "a")
    return Cell(
        outcome=outcome,
        message=message,
        attempt=attempt,
        kms_calls=tuple(_call_text(event) for event in world.once_per_call(events)),
        trails=tuple(sorted({world.whose(event["recipientAccountId"]) for event in events})),
        monthly_cost=_cost(world, scope),
    )


def _read(driver: Driver, row: Row, through: str | None) -> tuple[str, str]:
    reads = driver.reads("a", through)
    if row.data_class not in reads:
        return "no way to ask", "The API takes no other instance's id for this."
    read, expected = reads[row.data_class]
    try:
        got = read()
    except ClientError as error:
        return error.response["Error"]["Code"], error.response["Error"].get("Message", "")
    if got == expected:
        return READABLE, ""
    return (got, "") if isinstance(got, str) and got else ("not found", "")


def _call_text(event: dict[str, Any]) -> str:
    by = event["userIdentity"].get("invokedBy") or event["userIdentity"].get("userName", "")
    alone = event["userIdentity"].get("type") == "AWSService"
    who = f"{by} alone" if alone else f"caller via {by}"
    refused = f": {event['errorCode']}" if "errorCode" in event else ""
    return f"{event['eventName']} ({who}){refused}"


def _cost(world: World, scope: Scope | None) -> str:
    return "free" if scope is None else str(monthly_cost(world.simulator.engine, scope.key_arn))
