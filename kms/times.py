"""Days, and dates as CloudTrail writes them inside response elements."""

from __future__ import annotations

from datetime import UTC, datetime

DAY_SECONDS = 86_400


def as_event_text(seconds: float) -> str:
    """As in "Aug 10, 2022, 10:38:27 PM". Source: samples of the CreateKey event."""
    when = datetime.fromtimestamp(seconds, UTC)
    return f"{when:%b} {when.day}, {when:%Y}, {int(when.strftime('%I'))}:{when:%M:%S %p}"
