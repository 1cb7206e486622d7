"""The trail as the page shows it: one line per event, newest first, and who called in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.console.memory import LastAction
from services.console.world import ACCOUNT
from shared.audit import Trail
from shared.catalog import BY_PRINCIPAL, SERVICE_ACCOUNTS
from shared.database import Database, Row

NEWEST = 40
_PINNED = 20
_KEY_KIND = "AWS::KMS::Key"


@dataclass(frozen=True)
class Line:
    """One event. time: of the virtual clock. key: the short ids of the keys it names. error: empty if it succeeded.

    is_new: it happened since the last action began. is_explained: the decisions behind it are still known.
    body: the event as JSON text.
    """

    time: datetime
    name: str
    service: str
    who: str
    key: str
    error: str
    is_new: bool
    event_id: str
    is_explained: bool
    body: str


@dataclass(frozen=True)
class TrailView:
    """action: the events of the last action itself. newest: all others, the page's own reads among them."""

    action: tuple[Line, ...]
    newest: tuple[Line, ...]


def trail_view(trail: Trail, database: Database, last: LastAction | None, *, of_aws: bool) -> TrailView:
    """The trail of the demo account, or (`of_aws`) those of the services' own accounts."""
    accounts = tuple(sorted(SERVICE_ACCOUNTS)) if of_aws else (ACCOUNT,)
    first, end = (last.first, last.last) if last else (0, 0)
    during = {"account_id": accounts, "sequence__gt": first, "sequence__le": end}
    pinned = database.select("events", during, order=["-sequence"], limit=_PINNED)
    newest = database.select("events", {"account_id": accounts}, order=["-sequence"], limit=NEWEST + len(pinned))
    others = [row for row in newest if not first < row["sequence"] <= end][:NEWEST]
    since = first if last else None
    known = trail.rulings.event_ids()
    return TrailView(_lines(pinned, since, known), _lines(others, since, known))


def _lines(rows: Sequence[Row], since: int | None, known: frozenset[str]) -> tuple[Line, ...]:
    return tuple(_line(row, known, is_new=since is not None and row["sequence"] > since) for row in rows)


def _line(row: Row, known: frozenset[str], *, is_new: bool) -> Line:
    event = json.loads(row["body"])
    return Line(
        time=datetime.fromisoformat(event["eventTime"]),
        name=row["name"],
        service=_title(row["source"]),
        who=who(event["userIdentity"]),
        key=", ".join(short_id(arn) for arn in _key_arns(event)),
        error=event.get("errorCode", ""),
        is_new=is_new,
        event_id=event["eventID"],
        is_explained=event["eventID"] in known,
        body=json.dumps(event, indent=2),
    )


def who(identity: dict[str, Any]) -> str:
    """A caller in words: itself, through a service, or a service alone."""
    by = identity.get("invokedBy")
    name = identity.get("userName") or identity.get("arn", "").rpartition("/")[2]
    if identity.get("type") == "AWSService":
        return f"{_title(by or '')} alone"
    if not name:
        return "AWS by itself"
    return f"{name} via {_title(by)}" if by else name


def short_id(arn: str) -> str:
    """The first part of a key's id, or an alias's name."""
    resource = arn.partition(":key/")[2] or arn.partition(":alias/")[2]
    return resource.removeprefix("mrk-")[:8]


def _key_arns(event: dict[str, Any]) -> list[str]:
    arns = [resource["ARN"] for resource in event.get("resources") or [] if resource.get("type") == _KEY_KIND]
    return list(dict.fromkeys(arns))


def _title(principal: str) -> str:
    service = BY_PRINCIPAL.get(principal)
    return principal if service is None else service.short_title
