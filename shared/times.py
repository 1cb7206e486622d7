"""Dates as texts: ISO 8601, and as CloudTrail writes them inside response elements."""

from __future__ import annotations

from datetime import UTC, datetime


def as_iso(seconds: float) -> str:
    """As in "2022-08-10T22:38:27Z"; whole seconds."""
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def as_event_text(seconds: float) -> str:
    """As in "Aug 10, 2022, 10:38:27 PM". Source: samples of the CreateKey event."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%b} {when.day}, {when:%Y}, {int(when.strftime('%I'))}:{when:%M:%S %p}"
