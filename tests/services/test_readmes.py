"""What the services' READMEs say is simulated, compared with the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from services.registry import SERVICES

ROOT = Path(__file__).parents[2]
PACKAGES = {
    "connectcases": "cases",
    "customer-profiles": "customer_profiles",
    "wisdom": "wisdom",
    "connectcampaigns": "outbound_campaigns",
    "iam": "iam",
    "sts": "sts",
    "events": "eventbridge",
    "sqs": "sqs",
    "s3": "s3",
}


@pytest.mark.parametrize("client_name", PACKAGES)
def test_a_readme_names_the_operations_that_are_simulated(client_name: str) -> None:
    service = SERVICES[client_name]
    text = (ROOT / "services" / PACKAGES[client_name] / "README.md").read_text()
    simulated = {row for line in re.findall(r"^\| [\w ]+ \| .*$", text, re.MULTILINE) for row in _operations(line)}
    named = {word for word in simulated if word in service.model.operation_names}
    assert named == {name for name in service.model.operation_names if service.handler(name) is not None}


def _operations(line: str) -> list[str]:
    return re.findall(r"\b[A-Z][a-z]+[A-Z]\w+\b", line)
