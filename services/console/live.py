"""What the page shows of the running world: keys by owner, what can be read now, and the trail.

Every cell is a read through the public API, made while the page is: it is in the trail like anybody's.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from kms.backing_keys import generations
from kms.grants import NOT_ENDED
from kms.key import KmsKey, find_key
from kms.ownership import AwsManaged, AwsOwned, CustomerManaged, InstanceSpecific, Ownership
from services.console import memory
from services.console.comparison import Cell, Row, probe, rows_of
from services.console.drivers import Driver
from services.console.happenings import ACTIONS, DENIAL, Happening, key_of
from services.console.trail_lines import TrailView, short_id, trail_view
from services.console.world import ACCOUNT, World
from services.registry import OWNERSHIPS
from shared.catalog import SERVICES

if TYPE_CHECKING:
    from kms.engine import Engine
    from shared.database import Database

_ORDER = (CustomerManaged.kind, AwsManaged.kind, InstanceSpecific.kind, AwsOwned.kind)
_AS_A_RULE = ("disable", "revoke-grant", "deny-in-policy", "schedule-deletion", "rotate", "switch")
DELETED = "Deleted"
_STATES = {"PendingDeletion": "Pending deletion", "PendingImport": "Pending import"}


@dataclass(frozen=True)
class KeyView:
    """A key as far as the viewer may know it.

    key_id: short, empty if it is hidden. state: as KMS has it, "Deleted" if the key is gone. notes: whatever else
    is worth telling, in words.
    """

    key_id: str
    alias: str
    state: str
    is_denied: bool
    notes: tuple[str, ...]

    @property
    def state_in_words(self) -> str:
        return _STATES.get(self.state, self.state)


@dataclass(frozen=True)
class LiveCell:
    """One class of data, read just now. was: what it showed before the last action, if that was something else."""

    row: Row
    cell: Cell
    was: str


@dataclass(frozen=True)
class Card:
    """One service under one owner: its key, its data, and what can be done to the key."""

    card_id: str
    title: str
    owner: str
    is_yours: bool
    key: KeyView
    cost: str
    cells: tuple[LiveCell, ...]
    actions: tuple[Happening, ...]


@dataclass(frozen=True)
class Section:
    """All cards of one kind of owner."""

    kind: str
    ownership: Ownership
    cards: tuple[Card, ...]

    @property
    def title(self) -> str:
        title = self.ownership.title
        return title[0].upper() + title[1:]


@dataclass(frozen=True)
class View:
    """Everything on the page. now: of the virtual clock. has_demo: whether there is an account to show."""

    has_demo: bool
    now: datetime
    of_aws: bool
    sections: tuple[Section, ...]
    action: memory.LastAction | None
    trail: TrailView

    @property
    def cells(self) -> list[LiveCell]:
        return [cell for section in self.sections for card in section.cards for cell in card.cells]

    @property
    def readable(self) -> int:
        return sum(cell.cell.is_readable for cell in self.cells)


def view(world: World, *, of_aws: bool) -> View:
    """Read everything there is to read, then look at the trail. of_aws: as AWS sees it, not as the customer does."""
    simulator = world.simulator
    database = simulator.database
    action = memory.load_last_action(database)
    drivers = memory.load_drivers(world)
    cards = [(driver.ownership, _card(world, driver, action, of_aws=of_aws)) for driver in drivers]
    sections = tuple(_sections(drivers, cards))
    shown = View(
        has_demo=simulator.identities.account_exists(ACCOUNT),
        now=simulator.clock.now_datetime(),
        of_aws=of_aws,
        sections=sections,
        action=action,
        trail=trail_view(simulator.trail, database, action, of_aws=of_aws),
    )
    outcomes = {_cell_id(cell.row): cell.cell.outcome for cell in shown.cells}
    if outcomes != memory.load_outcomes(database):
        memory.save_outcomes(database, outcomes)
    return shown


def card_id(driver: Driver | type[Driver]) -> str:
    """The name of a card in links: one service under one owner."""
    return f"{driver.service}-{driver.ownership.lower().replace('_', '-')}"


def full_title(driver: Driver) -> str:
    """A driver in words: "Voice ID (customer managed)"."""
    ownership = OWNERSHIPS[driver.service][driver.ownership]
    return f"{SERVICES[driver.service].short_title} ({ownership.title})"


def _sections(drivers: Sequence[Driver], cards: list[tuple[str, Card]]) -> list[Section]:
    owners = {driver.ownership: OWNERSHIPS[driver.service][driver.ownership] for driver in drivers}
    return [
        Section(kind, owners[kind], tuple(card for owner, card in cards if owner == kind))
        for kind in _ORDER
        if kind in owners
    ]


def _card(world: World, driver: Driver, action: memory.LastAction | None, *, of_aws: bool) -> Card:
    ownership = OWNERSHIPS[driver.service][driver.ownership]
    cells = tuple(_live_cell(world, driver, row, action) for row in rows_of(driver))
    key = _key_view(world, driver, is_shown=ownership.customer_sees_key or of_aws)
    is_yours = driver.ownership == CustomerManaged.kind
    return Card(
        card_id=card_id(driver),
        title=SERVICES[driver.service].short_title,
        owner=ownership.title,
        is_yours=is_yours,
        key=key,
        cost=cells[0].cell.monthly_cost,
        cells=cells,
        actions=_actions(key) if is_yours else tuple(ACTIONS[name] for name in _AS_A_RULE),
    )


def _live_cell(world: World, driver: Driver, row: Row, action: memory.LastAction | None) -> LiveCell:
    cell = probe(world, driver, row)
    before = "" if action is None else action.before.get(_cell_id(row), "")
    return LiveCell(row, cell, before if before != cell.outcome else "")


def _cell_id(row: Row) -> str:
    return f"{row.service}/{row.data_class}/{row.ownership}"


def _actions(key: KeyView) -> tuple[Happening, ...]:
    """What can be done to a customer's key as it is: the same places for the same buttons, whatever they say."""
    if key.state == DELETED:
        return ()
    names = (
        "disable" if key.state == "Enabled" else "enable",
        "revoke-grant",
        "restore-policy" if key.is_denied else "deny-in-policy",
        "cancel-deletion" if key.state == "PendingDeletion" else "schedule-deletion",
        "rotate",
        "switch",
    )
    return tuple(ACTIONS[name] for name in names)


