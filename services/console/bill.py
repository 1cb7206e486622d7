"""A bill on paper: what `GET /_simulator/costs` tells, as tables in a terminal or as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from rich.console import Console
from rich.table import Table

_NOBODY_ELSE = "the account"
_NO_KEY = "no key"


def render(bill: Mapping[str, Any], form: str) -> None:
    """Print a bill. form: table or json."""
    console = Console()
    if form == "json":
        console.file.write(json.dumps(bill, indent=2) + "\n")
        return
    console.print(_keys(bill))
    console.print(_requests(bill))
    free = bill["FreeTier"]
    console.print(f"Free tier: {free['Requests']:,} of {free['Of']:,} requests, {_dollars(free['Usd'])}")
    console.print(f"[bold]Account {bill['Account']}, {bill['Month']}: {_dollars(bill['TotalUsd'])}[/]")


def _keys(bill: Mapping[str, Any]) -> Table:
    table = _table("Keys", "Key", "Region", "Hours|", "Rotation hours|", "USD|")
    for line in bill["Keys"]:
        hours = f"{line['Hours']:,}", f"{line['RotationHours']:,}"
        table.add_row(_key_id(line["KeyArn"]), line["Region"], *hours, _dollars(line["Usd"]))
    return table


def _requests(bill: Mapping[str, Any]) -> Table:
    table = _table("Requests", "Key", "Region", "Made by", "Class", "Requests|", "USD|")
    for line in bill["Requests"]:
        table.add_row(
            _key_id(line["KeyArn"]),
            line["Region"],
            line["Service"] or _NOBODY_ELSE,
            line["Class"],
            f"{line['Requests']:,}",
            _dollars(line["Usd"]),
        )
    return table


def _table(title: str, *columns: str) -> Table:
    """columns: a bar behind a name puts its numbers to the right."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        table.add_column(column.rstrip("|"), justify="right" if column.endswith("|") else "left", overflow="fold")
    return table


def _key_id(arn: str | None) -> str:
    return _NO_KEY if arn is None else arn.rpartition("/")[2]


def _dollars(usd: float) -> str:
    """Six decimals: one request costs 0.000003."""
    return f"{'-' if usd < 0 else ''}${abs(usd):,.6f}"
