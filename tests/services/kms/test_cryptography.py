"""Encrypt, Decrypt, ReEncrypt, data keys and random bytes through boto3: what opens, and all that must not."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.services.kms.support import (
    RawKms,
    administrator_arn,
    allow,
    document,
    fresh_alias,
    key_under,
    named,
    open_key,
)
from tests.support import Account, Server, refused

ON_CIPHERTEXT = "on the resource associated with this ciphertext"
HIDDEN_KEY = (
    f"{ON_CIPHERTEXT} because the resource does not exist in this Region, no resource-based policies allow access, "
    "or a resource-based policy explicitly denies access"
)
DRY_RUN = "The request would have succeeded, but the DryRun option is set."
ARN_CONTEXT = {"aws:voiceid:domain:arn": "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"}

# Lengths of the parts of a ciphertext blob for a UUID key id; `tests/kms` pins the layout itself.
FIELDS = {
    "version": slice(0, 1),
    "key-id-length": slice(1, 2),
    "key-id": slice(2, 38),
    "backing-key-id": slice(38, 70),
    "nonce": slice(70, 86),
    "ciphertext": slice(86, -16),
    "tag": slice(-16, None),
}

OTHER_CONTEXTS: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "shifted-one-way": ({"ab": "c"}, {"a": "bc"}),
    "shifted-the-other-way": ({"a": "bc"}, {"ab": "c"}),
    "absent": ({"a": "b"}, {}),
    "only-now": ({}, {"a": "b"}),
    "one-pair-too-few": ({"a": "b", "c": "d"}, {"a": "b"}),
    "one-pair-too-many": ({"a": "b"}, {"a": "b", "c": "d"}),
    "other-value": ({"a": "b"}, {"a": "c"}),
    "other-key": ({"a": "b"}, {"c": "b"}),
    "key-in-upper-case": ({"a": "b"}, {"A": "b"}),
    "value-in-upper-case": ({"a": "b"}, {"a": "B"}),
    "swapped-values": ({"a": "1", "b": "2"}, {"a": "2", "b": "1"}),
    "pairs-glued-together": ({"a": "b", "c": "d"}, {"a": "bcd"}),
    "a-separator-inside": ({"a": "b\x00c"}, {"a\x00b": "c"}),
    "composed-letter": ({"a": "\u00e9"}, {"a": "e\u0301"}),
    "trailing-space": ({"a": "b"}, {"a": "b "}),
}

Sealer = Callable[..., bytes]
SEALERS: dict[str, Callable[[Any, str, dict[str, str]], bytes]] = {
    "encrypt": lambda kms, key, context: kms.encrypt(KeyId=key, Plaintext=b"x", EncryptionContext=context)[
        "CiphertextBlob"
    ],
    "data-key": lambda kms, key, context: kms.generate_data_key(
        KeyId=key, KeySpec="AES_256", EncryptionContext=context
    )["CiphertextBlob"],
    "data-key-without-plaintext": lambda kms, key, context: kms.generate_data_key_without_plaintext(
        KeyId=key, KeySpec="AES_128", EncryptionContext=context
    )["CiphertextBlob"],
}


def seal(kms: Any, key: str, plaintext: bytes = b"secret", **context: str) -> bytes:
    blob: bytes = kms.encrypt(KeyId=key, Plaintext=plaintext, EncryptionContext=context)["CiphertextBlob"]
    return blob


class TestShape:
    def test_encrypt(self, kms: Any, kms_key: str) -> None:
        answer = kms.encrypt(KeyId=kms_key.rpartition("/")[2], Plaintext=b"x")
        assert set(answer) == {"CiphertextBlob", "KeyId", "EncryptionAlgorithm", "ResponseMetadata"}
        assert (answer["KeyId"], answer["EncryptionAlgorithm"]) == (kms_key, "SYMMETRIC_DEFAULT")

    def test_decrypt(self, kms: Any, kms_key: str) -> None:
        answer = kms.decrypt(CiphertextBlob=seal(kms, kms_key))
        assert set(answer) == {"Plaintext", "KeyId", "KeyMaterialId", "EncryptionAlgorithm", "ResponseMetadata"}
        assert answer["KeyId"] == kms_key
        current = kms.describe_key(KeyId=kms_key)["KeyMetadata"]["CurrentKeyMaterialId"]
        assert answer["KeyMaterialId"] == current

    def test_re_encrypt(self, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]
        answer = kms.re_encrypt(CiphertextBlob=seal(kms, kms_key), DestinationKeyId=other["KeyId"])
        answer.pop("ResponseMetadata")
        answer.pop("CiphertextBlob")
        source = kms.describe_key(KeyId=kms_key)["KeyMetadata"]
        assert answer == {
            "SourceKeyId": kms_key,
            "KeyId": other["Arn"],
            "SourceEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "DestinationEncryptionAlgorithm": "SYMMETRIC_DEFAULT",
            "SourceKeyMaterialId": source["CurrentKeyMaterialId"],
            "DestinationKeyMaterialId": other["CurrentKeyMaterialId"],
        }

    def test_generate_data_key(self, kms: Any, kms_key: str) -> None:
        answer = kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256")
        assert set(answer) == {"CiphertextBlob", "Plaintext", "KeyId", "KeyMaterialId", "ResponseMetadata"}
        assert answer["KeyId"] == kms_key

    def test_generate_data_key_without_plaintext_has_none(self, kms: Any, kms_key: str) -> None:
        answer = kms.generate_data_key_without_plaintext(KeyId=kms_key, KeySpec="AES_256")
        assert set(answer) == {"CiphertextBlob", "KeyId", "KeyMaterialId", "ResponseMetadata"}
        assert len(kms.decrypt(CiphertextBlob=answer["CiphertextBlob"])["Plaintext"]) == 32

    def test_a_plaintext_over_the_limit_is_refused_and_not_repeated(self, kms: Any, kms_key: str) -> None:
        with refused("ValidationException") as refusal:
            kms.encrypt(KeyId=kms_key, Plaintext=b"secret" * 1000)
        assert refusal.message == (
            "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: "
            "Member must have length less than or equal to 4096"
        )

    def test_an_empty_plaintext_is_refused(self, kms: Any, raw_kms: RawKms, kms_key: str) -> None:
        status, body = raw_kms.send("Encrypt", b'{"KeyId": "%s", "Plaintext": ""}' % kms_key.encode())
        assert (status, body["__type"]) == (400, "ValidationException")

    def test_generate_random_needs_a_length(self, kms: Any) -> None:
        with refused("ValidationException") as refusal:
            kms.generate_random()
        assert refusal.message == "NumberOfBytes is required."


class TestBehaviour:
    @pytest.mark.parametrize("size", [1, 15, 16, 17, 4096])
    def test_what_was_encrypted_is_decrypted(self, kms: Any, kms_key: str, size: int) -> None:
        plaintext = bytes(index % 251 for index in range(size))
        assert kms.decrypt(CiphertextBlob=seal(kms, kms_key, plaintext))["Plaintext"] == plaintext

    def test_no_two_ciphertexts_are_alike(self, kms: Any, kms_key: str) -> None:
        blobs = [seal(kms, kms_key, b"the same") for _ in range(20)]
        assert len({blob[FIELDS["ciphertext"]] for blob in blobs}) == 20
        assert len({blob[FIELDS["nonce"]] for blob in blobs}) == 20

    def test_the_plaintext_is_not_in_the_ciphertext(self, kms: Any, kms_key: str) -> None:
        assert b"canary" not in seal(kms, kms_key, b"canary" * 100)

    @pytest.mark.parametrize("sealer", SEALERS)
    @pytest.mark.parametrize("case", OTHER_CONTEXTS)
    def test_another_encryption_context_opens_nothing(self, kms: Any, kms_key: str, case: str, sealer: str) -> None:
        sealed, offered = OTHER_CONTEXTS[case]
        blob = SEALERS[sealer](kms, kms_key, sealed)
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=sealed)
        with refused("InvalidCiphertextException") as refusal:
            kms.decrypt(CiphertextBlob=blob, EncryptionContext=offered)
        assert refusal.message == ""
        with refused("InvalidCiphertextException"):
            kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=offered, DestinationKeyId=kms_key)

    @pytest.mark.claim("V20")
    @pytest.mark.parametrize(
        "offered",
        [{}, {"aws:voiceid:domain:arn": "arn:aws:voiceid:us-west-2:111122223333:domain/other"}, {"tenant": "a"}],
        ids=["none", "another", "a-part"],
    )
    def test_a_data_key_opens_only_under_its_whole_context(
        self, kms: Any, kms_key: str, offered: dict[str, str]
    ) -> None:
        context = {**ARN_CONTEXT, "tenant": "a"}
        data_key = kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256", EncryptionContext=context)
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=offered)
        opened = kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"], EncryptionContext=context)
        assert opened["Plaintext"] == data_key["Plaintext"]

    def test_the_order_of_the_pairs_is_free(self, kms: Any, kms_key: str) -> None:
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext={"a": "1", "b": "2"})["CiphertextBlob"]
        kms.decrypt(CiphertextBlob=blob, EncryptionContext={"b": "2", "a": "1"})

    def test_an_empty_context_is_none(self, kms: Any, kms_key: str) -> None:
        without = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        kms.decrypt(CiphertextBlob=without, EncryptionContext={})
        kms.decrypt(CiphertextBlob=seal(kms, kms_key))

    def test_a_context_of_any_letters_is_bound(self, kms: Any, kms_key: str) -> None:
        context = {"": "", "schlüssel": "値", "\U0001f511": "\x00"}
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=blob, EncryptionContext={**context, "": "x"})

    @pytest.mark.parametrize(
        "pairs",
        [{"a": "x" * 8_184}, {"x" * 8_184: "a"}, {"a": "x" + "\u00fc" * 4_092}, {str(n): "x" * 80 for n in range(95)}],
        ids=["value", "key", "letters-of-two-bytes", "pairs"],
    )
    def test_a_context_of_eight_kilobytes_is_too_long(self, kms: Any, kms_key: str, pairs: dict[str, str]) -> None:
        """As JSON it is to have fewer than 8192 bytes."""
        with refused("ValidationException"):
            kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext=pairs)
        with refused("ValidationException"):
            kms.decrypt(CiphertextBlob=seal(kms, kms_key), EncryptionContext=pairs)

    @pytest.mark.parametrize("value", ["x" * 8_183, "x" + "\u00fc" * 4_091], ids=["ascii", "letters-of-two-bytes"])
    def test_a_context_of_a_little_less_is_not(self, kms: Any, kms_key: str, value: str) -> None:
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext={"a": value})["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob, EncryptionContext={"a": value})["Plaintext"] == b"x"

    @pytest.mark.parametrize("field", FIELDS)
    def test_every_flipped_bit_of_a_ciphertext_blob_is_refused(
        self, kms: Any, raw_kms: RawKms, kms_key: str, field: str
    ) -> None:
        blob = seal(kms, kms_key)
        positions = range(len(blob))[FIELDS[field]]
        for bit in range(positions.start * 8, positions.stop * 8):
            changed = bytearray(blob)
            changed[bit // 8] ^= 1 << bit % 8
            body = b'{"CiphertextBlob": "%s"}' % base64.b64encode(changed)
            status, answer = raw_kms.send("Decrypt", body)
            assert status == 400
            if field == "key-id" and answer["__type"] == "AccessDeniedException":
                assert answer["Message"].endswith(HIDDEN_KEY)
            else:
                assert answer["__type"] == "InvalidCiphertextException"
            assert "Plaintext" not in answer
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"

    def test_the_parts_of_two_blobs_do_not_make_a_third(self, kms: Any, kms_key: str) -> None:
        first, second = seal(kms, kms_key, b"secret"), seal(kms, kms_key, b"Secret")
        for part in ("nonce", "ciphertext", "tag"):
            mixed = bytearray(first)
            mixed[FIELDS[part]] = second[FIELDS[part]]
            with refused("InvalidCiphertextException"):
                kms.decrypt(CiphertextBlob=bytes(mixed))

    def test_a_blob_under_the_name_of_another_key_is_refused(self, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        forged = bytearray(seal(kms, kms_key))
        forged[FIELDS["key-id"]] = seal(kms, other)[FIELDS["key-id"]]
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=bytes(forged))
        forged[FIELDS["backing-key-id"]] = seal(kms, other)[FIELDS["backing-key-id"]]
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=bytes(forged))

    def test_every_shortened_or_lengthened_blob_is_refused(self, kms: Any, kms_key: str) -> None:
        blob = seal(kms, kms_key)
        for changed in [*(blob[:length] for length in range(1, len(blob))), blob + b"\x00", blob + blob]:
            with refused("InvalidCiphertextException"):
                kms.decrypt(CiphertextBlob=changed)

    def test_the_named_key_must_be_the_one_that_encrypted(self, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        blob = seal(kms, kms_key)
        for refused_call in (
            lambda: kms.decrypt(CiphertextBlob=blob, KeyId=other),
            lambda: kms.re_encrypt(CiphertextBlob=blob, SourceKeyId=other, DestinationKeyId=other),
        ):
            with refused("IncorrectKeyException") as refusal:
                refused_call()
            assert refusal.message == (
                "The key ID in the request does not identify a CMK that can perform this operation."
            )

    def test_a_ciphertext_of_another_region_is_refused(self, account: Account, kms: Any, kms_key: str) -> None:
        with refused("AccessDeniedException") as refusal:
            account.client("kms", "eu-central-1").decrypt(CiphertextBlob=seal(kms, kms_key))
        assert refusal.message.endswith(f"is not authorized to perform: kms:Decrypt {HIDDEN_KEY}")

    def test_re_encrypt_changes_key_and_context(self, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        moved = kms.re_encrypt(
            CiphertextBlob=seal(kms, kms_key, a="1"),
            SourceEncryptionContext={"a": "1"},
            DestinationKeyId=other,
            DestinationEncryptionContext={"b": "2"},
        )["CiphertextBlob"]
        opened = kms.decrypt(CiphertextBlob=moved, EncryptionContext={"b": "2"})
        assert (opened["Plaintext"], opened["KeyId"]) == (b"secret", other)
        with refused("InvalidCiphertextException"):
            kms.decrypt(CiphertextBlob=moved, EncryptionContext={"a": "1"})

    @pytest.mark.parametrize(
        ("size", "length"),
        [
            ({"KeySpec": "AES_128"}, 16),
            ({"KeySpec": "AES_256"}, 32),
            ({"NumberOfBytes": 1}, 1),
            ({"NumberOfBytes": 64}, 64),
            ({"NumberOfBytes": 1024}, 1024),
        ],
        ids=["aes-128", "aes-256", "1-byte", "64-bytes", "1024-bytes"],
    )
    def test_a_data_key_has_the_size_that_was_asked_for(
        self, kms: Any, kms_key: str, size: dict[str, Any], length: int
    ) -> None:
        data_key = kms.generate_data_key(KeyId=kms_key, **size)
        assert len(data_key["Plaintext"]) == length
        assert kms.decrypt(CiphertextBlob=data_key["CiphertextBlob"])["Plaintext"] == data_key["Plaintext"]
        wrapped = kms.generate_data_key_without_plaintext(KeyId=kms_key, **size)["CiphertextBlob"]
        assert len(kms.decrypt(CiphertextBlob=wrapped)["Plaintext"]) == length

    @pytest.mark.parametrize("size", [{}, {"KeySpec": "AES_256", "NumberOfBytes": 32}], ids=["none", "both"])
    def test_a_data_key_has_exactly_one_size(self, kms: Any, kms_key: str, size: dict[str, Any]) -> None:
        for generate in (kms.generate_data_key, kms.generate_data_key_without_plaintext):
            with refused("ValidationException") as refusal:
                generate(KeyId=kms_key, **size)
            assert refusal.message == "Please specify either number of bytes or key spec."

    @pytest.mark.parametrize("length", [0, 1025], ids=["none", "too-many"])
    def test_a_length_beyond_the_limits_is_refused(self, kms: Any, raw_kms: RawKms, kms_key: str, length: int) -> None:
        for operation in ("GenerateRandom", "GenerateDataKey"):
            body = f'{{"KeyId": "{kms_key}", "NumberOfBytes": {length}}}' if operation != "GenerateRandom" else ""
            status, answer = raw_kms.send(operation, (body or f'{{"NumberOfBytes": {length}}}').encode())
            assert (status, answer["__type"]) == (400, "ValidationException")
            assert f"Value '{length}' at 'numberOfBytes' failed to satisfy constraint" in answer["message"]

    def test_no_two_data_keys_and_random_strings_are_alike(self, kms: Any, kms_key: str) -> None:
        keys = {kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256")["Plaintext"] for _ in range(10)}
        random = {kms.generate_random(NumberOfBytes=32)["Plaintext"] for _ in range(10)}
        assert len(keys | random) == 20

    @pytest.mark.parametrize("state", ["disabled", "pending-deletion"])
    def test_a_dry_run_says_only_what_would_happen(self, kms: Any, kms_key: str, state: str) -> None:
        blob = seal(kms, kms_key)
        grant = {"GranteePrincipal": "arn:aws:iam::111122223333:user/agent", "Operations": ["Decrypt"]}
        made = kms.create_grant(KeyId=kms_key, **grant)["GrantId"]
        calls = {
            "encrypt": {"KeyId": kms_key, "Plaintext": b"x"},
            "decrypt": {"CiphertextBlob": blob},
            "re_encrypt": {"CiphertextBlob": blob, "DestinationKeyId": kms_key},
            "generate_data_key": {"KeyId": kms_key, "KeySpec": "AES_256"},
            "generate_data_key_without_plaintext": {"KeyId": kms_key, "KeySpec": "AES_256"},
            "create_grant": {"KeyId": kms_key, **grant},
            "revoke_grant": {"KeyId": kms_key, "GrantId": made},
            "retire_grant": {"KeyId": kms_key, "GrantId": made},
        }
        for name, parameters in calls.items():
            with refused("DryRunOperationException") as refusal:
                getattr(kms, name)(**parameters, DryRun=True)
            assert refusal.message == DRY_RUN
        assert [entry["GrantId"] for entry in kms.list_grants(KeyId=kms_key)["Grants"]] == [made]
        if state == "disabled":
            kms.disable_key(KeyId=kms_key)
        else:
            kms.schedule_key_deletion(KeyId=kms_key)
        for name, parameters in calls.items():
            in_any_state = name in ("revoke_grant", "retire_grant")
            unusable = "DisabledException" if state == "disabled" else "KMSInvalidStateException"
            with refused("DryRunOperationException" if in_any_state else unusable):
                getattr(kms, name)(**parameters, DryRun=True)

    def test_a_dry_run_is_authorised_too(self, account: Account, kms_key: str) -> None:
        with refused("AccessDeniedException"):
            account.user("nobody").client("kms").encrypt(KeyId=kms_key, Plaintext=b"x", DryRun=True)

    @pytest.mark.parametrize("algorithm", ["RSAES_OAEP_SHA_1", "RSAES_OAEP_SHA_256"])
    def test_an_algorithm_of_another_kind_of_key_is_refused(self, kms: Any, kms_key: str, algorithm: str) -> None:
        with refused("InvalidKeyUsageException") as refusal:
            kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionAlgorithm=algorithm)
        assert refusal.message == f"Algorithm {algorithm} is incompatible with key spec SYMMETRIC_DEFAULT."
        with refused("InvalidKeyUsageException"):
            kms.decrypt(CiphertextBlob=seal(kms, kms_key), KeyId=kms_key, EncryptionAlgorithm=algorithm)

    def test_attestation_is_refused_by_its_name(self, kms: Any, kms_key: str) -> None:
        recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": b"x"}
        for refused_call in (
            lambda: kms.decrypt(CiphertextBlob=seal(kms, kms_key), Recipient=recipient),
            lambda: kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256", Recipient=recipient),
            lambda: kms.generate_random(NumberOfBytes=8, Recipient=recipient),
        ):
            with refused("UnsupportedOperationException") as refusal:
                refused_call()
            assert "Recipient" in refusal.message

    def test_a_disabled_key_refuses_until_it_is_enabled(self, kms: Any, kms_key: str) -> None:
        blob = seal(kms, kms_key)
        kms.disable_key(KeyId=kms_key)
        for refused_call in (
            lambda: kms.decrypt(CiphertextBlob=blob),
            lambda: kms.encrypt(KeyId=kms_key, Plaintext=b"x"),
            lambda: kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256"),
        ):
            with refused("DisabledException") as refusal:
                refused_call()
            assert refusal.message == f"{kms_key} is disabled."
        kms.enable_key(KeyId=kms_key)
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"

    def test_what_a_deleted_key_encrypted_is_gone_for_good(self, server: Server, kms: Any, kms_key: str) -> None:
        alias = fresh_alias()
        kms.create_alias(AliasName=alias, TargetKeyId=kms_key)
        kms.rotate_key_on_demand(KeyId=kms_key)
        blob = seal(kms, kms_key)
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        server.advance("P8D")
        with refused("AccessDeniedException") as refusal:
            kms.decrypt(CiphertextBlob=blob)
        assert refusal.message.endswith(HIDDEN_KEY)
        kms.create_alias(AliasName=alias, TargetKeyId=kms.create_key()["KeyMetadata"]["KeyId"])
        with refused("IncorrectKeyException"):
            kms.decrypt(CiphertextBlob=blob, KeyId=alias)
        assert server.simulator.database.count("backing_keys", {"key_arn": kms_key}) == 0


class TestAuthorization:
    @pytest.mark.parametrize("owner_allows", [True, False], ids=["by-iam", "by-the-key-policy"])
    def test_a_forbidden_key_that_a_ciphertext_names_is_not_named_in_the_refusal(
        self, account: Account, kms: Any, owner_allows: bool
    ) -> None:
        user = account.user("nobody", *([] if owner_allows else [document(allow("kms:*"))]))
        admin = named(administrator_arn(account))
        key = open_key(account) if owner_allows else key_under(kms, allow("kms:*", Principal=admin))
        for action, refused_call in (
            ("Decrypt", lambda client: client.decrypt(CiphertextBlob=seal(kms, key))),
            ("ReEncryptFrom", lambda client: client.re_encrypt(CiphertextBlob=seal(kms, key), DestinationKeyId=key)),
        ):
            with refused("AccessDeniedException") as refusal:
                refused_call(user.client("kms"))
            by_iam = f"{ON_CIPHERTEXT} because no identity-based policy allows the kms:{action} action"
            assert refusal.message == (
                f"User: {user.arn} is not authorized to perform: kms:{action} {by_iam if owner_allows else HIDDEN_KEY}"
            )

    def test_a_forbidden_key_that_the_caller_names_is_no_secret(self, account: Account, kms: Any, kms_key: str) -> None:
        user = account.user("nobody")
        with refused("AccessDeniedException") as refusal:
            user.client("kms").decrypt(CiphertextBlob=seal(kms, kms_key), KeyId=kms_key)
        assert refusal.message.startswith(f"User: {user.arn} is not authorized to perform: kms:Decrypt on resource:")

    @pytest.mark.parametrize("missing", ["ReEncryptFrom", "ReEncryptTo", None])
    def test_re_encrypt_takes_a_right_on_either_side(self, account: Account, missing: str | None) -> None:
        user = account.user("mover")

        def key_with(right: str) -> str:
            actions = ["kms:DescribeKey"] + ([f"kms:{right}"] if right != missing else [])
            return open_key(account, allow(*actions, Principal=named(user.arn)))

        source, destination = key_with("ReEncryptFrom"), key_with("ReEncryptTo")
        blob = seal(account.client("kms"), source)
        try:
            user.client("kms").re_encrypt(CiphertextBlob=blob, SourceKeyId=source, DestinationKeyId=destination)
            assert missing is None
        except ClientError as error:
            assert error.response["Error"]["Code"] == "AccessDeniedException"
            assert f"kms:{missing}" in error.response["Error"]["Message"]

    def test_the_rights_to_encrypt_and_decrypt_do_not_allow_re_encrypt(self, account: Account, kms_key: str) -> None:
        user = account.user("user", document(allow("kms:Encrypt", "kms:Decrypt"))).client("kms")
        blob = seal(user, kms_key)
        assert user.decrypt(CiphertextBlob=blob)["Plaintext"] == b"secret"
        with refused("AccessDeniedException"):
            user.re_encrypt(CiphertextBlob=blob, DestinationKeyId=kms_key)

    def test_generate_random_takes_iam_alone(self, account: Account) -> None:
        with refused("AccessDeniedException"):
            account.user("nobody").client("kms").generate_random(NumberOfBytes=1)
        user = account.user("dice", document(allow("kms:GenerateRandom"))).client("kms")
        assert len(user.generate_random(NumberOfBytes=1024)["Plaintext"]) == 1024
