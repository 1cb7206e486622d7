"""The order of enumerations in messages, against lists that others recorded from AWS."""

from __future__ import annotations

import pytest

from shared.aws.enumerations import in_hash_order

OBSERVED = {
    "kms-mac-algorithm": "HMAC_SHA_384, HMAC_SHA_256, HMAC_SHA_224, HMAC_SHA_512",
    "kms-key-spec-of-2022": "RSA_2048, ECC_NIST_P384, ECC_NIST_P256, ECC_NIST_P521, HMAC_384, RSA_3072, "
    "ECC_SECG_P256K1, RSA_4096, SYMMETRIC_DEFAULT, HMAC_256, HMAC_224, HMAC_512",
    "dynamodb-comparison-operator": "IN, NULL, BETWEEN, LT, NOT_CONTAINS, EQ, GT, NOT_NULL, NE, LE, BEGINS_WITH, GE, "
    "CONTAINS",
    "dynamodb-attribute-type": "B, N, S",
    "dynamodb-consumed-capacity": "INDEXES, TOTAL, NONE",
    "dynamodb-return-values": "ALL_NEW, UPDATED_OLD, ALL_OLD, NONE, UPDATED_NEW",
    "dynamodb-select": "SPECIFIC_ATTRIBUTES, COUNT, ALL_ATTRIBUTES, ALL_PROJECTED_ATTRIBUTES",
    "dynamodb-projection": "ALL, INCLUDE, KEYS_ONLY",
    "dynamodb-collection-metrics": "SIZE, NONE",
    "dynamodb-conditional-operator": "OR, AND",
    "kinesis-iterator": "AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON",
}


@pytest.mark.parametrize("listed", OBSERVED.values(), ids=OBSERVED)
def test_values_are_listed_as_aws_lists_them(listed: str) -> None:
    values = listed.split(", ")
    assert in_hash_order(sorted(values)) == values
    assert in_hash_order(reversed(values)) == values
