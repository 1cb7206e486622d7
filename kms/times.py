"""Spans of time."""

from __future__ import annotations

DAY_SECONDS = 86_400
