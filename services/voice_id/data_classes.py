"""What Voice ID protects, and whose key does it: always the customer's, there is no default.

Source: the seed's list of data "encrypted at rest using the customer managed key", and the members that the
service model marks as sensitive.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import CustomerManaged, Ownership
from shared.catalog import SERVICES

DOMAIN, SPEAKER, WATCHLIST, TAGS = "domain", "speaker", "watchlist", "tags"
JOB, JOB_REQUEST = "job", "job-request"
VOICEPRINT, AUDIO = "voiceprint", "audio"

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
    DataClass(
        name=JOB,
        title="Batch job name",
        protects=frozenset({"JobName"}),
        ownerships=_CUSTOMER,
        claims=("V1", "V10"),
    ),
    DataClass(
        name=JOB_REQUEST,
        title="Request of a running batch job",
        protects=frozenset(),  # what the input file says, which passes no API
        ownerships=_CUSTOMER,
        claims=("V1", "V9"),
    ),
    DataClass(
        name=VOICEPRINT,
        title="Voiceprint",
        protects=frozenset(),  # no API takes or shows one
        ownerships=_CUSTOMER,
        claims=("V1", "V7", "G9"),
    ),
    DataClass(
        name=AUDIO,
        title="Audio of speakers, fraudsters and calls",
        protects=frozenset(),  # no API takes or shows it
        ownerships=_CUSTOMER,
        claims=("V1", "V8"),
    ),
)

OWNERSHIPS: tuple[Ownership, ...] = (
    CustomerManaged(SERVICES["voice-id"], grant_operations=GRANT_OPERATIONS, caller_must_decrypt=True),
)
