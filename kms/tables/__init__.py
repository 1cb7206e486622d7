"""Facts as data: what each KMS operation allows and shows, key states, quotas and prices, each with its source."""

from __future__ import annotations

import json
from functools import cache
from importlib.resources import files
from typing import Any


@cache
def load(name: str) -> dict[str, Any]:
    """One table by its file name without ending."""
    table: dict[str, Any] = json.loads((files(__name__) / f"{name}.json").read_text(encoding="utf-8"))
    return table


def limit(name: str) -> Any:
    return load("limits")[name]
