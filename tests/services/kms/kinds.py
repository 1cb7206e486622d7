"""Keys of every kind in every state that they can reach, with everything around them that an operation may need."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, mlkem

from tests.services.kms.support import (
    AGREEING,
    ENCAPSULATING,
    IMPORTED,
    MAC,
    MULTI_REGION,
    PRODUCTS,
    REPLICA_REGION,
    SIGNING,
    Kind,
    Scene,
    administrator_arn,
    bring,
    fresh_alias,
)
from tests.support import REGION, Account

SYMMETRIC = Kind()
IN_CLOUDHSM, IN_EXTERNAL_STORE = Kind(origin="AWS_CLOUDHSM"), Kind(origin="EXTERNAL_KEY_STORE")
IMPORTED_MULTI_REGION = IMPORTED._replace(multi_region=True)
STORES = (IN_CLOUDHSM, IN_EXTERNAL_STORE)
ENCRYPTING = (SYMMETRIC, IMPORTED, *STORES, MULTI_REGION)
"""The kinds of symmetric encryption keys, but the one that is imported and in several Regions."""

STORE_PARAMETERS: dict[str, dict[str, Any]] = {
    "AWS_CLOUDHSM": {
        "CloudHsmClusterId": "cluster-abcdefghijk",
        "TrustAnchorCertificate": "certificate",
        "KeyStorePassword": "kmsuser-password",
    },
    "EXTERNAL_KEY_STORE": {
        "CustomKeyStoreType": "EXTERNAL_KEY_STORE",
        "XksProxyUriEndpoint": "https://proxy.example.com",
        "XksProxyUriPath": "/example/kms/xks/v1",
        "XksProxyConnectivity": "PUBLIC_ENDPOINT",
        "XksProxyAuthenticationCredential": {"AccessKeyId": "A" * 20, "RawSecretAccessKey": "s" * 43},
    },
}
"""Type of store -> what CreateCustomKeyStore takes beside the name."""

DUMMY_MATERIAL = {
    "ImportToken": b"token",
    "EncryptedKeyMaterial": b"material",
    "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
}


def private_key(kind: Kind) -> bytes:
    is_ec = kind.spec == "ECC_NIST_P256"
    key: Any = ec.generate_private_key(ec.SECP256R1()) if is_ec else mlkem.MLKEM768PrivateKey.generate()
    encoded: bytes = key.private_bytes(
        serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return encoded


def kind_id(kind: Kind) -> str:
    parts = [kind.origin.lower().replace("_", "-")]
    if kind.spec != "SYMMETRIC_DEFAULT":
        parts.insert(0, kind.usage.lower().replace("_", "-"))
    return "-".join([*parts, *(["multi-region"] if kind.multi_region else [])])


def states_of(kind: Kind) -> list[str]:
    """The states that a key of this kind can be in."""
    states = ["Enabled", "Disabled", "PendingDeletion"]
    if kind.origin == "EXTERNAL":
        states.append("PendingImport")
    if kind in STORES:
        states.append("Unavailable")
    if kind.multi_region:
        states += ["PendingReplicaDeletion", "Creating", "Updating"]
    return states


def connected_store(account: Account, kind: str) -> str:
    """A connected store of one type; returns its id."""
    kms = account.client("kms")
    store: str = kms.create_custom_key_store(CustomKeyStoreName=kind, **STORE_PARAMETERS[kind])["CustomKeyStoreId"]
    kms.connect_custom_key_store(CustomKeyStoreId=store)
    account.server.run_jobs()
    return store


def key_of_kind(account: Account, kind: Kind) -> tuple[str, dict[str, Any]]:
    """A usable key and what has to do with its kind; a multi-Region one has no replica yet. Returns its ARN."""
    kms, extra, parameters = account.client("kms"), dict[str, Any](), kind.parameters
    if kind in STORES:
        extra["store"] = parameters["CustomKeyStoreId"] = connected_store(account, kind.origin)
    if kind == IN_EXTERNAL_STORE:
        parameters["XksKeyId"] = "external-key"
    key: str = kms.create_key(**parameters)["KeyMetadata"]["Arn"]
    if kind.origin == "EXTERNAL":
        extra["bytes"] = b"m" * 32 if kind.spec in ("SYMMETRIC_DEFAULT", "HMAC_256") else private_key(kind)
        extra["material"] = bring(kms, key, extra["bytes"])
    return key, {"material": DUMMY_MATERIAL, **extra}


def scene_in_state(account: Account, kind: Kind, state: str) -> tuple[Any, Scene]:
    """A key in a state, and a client of its Region: of what is created or updated the replica's. Holds background work.

    A key that is being created has no grant: none can be made on it.
    """
    account.server.hold_jobs(True)
    key, extra = key_of_kind(account, kind)
    kms = account.client("kms")
    alone = Kind(kind.spec, kind.usage)
    extra |= PRODUCTS[alone](kms, key) if alone in PRODUCTS else {}
    symmetric = kind.spec == "SYMMETRIC_DEFAULT"
    ciphertext = kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"] if symmetric else b"none"
    if kind.multi_region:
        kms.replicate_key(KeyId=key, ReplicaRegion=REPLICA_REGION)
        if state != "Creating":
            account.server.run_jobs()
        replica = account.client("kms", REPLICA_REGION), key.replace(REGION, REPLICA_REGION)
        brought = bring(*replica, extra["bytes"]) if state in ("Enabled", "Updating") and "bytes" in extra else None
        if state in ("Creating", "Updating"):
            kms, key = replica
            extra["material"] = brought or extra["material"]
            extra["related_region"] = REGION
    scene = _around(account, kms, key, ciphertext, extra, has_grant=state != "Creating")
    ENTER[state](kms, scene)
    assert kms.describe_key(KeyId=scene.key)["KeyMetadata"]["KeyState"] == state
    return kms, scene


def _around(
    account: Account, kms: Any, key: str, ciphertext: bytes, extra: dict[str, Any], *, has_grant: bool
) -> Scene:
    other_key = kms.create_key()["KeyMetadata"]["Arn"]
    alias, extra["other_alias"] = fresh_alias(), fresh_alias()
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    kms.create_alias(AliasName=extra["other_alias"], TargetKeyId=other_key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "was", "TagValue": "here"}])
    grant = {"KeyId": key, "GranteePrincipal": administrator_arn(account), "Operations": ["DescribeKey"]}
    grant_id = kms.create_grant(**grant)["GrantId"] if has_grant else "none"
    other = kms.encrypt(KeyId=other_key, Plaintext=b"secret")["CiphertextBlob"]
    return Scene(account, key, other_key, alias, grant_id, ciphertext, other, extra)


def _update_primary(kms: Any, scene: Scene) -> None:
    """The key in hand becomes the primary of the one in the first Region."""
    primary = scene.owner.client("kms")
    region = kms.meta.region_name
    primary.update_primary_region(KeyId=scene.key.replace(region, REGION), PrimaryRegion=region)


def _schedule_deletion(kms: Any, scene: Scene) -> None:
    """Of a primary, the replica goes first."""
    config = kms.describe_key(KeyId=scene.key)["KeyMetadata"].get("MultiRegionConfiguration", {"ReplicaKeys": []})
    for replica in config["ReplicaKeys"]:
        scene.owner.client("kms", replica["Region"]).schedule_key_deletion(KeyId=replica["Arn"], PendingWindowInDays=7)
    kms.schedule_key_deletion(KeyId=scene.key)
    if config["ReplicaKeys"]:
        scene.owner.server.advance("P8D")


ENTER: dict[str, Callable[[Any, Scene], Any]] = {
    "Enabled": lambda kms, scene: None,
    "Disabled": lambda kms, scene: kms.disable_key(KeyId=scene.key),
    "PendingDeletion": _schedule_deletion,
    "PendingReplicaDeletion": lambda kms, scene: kms.schedule_key_deletion(KeyId=scene.key),
    "PendingImport": lambda kms, scene: kms.delete_imported_key_material(KeyId=scene.key),
    "Unavailable": lambda kms, scene: kms.disconnect_custom_key_store(CustomKeyStoreId=scene.extra["store"]),
    "Creating": lambda kms, scene: None,
    "Updating": _update_primary,
}


PAIRS_AND_MACS = (SIGNING, AGREEING, ENCAPSULATING, MAC)


def variants(kind: Kind) -> tuple[Kind, ...]:
    """A kind of key pair or HMAC key as AWS makes it, as a customer imports it, and in several Regions."""
    return (kind, kind._replace(origin="EXTERNAL"), kind._replace(multi_region=True))
