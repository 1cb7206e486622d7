"""Explanations on paper: for each decision behind a call, its policies' statements and its grants as tables."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from shared.permissions import RESOURCE_POLICY

_DECIDED, _MATCHED, _MISSED = "▶", "•", ""
_GREEN, _RED, _DIM = "green", "red", "dim"


def print_explanations(explanations: Sequence[dict[str, Any]], console: Console | None = None) -> None:
    """Print what the control API tells of one event or of all events of a request."""
    console = console or Console()
    for explanation in explanations:
        _print_event(explanation, console, alone=len(explanations) == 1)


def _print_event(event: dict[str, Any], console: Console, *, alone: bool) -> None:
    """alone: no other event of the same request is told of, which may have stopped this one."""
    outcome = event["ErrorCode"] or "succeeded"
    colour = _RED if event["ErrorCode"] else _GREEN
    console.print(
        f"[bold]{escape(event['EventName'])}[/bold]  {escape(event['EventSource'])}  {event['EventTime']}  "
        f"[{colour}]{escape(outcome)}[/{colour}]"
    )
    in_trail = f"event {', '.join(event['EventIds'])}" if event["EventIds"] else "no event: a call on data"
    console.print(f"{in_trail}, request {event['RequestId']}", style=_DIM)
    if event["ErrorMessage"]:
        console.print(Text(event["ErrorMessage"]))
    for decision in event["Decisions"]:
        print_decision(decision, console)
    if not event["Decisions"]:
        console.print("No permission was asked for: the call ended before, or needs none.")
    elif alone and event["ErrorCode"] and all(decision["Allowed"] for decision in event["Decisions"]):
        console.print("Permissions did not stop it: the error is another one.")
    console.print()


def print_decision(decision: dict[str, Any], console: Console) -> None:
    """Print one decision."""
    word, colour = ("allowed", _GREEN) if decision["Allowed"] else ("refused", _RED)
    console.print()
    console.print(
        f"[bold {colour}]{word}[/bold {colour}]  {escape(decision['Action'])} on {escape(decision['Resource'])}"
    )
    console.print(Text(f"for {decision['Principal']} {decision['Reason']}"))
    if decision["Note"]:
        console.print(Text(decision["Note"]))
    console.print(_statements(decision))
    if decision["Grants"]:
        console.print(_grants(decision["Grants"]))
    elif decision["GrantsAsked"]:
        console.print("The key has no grants.")


def _statements(decision: dict[str, Any]) -> Table:
    table = _table("", "Policy", "Statement", "Effect", "Why")
    for policy in decision["Policies"]:
        for statement in policy["Statements"]:
            sid = f" {statement['Sid']}" if statement["Sid"] else ""
            _add(table, statement, _name(policy), f"{statement['Index']}{sid}", statement["Effect"])
        if not policy["Statements"]:
            table.add_row("", Text(_name(policy)), "", "", "It has no statements.")
    for layer in decision["EmptyLayers"]:
        table.add_row("", Text(layer), "", "", "The caller has none.", style=_DIM)
    if not table.rows:
        table.add_row("", "", "", "", "No policy was asked.")
    return table


def _name(policy: dict[str, Any]) -> str:
    """A resource's policy says by its name what it is; the others say by their kind why they were asked."""
    return policy["Name"] if policy["Kind"] == RESOURCE_POLICY else f"{policy['Name']} ({policy['Kind']})"


def _grants(grants: Sequence[dict[str, Any]]) -> Table:
    table = _table("", "Grant", "Grantee", "Why")
    for grant in grants:
        _add(table, grant, grant["Name"] or grant["GrantId"], grant["Grantee"])
    return table


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style=_DIM)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _add(table: Table, judged: dict[str, Any], *cells: str) -> None:
    """A row for a statement or a grant, with what came of it in front and the reason behind."""
    if judged["Decided"]:
        mark, style = _DECIDED, "bold"
    elif judged["Matched"]:
        mark, style = _MATCHED, "none"
    else:
        mark, style = _MISSED, _DIM
    table.add_row(*(Text(text) for text in (mark, *cells, judged["Reason"])), style=style)
