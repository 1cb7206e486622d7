"""What outbound campaigns protect: whom to call, and what is known of them; per Connect instance.

Source: the seed ("specific to the Amazon Connect instance", with the customer's key or without). Grant, encryption
context and the life of an instance's key are our choice.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import CustomerManaged, InstanceSpecific, Ownership
from shared.catalog import SERVICES

DIAL_REQUEST = "dial-request"

CONTEXT_KEY = "aws:connect:instance:arn"

GRANT_OPERATIONS = ("Decrypt", "DescribeKey", "GenerateDataKey", "GenerateDataKeyWithoutPlaintext")

LIFETIME_DAYS = 30

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        name=DIAL_REQUEST,
        title="Dial request",
        protects=frozenset({"phoneNumber", "attributes"}),
        ownerships=(InstanceSpecific.kind, CustomerManaged.kind),
        claims=("O1", "O2", "O3", "G2", "G3"),
    ),
)

_SERVICE = SERVICES["connectcampaigns"]

OWNERSHIPS: tuple[Ownership, ...] = (
    InstanceSpecific(_SERVICE, lifetime_days=LIFETIME_DAYS),
    CustomerManaged(_SERVICE, grant_operations=GRANT_OPERATIONS),
)
