"""Every condition key of the documentation: on each operation that it applies to, and deciding on one of them."""

from __future__ import annotations

import json
from contextlib import nullcontext, suppress
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms.operation import FACTS
from tests.services.kms.support import (
    IMPORTED,
    KEY_CALLS,
    KeyCall,
    Scene,
    administrator_arn,
    allow,
    document,
    fresh_alias,
    wrapped,
)
from tests.services.kms.test_conditions import CASES
from tests.support import Account, Server, refused

DOCUMENTED = json.loads((Path(__file__).parents[2] / "vectors" / "kms_condition_keys.json").read_text(encoding="utf-8"))

RICHER: dict[str, dict[str, Any]] = {
    "CreateGrant": {
        "RetiringPrincipal": "arn:aws:iam::111122223333:user/agent",
        "Constraints": {"EncryptionContextSubset": {"a": "b"}},
    },
    "PutKeyPolicy": {"BypassPolicyLockoutSafetyCheck": True},
    "ReEncrypt": {"SourceEncryptionContext": {"a": "b"}, "DestinationEncryptionContext": {"a": "b"}},
    **{
        name: {"EncryptionContext": {"a": "b"}}
        for name, keys in DOCUMENTED["operations"].items()
        if "kms:EncryptionContextKeys" in keys and name not in ("CreateGrant", "ReEncrypt")
    },
}
"""Operation -> parameters that bring its condition keys, beside those of its `KeyCall`."""

UNREACHABLE = {"kms:ViaService", "kms:RecipientAttestation:ImageSha384", "kms:RecipientAttestation:PCR<n>"}
"""Keys that no direct call has: of calls through a service, which Voice ID's tests make, and of Nitro Enclaves."""


def asked_for(name: str, context: dict[str, Any]) -> bool:
    """Whether a decision knows a key; `<key>` in its name stands for any."""
    written = name.lower()
    start, variable, _ = written.partition("<")
    return any(key.startswith(start) for key in context) if variable else written in context


def richer(kms: Any, call: KeyCall, scene: Scene) -> list[str]:
    """Make calls of the operation carry all they can, and name the key by its alias. Returns where request ids go."""
    request_ids: list[str] = []

    def provide(params: dict[str, Any], **_: Any) -> dict[str, Any]:
        named = dict(params)
        if FACTS[call.operation].aliases and "KeyId" in named:
            named["KeyId"] = scene.alias
        if call.operation == "ReEncrypt":
            named["SourceKeyId" if call.role == "source" else "DestinationKeyId"] = scene.alias
        if call.operation == "Decrypt":
            named["KeyId"] = scene.alias
        if call.operation == "ImportKeyMaterial":
            made = scene.owner.client("kms").describe_key(KeyId=scene.key)["KeyMetadata"]["CreationDate"]
            named |= {"ExpirationModel": "KEY_MATERIAL_EXPIRES", "ValidTo": made + timedelta(days=30)}
        return {**named, **RICHER.get(call.operation, {})}

    def note(parsed: dict[str, Any], **_: Any) -> None:
        request_ids.append(parsed["ResponseMetadata"]["RequestId"])

    kms.meta.events.register(f"provide-client-params.kms.{call.operation}", provide)
    kms.meta.events.register(f"after-call.kms.{call.operation}", note)
    return request_ids


@pytest.mark.parametrize(
    "call", [call for call in KEY_CALLS if call.operation in DOCUMENTED["onKeys"]], ids=lambda call: call.name
)
def test_a_decision_knows_every_key_of_its_operation(
    server: Server, account: Account, scene: Scene, call: KeyCall
) -> None:
    call.prepare(scene)
    kms = account.client("kms")
    if call.kind is not None:
        scene.alias = fresh_alias()
        kms.create_alias(AliasName=scene.alias, TargetKeyId=scene.key)
        kms.tag_resource(KeyId=scene.key, Tags=[{"TagKey": "was", "TagValue": "here"}])
    asking_for_aliases = allow("kms:*", Condition={"Null": {"kms:ResourceAliases": "false"}})
    user = account.user("user", document(asking_for_aliases)).client("kms")
    request_ids = richer(user, call, scene)
    with suppress(ClientError):  # in another context a ciphertext does not open; it is decided all the same
        call.make(user, scene)
    explained = server.control(f"explain?request={request_ids[-1]}")["Explanations"]
    decisions = [decision for event in explained for decision in event["Decisions"]]
    context = {name: value for decision in decisions for name, value in decision["Context"].items()}
    documented = {*DOCUMENTED["everyKeyOperation"], *DOCUMENTED["operations"][call.operation]} - UNREACHABLE
    if not scene.key.rpartition("/")[2].startswith("mrk-"):
        documented.remove("kms:MultiRegionKeyType")
    assert {name for name in documented if not asked_for(name, context)} == set()


