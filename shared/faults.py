"""Faults that can be switched on: how the real service falls short at times. All are off until asked for.

The settings rest in the database, so they outlive a restart and a reset ends them. A new fault is a row of `_readers`,
a property here, and a look at it where it strikes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Collection, Mapping
from datetime import timedelta
from functools import partial
from typing import Any

import isodate

from shared.database import Database

GRANT_CONSISTENCY = "grant_consistency"
REQUEST_QUOTAS = "request_quotas"

_META = "faults"


class FaultSettings(ValueError):
    """Settings that make no sense; the text says which do."""


class Faults:
    """What is switched on in this world. Settings have the form in which the control API takes them.

    quotas: the names of the request quotas that can be enforced.
    """

    def __init__(self, database: Database, quotas: Collection[str]) -> None:
        self._database = database
        self._readers = _readers(quotas)
        self._settings: dict[str, Any] = json.loads(database.get_meta(_META) or "{}")
        self._read = {name: self._readers[name](setting) for name, setting in self._settings.items()}

    @property
    def settings(self) -> dict[str, Any]:
        """All faults by name; None for one that is off."""
        return {name: self._settings.get(name) for name in self._readers}

    def change(self, changes: Mapping[str, Any]) -> None:
        """Switch faults on, or off with None; those not named stay as they are. Raises: FaultSettings."""
        wanted = {name: setting for name, setting in {**self._settings, **changes}.items() if setting is not None}
        for name in wanted:
            if name not in self._readers:
                raise FaultSettings(f"There is no fault {name}; there are: {', '.join(self._readers)}.")
        read = {name: self._readers[name](setting) for name, setting in wanted.items()}
        self._database.set_meta(_META, json.dumps(wanted))
        self._settings, self._read = wanted, read

    def reset(self) -> None:
        self._settings, self._read = {}, {}

    @property
    def grant_consistency_seconds(self) -> float:
        """How long a grant that was made does not work yet without its token, and one that was ended still does."""
        return float(self._read.get(GRANT_CONSISTENCY, 0.0))

    @property
    def request_quotas(self) -> Mapping[str, float] | None:
        """The quotas, in requests a second, that are not AWS's own while they are enforced; None if they are not."""
        quotas: Mapping[str, float] | None = self._read.get(REQUEST_QUOTAS)
        return quotas


def _seconds(setting: Any) -> float:
    try:
        step = isodate.parse_duration(setting)
    except (isodate.ISO8601Error, TypeError, AttributeError, OverflowError) as error:
        raise FaultSettings(f'"{setting}" is no ISO 8601 duration such as "PT5M".') from error
    if not isinstance(step, timedelta) or step < timedelta(0):
        raise FaultSettings(f'"{setting}" must be a duration in days, hours, minutes or seconds.')
    return step.total_seconds()


def _quotas(names: Collection[str], setting: Any) -> Mapping[str, float] | None:
    """true: all as they are at AWS; an object: the same, but for those in it."""
    if isinstance(setting, bool):
        return {} if setting else None
    if not isinstance(setting, dict):
        raise FaultSettings(f'"{REQUEST_QUOTAS}" is true, or an object of quotas in requests a second.')
    for name, rate in setting.items():
        if name not in names:
            raise FaultSettings(f"There is no request quota {name}; there are: {', '.join(names)}.")
        if isinstance(rate, bool) or not isinstance(rate, int | float) or not 0 < rate < math.inf:
            raise FaultSettings(f"The request quota {name} must be a number above 0, in requests a second.")
    return setting


def _readers(quotas: Collection[str]) -> dict[str, Callable[[Any], Any]]:
    """Fault -> what reads its setting."""
    return {GRANT_CONSISTENCY: _seconds, REQUEST_QUOTAS: partial(_quotas, quotas)}
