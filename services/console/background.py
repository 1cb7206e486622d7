"""The comparison in the background: it lives in worlds of its own, so a thread of its own disturbs nobody."""

from __future__ import annotations

import logging
import threading
import weakref
from typing import TYPE_CHECKING, Any

from shared.bugs import where

if TYPE_CHECKING:
    from services.simulator import Simulator

log = logging.getLogger(__name__)


class ComparisonRun:
    """One run at a time. progress: 0 to 1."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.status = "NONE"
        self.progress = 0.0
        self.result: dict[str, Any] | None = None

    def start(self) -> None:
        with self._lock:
            if self._thread is not None and self._thread.is_alive():
                return
            self.status, self.progress = "RUNNING", 0.0
            self._thread = threading.Thread(target=self._run, name="comparison", daemon=True)
            self._thread.start()

    def as_json(self) -> dict[str, Any]:
        return {"status": self.status, "progress": round(self.progress, 3), "result": self.result}

    def _run(self) -> None:
        from services.console.comparison import compare

        try:
            self.result = compare(self._on_progress).as_json()
            self.status = "COMPLETED"
        except Exception as bug:
            log.error("the comparison failed: %s", where(bug))
            self.status = "FAILED"

    def _on_progress(self, done: int, total: int, what: str) -> None:
        self.progress = done / total


_RUNS: weakref.WeakKeyDictionary[Simulator, ComparisonRun] = weakref.WeakKeyDictionary()


def comparison_run(simulator: Simulator) -> ComparisonRun:
    """The comparison run that belongs to a world."""
    return _RUNS.setdefault(simulator, ComparisonRun())
