"""What Cases protects: case fields, comments, descriptions of fields and templates; always under AWS owned keys.

Source: the seed, "Amazon Connect Cases encryption at rest". The encryption context is our choice: no customer sees it.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsOwned, Ownership
from shared.catalog import SERVICES

CASE, COMMENT, FIELD, TEMPLATE = "case", "comment", "field", "template"
CONTEXT_KEY = "aws:cases:domain:arn"

_AWS = (AwsOwned.kind,)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(CASE, "Case fields", frozenset({"fields"}), _AWS, ("C1",)),
    DataClass(COMMENT, "Case comment", frozenset({"content"}), _AWS, ("C2",)),
    DataClass(FIELD, "Field description", frozenset({"description"}), _AWS, ("C3",)),
    DataClass(TEMPLATE, "Template description", frozenset({"description"}), _AWS, ("C3",)),
)

OWNERSHIPS: tuple[Ownership, ...] = (AwsOwned(SERVICES["connectcases"]),)
