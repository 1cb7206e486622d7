"""What Voice ID protects, and whose key does it: always the customer's, there is no default.

Source: the seed's list of data "encrypted at rest using the customer managed key", and the members that the
service model marks as sensitive. Voiceprints, audio and job names come with the operations that store them.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import CustomerManaged, Ownership
from shared.catalog import SERVICES

DOMAIN, SPEAKER, WATCHLIST, TAGS = "domain", "speaker", "watchlist", "tags"

CONTEXT_KEY = "aws:voiceid:domain:arn"
"""The one pair of the encryption context of every call to KMS: this key, and the domain's ARN."""

GRANT_OPERATIONS = (
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)
"""What the grant allows. Source: the seed's sample CreateGrant event."""

_CUSTOMER = (CustomerManaged.kind,)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        name=DOMAIN,
        title="Voice domain name and description",
        protects=frozenset({"Name", "Description"}),
        ownerships=_CUSTOMER,
        claims=("V1", "V10"),
    ),
    DataClass(
        name=SPEAKER,
        title="Customer speaker id",
        protects=frozenset({"CustomerSpeakerId"}),
        ownerships=_CUSTOMER,
        claims=("V1", "V9"),
    ),
    DataClass(
        name=WATCHLIST,
        title="Watchlist name and description",
        protects=frozenset({"Name", "Description"}),
        ownerships=_CUSTOMER,
        claims=("V1", "V10"),
    ),
    DataClass(
        name=TAGS,
        title="Voice domain tags",
        protects=frozenset({"Tags", "TagKeys"}),
        ownerships=_CUSTOMER,
        claims=("V1", "V10"),
    ),
)

OWNERSHIPS: tuple[Ownership, ...] = (
    CustomerManaged(SERVICES["voice-id"], grant_operations=GRANT_OPERATIONS, caller_must_decrypt=True),
)
