"""How a bug is logged: what kind, and where; never an exception's own text, which may quote what must not rest."""

from __future__ import annotations

import traceback


def where(bug: BaseException) -> str:
    """The kind of an exception and the frames it passed, without its text."""
    return f"{type(bug).__name__}\n{''.join(traceback.format_tb(bug.__traceback__))}"
