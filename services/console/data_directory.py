"""The directory of a world on disk: one process holds it at a time, and it can be emptied."""

from __future__ import annotations

import fcntl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from services.console.command_line import fail, or_fail


@contextmanager
def locked(data_dir: Path | None, *, quiet: bool = False) -> Iterator[None]:
    """Hold the data directory for this process alone. quiet: raise BlockingIOError instead of ending."""
    if data_dir is None:
        yield
        return
    lock = or_fail(lambda: _open_lock(data_dir), f"{data_dir} cannot be written")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        lock.close()
        if quiet:
            raise
        fail(f"{data_dir} is in use by another server.")
    with lock:
        yield


def _open_lock(data_dir: Path) -> IO[bytes]:
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    return (data_dir / "lock").open("ab")


def wipe(data_dir: Path) -> None:
    """Remove what we made, and only that."""
    from services.simulator import DATABASE_FILE, DOMAIN_KEY_FILE

    for name in (DATABASE_FILE, f"{DATABASE_FILE}-wal", f"{DATABASE_FILE}-shm", DOMAIN_KEY_FILE):
        (data_dir / name).unlink(missing_ok=True)