KEYLESS: dict[str, dict[str, Any]] = {
    "CreateKey": {
        "Tags": [{"TagKey": "a", "TagValue": "b"}],
        "BypassPolicyLockoutSafetyCheck": False,
        "MultiRegion": True,
    },
    "CreateCustomKeyStore": {
        "CustomKeyStoreName": "store",
        "CloudHsmClusterId": "cluster-2a34b5cdefg",
        "TrustAnchorCertificate": "certificate",
        "KeyStorePassword": "password",
    },
    "DescribeCustomKeyStores": {},
    **{
        f"{verb}CustomKeyStore": {"CustomKeyStoreId": "cks-1234567890abcdef0"}
        for verb in ("Connect", "Disconnect", "Update", "Delete")
    },
}


@pytest.mark.parametrize("operation", KEYLESS)
def test_a_decision_without_a_key_knows_every_key_of_its_operation(
    server: Server, account: Account, operation: str
) -> None:
    kms = account.client("kms")
    request_ids: list[str] = []

    def note(parsed: dict[str, Any], **_: Any) -> None:
        request_ids.append(parsed["ResponseMetadata"]["RequestId"])

    kms.meta.events.register(f"after-call.kms.{operation}", note)
    with suppress(ClientError):
        kms._make_api_call(operation, KEYLESS[operation])
    (event,) = server.control(f"explain?request={request_ids[-1]}")["Explanations"]
    context = event["Decisions"][0]["Context"]
    documented = set(DOCUMENTED["operations"][operation]) - UNREACHABLE
    assert {name for name in documented if not asked_for(name, context)} == set()


DECIDING: dict[tuple[str, str], tuple[str, str]] = {
    ("GenerateDataKeyPair", "kms:DataKeyPairSpec"): ("ECC_NIST_P256", "RSA_2048"),
    ("GenerateDataKeyPairWithoutPlaintext", "kms:DataKeyPairSpec"): ("ECC_NIST_P256", "RSA_2048"),
    ("Sign", "kms:SigningAlgorithm"): ("ECDSA_SHA_256", "ECDSA_SHA_384"),
    ("Verify", "kms:SigningAlgorithm"): ("ECDSA_SHA_256", "ECDSA_SHA_384"),
    ("Sign", "kms:MessageType"): ("RAW", "DIGEST"),
    ("Verify", "kms:MessageType"): ("RAW", "DIGEST"),
    ("GenerateMac", "kms:MacAlgorithm"): ("HMAC_SHA_256", "HMAC_SHA_512"),
    ("VerifyMac", "kms:MacAlgorithm"): ("HMAC_SHA_256", "HMAC_SHA_512"),
    ("DeriveSharedSecret", "kms:KeyAgreementAlgorithm"): ("ECDH", "DH"),
    ("GetParametersForImport", "kms:WrappingAlgorithm"): ("RSAES_OAEP_SHA_256", "RSAES_OAEP_SHA_1"),
    ("GetParametersForImport", "kms:WrappingKeySpec"): ("RSA_2048", "RSA_4096"),
    ("ImportKeyMaterial", "kms:ExpirationModel"): ("KEY_MATERIAL_DOES_NOT_EXPIRE", "KEY_MATERIAL_EXPIRES"),
    ("ReplicateKey", "kms:ReplicaRegion"): ("eu-central-1", "eu-west-1"),
    ("ReplicateKey", "kms:MultiRegionKeyType"): ("PRIMARY", "REPLICA"),
    ("UpdatePrimaryRegion", "kms:PrimaryRegion"): ("eu-west-1", "eu-central-1"),
    ("Encapsulate", "kms:EncapsulationAlgorithm"): ("ML_KEM", "OTHER"),
    ("Sign", "kms:KeySpec"): ("ECC_NIST_P256", "ECC_NIST_P384"),
    ("Sign", "kms:KeyUsage"): ("SIGN_VERIFY", "KEY_AGREEMENT"),
    ("ImportKeyMaterial", "kms:KeyOrigin"): ("EXTERNAL", "AWS_KMS"),
    ("UpdatePrimaryRegion", "kms:MultiRegion"): ("true", "false"),
    ("CreateGrant", "kms:GrantIsForAWSResource"): ("false", "true"),
    ("UntagResource", "aws:TagKeys"): ("was", "is"),
}
"""(operation, key) -> the value that its `KeyCall` has, and one that it has not."""


def call_of(operation: str) -> KeyCall:
    return next(call for call in KEY_CALLS if call.operation == operation)


