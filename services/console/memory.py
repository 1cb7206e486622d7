"""What the page remembers of the running world, as JSON in its database: kept with the world, and forgotten with it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field, replace
from typing import TYPE_CHECKING, Any

from services.console.drivers import DRIVERS, Driver

if TYPE_CHECKING:
    from services.console.world import World
    from shared.database import Database

_DRIVERS, _LAST_ACTION, _OUTCOMES = "console_drivers", "console_last_action", "console_outcomes"


@dataclass(frozen=True)
class LastAction:
    """What the page did last.

    what: in words. met: what refused it, empty if nothing did. first, last: the events it left in the trail, as the
    sequence numbers before and at its end. before: what each cell showed until then, by cell id.
    """

    what: str
    met: str
    first: int
    last: int
    before: dict[str, str] = field(default_factory=dict)


def save_drivers(database: Database, drivers: list[Driver]) -> None:
    """Remember where the person's data is stored."""
    kept = [{"kind": type(driver).__name__, "key_arn": driver.key_arn, "ids": driver.ids} for driver in drivers]
    database.set_meta(_DRIVERS, json.dumps(kept))


def load_drivers(world: World) -> list[Driver]:
    """The drivers that stored the person's data in this world; none if nobody has stored it."""
    kinds = {kind.__name__: kind for kind in DRIVERS}
    kept = _load(world.simulator.database, _DRIVERS) or []
    return [world.driver(kinds[one["kind"]], one["key_arn"], one["ids"]) for one in kept]


def load_last_action(database: Database) -> LastAction | None:
    kept = _load(database, _LAST_ACTION)
    return None if kept is None else LastAction(**kept)


def save_last_action(database: Database, action: LastAction) -> None:
    """Remember an action, and what the cells showed before it."""
    action = replace(action, before=load_outcomes(database))
    database.set_meta(_LAST_ACTION, json.dumps(asdict(action)))


def load_outcomes(database: Database) -> dict[str, str]:
    """What each cell showed when the page was last seen, by cell id."""
    outcomes: dict[str, str] = _load(database, _OUTCOMES) or {}
    return outcomes


def save_outcomes(database: Database, outcomes: dict[str, str]) -> None:
    database.set_meta(_OUTCOMES, json.dumps(outcomes))


def _load(database: Database, name: str) -> Any:
    text = database.get_meta(name)
    return None if text is None else json.loads(text)
