"""What Wisdom protects: content under the knowledge base's key, the search index always under Wisdom's own.

Source: the seed. Grant and encryption context are not documented; the ones here are our choice.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsOwned, CustomerManaged, Ownership
from shared.catalog import SERVICES

CONTENT, UPLOAD, INDEX_ENTRY = "content", "upload", "index-entry"

CONTEXT_KEY = "aws:wisdom:knowledge-base:arn"

GRANT_OPERATIONS = ("Decrypt", "DescribeKey", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")

_DESCRIPTION = frozenset({"name", "title", "metadata"})
_KINDS = (AwsOwned.kind, CustomerManaged.kind)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        name=CONTENT,
        title="Knowledge content",
        protects=_DESCRIPTION | {"overrideLinkOutUri", "linkOutUri"},
        ownerships=_KINDS,
        claims=("W1", "W2", "W3", "G5"),
    ),
    DataClass(
        name=UPLOAD,
        title="Uploaded document, not yet content",
        protects=frozenset(),  # a document comes by an upload link, and is a member of no operation
        ownerships=_KINDS,
        claims=("W1",),
    ),
    DataClass(
        name=INDEX_ENTRY,
        title="Search index entry",
        protects=_DESCRIPTION,
        ownerships=(AwsOwned.kind,),
        claims=("W4", "W5"),
    ),
)

_SERVICE = SERVICES["wisdom"]

OWNERSHIPS: tuple[Ownership, ...] = (
    AwsOwned(_SERVICE),
    CustomerManaged(_SERVICE, grant_operations=GRANT_OPERATIONS),
)
