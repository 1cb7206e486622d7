"""What the KMS tests share: policies in few words, raw requests, and every operation on a key as a call to make."""

from __future__ import annotations

import hashlib
import hmac
import http.client
import json
import os
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from cryptography.hazmat.primitives import hashes, keywrap, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from services.kms.blueprint import SERVICE
from tests.support import REGION, Account, account_policy

OPERATION_NAMES: tuple[str, ...] = tuple(SERVICE.model.operation_names)
IMPLEMENTED = tuple(name for name in OPERATION_NAMES if SERVICE.handler(name) is not None)
UNIMPLEMENTED = tuple(name for name in OPERATION_NAMES if SERVICE.handler(name) is None)


def allow(*actions: str, **elements: Any) -> dict[str, Any]:
    """An Allow statement on everything; other elements by name, in AWS's spelling."""
    return {"Effect": "Allow", "Action": list(actions), "Resource": "*", **elements}


def deny(*actions: str, **elements: Any) -> dict[str, Any]:
    return {**allow(*actions, **elements), "Effect": "Deny"}


def named(*arns: str) -> dict[str, Any]:
    """A Principal element."""
    return {"AWS": list(arns)}


def document(*statements: dict[str, Any]) -> dict[str, Any]:
    """A policy document, for IAM or as JSON text for a key."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def administrator_arn(account: Account) -> str:
    return f"arn:aws:iam::{account.account_id}:user/administrator"


def key_under(kms: Any, *statements: dict[str, Any]) -> str:
    """A key whose policy is these statements alone, lockout or not. Returns its ARN."""
    policy = json.dumps(document(*statements))
    arn: str = kms.create_key(Policy=policy, BypassPolicyLockoutSafetyCheck=True)["KeyMetadata"]["Arn"]
    return arn


def open_key(account: Account, *statements: dict[str, Any]) -> str:
    """A key that its account governs by IAM, with these further statements. Returns its ARN."""
    policy = account_policy(account.account_id, *statements)
    arn: str = account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
    return arn


def fresh_alias() -> str:
    return f"alias/{uuid.uuid4()}"


@dataclass
class Scene:
    """A key with an alias, a grant and a ciphertext, and a second key: what one call of any operation needs."""

    owner: Account
    key: str
    other_key: str
    alias: str
    grant_id: str
    ciphertext: bytes
    other_ciphertext: bytes
    extra: dict[str, Any] = field(default_factory=dict)


def set_scene(owner: Account) -> Scene:
    kms = owner.client("kms")
    key, other_key = (kms.create_key()["KeyMetadata"]["Arn"] for _ in range(2))
    alias = fresh_alias()
    kms.create_alias(AliasName=alias, TargetKeyId=key)
    kms.tag_resource(KeyId=key, Tags=[{"TagKey": "was", "TagValue": "here"}])
    grant = kms.create_grant(KeyId=key, GranteePrincipal=administrator_arn(owner), Operations=["Decrypt"])
    return Scene(
        owner,
        key,
        other_key,
        alias,
        grant["GrantId"],
        kms.encrypt(KeyId=key, Plaintext=b"secret")["CiphertextBlob"],
        kms.encrypt(KeyId=other_key, Plaintext=b"secret")["CiphertextBlob"],
    )


class Kind(NamedTuple):
    """A kind of key. A multi-Region one has a replica already."""

    spec: str = "SYMMETRIC_DEFAULT"
    usage: str = "ENCRYPT_DECRYPT"
    origin: str = "AWS_KMS"
    multi_region: bool = False

    @property
    def parameters(self) -> dict[str, Any]:
        """Of CreateKey."""
        return {
            "KeySpec": self.spec,
            "KeyUsage": self.usage,
            "Origin": self.origin,
            "MultiRegion": self.multi_region,
        }


REPLICA_REGION = "eu-west-1"


def wrapped(
    kms: Any, key: str, material: bytes, algorithm: str = "RSAES_OAEP_SHA_256", wrapping_spec: str = "RSA_2048"
) -> dict[str, Any]:
    """Material wrapped for its import, with the token that belongs to it, as parameters of ImportKeyMaterial."""
    given = kms.get_parameters_for_import(KeyId=key, WrappingAlgorithm=algorithm, WrappingKeySpec=wrapping_spec)
    public: Any = serialization.load_der_public_key(given["PublicKey"])
    chosen: Any = hashes.SHA1() if algorithm.endswith("SHA_1") else hashes.SHA256()
    oaep = padding.OAEP(padding.MGF1(chosen), chosen, None)
    if algorithm.startswith("RSAES"):
        encrypted = public.encrypt(material, oaep)
    else:
        wrapping_key = os.urandom(32)
        encrypted = public.encrypt(wrapping_key, oaep) + keywrap.aes_key_wrap_with_padding(wrapping_key, material)
    return {"ImportToken": given["ImportToken"], "EncryptedKeyMaterial": encrypted}


def bring(kms: Any, key: str, material: bytes = b"m" * 32) -> dict[str, Any]:
    """Import material that does not expire; returns what imports it again."""
    parameters = {**wrapped(kms, key, material), "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE"}
    kms.import_key_material(KeyId=key, **parameters)
    return parameters


@dataclass(frozen=True)
class KeyCall:
    """One way to call an operation on `scene.key`; role says which part the key plays if there are several.

    permissions: the actions that it takes, without "kms:". kind: key spec, usage
    and origin, if only such a key will do.
    """

    operation: str
    make: Callable[[Any, Scene], Any]
    role: str = ""
    permissions: tuple[str, ...] = ()
    kind: Kind | None = None

    def prepare(self, scene: Scene) -> None:
        """Give the scene a key of the kind that the call needs."""
        if self.kind is not None:
            kms = scene.owner.client("kms")
            scene.key = kms.create_key(**self.kind.parameters)["KeyMetadata"]["Arn"]
            if self.kind.multi_region:
                kms.replicate_key(KeyId=scene.key, ReplicaRegion=REPLICA_REGION)
                scene.owner.server.advance("PT1S")
            scene.extra |= PRODUCTS[self.kind](kms, scene.key)

    @property
    def name(self) -> str:
        return f"{self.operation}-{self.role}" if self.role else self.operation

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(f"kms:{action}" for action in self.permissions or (self.operation,))


SIGNING = Kind("ECC_NIST_P256", "SIGN_VERIFY")
AGREEING = Kind("ECC_NIST_P256", "KEY_AGREEMENT")
ENCAPSULATING = Kind("ML_KEM_768", "ENCAPSULATE_DECAPSULATE")
MAC = Kind("HMAC_256", "GENERATE_VERIFY_MAC")
IMPORTED = Kind(origin="EXTERNAL")
MULTI_REGION = Kind(multi_region=True)
_ECDSA = {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"}
_HMAC = {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"}

PRODUCTS: dict[Kind, Callable[[Any, str], dict[str, Any]]] = {
    SIGNING: lambda kms, key: {"signature": kms.sign(KeyId=key, **_ECDSA)["Signature"]},
    AGREEING: lambda kms, key: {"public_key": kms.get_public_key(KeyId=key)["PublicKey"]},
    ENCAPSULATING: lambda kms, key: {
        "encapsulated": kms.encapsulate(KeyId=key, EncapsulationAlgorithm="ML_KEM")["SharedSecretCiphertextBlob"]
    },
    MULTI_REGION: lambda kms, key: {},
    IMPORTED: lambda kms, key: {"material": bring(kms, key)},
    MAC: lambda kms, key: {"mac": kms.generate_mac(KeyId=key, **_HMAC)["Mac"]},
}
"""Kind of key -> what it has made already when a call of that kind is tried."""

_POLICY_OF_NOBODY = json.dumps(document(allow("kms:*", Principal=named("*"))))

KEY_CALLS: tuple[KeyCall, ...] = (
    KeyCall("CancelKeyDeletion", lambda kms, scene: kms.cancel_key_deletion(KeyId=scene.key)),
    KeyCall("CreateAlias", lambda kms, scene: kms.create_alias(AliasName=fresh_alias(), TargetKeyId=scene.key)),
    KeyCall(
        "CreateGrant",
        lambda kms, scene: kms.create_grant(
            KeyId=scene.key, GranteePrincipal=administrator_arn(scene.owner), Operations=["Encrypt"]
        ),
    ),
    KeyCall("Decrypt", lambda kms, scene: kms.decrypt(CiphertextBlob=scene.ciphertext)),
    KeyCall("Decrypt", lambda kms, scene: kms.decrypt(CiphertextBlob=scene.ciphertext, KeyId=scene.key), "named"),
    KeyCall("DeleteAlias", lambda kms, scene: kms.delete_alias(AliasName=scene.alias)),
    KeyCall("DescribeKey", lambda kms, scene: kms.describe_key(KeyId=scene.key)),
    KeyCall(
        "Decapsulate",
        lambda kms, scene: kms.decapsulate(
            KeyId=scene.key,
            SharedSecretCiphertextBlob=scene.extra["encapsulated"],
            EncapsulationAlgorithm="ML_KEM",
        ),
        kind=ENCAPSULATING,
    ),
    KeyCall(
        "DeleteImportedKeyMaterial",
        lambda kms, scene: kms.delete_imported_key_material(KeyId=scene.key),
        kind=IMPORTED,
    ),
    KeyCall(
        "GetParametersForImport",
        lambda kms, scene: kms.get_parameters_for_import(
            KeyId=scene.key, WrappingAlgorithm="RSAES_OAEP_SHA_256", WrappingKeySpec="RSA_2048"
        ),
        kind=IMPORTED,
    ),
    KeyCall(
        "ImportKeyMaterial",
        lambda kms, scene: kms.import_key_material(KeyId=scene.key, **scene.extra["material"]),
        kind=IMPORTED,
    ),
    KeyCall(
        "ReplicateKey",
        lambda kms, scene: kms.replicate_key(KeyId=scene.key, ReplicaRegion="eu-central-1"),
        permissions=("ReplicateKey", "CreateKey"),
        kind=MULTI_REGION,
    ),
    KeyCall(
        "UpdatePrimaryRegion",
        lambda kms, scene: kms.update_primary_region(
            KeyId=scene.key, PrimaryRegion=scene.extra.get("related_region", REPLICA_REGION)
        ),
        kind=MULTI_REGION,
    ),
    KeyCall(
        "Encapsulate",
        lambda kms, scene: kms.encapsulate(KeyId=scene.key, EncapsulationAlgorithm="ML_KEM"),
        kind=ENCAPSULATING,
    ),
    KeyCall(
        "DeriveSharedSecret",
        lambda kms, scene: kms.derive_shared_secret(
            KeyId=scene.key, KeyAgreementAlgorithm="ECDH", PublicKey=scene.extra["public_key"]
        ),
        kind=AGREEING,
    ),
    KeyCall("DisableKey", lambda kms, scene: kms.disable_key(KeyId=scene.key)),
    KeyCall("DisableKeyRotation", lambda kms, scene: kms.disable_key_rotation(KeyId=scene.key)),
    KeyCall("EnableKey", lambda kms, scene: kms.enable_key(KeyId=scene.key)),
    KeyCall("EnableKeyRotation", lambda kms, scene: kms.enable_key_rotation(KeyId=scene.key)),
    KeyCall("Encrypt", lambda kms, scene: kms.encrypt(KeyId=scene.key, Plaintext=b"x")),
    KeyCall("GenerateDataKey", lambda kms, scene: kms.generate_data_key(KeyId=scene.key, KeySpec="AES_256")),
    KeyCall(
        "GenerateDataKeyWithoutPlaintext",
        lambda kms, scene: kms.generate_data_key_without_plaintext(KeyId=scene.key, KeySpec="AES_256"),
    ),
    KeyCall(
        "GenerateDataKeyPair",
        lambda kms, scene: kms.generate_data_key_pair(KeyId=scene.key, KeyPairSpec="ECC_NIST_P256"),
    ),
    KeyCall(
        "GenerateDataKeyPairWithoutPlaintext",
        lambda kms, scene: kms.generate_data_key_pair_without_plaintext(KeyId=scene.key, KeyPairSpec="ECC_NIST_P256"),
    ),
    KeyCall("GenerateMac", lambda kms, scene: kms.generate_mac(KeyId=scene.key, **_HMAC), kind=MAC),
    KeyCall("GetPublicKey", lambda kms, scene: kms.get_public_key(KeyId=scene.key), kind=SIGNING),
    KeyCall("GetKeyLastUsage", lambda kms, scene: kms.get_key_last_usage(KeyId=scene.key)),
    KeyCall("GetKeyPolicy", lambda kms, scene: kms.get_key_policy(KeyId=scene.key)),
    KeyCall("GetKeyRotationStatus", lambda kms, scene: kms.get_key_rotation_status(KeyId=scene.key)),
    KeyCall("ListGrants", lambda kms, scene: kms.list_grants(KeyId=scene.key)),
    KeyCall("ListKeyPolicies", lambda kms, scene: kms.list_key_policies(KeyId=scene.key)),
    KeyCall("ListKeyRotations", lambda kms, scene: kms.list_key_rotations(KeyId=scene.key)),
    KeyCall("ListResourceTags", lambda kms, scene: kms.list_resource_tags(KeyId=scene.key)),
    KeyCall("PutKeyPolicy", lambda kms, scene: kms.put_key_policy(KeyId=scene.key, Policy=_POLICY_OF_NOBODY)),
    KeyCall(
        "ReEncrypt",
        lambda kms, scene: kms.re_encrypt(CiphertextBlob=scene.ciphertext, DestinationKeyId=scene.other_key),
        "source",
        ("ReEncryptFrom", "ReEncryptTo"),
    ),
    KeyCall(
        "ReEncrypt",
        lambda kms, scene: kms.re_encrypt(CiphertextBlob=scene.other_ciphertext, DestinationKeyId=scene.key),
        "destination",
        ("ReEncryptFrom", "ReEncryptTo"),
    ),
    KeyCall("RetireGrant", lambda kms, scene: kms.retire_grant(KeyId=scene.key, GrantId=scene.grant_id)),
    KeyCall("RevokeGrant", lambda kms, scene: kms.revoke_grant(KeyId=scene.key, GrantId=scene.grant_id)),
    KeyCall("RotateKeyOnDemand", lambda kms, scene: kms.rotate_key_on_demand(KeyId=scene.key)),
    KeyCall("ScheduleKeyDeletion", lambda kms, scene: kms.schedule_key_deletion(KeyId=scene.key)),
    KeyCall("Sign", lambda kms, scene: kms.sign(KeyId=scene.key, **_ECDSA), kind=SIGNING),
    KeyCall(
        "Verify",
        lambda kms, scene: kms.verify(KeyId=scene.key, Signature=scene.extra["signature"], **_ECDSA),
        kind=SIGNING,
    ),
    KeyCall("VerifyMac", lambda kms, scene: kms.verify_mac(KeyId=scene.key, Mac=scene.extra["mac"], **_HMAC), kind=MAC),
    KeyCall(
        "TagResource", lambda kms, scene: kms.tag_resource(KeyId=scene.key, Tags=[{"TagKey": "a", "TagValue": "b"}])
    ),
    KeyCall("UntagResource", lambda kms, scene: kms.untag_resource(KeyId=scene.key, TagKeys=["was"])),
    KeyCall(
        "UpdateAlias",
        lambda kms, scene: kms.update_alias(AliasName=scene.alias, TargetKeyId=scene.other_key),
        "current-target",
    ),
    KeyCall(
        "UpdateAlias",
        lambda kms, scene: kms.update_alias(AliasName=scene.extra["other_alias"], TargetKeyId=scene.key),
        "new-target",
    ),
    KeyCall(
        "UpdateKeyDescription", lambda kms, scene: kms.update_key_description(KeyId=scene.key, Description="other")
    ),
)

KEYLESS = frozenset({"CreateKey", "GenerateRandom", "ListAliases", "ListKeys", "ListRetirableGrants"}) | {
    name for name in IMPLEMENTED if "CustomKeyStore" in name
}
"""Implemented operations that need no key, so none can forbid them."""


def with_other_alias(scene: Scene) -> Scene:
    """The same scene with an alias on the other key too."""
    scene.extra["other_alias"] = fresh_alias()
    scene.owner.client("kms").create_alias(AliasName=scene.extra["other_alias"], TargetKeyId=scene.other_key)
    return scene


@dataclass(frozen=True)
class RawAnswer:
    """body: the JSON of the answer."""

    status: int
    body: Any
    request_id: str | None


class RawKms:
    """Signed requests whose bodies are whatever the test sends.

    The signing key is derived once: botocore takes longer to sign than the server to answer.
    """

    def __init__(self, account: Account) -> None:
        self.host = urlsplit(account.server.url).netloc
        self._connections: list[http.client.HTTPConnection] = []
        self._date = f"{datetime.now(UTC):%Y%m%d}"
        self._credential = f"{account.access_key_id}/{self._date}/{REGION}/kms/aws4_request"
        self._signing_key = f"AWS4{account.secret_access_key}".encode()
        for part in (self._date, REGION, "kms", "aws4_request"):
            self._signing_key = hmac.digest(self._signing_key, part.encode(), "sha256")

    def headers(self, operation: str, body: bytes) -> dict[str, str]:
        """The headers of a signed request, `Host` among them."""
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "Host": self.host,
            "X-Amz-Date": f"{self._date}T{datetime.now(UTC):%H%M%S}Z",
            "X-Amz-Target": f"TrentService.{operation}",
        }
        names = ";".join(name.lower() for name in headers)
        lines = "".join(f"{name.lower()}:{value}\n" for name, value in headers.items())
        canonical = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
        scope = self._credential.partition("/")[2]
        digest = hashlib.sha256(canonical.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{headers['X-Amz-Date']}\n{scope}\n{digest}"
        signature = hmac.digest(self._signing_key, to_sign.encode(), "sha256").hex()
        given = f"Credential={self._credential}, SignedHeaders={names}, Signature={signature}"
        return {**headers, "Authorization": f"AWS4-HMAC-SHA256 {given}"}

    def send(self, operation: str, body: bytes) -> tuple[int, Any]:
        """Returns the status and the JSON of the answer."""
        (answer,) = self.send_together([(operation, body)])
        return answer.status, answer.body

    def send_together(self, requests: Sequence[tuple[str, bytes]]) -> list[RawAnswer]:
        """Send each on a connection of its own, then read the answers."""
        while len(self._connections) < len(requests):
            self._connections.append(http.client.HTTPConnection(self.host, timeout=30))
        used = self._connections[: len(requests)]
        for connection, (operation, body) in zip(used, requests, strict=True):
            connection.request("POST", "/", body, self.headers(operation, body))
        return [_answer(connection.getresponse()) for connection in used]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()


def _answer(response: http.client.HTTPResponse) -> RawAnswer:
    content = response.read()
    return RawAnswer(response.status, json.loads(content) if content else {}, response.getheader("x-amzn-RequestId"))
