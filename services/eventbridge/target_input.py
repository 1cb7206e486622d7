"""What a target gets: the event as it is, a constant, a part of it, or a template filled from it.

Follows "Input transformation" of the EventBridge User Guide. Of JSONPath members, quoted members and list positions
work; wildcards and filters are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from services.eventbridge import errors

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]|\['([^']+)'\]")
_PATH = re.compile(rf"\$(?:{_STEP.pattern})*")
_TOKEN = re.compile(r'\\.|"|<([A-Za-z0-9_.-]+)>', re.DOTALL)

_WHOLE_EVENT = frozenset({"aws.events.event", "aws.events.event.json"})
_OF_RULE = frozenset({"aws.events.rule-arn", "aws.events.rule-name", "aws.events.event.ingestion-time"})
MAX_PATHS = 100

INPUTS = ("Input", "InputPath", "InputTransformer")


def check(target: Mapping[str, Any]) -> None:
    """Raises: ServiceError("ValidationException") for inputs that cannot be carried out."""
    given = [name for name in INPUTS if name in target]
    if len(given) > 1:
        raise errors.invalid(
            f"Only one of Input, InputPath, or InputTransformer must be provided for target {target['Id']}."
        )
    if "Input" in target:
        _check_json(target["Input"])
    if "InputPath" in target:
        _check_path(target["InputPath"])
    if "InputTransformer" in target:
        _check_transformer(target["InputTransformer"])


def body_for(inputs: Mapping[str, Any], event: dict[str, Any], about: Mapping[str, str]) -> str:
    """The text that the target gets. about: the predefined variables of the rule, by name."""
    if "Input" in inputs:
        return str(inputs["Input"])
    if "InputPath" in inputs:
        return _as_json(_at(event, inputs["InputPath"]))
    if "InputTransformer" in inputs:
        return _filled(inputs["InputTransformer"], event, about)
    return _as_json(event)


def _check_json(text: str) -> None:
    try:
        json.loads(text)
    except (ValueError, RecursionError) as error:
        raise errors.invalid("Parameter Input is not valid. Reason: it is not JSON.") from error


def _check_path(path: str) -> None:
    if not _PATH.fullmatch(path):
        raise errors.invalid("Parameter InputPath is not valid. Reason: members and list positions are simulated.")


def _check_transformer(transformer: Mapping[str, Any]) -> None:
    paths = transformer.get("InputPathsMap", {})
    if len(paths) > MAX_PATHS:
        raise errors.invalid(f"InputPathsMap must not have more than {MAX_PATHS} entries.")
    for name, path in paths.items():
        if name.lower().startswith("aws"):
            raise errors.invalid("Names in InputPathsMap must not begin with AWS.")
        _check_path(path)
    known = paths.keys() | _WHOLE_EVENT | _OF_RULE
    used = {match[1] for match in _TOKEN.finditer(transformer["InputTemplate"]) if match[1] is not None}
    if unknown := sorted(used - known):
        raise errors.invalid(f"InputTemplate uses {unknown[0]}, which InputPathsMap does not define.")


def _filled(transformer: Mapping[str, Any], event: dict[str, Any], about: Mapping[str, str]) -> str:
    """A variable inside quotes gives its text, outside of them its JSON; one without a value gives nothing, or null."""
    values: dict[str, Any] = {**about, **dict.fromkeys(_WHOLE_EVENT, event)}
    values |= {name: _at(event, path) for name, path in transformer.get("InputPathsMap", {}).items()}
    quoted = False

    def fill(match: re.Match[str]) -> str:
        nonlocal quoted
        if match[0] == '"':
            quoted = not quoted
        name = match[1]
        if name is None:
            return match[0]
        return _inside_quotes(values[name]) if quoted else _as_json(values[name])

    return _TOKEN.sub(fill, transformer["InputTemplate"])


def _inside_quotes(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else _as_json(value)
    return json.dumps(text, ensure_ascii=False)[1:-1]


def _at(event: Any, path: str) -> Any:
    """The value at a path; None where there is nothing."""
    for name, position, quoted_name in _STEP.findall(path):
        if position:
            is_there = isinstance(event, list) and int(position) < len(event)
            event = event[int(position)] if is_there else None
        else:
            event = event.get(name or quoted_name) if isinstance(event, dict) else None
    return event


def _as_json(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False)
