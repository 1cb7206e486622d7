"""The tables of the package's README, compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

from services.voice_id.blueprint import SERVICE
from services.voice_id.data_classes import DATA_CLASSES

README = (Path(__file__).parents[3] / "services" / "voice_id" / "README.md").read_text()


def test_the_operations_table_says_what_the_code_does() -> None:
    stated = dict(re.findall(r"^\| ([A-Z]\w+) \| (simulated|refused: 501) \|", README, re.MULTILINE))
    done = {
        name: "refused: 501" if SERVICE.handler(name) is None else "simulated" for name in SERVICE.model.operation_names
    }
    assert stated == done


def test_the_data_classes_are_all_in_the_table() -> None:
    stated = set(re.findall(r"^\| `(\w+)` \|", README, re.MULTILINE))
    assert stated == {data_class.name for data_class in DATA_CLASSES}
