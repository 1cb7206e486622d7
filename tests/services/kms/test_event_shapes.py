"""The trail beside the documented samples: each event has the members that AWS's own sample of it has."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.services.kms.kinds import STORE_PARAMETERS, scene_in_state
from tests.services.kms.support import (
    IMPORTED,
    MAC,
    MULTI_REGION,
    REPLICA_REGION,
    SIGNING,
    Kind,
    Scene,
    administrator_arn,
    fresh_alias,
    wrapped,
)
from tests.support import REGION, Account, events_of

SAMPLES = Path(__file__).parents[2] / "vectors" / "kms_event_shapes.json"
SHAPES: dict[str, dict[str, Any]] = json.loads(SAMPLES.read_text(encoding="utf-8"))["events"]
CONTEXT = {"a": "b"}

Make = Callable[[Any, Scene], Any]


def _store(kms: Any) -> str:
    made = kms.create_custom_key_store(CustomKeyStoreName="store", **STORE_PARAMETERS["AWS_CLOUDHSM"])
    return str(made["CustomKeyStoreId"])


def _disconnect(kms: Any, scene: Scene) -> None:
    store = _store(kms)
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    kms.disconnect_custom_key_store(CustomKeyStoreId=store)


def _re_encrypt(kms: Any, scene: Scene) -> None:
    blob = kms.encrypt(KeyId=scene.key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    kms.re_encrypt(
        CiphertextBlob=blob,
        SourceEncryptionContext=CONTEXT,
        DestinationKeyId=scene.other_key,
        DestinationEncryptionContext=CONTEXT,
    )


def _decrypt(kms: Any, scene: Scene) -> None:
    blob = kms.encrypt(KeyId=scene.key, Plaintext=b"x", EncryptionContext=CONTEXT)["CiphertextBlob"]
    kms.decrypt(CiphertextBlob=blob, KeyId=scene.key, EncryptionContext=CONTEXT)


def _import(kms: Any, scene: Scene) -> None:
    expiry = datetime.fromtimestamp(scene.owner.server.simulator.clock.now(), UTC) + timedelta(days=1)
    parameters = wrapped(kms, scene.key, scene.extra["bytes"])
    kms.import_key_material(KeyId=scene.key, **parameters, ValidTo=expiry, ExpirationModel="KEY_MATERIAL_EXPIRES")


def _expire(kms: Any, scene: Scene) -> None:
    _import(kms, scene)
    scene.owner.server.advance("P2D")


def _delete(kms: Any, scene: Scene) -> None:
    kms.schedule_key_deletion(KeyId=scene.key, PendingWindowInDays=7)
    scene.owner.server.advance("P8D")


def _put_policy(kms: Any, scene: Scene) -> None:
    policy = kms.get_key_policy(KeyId=scene.key, PolicyName="default")["Policy"]
    kms.put_key_policy(KeyId=scene.key, PolicyName="default", Policy=policy)


def _list(operation: str, **subject: str) -> Make:
    """The second page of a list: only it has a marker."""

    def make(kms: Any, scene: Scene) -> None:
        if operation == "list_grants":
            grant = {"KeyId": scene.key, "GranteePrincipal": administrator_arn(scene.owner)}
            kms.create_grant(**grant, Operations=["Encrypt"])
        of = {name: getattr(scene, value) for name, value in subject.items()}
        marker = getattr(kms, operation)(Limit=1, **of)["NextMarker"]
        getattr(kms, operation)(Limit=1, Marker=marker, **of)

    return make


_SIGN = {"Message": b"x", "MessageType": "RAW", "SigningAlgorithm": "ECDSA_SHA_256"}
_MAC = {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}

CALLS: dict[str, Make | tuple[Kind, Make] | tuple[Kind, str, Make]] = {
    "CancelKeyDeletion": (Kind(), "PendingDeletion", lambda kms, scene: kms.cancel_key_deletion(KeyId=scene.key)),
    "ConnectCustomKeyStore": lambda kms, scene: kms.connect_custom_key_store(CustomKeyStoreId=_store(kms)),
    "CreateAlias": lambda kms, scene: kms.create_alias(AliasName=fresh_alias(), TargetKeyId=scene.key),
    "CreateCustomKeyStore": lambda kms, scene: _store(kms),
    "CreateGrant": lambda kms, scene: kms.create_grant(
        KeyId=scene.key,
        GranteePrincipal=administrator_arn(scene.owner),
        Operations=["Encrypt"],
        Constraints={"EncryptionContextSubset": CONTEXT},
    ),
    "CreateKey": lambda kms, scene: kms.create_key(Origin="EXTERNAL"),
    "Decrypt": _decrypt,
    "DeleteAlias": lambda kms, scene: kms.delete_alias(AliasName=scene.alias),
    "DeleteCustomKeyStore": lambda kms, scene: kms.delete_custom_key_store(CustomKeyStoreId=_store(kms)),
    "DeleteExpiredKeyMaterial": (IMPORTED, _expire),
    "DeleteKey": _delete,
    "DescribeCustomKeyStores": lambda kms, scene: kms.describe_custom_key_stores(CustomKeyStoreId=_store(kms)),
    "DescribeKey": lambda kms, scene: kms.describe_key(KeyId=scene.key),
    "DisableKey": lambda kms, scene: kms.disable_key(KeyId=scene.key),
    "DisableKeyRotation": lambda kms, scene: kms.disable_key_rotation(KeyId=scene.key),
    "DisconnectCustomKeyStore": _disconnect,
    "EnableKey": lambda kms, scene: kms.enable_key(KeyId=scene.key),
    "EnableKeyRotation": lambda kms, scene: kms.enable_key_rotation(KeyId=scene.key),
    "Encrypt": lambda kms, scene: kms.encrypt(KeyId=scene.key, Plaintext=b"x", EncryptionContext=CONTEXT),
    "GenerateDataKey": lambda kms, scene: kms.generate_data_key(
        KeyId=scene.key, KeySpec="AES_256", EncryptionContext=CONTEXT
    ),
    "GenerateDataKeyPair": lambda kms, scene: kms.generate_data_key_pair(
        KeyId=scene.key, KeyPairSpec="ECC_NIST_P256", EncryptionContext=CONTEXT
    ),
    "GenerateDataKeyPairWithoutPlaintext": lambda kms, scene: kms.generate_data_key_pair_without_plaintext(
        KeyId=scene.key, KeyPairSpec="ECC_NIST_P256", EncryptionContext=CONTEXT
    ),
    "GenerateDataKeyWithoutPlaintext": lambda kms, scene: kms.generate_data_key_without_plaintext(
        KeyId=scene.key, KeySpec="AES_256", EncryptionContext=CONTEXT
    ),
    "GenerateMac": (MAC, lambda kms, scene: kms.generate_mac(KeyId=scene.key, **_MAC)),
    "GenerateRandom": lambda kms, scene: kms.generate_random(NumberOfBytes=8),
    "GetKeyPolicy": lambda kms, scene: kms.get_key_policy(KeyId=scene.key, PolicyName="default"),
    "GetParametersForImport": (
        IMPORTED,
        lambda kms, scene: kms.get_parameters_for_import(
            KeyId=scene.key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        ),
    ),
    "ImportKeyMaterial": (IMPORTED, _import),
    "ListAliases": _list("list_aliases"),
    "ListGrants": _list("list_grants", KeyId="key"),
    "PutKeyPolicy": _put_policy,
    "ReEncrypt": _re_encrypt,
    "ReplicateKey": (
        MULTI_REGION,
        lambda kms, scene: kms.replicate_key(KeyId=scene.key, ReplicaRegion="eu-central-1", Description="here"),
    ),
    "RetireGrant": lambda kms, scene: kms.retire_grant(KeyId=scene.key, GrantId=scene.grant_id),
    "RevokeGrant": lambda kms, scene: kms.revoke_grant(KeyId=scene.key, GrantId=scene.grant_id),
    "RotateKey": lambda kms, scene: kms.rotate_key_on_demand(KeyId=scene.key),
    "ScheduleKeyDeletion": lambda kms, scene: kms.schedule_key_deletion(KeyId=scene.key, PendingWindowInDays=7),
    "Sign": (SIGNING, lambda kms, scene: kms.sign(KeyId=scene.key, **_SIGN)),
    "SynchronizeMultiRegionKey": (MULTI_REGION, lambda kms, scene: kms.rotate_key_on_demand(KeyId=scene.key)),
    "TagResource": lambda kms, scene: kms.tag_resource(KeyId=scene.key, Tags=[{"TagKey": "a", "TagValue": "b"}]),
    "UntagResource": lambda kms, scene: kms.untag_resource(KeyId=scene.key, TagKeys=["was"]),
    "UpdateAlias": lambda kms, scene: kms.update_alias(AliasName=scene.alias, TargetKeyId=scene.key),
    "UpdateCustomKeyStore": lambda kms, scene: kms.update_custom_key_store(
        CustomKeyStoreId=_store(kms), CloudHsmClusterId="cluster-restoredxyz"
    ),
    "UpdateKeyDescription": lambda kms, scene: kms.update_key_description(KeyId=scene.key, Description="other"),
    "UpdatePrimaryRegion": (
        MULTI_REGION,
        lambda kms, scene: kms.update_primary_region(KeyId=scene.key, PrimaryRegion=REPLICA_REGION),
    ),
    "Verify": (
        SIGNING,
        lambda kms, scene: kms.verify(KeyId=scene.key, Signature=scene.extra["signature"], **_SIGN),
    ),
    "VerifyMac": (MAC, lambda kms, scene: kms.verify_mac(KeyId=scene.key, Mac=scene.extra["mac"], **_MAC)),
}
"""Event -> what causes it, with all that its sample shows; and kind and state of the key, if they count."""

BEYOND: dict[str, dict[str, set[str]]] = {
    "ScheduleKeyDeletion": {"responseElements": {"pendingWindowInDays"}},
}
"""Members that the samples lack, being older than the member; and responses that name the key since 2022."""


def staged(account: Account, name: str) -> tuple[Any, Scene, Make]:
    entry = CALLS[name]
    kind, state, make = Kind(), "Enabled", entry
    if isinstance(entry, tuple):
        kind, make = entry[0], entry[-1]
        state = entry[1] if len(entry) == 3 else state
    kms, scene = scene_in_state(account, kind, state)
    return kms, scene, make  # type: ignore[return-value]


def region_of(name: str) -> str:
    """Where an event is: synchronisation in the Region of the replica."""
    return REPLICA_REGION if name == "SynchronizeMultiRegionKey" else REGION


def names(value: Any) -> list[str] | None:
    return sorted(value) if value else None


def test_every_documented_event_is_caused_here() -> None:
    assert CALLS.keys() == SHAPES.keys()


@pytest.mark.parametrize("name", SHAPES)
def test_an_event_has_the_members_of_its_sample(account: Account, name: str) -> None:
    kms, scene, make = staged(account, name)
    make(kms, scene)
    event, shape = events_of(account, name, region=region_of(name))[-1], SHAPES[name]
    assert (event["eventType"], event["readOnly"]) == (shape["eventType"], shape["readOnly"])
    assert names(event["requestParameters"]) == shape["requestParameters"]
    more = BEYOND.get(name, {}).get("responseElements", set())
    answered = set(event["responseElements"] or ()) - more
    names_its_key = shape["responseElements"] is None and not shape["readOnly"] and answered == {"keyId"}
    assert names_its_key or (sorted(answered) or None) == shape["responseElements"]
    for member in ("additionalEventData", "serviceEventDetails"):
        assert names(event.get(member)) == shape.get(member)
    if shape["resources"] is None:
        assert "resources" not in event
    else:
        kinds = ["alias" if ":alias/" in one["ARN"] else "key" for one in event["resources"]]
        assert sorted(kinds) == sorted(shape["resources"])


def test_a_replication_is_the_creation_of_a_key_in_the_other_region(account: Account) -> None:
    kms, scene = scene_in_state(account, MULTI_REGION, "Enabled")
    kms.replicate_key(KeyId=scene.key, ReplicaRegion="eu-central-1")
    replicated = events_of(account, "ReplicateKey")[-1]
    created = events_of(account, "CreateKey", region="eu-central-1")[-1]
    assert (replicated["awsRegion"], created["awsRegion"]) == (REGION, "eu-central-1")
    assert created["resources"][0]["ARN"] == scene.key.replace(REGION, "eu-central-1")
    metadata = replicated["responseElements"]["replicaKeyMetadata"]
    assert metadata == created["responseElements"]["keyMetadata"]
    assert metadata["multiRegionConfiguration"]["primaryKey"] == {"arn": scene.key, "region": REGION}
    assert metadata["keyState"] == "Creating"


def test_what_aws_does_itself_names_nobody(account: Account) -> None:
    for name in ("DeleteExpiredKeyMaterial", "DeleteKey", "RotateKey", "SynchronizeMultiRegionKey"):
        fresh = account.server.new_account()
        kms, scene, make = staged(fresh, name)
        make(kms, scene)
        event = events_of(fresh, name, region=region_of(name))[-1]
        assert event["userIdentity"] == {"accountId": fresh.account_id, "invokedBy": "AWS Internal"}
        assert event["sourceIPAddress"] == event["userAgent"] == "AWS Internal"
        assert "requestID" not in event
