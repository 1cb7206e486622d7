"""Aliases through boto3: names that stand for a key wherever the operation takes one, and nowhere else."""

from __future__ import annotations

from typing import Any

import pytest

from kms.operation import FACTS
from tests.services.kms.support import IMPLEMENTED, KEY_CALLS, allow, deny, document, fresh_alias, named, open_key
from tests.support import REGION, Account, refused

WITH_KEY_ID = {
    "CancelKeyDeletion": {},
    "CreateGrant": {"GranteePrincipal": "arn:aws:iam::111122223333:user/agent", "Operations": ["Decrypt"]},
    "DescribeKey": {},
    "DisableKey": {},
    "DisableKeyRotation": {},
    "EnableKey": {},
    "EnableKeyRotation": {},
    "Encrypt": {"Plaintext": b"x"},
    "GenerateDataKey": {"KeySpec": "AES_256"},
    "GenerateDataKeyWithoutPlaintext": {"KeySpec": "AES_256"},
    "Decapsulate": {"SharedSecretCiphertextBlob": b"x", "EncapsulationAlgorithm": "ML_KEM"},
    "DeleteImportedKeyMaterial": {},
    "GetParametersForImport": {"WrappingAlgorithm": "RSAES_OAEP_SHA_256", "WrappingKeySpec": "RSA_2048"},
    "ImportKeyMaterial": {
        "ImportToken": b"x",
        "EncryptedKeyMaterial": b"x",
        "ExpirationModel": "KEY_MATERIAL_DOES_NOT_EXPIRE",
    },
    "ReplicateKey": {"ReplicaRegion": "eu-west-1"},
    "UpdatePrimaryRegion": {"PrimaryRegion": "eu-west-1"},
    "Encapsulate": {"EncapsulationAlgorithm": "ML_KEM"},
    "GetKeyLastUsage": {},
    "DeriveSharedSecret": {"KeyAgreementAlgorithm": "ECDH", "PublicKey": b"x"},
    "GenerateDataKeyPair": {"KeyPairSpec": "ECC_NIST_P256"},
    "GenerateDataKeyPairWithoutPlaintext": {"KeyPairSpec": "ECC_NIST_P256"},
    "GenerateMac": {"Message": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "GetKeyPolicy": {},
    "GetPublicKey": {},
    "GetKeyRotationStatus": {},
    "ListAliases": {},
    "ListGrants": {},
    "ListKeyPolicies": {},
    "ListKeyRotations": {},
    "ListResourceTags": {},
    "PutKeyPolicy": {"Policy": "{}"},
    "RevokeGrant": {"GrantId": "0" * 64},
    "RotateKeyOnDemand": {},
    "ScheduleKeyDeletion": {},
    "Sign": {"Message": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "Verify": {"Message": b"x", "Signature": b"x", "SigningAlgorithm": "ECDSA_SHA_256"},
    "VerifyMac": {"Message": b"x", "Mac": b"x", "MacAlgorithm": "HMAC_SHA_256"},
    "TagResource": {"Tags": [{"TagKey": "a", "TagValue": "b"}]},
    "UntagResource": {"TagKeys": ["a"]},
    "UpdateKeyDescription": {"Description": "x"},
}
"""Operation -> what it needs besides KeyId; Decrypt, ReEncrypt, RetireGrant and aliases have tests of their own."""

OF_ANOTHER_KIND = {call.operation for call in KEY_CALLS if call.kind is not None}
"""Operations that take an alias, but not one of a symmetric key."""

TAKES_ALIAS = [name for name in WITH_KEY_ID if FACTS[name].aliases]
TAKES_NO_ALIAS = [name for name in WITH_KEY_ID if not FACTS[name].aliases]


@pytest.fixture
def alias(kms: Any, kms_key: str) -> str:
    name = fresh_alias()
    kms.create_alias(AliasName=name, TargetKeyId=kms_key)
    return name


def call(kms: Any, operation: str, key_id: str) -> dict[str, Any]:
    method = "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in operation)[1:]
    answer: dict[str, Any] = getattr(kms, method)(KeyId=key_id, **WITH_KEY_ID[operation])
    return answer


def arn_of(account: Account, alias: str) -> str:
    return f"arn:aws:kms:{REGION}:{account.account_id}:{alias}"


class TestShape:
    def test_an_alias_is_listed_with_all_that_is_known(self, kms: Any, account: Account, kms_key: str) -> None:
        name = fresh_alias()
        kms.create_alias(AliasName=name, TargetKeyId=kms_key)
        (alias,) = kms.list_aliases()["Aliases"]
        assert alias.pop("CreationDate") == alias.pop("LastUpdatedDate")
        assert alias == {
            "AliasArn": arn_of(account, name),
            "AliasName": name,
            "TargetKeyId": kms_key.rpartition("/")[2],
        }

    def test_every_operation_with_a_key_id_is_called_here(self) -> None:
        others = {"Decrypt", "ReEncrypt", "RetireGrant", "CreateAlias", "UpdateAlias", "DeleteAlias"}
        others |= {name for name in IMPLEMENTED if "CustomKeyStore" in name}
        others |= {"CreateKey", "GenerateRandom", "ListKeys", "ListRetirableGrants"}
        assert set(WITH_KEY_ID) | others == set(IMPLEMENTED)

    def test_the_operations_that_take_an_alias_are_the_documented_ones(self) -> None:
        assert set(TAKES_ALIAS) == {
            "Decapsulate",
            "DeriveSharedSecret",
            "DescribeKey",
            "Encapsulate",
            "Encrypt",
            "GenerateDataKey",
            "GenerateDataKeyPair",
            "GenerateDataKeyPairWithoutPlaintext",
            "GenerateDataKeyWithoutPlaintext",
            "GenerateMac",
            "GetPublicKey",
            "Sign",
            "Verify",
            "VerifyMac",
        }

    @pytest.mark.parametrize("operation", [name for name in TAKES_ALIAS if name not in OF_ANOTHER_KIND])
    def test_an_alias_name_or_arn_stands_for_its_key(
        self, kms: Any, account: Account, kms_key: str, alias: str, operation: str
    ) -> None:
        for key_id in (alias, arn_of(account, alias)):
            answer = call(kms, operation, key_id)
            assert kms_key in (answer.get("KeyId"), answer.get("KeyMetadata", {}).get("Arn"))

    def test_decrypt_and_re_encrypt_take_an_alias(self, kms: Any, account: Account, kms_key: str, alias: str) -> None:
        ciphertext = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        for key_id in (alias, arn_of(account, alias)):
            assert kms.decrypt(CiphertextBlob=ciphertext, KeyId=key_id)["KeyId"] == kms_key
            moved = kms.re_encrypt(CiphertextBlob=ciphertext, SourceKeyId=key_id, DestinationKeyId=key_id)
            assert (moved["SourceKeyId"], moved["KeyId"]) == (kms_key, kms_key)

    @pytest.mark.parametrize("operation", TAKES_NO_ALIAS)
    def test_an_alias_is_no_key_id_anywhere_else(self, kms: Any, account: Account, alias: str, operation: str) -> None:
        for key_id in (alias, arn_of(account, alias)):
            with refused("NotFoundException") as refusal:
                call(kms, operation, key_id)
            assert refusal.message == f"Invalid keyId '{key_id}'"


class TestAuthorization:
    """The right to the alias comes from IAM, the right to its key from key policy or IAM: both are needed."""

    @pytest.mark.parametrize("side", ["alias", "key"])
    def test_the_right_to_one_side_alone_does_not_suffice(
        self, account: Account, kms_key: str, alias: str, side: str
    ) -> None:
        resource = f"arn:aws:kms:*:*:{side}/*"
        actions = ("kms:CreateAlias", "kms:UpdateAlias", "kms:DeleteAlias")
        user = account.user("half", document(allow(*actions, Resource=resource))).client("kms")
        with refused("AccessDeniedException"):
            user.create_alias(AliasName=fresh_alias(), TargetKeyId=kms_key)
        with refused("AccessDeniedException"):
            user.update_alias(AliasName=alias, TargetKeyId=kms_key)
        with refused("AccessDeniedException"):
            user.delete_alias(AliasName=alias)

    def test_the_key_policy_can_give_the_right_to_the_key(self, account: Account) -> None:
        iam = document(allow("kms:CreateAlias", Resource="arn:aws:kms:*:*:alias/*"))
        user = account.user("namer", iam)
        key = open_key(account, allow("kms:CreateAlias", Principal=named(user.arn)))
        user.client("kms").create_alias(AliasName=fresh_alias(), TargetKeyId=key)

    def test_update_alias_takes_the_right_to_the_old_and_the_new_key(self, account: Account) -> None:
        user = account.user("mover", document(allow("kms:UpdateAlias")))
        keys = [open_key(account, deny("kms:UpdateAlias", Principal=named(user.arn))), open_key(account)]
        for old, new in (keys, keys[::-1]):
            name = fresh_alias()
            account.client("kms").create_alias(AliasName=name, TargetKeyId=old)
            with refused("AccessDeniedException"):
                user.client("kms").update_alias(AliasName=name, TargetKeyId=new)

    def test_an_alias_gives_no_right_to_its_key(self, account: Account, alias: str) -> None:
        iam = document(allow("kms:Encrypt", Resource=arn_of(account, alias)))
        with refused("AccessDeniedException"):
            account.user("user", iam).client("kms").encrypt(KeyId=alias, Plaintext=b"x")


BAD_NAMES = {
    "no-prefix": (
        "mine",
        "ValidationException",
        'Alias must start with the prefix "alias/". Please see '
        "https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html",
    ),
    "colon": ("alias/a:b", "ValidationException", "alias/a:b contains invalid characters for an alias"),
    "reserved": ("alias/aws/mine", "NotAuthorizedException", ""),
}


class TestBehaviour:
    @pytest.mark.parametrize("case", BAD_NAMES)
    def test_a_name_that_no_alias_may_have_is_refused(self, kms: Any, kms_key: str, case: str) -> None:
        name, code, message = BAD_NAMES[case]
        with refused(code) as refusal:
            kms.create_alias(AliasName=name, TargetKeyId=kms_key)
        assert refusal.message == message

    def test_a_name_is_taken_once(self, kms: Any, account: Account, kms_key: str, alias: str) -> None:
        with refused("AlreadyExistsException") as refusal:
            kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        assert refusal.message == f"An alias with the name {arn_of(account, alias)} already exists"

    def test_the_same_name_is_free_in_another_account(
        self, kms: Any, second_account: Account, kms_key: str, alias: str
    ) -> None:
        other = second_account.client("kms")
        other_key = other.create_key()["KeyMetadata"]["Arn"]
        other.create_alias(AliasName=alias, TargetKeyId=other_key)
        assert other.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == other_key
        assert kms.describe_key(KeyId=alias)["KeyMetadata"]["Arn"] == kms_key

    def test_an_alias_cannot_stand_for_an_alias(self, kms: Any, alias: str) -> None:
        with refused("ValidationException") as refusal:
            kms.create_alias(AliasName=fresh_alias(), TargetKeyId=alias)
        assert refusal.message == "Aliases must refer to keys. Not aliases"

    def test_an_alias_cannot_stand_for_a_key_of_another_account(
        self, account: Account, second_account: Account
    ) -> None:
        key = open_key(second_account, allow("kms:*", Principal=named(account.account_id)))
        with refused("AccessDeniedException"):
            account.client("kms").create_alias(AliasName=fresh_alias(), TargetKeyId=key)

    def test_an_alias_moves_to_another_key_and_old_ciphertexts_open_without_it(
        self, kms: Any, kms_key: str, alias: str
    ) -> None:
        before = kms.encrypt(KeyId=alias, Plaintext=b"before")["CiphertextBlob"]
        other = kms.create_key()["KeyMetadata"]["Arn"]
        kms.update_alias(AliasName=alias, TargetKeyId=other)
        assert kms.encrypt(KeyId=alias, Plaintext=b"after")["KeyId"] == other
        assert kms.decrypt(CiphertextBlob=before)["KeyId"] == kms_key
        with refused("IncorrectKeyException"):
            kms.decrypt(CiphertextBlob=before, KeyId=alias)
        (listed,) = kms.list_aliases()["Aliases"]
        assert listed["LastUpdatedDate"] >= listed["CreationDate"]

    @pytest.mark.parametrize(
        ("now", "then", "allowed"),
        [
            (("RSA_2048", "ENCRYPT_DECRYPT"), ("RSA_3072", "ENCRYPT_DECRYPT"), True),
            (("ECC_NIST_P256", "SIGN_VERIFY"), ("ECC_NIST_EDWARDS25519", "SIGN_VERIFY"), True),
            (("HMAC_256", "GENERATE_VERIFY_MAC"), ("HMAC_512", "GENERATE_VERIFY_MAC"), True),
            (("ECC_NIST_P256", "SIGN_VERIFY"), ("ECC_NIST_P256", "KEY_AGREEMENT"), False),
            (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("RSA_2048", "ENCRYPT_DECRYPT"), False),
            (("SYMMETRIC_DEFAULT", "ENCRYPT_DECRYPT"), ("HMAC_256", "GENERATE_VERIFY_MAC"), False),
        ],
        ids=["longer-rsa", "other-curve", "longer-hmac", "other-usage", "asymmetric", "hmac"],
    )
    def test_an_alias_moves_between_keys_of_one_type_and_usage(
        self, kms: Any, now: tuple[str, str], then: tuple[str, str], allowed: bool
    ) -> None:
        old, new = (kms.create_key(KeySpec=spec, KeyUsage=usage)["KeyMetadata"] for spec, usage in (now, then))
        name = fresh_alias()
        kms.create_alias(AliasName=name, TargetKeyId=old["KeyId"])
        if allowed:
            kms.update_alias(AliasName=name, TargetKeyId=new["KeyId"])
        else:
            with refused("ValidationException"):
                kms.update_alias(AliasName=name, TargetKeyId=new["KeyId"])
        assert kms.describe_key(KeyId=name)["KeyMetadata"]["KeyId"] == (new if allowed else old)["KeyId"]

    def test_a_deleted_alias_is_gone_and_its_key_is_not(
        self, kms: Any, account: Account, kms_key: str, alias: str
    ) -> None:
        kms.delete_alias(AliasName=alias)
        with refused("NotFoundException") as refusal:
            kms.encrypt(KeyId=alias, Plaintext=b"x")
        assert refusal.message == f"Alias {arn_of(account, alias)} is not found."
        kms.encrypt(KeyId=kms_key, Plaintext=b"x")

    def test_list_aliases_of_one_key(self, kms: Any, kms_key: str, alias: str) -> None:
        other = kms.create_key()["KeyMetadata"]["KeyId"]
        kms.create_alias(AliasName=fresh_alias(), TargetKeyId=other)
        assert len(kms.list_aliases()["Aliases"]) == 2
        assert [entry["AliasName"] for entry in kms.list_aliases(KeyId=kms_key)["Aliases"]] == [alias]
        kms.delete_alias(AliasName=alias)
        assert kms.list_aliases(KeyId=kms_key)["Aliases"] == []

    def test_a_key_has_at_most_fifty_aliases(self, kms: Any, kms_key: str) -> None:
        for _ in range(50):
            kms.create_alias(AliasName=fresh_alias(), TargetKeyId=kms_key)
        with refused("LimitExceededException"):
            kms.create_alias(AliasName=fresh_alias(), TargetKeyId=kms_key)

    def test_an_alias_cannot_move_to_a_key_that_has_fifty(self, kms: Any, kms_key: str) -> None:
        for _ in range(50):
            kms.create_alias(AliasName=fresh_alias(), TargetKeyId=kms_key)
        name = fresh_alias()
        kms.create_alias(AliasName=name, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        with refused("LimitExceededException"):
            kms.update_alias(AliasName=name, TargetKeyId=kms_key)
