"""What becomes of a bug: it is logged, but never its text, which may quote what must not rest; and where work is done
for many, it costs the one it is met in.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from shared.database import Database

log = logging.getLogger(__name__)


def where(bug: BaseException) -> str:
    """The kind of an exception and the frames it passed, without its text."""
    return f"{type(bug).__name__}\n{''.join(traceback.format_tb(bug.__traceback__))}"


def is_done(database: Database, what: str, act: Callable[[], object]) -> bool:
    """Do a unit of work; returns whether it was done. A bug in it is logged, and what was done is undone."""
    try:
        with database.unit():
            act()
    except Exception as bug:
        log.error("%s met a bug: %s", what, where(bug))
        return False
    return True
