"""Which claims of docs/claims.md have a test: `make claims`, and the check that no test names an unknown claim."""

from __future__ import annotations

import re
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest

CLAIMS_FILE = Path(__file__).parent.parent / "docs" / "claims.md"
# The options of pyproject.toml include one of the terminal, which is not there.
_SILENTLY = ("-p", "no:terminal", "-o", "addopts=--strict-markers --import-mode=importlib")
_ROW = re.compile(r"\| (?P<id>[A-Z]\d+b?) \| (?P<claim>.*?) \|")


def read_claims(text: str) -> dict[str, str]:
    """Claim id -> claim, in the order of the document."""
    return {row["id"]: row["claim"] for row in _ROW.finditer(text)}


def claims_of(item: pytest.Item) -> set[str]:
    return {str(claim) for marker in item.iter_markers("claim") for claim in marker.args}


def unknown_claims(items: Iterable[pytest.Item], claims: Iterable[str]) -> dict[str, set[str]]:
    """Test -> the ids it names that the document does not have."""
    known = set(claims)
    return {item.nodeid: strange for item in items if (strange := claims_of(item) - known)}


class Collector:
    """Gathers the tests of each claim."""

    def __init__(self) -> None:
        self.tests: dict[str, list[str]] = defaultdict(list)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        for item in items:
            for claim in claims_of(item):
                self.tests[claim].append(item.nodeid.split("[")[0])


def report(claims: dict[str, str], tests: dict[str, list[str]]) -> str:
    """Per claim its tests; then the claims without one."""
    lines = []
    for claim in claims:
        names = sorted(set(tests.get(claim, [])))
        lines += [f"{claim:4} {name}" for name in names]
    missing = [claim for claim in claims if not tests.get(claim)]
    lines += ["", f"{len(claims) - len(missing)} of {len(claims)} claims have a test. Without one:"]
    lines += [f"{claim:4} {claims[claim]}" for claim in missing]
    return "\n".join(lines)


def main() -> int:
    collector = Collector()
    status = pytest.main([*_SILENTLY, "--collect-only"], plugins=[collector])
    if status != pytest.ExitCode.OK:
        sys.stderr.write("The tests could not be collected; run them to see why.\n")
        return 1
    sys.stdout.write(report(read_claims(CLAIMS_FILE.read_text(encoding="utf-8")), collector.tests) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
