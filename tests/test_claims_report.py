"""The report of claims and their tests."""

from __future__ import annotations

from tests.claims_report import CLAIMS_FILE, read_claims, report

SAMPLE = """
| id | claim | how it shows |
|---|---|---|
| V5 | all data under the new key | ... |
| V5b | ... and not before | ... |
"""


def test_claims_are_read_from_the_tables() -> None:
    assert read_claims(SAMPLE) == {"V5": "all data under the new key", "V5b": "... and not before"}


def test_the_document_holds_the_claims_of_all_services() -> None:
    claims = read_claims(CLAIMS_FILE.read_text(encoding="utf-8"))
    assert {claim[0] for claim in claims} == set("GACPWVTO")


def test_the_report_names_the_tests_and_what_is_missing() -> None:
    text = report(read_claims(SAMPLE), {"V5": ["tests/test_voice.py::test_moves"]})
    assert "V5   tests/test_voice.py::test_moves" in text
    assert "1 of 2 claims have a test" in text
    assert text.endswith("V5b  ... and not before")