def _key_view(world: World, driver: Driver, *, is_shown: bool) -> KeyView:
    """What there is to know of A's key, from the disk: reading it through the API would leave a trail of its own."""
    engine = world.simulator.engine
    try:
        arn = key_of(world, driver)
    except LookupError:
        return KeyView("", "", DELETED, is_denied=False, notes=())
    key = find_key(engine.database, arn)
    shown_id = short_id(arn) if is_shown else ""
    if key is None:
        return KeyView(shown_id, "", DELETED, is_denied=False, notes=())
    is_denied = any(one.get("Sid") == DENIAL for one in json.loads(key.policy)["Statement"])
    notes = tuple(_notes(engine, key, driver, is_denied=is_denied))
    return KeyView(shown_id, _alias(engine.database, arn), key.state, is_denied, notes)


def _notes(engine: Engine, key: KmsKey, driver: Driver, *, is_denied: bool) -> list[str]:
    scope = engine.database.find("scopes", {"arn": driver.scope_arn("a")})
    rotations = len(generations(engine, key)) - 1
    notes = []
    if key.deletion_at is not None:
        notes.append(f"gone on {_day(key.deletion_at)}")
    if is_denied:
        notes.append("policy denies Decrypt")
    if driver.ownership == CustomerManaged.kind and not engine.database.count(
        "grants", {"key_arn": key.arn, **NOT_ENDED}
    ):
        notes.append("no grant")
    if rotations:
        notes.append(f"rotated {rotations} times" if rotations > 1 else "rotated once")
    if scope is not None and scope["not_after"] is not None:
        notes.append(f"encrypts until {_day(scope['not_after'])}")
    return notes


def _alias(database: Database, key_arn: str) -> str:
    row = database.find("aliases", {"key_arn": key_arn})
    return "" if row is None else str(row["name"])


def _day(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%-d %b %Y")
