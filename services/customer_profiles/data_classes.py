"""What Customer Profiles protects, and under whose key: the customer's, or the AWS managed key of the account.

Source: the seed ("all user data"), and the service model for the key that is used when none is given. Grant and
encryption context are not documented; the ones here are our choice.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsManaged, CustomerManaged, Ownership
from shared.aws.models import service_model
from shared.catalog import SERVICES

PROFILE, OBJECT, OBJECT_TYPE = "profile", "profile-object", "object-type"

CONTEXT_KEY = "aws:profile:domain:arn"

GRANT_OPERATIONS = (
    "Decrypt",
    "DescribeKey",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
)

_NAMES = frozenset({"DomainName", "ProfileId"})

PROFILE_MEMBERS: frozenset[str] = (
    frozenset(service_model("customer-profiles").operation_model("UpdateProfile").input_shape.members) - _NAMES
)
"""All that a profile tells of a person."""

_KINDS = (AwsManaged.kind, CustomerManaged.kind)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(PROFILE, "Customer profile", PROFILE_MEMBERS | {"Values"}, _KINDS, ("P1",)),
    DataClass(OBJECT, "Profile object", frozenset({"Object"}), _KINDS, ("P1", "P6")),
    DataClass(OBJECT_TYPE, "Object type description", frozenset({"Description"}), _KINDS, ("P1",)),
)

OWNERSHIPS: tuple[Ownership, ...] = tuple(
    owner(SERVICES["customer-profiles"], grant_operations=GRANT_OPERATIONS) for owner in (AwsManaged, CustomerManaged)
)
