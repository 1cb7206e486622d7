"""Filters of SearchCases over opened values: and, or, not, comparisons, and the search term."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

from services.cases import errors

Values = dict[str, dict[str, Any]]

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "equalTo": operator.eq,
    "contains": lambda value, part: str(part).lower() in str(value).lower(),
    "greaterThan": operator.gt,
    "greaterThanOrEqualTo": operator.ge,
    "lessThan": operator.lt,
    "lessThanOrEqualTo": operator.le,
}


def matches(values: Values, case_filter: dict[str, Any] | None, term: str | None) -> bool:
    """Whether a case's values meet the filter and hold the term. Raises: ServiceError("ValidationException")."""
    return _holds(values, term) and (case_filter is None or _meets(values, case_filter))


def _holds(values: Values, term: str | None) -> bool:
    return term is None or any(term.lower() in str(_plain(value)).lower() for value in values.values())


def _meets(values: Values, case_filter: dict[str, Any]) -> bool:
    kind, content = next(iter(case_filter.items()))
    if kind == "andAll":
        return all(_meets(values, part) for part in content)
    if kind == "orAll":
        return any(_meets(values, part) for part in content)
    if kind == "not":
        return not _meets(values, content)
    if kind == "field":
        return _compares(values, content)
    raise errors.invalid(f"The filter {kind} is not simulated.")


def _compares(values: Values, comparison: dict[str, Any]) -> bool:
    name, wanted = next(iter(comparison.items()))
    value = values.get(wanted["id"])
    if value is None or value.keys() != wanted["value"].keys():
        return False
    if "emptyValue" in value:
        return name == "equalTo"  # nothing stands neither before nor behind nothing, and holds nothing
    return _COMPARISONS[name](_plain(value), _plain(wanted["value"]))


def _plain(value: dict[str, Any]) -> Any:
    return next(iter(value.values()))
