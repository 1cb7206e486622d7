"""The tables of the package's README, compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

from services.app import create_app
from services.voice_id.blueprint import SERVICE
from services.voice_id.data_classes import DATA_CLASSES
from tests.support import Server

README = (Path(__file__).parents[3] / "services" / "voice_id" / "README.md").read_text()


def test_the_operations_table_says_what_the_code_does() -> None:
    stated = dict(re.findall(r"^\| ([A-Z]\w+) \| (simulated|refused: 501) \|", README, re.MULTILINE))
    done = {
        name: "refused: 501" if SERVICE.handler(name) is None else "simulated" for name in SERVICE.model.operation_names
    }
    assert stated == done


def test_the_data_classes_are_all_in_the_table() -> None:
    table = README.partition("## What is protected")[2].partition("##")[0]
    stated = set(re.findall(r"^\| `([\w-]+)` \|", table, re.MULTILINE))
    assert stated == {data_class.name for data_class in DATA_CLASSES}


def test_the_files_to_copy_are_there() -> None:
    table = README.partition("## How a service is built here")[2]
    named = re.findall(r"`([\w/]+(?:\.py|/))`", table)
    package = Path(__file__).parents[3] / "services" / "voice_id"
    here = Path(__file__).parent
    assert len(named) > 12
    for name in named:
        assert any((root / name).exists() for root in (package, here, Path(__file__).parents[3])), name


def test_the_operation_that_is_shown_is_the_real_one() -> None:
    [shown] = re.findall(r"^```python\n(.+?)^```", README, re.MULTILINE | re.DOTALL)
    assert shown in (Path(__file__).parents[3] / "services" / "voice_id" / "speakers.py").read_text()


def test_the_control_calls_are_all_in_the_table(server: Server) -> None:
    table = README.partition("What AWS does without")[2].partition("## Errors")[0]
    stated = set(re.findall(r"^\| `([\w/]+)", table, re.MULTILINE))
    prefix = "/_simulator/voice-id/"
    rules = {rule.rule for rule in create_app(server.simulator).url_map.iter_rules()}
    assert {f"{prefix}{name}" for name in stated} == {rule for rule in rules if rule.startswith(prefix)}