@pytest.mark.parametrize("case", DECIDING, ids="-".join)
def test_an_allow_and_a_deny_count_exactly_when_the_key_has_the_value(
    account: Account, scene: Scene, case: tuple[str, str]
) -> None:
    operation, key = case
    met, unmet = DECIDING[case]
    call = call_of(operation)
    call.prepare(scene)
    action = f"kms:{operation}"

    def condition(value: str) -> dict[str, Any]:
        return {"ForAnyValue:StringEquals" if key == "aws:TagKeys" else "StringEquals": {key: value}}

    others = allow("kms:None", *(f"kms:{name}" for name in call.permissions if name != operation))
    denied = {**allow(action, Condition=condition(met)), "Effect": "Deny"}
    refused_users = [
        account.user("unmet", document(allow(action, Condition=condition(unmet)), others)),
        account.user("denied", document(allow("kms:*"), denied)),
    ]
    for user in refused_users:
        with refused("AccessDeniedException"):
            call.make(user.client("kms"), scene)
    call.make(account.user("met", document(allow(action, Condition=condition(met)), others)).client("kms"), scene)


@pytest.mark.parametrize(
    ("operator", "later", "allowed"),
    [
        ("NumericLessThan", timedelta(seconds=1), True),
        ("NumericLessThan", timedelta(0), False),
        ("DateLessThan", timedelta(seconds=1), True),
        ("DateGreaterThan", timedelta(0), False),
    ],
)
def test_valid_to_is_compared_as_a_number_and_as_a_date(
    account: Account, operator: str, later: timedelta, allowed: bool
) -> None:
    kms = account.client("kms")
    made = kms.create_key(**IMPORTED.parameters)["KeyMetadata"]
    valid_to = made["CreationDate"].replace(microsecond=0) + timedelta(days=30)
    bound = valid_to + later
    value = f"{bound.timestamp():.0f}" if operator.startswith("Numeric") else bound.isoformat()
    condition = {operator: {"kms:ValidTo": value}}
    user = account.user("importer", document(allow("kms:ImportKeyMaterial", Condition=condition))).client("kms")
    material = wrapped(kms, made["Arn"], b"m" * 32)
    with nullcontext() if allowed else refused("AccessDeniedException"):
        user.import_key_material(KeyId=made["Arn"], ValidTo=valid_to, **material)


def test_expiration_model_is_null_where_the_request_names_none(account: Account) -> None:
    kms = account.client("kms")
    made = kms.create_key(**IMPORTED.parameters)["KeyMetadata"]
    condition = {"Null": {"kms:ExpirationModel": "true"}}
    user = account.user("importer", document(allow("kms:ImportKeyMaterial", Condition=condition))).client("kms")
    parameters = {
        "KeyId": made["Arn"],
        "ValidTo": made["CreationDate"] + timedelta(days=30),
        **wrapped(kms, made["Arn"], b"m" * 32),
    }
    with refused("AccessDeniedException"):
        user.import_key_material(ExpirationModel="KEY_MATERIAL_EXPIRES", **parameters)
    user.import_key_material(**parameters)


def test_resource_aliases_are_for_iam_policies_only(account: Account, kms: Any, scene: Scene) -> None:
    condition = {"ForAnyValue:StringEquals": {"kms:ResourceAliases": scene.alias}}
    by_iam = account.user("by-iam", document(allow("kms:Encrypt", Condition=condition)))
    by_iam.client("kms").encrypt(KeyId=scene.key, Plaintext=b"x")
    by_key_policy = account.user("by-key-policy")
    statements = [
        allow("kms:*", Principal={"AWS": administrator_arn(account)}),
        allow("kms:Encrypt", Principal={"AWS": by_key_policy.arn}, Condition=condition),
    ]
    kms.put_key_policy(KeyId=scene.key, Policy=json.dumps(document(*statements)))
    with refused("AccessDeniedException"):
        by_key_policy.client("kms").encrypt(KeyId=scene.key, Plaintext=b"x")


TESTED_ELSEWHERE = {"aws:ResourceTag/<key>", "kms:BypassPolicyLockoutSafetyCheck", "kms:ResourceAliases"}
"""Keys whose values `test_conditions.py` tries in tests of their own."""


def test_every_documented_key_decides_in_some_test() -> None:
    tried = {key for _, key in DECIDING} | {"kms:ValidTo"} | TESTED_ELSEWHERE
    tried |= {key for case in CASES.values() for keys in case.condition.values() for key in keys} | {
        "kms:CallerAccount"
    }
    documented = {key for keys in DOCUMENTED["operations"].values() for key in keys} | set(
        DOCUMENTED["everyKeyOperation"]
    )
    lower = {key.lower() for key in tried}
    missing = {name for name in documented - UNREACHABLE if not asked_for(name, dict.fromkeys(lower))}
    assert missing == set()
