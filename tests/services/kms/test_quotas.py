"""Resource quotas: each is a number of a table, lowered here so that a test can reach it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from kms.tables import load
from tests.services.kms.support import MULTI_REGION, administrator_arn, fresh_alias
from tests.support import Account, refused

DOCUMENTED = {
    "customerManagedKeys": 100_000,
    "aliasesPerKey": 50,
    "grantsPerKey": 50_000,
    "keyPolicyBytes": 32_768,
    "customKeyStores": 10,
    "onDemandRotationsPerKey": 25,
    "tagsPerKey": 50,
}
"""Source: "Resource quotas" of the AWS KMS Developer Guide; rotations: RotateKeyOnDemand of the API reference."""


@pytest.fixture
def lower(monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
    return lambda name, value: monkeypatch.setitem(load("limits"), name, value)


def test_the_quotas_are_the_documented_ones() -> None:
    limits = load("limits")
    assert {name: limits[name] for name in DOCUMENTED} == DOCUMENTED


def test_an_account_has_so_many_keys_in_a_region(account: Account, kms: Any, lower: Callable[[str, int], None]) -> None:
    kms.schedule_key_deletion(KeyId=kms.create_key()["KeyMetadata"]["KeyId"])
    kms.create_key()
    lower("customerManagedKeys", 2)
    with refused("LimitExceededException") as refusal:
        kms.create_key()
    assert refusal.status == 400
    account.client("kms", "eu-west-1").create_key()


def test_a_replica_counts_in_its_region(account: Account, kms: Any, lower: Callable[[str, int], None]) -> None:
    primary = kms.create_key(**MULTI_REGION.parameters)["KeyMetadata"]["KeyId"]
    account.client("kms", "eu-west-1").create_key()
    lower("customerManagedKeys", 1)
    with refused("LimitExceededException"):
        kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")
    kms.replicate_key(KeyId=primary, ReplicaRegion="eu-central-1")


@pytest.mark.parametrize(
    ("quota", "make", "code"),
    [
        (
            "aliasesPerKey",
            lambda kms, key, who: kms.create_alias(AliasName=fresh_alias(), TargetKeyId=key),
            "LimitExceededException",
        ),
        (
            "grantsPerKey",
            lambda kms, key, who: kms.create_grant(KeyId=key, GranteePrincipal=who, Operations=["Decrypt"]),
            "LimitExceededException",
        ),
        (
            "onDemandRotationsPerKey",
            lambda kms, key, who: kms.rotate_key_on_demand(KeyId=key),
            "LimitExceededException",
        ),
        (
            "tagsPerKey",
            lambda kms, key, who: kms.tag_resource(KeyId=key, Tags=[{"TagKey": fresh_alias(), "TagValue": ""}]),
            "TagException",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_key_has_so_much_and_no_more(
    account: Account, kms: Any, kms_key: str, lower: Callable[[str, int], None], quota: str, make: Any, code: str
) -> None:
    lower(quota, 2)
    for _ in range(2):
        make(kms, kms_key, administrator_arn(account))
    with refused(code):
        make(kms, kms_key, administrator_arn(account))
    other = kms.create_key()["KeyMetadata"]["Arn"]
    make(kms, other, administrator_arn(account))


def test_a_policy_is_so_long_and_no_longer(kms: Any, kms_key: str, lower: Callable[[str, int], None]) -> None:
    policy = kms.get_key_policy(KeyId=kms_key)["Policy"]
    lower("keyPolicyBytes", len(policy))
    kms.put_key_policy(KeyId=kms_key, Policy=policy)
    with refused("LimitExceededException"):
        kms.put_key_policy(KeyId=kms_key, Policy=f"{policy} ")
