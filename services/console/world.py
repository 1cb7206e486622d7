"""A world to experiment in: a simulator with clients of its demo administrator, and what its trail tells."""

from __future__ import annotations

import json
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any

from kms.ownership import Scope
from services.console.clients import InProcess
from services.console.drivers import DRIVERS, Driver, needs_key
from services.outbound_campaigns.dialer import dial
from shared import demo_world
from shared.catalog import SERVICE_ACCOUNTS, SERVICES
from shared.database import Row as DatabaseRow
from shared.identity import user_arn

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

    from services.console.comparison import Row
    from services.simulator import Simulator

ACCOUNT = demo_world.DEFAULT_ACCOUNT


class World:
    """A fresh simulator in memory or in a directory, or (`over`) the one that is running."""

    def __init__(self, directory: Path | None = None) -> None:
        from services.app import create_app
        from services.simulator import Configuration, Simulator

        self.simulator: Simulator = Simulator(Configuration(directory))
        self._connect(create_app(self.simulator))

    @classmethod
    def over(cls, simulator: Simulator, app: WSGIApplication) -> World:
        world = cls.__new__(cls)
        world.simulator = simulator
        world._connect(app)
        return world

    def _connect(self, app: WSGIApplication) -> None:
        # A server that listens beyond loopback refuses the demo credentials, and has made others.
        made = self.simulator.credentials.find_access_key(user_arn(ACCOUNT, demo_world.DEFAULT_USER))
        key = made or demo_world.credentials(ACCOUNT, demo_world.DEFAULT_USER)
        self.person = InProcess(app, demo_world.REGION, key.access_key_id, key.secret_access_key)

    def __enter__(self) -> World:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.simulator.close()

    @property
    def kms(self) -> Any:
        return self.person.client("kms")

    def driver(self, kind: type[Driver], key_arn: str | None, ids: dict[str, str] | None = None) -> Driver:
        return kind(self.person, ACCOUNT, key_arn, self._dial, ids or {})

    def _dial(self, campaign: str) -> list[dict[str, Any]]:
        with self.simulator.database.unit():
            return dial(self.simulator, ACCOUNT, demo_world.REGION, campaign, 10)

    def store_everything(self) -> list[Driver]:
        """Store the person's data under every owner; each customer managed driver has a key of its own."""
        drivers = []
        for kind in DRIVERS:
            key_arn = self.new_key(f"for {SERVICES[kind.service].title}") if needs_key(kind) else None
            driver = self.driver(kind, key_arn)
            driver.store()
            drivers.append(driver)
        return drivers

    def new_key(self, description: str) -> str:
        arn: str = self.kms.create_key(Description=description)["KeyMetadata"]["Arn"]
        return arn

    def scope(self, driver: Driver, row: Row, instance: str) -> Scope | None:
        """The scope in which a row's data lies: the driver's own, or one beside it that the service made."""
        arn = driver.scope_arn(instance)
        stored = self.simulator.database.select("records", {"data_class": row.data_class}, order=["scope_arn"])
        for record in stored:
            if record["scope_arn"] == arn or record["scope_arn"].startswith(f"{arn}/"):
                found = self.simulator.database.find("scopes", {"arn": record["scope_arn"]})
                if found is not None:
                    return Scope.from_row(found)
        return None

    def record(self, driver: Driver, row: Row, instance: str) -> DatabaseRow | None:
        """The sealed record of a class of data that reading it opens: the newest."""
        scope = self.scope(driver, row, instance)
        if scope is None:
            return None
        where = {"scope_arn": scope.arn, "data_class": row.data_class, "sealed__ne": None}
        found = self.simulator.database.select("records", where, order=["-created_at"], limit=1)
        return found[0] if found else None

    def swap_rows(self, driver: Driver, row: Row) -> bool:
        """What a thief with the disk can do: exchange the sealed part of A's and B's row."""
        database = self.simulator.database
        pair = [self.record(driver, row, instance) for instance in "ab"]
        if None in pair:
            return False
        a, b = (record for record in pair if record is not None)
        with database.unit():
            for here, there in ((a, b), (b, a)):
                where = {name: here[name] for name in ("scope_arn", "data_class", "record_id")}
                changes = {"sealed": there["sealed"], "data_key_id": there["data_key_id"]}
                database.update("records", where, changes)
        return True

    def mark(self) -> int:
        """Where the trail stands now."""
        rows = self.simulator.database.select("events", {}, order=["-sequence"], limit=1)
        return int(rows[0]["sequence"]) if rows else 0

    def kms_events_since(self, mark: int) -> list[dict[str, Any]]:
        where = {"sequence__gt": mark, "source": "kms.amazonaws.com"}
        rows = self.simulator.database.select("events", where, order=["sequence"])
        return [json.loads(row["body"]) for row in rows]

    def once_per_call(self, events: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Of the records that one call left in several trails, one."""
        seen: dict[str, dict[str, Any]] = {}
        for event in events:
            seen.setdefault(event.get("sharedEventID", event["eventID"]), event)
        return list(seen.values())

    def whose(self, account_id: str) -> str:
        return "AWS" if account_id in SERVICE_ACCOUNTS else "customer"

    def advance(self, duration: str) -> None:
        status, body = self.person.fetch(
            "POST", "http://127.0.0.1:8470/_simulator/clock", json.dumps({"advance": duration}).encode()
        )
        if status != 200:
            raise RuntimeError(body.decode())
        self.simulator.jobs.run_all()
