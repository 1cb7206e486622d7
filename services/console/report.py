"""The comparison on paper: as tables in a terminal, as JSON, Markdown or one HTML page; and its progress."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import groupby
from typing import Any

from flask import Flask, render_template
from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from services.console.comparison import Cell, Comparison, Row
from services.console.comparison import Progress as OnProgress
from services.console.happenings import Happening

_STYLE: dict[str, Any] = {
    "box": box.SIMPLE_HEAD,
    "title_justify": "left",
    "title_style": "bold",
    "expand": True,
    "padding": (0, 1, 0, 0),
}

_COLUMNS = (
    "Service",
    "Data",
    "Owner of the key",
    "The event",
    "Reading it",
    "KMS calls",
    "In whose trail",
    "A month",
)


@contextmanager
def progress() -> Iterator[OnProgress]:
    """A progress bar on standard error, where it spoils no output that is piped on."""
    columns = (TextColumn("{task.description:28}"), BarColumn(), TextColumn("{task.completed}/{task.total}"))
    with Progress(*columns, TimeElapsedColumn(), console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("comparing", total=None)

        def on_progress(done: int, total: int, what: str) -> None:
            bar.update(task, completed=done, total=total, description=what)

        yield on_progress


def render(comparison: Comparison, form: str) -> None:
    """Print a comparison. form: table, json, markdown or html."""
    console = Console()
    if form == "table":
        print_tables(comparison, console)
    else:
        text = {"json": as_json, "markdown": as_markdown, "html": as_html}[form](comparison)
        console.file.write(text + "\n")


def print_tables(comparison: Comparison, console: Console) -> None:
    console.print(_summary(comparison))
    for number, happening in enumerate(comparison.happenings, 1):
        console.print(f"{number:>4}  {happening.title}")
    for happening in comparison.happenings:
        console.print()
        console.print(_details(comparison, happening))


def _summary(comparison: Comparison) -> Table:
    table = Table(title="What can still be read", **_STYLE)
    table.add_column("Data", ratio=1)
    table.add_column("Owner of the key", max_width=16)
    for number, _ in enumerate(comparison.happenings, 1):
        table.add_column(str(number), justify="center", no_wrap=True)
    for service, rows in groupby(comparison.rows, key=lambda row: row.service_title):
        table.add_row(f"[bold]{service}[/]")
        for row in rows:
            marks = [_mark(comparison.cell(row, happening)) for happening in comparison.happenings]
            table.add_row(Padding(row.title, (0, 0, 0, 2)), row.ownership, *marks)
    return table


def _details(comparison: Comparison, happening: Happening) -> Table:
    """One event; the classes of data of one service that it met alike share a row."""
    table = Table(title=happening.title, **_STYLE)
    for column, ratio in (("Data", 5), ("Reading it", 6), ("KMS calls, in whose trail", 6), ("A month", 3)):
        table.add_column(column, ratio=ratio, overflow="fold")
    alike: dict[tuple[str, ...], list[str]] = {}
    for row in comparison.rows:
        cell = comparison.cell(row, happening)
        alike.setdefault((row.service_title, row.ownership, *_met(cell)), []).append(row.title)
    for (service, ownership, *met), titles in alike.items():
        table.add_row(f"[bold]{service}[/], {ownership}:\n{', '.join(titles)}", *met)
    return table


def _met(cell: Cell) -> tuple[str, str, str]:
    style = "green" if cell.is_readable else "red"
    outcome = f"[{style}]{cell.outcome}[/]" + (f"\nthe event: {cell.attempt}" if cell.attempt else "")
    calls = "\n".join(call.replace(".amazonaws.com", "") for call in _calls(cell)) or "no call"
    return outcome, f"{calls}\n{cell.trails_in_words}", cell.monthly_cost


def _calls(cell: Cell) -> list[str]:
    """The calls of one read, those that are alike once."""
    times = Counter(cell.kms_calls)
    return [call if times[call] == 1 else f"{times[call]}x {call}" for call in times]


def _mark(cell: Cell) -> str:
    return "[green]●[/]" if cell.is_readable else "[red]✗[/]"


def _texts(row: Row, cell: Cell) -> tuple[str, ...]:
    return (
        row.service_title,
        row.title,
        row.ownership,
        cell.attempt or "done",
        cell.outcome,
        "; ".join(_calls(cell)) or "none",
        ", ".join(cell.trails) or "nobody's",
        cell.monthly_cost,
    )


def as_json(comparison: Comparison) -> str:
    return json.dumps(comparison.as_json(), indent=2)


def as_markdown(comparison: Comparison) -> str:
    return "\n".join(line for happening in comparison.happenings for line in _section(comparison, happening))


def _section(comparison: Comparison, happening: Happening) -> list[str]:
    lines = [f"## {happening.title}", "", _pipes(_COLUMNS), _pipes(["---"] * len(_COLUMNS))]
    lines += [_pipes(_texts(row, comparison.cell(row, happening))) for row in comparison.rows]
    return [*lines, ""]


def _pipes(texts: tuple[str, ...] | list[str]) -> str:
    return f"| {' | '.join(text.replace('|', chr(92) + '|') for text in texts)} |"


def as_html(comparison: Comparison) -> str:
    """A page that stands alone."""
    app = Flask("services.console.report", root_path=str(_here()))
    with app.app_context():
        return render_template("comparison.html", comparison=comparison)


def _here() -> str:
    from pathlib import Path

    return str(Path(__file__).parent)
