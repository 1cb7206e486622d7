"""The trail of KMS calls: one event each, refusals included, in CloudTrail's form and without a secret."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from kms.operation import FACTS
from tests.services.kms.support import (
    KEY_CALLS,
    KeyCall,
    RawKms,
    Scene,
    administrator_arn,
    allow,
    document,
    fresh_alias,
    named,
    open_key,
)
from tests.support import REGION, Account, Server, refused

Trail = Callable[..., list[dict[str, Any]]]

COMMON = {
    "eventVersion",
    "userIdentity",
    "eventTime",
    "eventSource",
    "eventName",
    "awsRegion",
    "sourceIPAddress",
    "userAgent",
    "requestParameters",
    "responseElements",
    "requestID",
    "eventID",
    "readOnly",
    "resources",
    "eventType",
    "managementEvent",
    "recipientAccountId",
    "eventCategory",
}
"""Fields of every record of a successful API call on a KMS key. Source: the samples of the CloudTrail pages of KMS."""

PARAMETERS: dict[str, set[str]] = {
    "CancelKeyDeletion": {"keyId"},
    "CreateAlias": {"aliasName", "targetKeyId"},
    "CreateGrant": {"keyId", "granteePrincipal", "operations"},
    "Decrypt": {"encryptionAlgorithm"},
    "Decrypt-named": {"encryptionAlgorithm", "keyId"},
    "DeleteAlias": {"aliasName"},
    "DescribeKey": {"keyId"},
    "Decapsulate": {"keyId", "encapsulationAlgorithm"},
    "DeleteImportedKeyMaterial": {"keyId"},
    "GetParametersForImport": {"keyId", "wrappingAlgorithm", "wrappingKeySpec"},
    "ImportKeyMaterial": {"keyId", "expirationModel"},
    "ReplicateKey": {"keyId", "replicaRegion", "bypassPolicyLockoutSafetyCheck"},
    "UpdatePrimaryRegion": {"keyId", "primaryRegion"},
    "Encapsulate": {"keyId", "encapsulationAlgorithm"},
    "GetKeyLastUsage": {"keyId"},
    "DeriveSharedSecret": {"keyId", "keyAgreementAlgorithm"},
    "DisableKey": {"keyId"},
    "DisableKeyRotation": {"keyId"},
    "EnableKey": {"keyId"},
    "EnableKeyRotation": {"keyId"},
    "Encrypt": {"encryptionAlgorithm", "keyId"},
    "GenerateDataKey": {"keyId", "keySpec"},
    "GenerateDataKeyWithoutPlaintext": {"keyId", "keySpec"},
    "GenerateDataKeyPair": {"keyId", "keyPairSpec"},
    "GenerateDataKeyPairWithoutPlaintext": {"keyId", "keyPairSpec"},
    "GenerateMac": {"keyId", "macAlgorithm"},
    "GetPublicKey": {"keyId"},
    "GetKeyPolicy": {"keyId"},
    "GetKeyRotationStatus": {"keyId"},
    "ListGrants": {"keyId"},
    "ListKeyPolicies": {"keyId"},
    "ListKeyRotations": {"keyId"},
    "ListResourceTags": {"keyId"},
    "PutKeyPolicy": {"keyId", "policy", "bypassPolicyLockoutSafetyCheck"},
    "ReEncrypt-source": {"destinationKeyId", "sourceEncryptionAlgorithm", "destinationEncryptionAlgorithm"},
    "ReEncrypt-destination": {"destinationKeyId", "sourceEncryptionAlgorithm", "destinationEncryptionAlgorithm"},
    "RetireGrant": set(),
    "RevokeGrant": {"keyId", "grantId"},
    "RotateKeyOnDemand": {"keyId"},
    "ScheduleKeyDeletion": {"keyId"},
    "Sign": {"keyId", "messageType", "signingAlgorithm"},
    "Verify": {"keyId", "messageType", "signingAlgorithm"},
    "VerifyMac": {"keyId", "macAlgorithm"},
    "TagResource": {"keyId", "tags"},
    "UntagResource": {"keyId", "tagKeys"},
    "UpdateAlias-current-target": {"aliasName", "targetKeyId"},
    "UpdateAlias-new-target": {"aliasName", "targetKeyId"},
    "UpdateKeyDescription": {"keyId", "description"},
}
"""Call -> the request parameters that its event shows. Source: the samples, by analogy where there is none."""

RESPONSES: dict[str, set[str]] = {
    "ReplicateKey": {"replicaKeyMetadata", "replicaPolicy"},
    "CreateGrant": {"grantId"},
    "ScheduleKeyDeletion": {"keyId", "keyState", "deletionDate", "pendingWindowInDays"},
}
"""Operation -> the elements of its response; other changes show the key's ARN, reads and cryptography nothing."""


def last(trail: Trail, account: Account, name: str) -> dict[str, Any]:
    return trail(account, name=name)[-1]


def arns(event: dict[str, Any]) -> list[str]:
    return [resource["ARN"] for resource in event["resources"]]


class TestShape:
    @pytest.mark.parametrize("call", KEY_CALLS, ids=lambda call: call.name)
    def test_every_operation_leaves_its_event(
        self, trail: Trail, account: Account, kms: Any, scene: Scene, call: KeyCall
    ) -> None:
        call.prepare(scene)
        if call.operation == "CancelKeyDeletion":
            kms.schedule_key_deletion(KeyId=scene.key)
        answer = call.make(kms, scene)
        event = last(trail, account, call.operation)
        more = {"additionalEventData"} if call.operation == "RetireGrant" else set()
        assert set(event) == COMMON | more
        assert event["requestID"] == answer["ResponseMetadata"]["RequestId"]
        assert set(event["requestParameters"] or {}) == PARAMETERS[call.name]
        read_only = FACTS[call.operation].read_only
        assert event["readOnly"] is read_only
        expected = None if read_only else RESPONSES.get(call.operation, {"keyId"})
        assert event["responseElements"] == expected or set(event["responseElements"]) == expected
        assert scene.key in arns(event)

    def test_who_called_from_where_and_when(self, trail: Trail, account: Account, kms: Any, kms_key: str) -> None:
        kms.describe_key(KeyId=kms_key)
        event = last(trail, account, "DescribeKey")
        identity = event["userIdentity"]
        assert identity.pop("principalId").startswith("AIDA")
        assert identity == {
            "type": "IAMUser",
            "arn": administrator_arn(account),
            "accountId": account.account_id,
            "accessKeyId": account.access_key_id,
            "userName": "administrator",
        }
        constant = {
            "eventSource": "kms.amazonaws.com",
            "eventName": "DescribeKey",
            "awsRegion": REGION,
            "sourceIPAddress": "127.0.0.1",
            "eventType": "AwsApiCall",
            "managementEvent": True,
            "recipientAccountId": account.account_id,
            "eventCategory": "Management",
            "eventVersion": "1.08",
            "resources": [{"accountId": account.account_id, "type": "AWS::KMS::Key", "ARN": kms_key}],
        }
        assert {name: event[name] for name in constant} == constant
        assert event["userAgent"].startswith("Boto3/")
        datetime.strptime(event["eventTime"], "%Y-%m-%dT%H:%M:%SZ")

    def test_create_key_shows_what_counted_and_what_came_of_it(self, trail: Trail, account: Account, kms: Any) -> None:
        metadata = kms.create_key(Tags=[{"TagKey": "team", "TagValue": "blue"}])["KeyMetadata"]
        event = last(trail, account, "CreateKey")
        assert event["requestParameters"] == {
            "description": "",
            "origin": "AWS_KMS",
            "keyUsage": "ENCRYPT_DECRYPT",
            "keySpec": "SYMMETRIC_DEFAULT",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "bypassPolicyLockoutSafetyCheck": False,
            "tags": [{"tagKey": "team", "tagValue": "blue"}],
        }
        shown = event["responseElements"]["keyMetadata"]
        datetime.strptime(shown.pop("creationDate"), "%b %d, %Y, %I:%M:%S %p")
        assert shown == {
            "aWSAccountId": account.account_id,
            "keyId": metadata["KeyId"],
            "arn": metadata["Arn"],
            "enabled": True,
            "description": "",
            "keyUsage": "ENCRYPT_DECRYPT",
            "keyState": "Enabled",
            "origin": "AWS_KMS",
            "keyManager": "CUSTOMER",
            "customerMasterKeySpec": "SYMMETRIC_DEFAULT",
            "keySpec": "SYMMETRIC_DEFAULT",
            "encryptionAlgorithms": ["SYMMETRIC_DEFAULT"],
            "multiRegion": False,
        }
        assert arns(event) == [metadata["Arn"]]

    @pytest.mark.parametrize("operation", ["GenerateRandom", "ListKeys", "ListAliases", "ListRetirableGrants"])
    def test_operations_without_a_key_name_none(self, trail: Trail, account: Account, kms: Any, operation: str) -> None:
        calls: dict[str, Callable[[], Any]] = {
            "GenerateRandom": lambda: kms.generate_random(NumberOfBytes=8),
            "ListKeys": lambda: kms.list_keys(Limit=7),
            "ListAliases": lambda: kms.list_aliases(Limit=7),
            "ListRetirableGrants": lambda: kms.list_retirable_grants(RetiringPrincipal=administrator_arn(account)),
        }
        calls[operation]()
        event = last(trail, account, operation)
        assert event["resources"] == []
        assert event["responseElements"] is None
        shown = {"GenerateRandom": None, "ListRetirableGrants": {"retiringPrincipal": administrator_arn(account)}}
        assert event["requestParameters"] == shown.get(operation, {"limit": 7})

    def test_identifiers_are_shown_as_they_were_sent_and_resources_as_arns(
        self, trail: Trail, account: Account, kms: Any, scene: Scene
    ) -> None:
        for key_id in (scene.alias, scene.key.rpartition("/")[2], scene.key):
            kms.encrypt(KeyId=key_id, Plaintext=b"x")
            event = last(trail, account, "Encrypt")
            assert event["requestParameters"]["keyId"] == key_id
            assert arns(event) == [scene.key]

    @pytest.mark.claim("V24")
    def test_the_encryption_context_is_in_the_clear(
        self, trail: Trail, account: Account, kms: Any, kms_key: str
    ) -> None:
        context = {"aws:voiceid:domain:arn": "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"}
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x", EncryptionContext=context)["CiphertextBlob"]
        kms.re_encrypt(CiphertextBlob=blob, SourceEncryptionContext=context, DestinationKeyId=kms_key)
        assert last(trail, account, "Encrypt")["requestParameters"]["encryptionContext"] == context
        assert last(trail, account, "ReEncrypt")["requestParameters"]["sourceEncryptionContext"] == context

    def test_re_encrypt_names_its_source_then_its_destination(
        self, trail: Trail, account: Account, kms: Any, scene: Scene
    ) -> None:
        kms.re_encrypt(CiphertextBlob=scene.ciphertext, DestinationKeyId=scene.other_key)
        assert arns(last(trail, account, "ReEncrypt")) == [scene.key, scene.other_key]

    def test_alias_operations_name_key_and_alias(self, trail: Trail, account: Account, kms: Any, kms_key: str) -> None:
        name = fresh_alias()
        alias_arn = f"arn:aws:kms:{REGION}:{account.account_id}:{name}"
        kms.create_alias(AliasName=name, TargetKeyId=kms_key)
        kms.delete_alias(AliasName=name)
        assert arns(last(trail, account, "CreateAlias")) == [kms_key, alias_arn]
        assert set(arns(last(trail, account, "DeleteAlias"))) == {kms_key, alias_arn}

    def test_create_grant_shows_its_constraint_and_no_token(
        self, trail: Trail, account: Account, kms: Any, kms_key: str
    ) -> None:
        made = kms.create_grant(
            KeyId=kms_key,
            GranteePrincipal=administrator_arn(account),
            RetiringPrincipal=administrator_arn(account),
            Operations=["Decrypt"],
            Constraints={"EncryptionContextSubset": {"a": "b"}},
        )
        event = last(trail, account, "CreateGrant")
        assert event["requestParameters"] == {
            "keyId": kms_key,
            "granteePrincipal": administrator_arn(account),
            "retiringPrincipal": administrator_arn(account),
            "operations": ["Decrypt"],
            "constraints": {"encryptionContextSubset": {"a": "b"}},
        }
        assert event["responseElements"] == {"grantId": made["GrantId"]}

    def test_retire_grant_shows_which_beside_the_request(
        self, trail: Trail, account: Account, kms: Any, scene: Scene
    ) -> None:
        kms.retire_grant(KeyId=scene.key, GrantId=scene.grant_id)
        event = last(trail, account, "RetireGrant")
        assert event["requestParameters"] is None
        assert event["additionalEventData"] == {"grantId": scene.grant_id}


class TestRefusals:
    @pytest.mark.parametrize(
        ("code", "make"),
        [
            ("NotFoundException", lambda kms, key: kms.encrypt(KeyId="alias/none", Plaintext=b"x")),
            ("InvalidCiphertextException", lambda kms, key: kms.decrypt(CiphertextBlob=b"x", KeyId=key)),
            ("TagException", lambda kms, key: kms.tag_resource(KeyId=key, Tags=[{"TagKey": "aws:x", "TagValue": ""}])),
            ("ValidationException", lambda kms, key: kms.generate_data_key(KeyId=key)),
            ("MalformedPolicyDocumentException", lambda kms, key: kms.put_key_policy(KeyId=key, Policy="x")),
            ("KMSInvalidStateException", lambda kms, key: kms.cancel_key_deletion(KeyId=key)),
            ("DryRunOperationException", lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x", DryRun=True)),
            ("UnsupportedOperationException", lambda kms, key: kms.create_key(KeySpec="SM2", KeyUsage="SIGN_VERIFY")),
            ("InvalidGrantTokenException", lambda kms, key: kms.retire_grant(GrantToken="x")),
            ("ValidationException", lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x" * 5000)),
            ("CustomKeyStoreNotFoundException", lambda kms, key: kms.connect_custom_key_store(CustomKeyStoreId="c")),
        ],
        ids=lambda value: value if isinstance(value, str) else "",
    )
    def test_a_refused_call_is_in_the_trail_with_its_code(
        self, trail: Trail, account: Account, kms: Any, kms_key: str, code: str, make: Any
    ) -> None:
        with refused(code) as refusal:
            make(kms, kms_key)
        event = trail(account, source="kms.amazonaws.com")[-1]
        assert event["errorCode"] == code
        assert event["errorMessage"] == refusal.message
        assert event["responseElements"] is None
        assert event["readOnly"] is FACTS[event["eventName"]].read_only
        assert event["requestID"] == refusal.response["ResponseMetadata"]["RequestId"]

    def test_a_disabled_key(self, trail: Trail, account: Account, kms: Any, kms_key: str) -> None:
        kms.disable_key(KeyId=kms_key)
        with refused("DisabledException"):
            kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        event = last(trail, account, "Encrypt")
        assert (event["errorCode"], event["errorMessage"]) == ("DisabledException", f"{kms_key} is disabled.")
        assert arns(event) == [kms_key]

    def test_a_denied_caller(self, trail: Trail, account: Account, kms_key: str) -> None:
        user = account.user("nobody")
        with refused("AccessDeniedException") as refusal:
            user.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        event = last(trail, account, "Encrypt")
        assert (event["errorCode"], event["errorMessage"]) == ("AccessDenied", refusal.message)
        assert event["userIdentity"]["arn"] == user.arn

    def test_a_request_without_a_known_caller_is_in_nobodys_trail(self, server: Server, account: Account) -> None:
        count = server.simulator.database.count("events", {})
        stranger = RawKms(Account(server, account.account_id, "AKIAUNKNOWN123456789", "x" * 40))
        status, _ = stranger.send("ListKeys", b"{}")
        stranger.close()
        assert status == 400
        assert server.simulator.database.count("events", {}) == count


class TestSecrets:
    @pytest.mark.claim("T6")
    def test_no_event_holds_a_plaintext_a_ciphertext_a_key_or_a_token(
        self, trail: Trail, account: Account, kms: Any, kms_key: str
    ) -> None:
        canary = b"canary-never-in-a-trail"
        made = kms.create_grant(KeyId=kms_key, GranteePrincipal=administrator_arn(account), Operations=["Decrypt"])
        token = [made["GrantToken"]]
        blob = kms.encrypt(KeyId=kms_key, Plaintext=canary, GrantTokens=token)["CiphertextBlob"]
        data_key = kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256", GrantTokens=token)
        wrapped = kms.generate_data_key_without_plaintext(KeyId=kms_key, KeySpec="AES_256")["CiphertextBlob"]
        random = kms.generate_random(NumberOfBytes=32)["Plaintext"]
        moved = kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=kms_key, GrantTokens=token)["CiphertextBlob"]
        kms.decrypt(CiphertextBlob=blob, GrantTokens=token)
        recipient = {"KeyEncryptionAlgorithm": "RSAES_OAEP_SHA_256", "AttestationDocument": canary}
        for code, refused_call in (
            ("DryRunOperationException", lambda: kms.decrypt(CiphertextBlob=blob, GrantTokens=token, DryRun=True)),
            ("ValidationException", lambda: kms.encrypt(KeyId=kms_key, Plaintext=canary * 300, GrantTokens=token)),
            ("InvalidCiphertextException", lambda: kms.decrypt(CiphertextBlob=blob + b"x", GrantTokens=token)),
            (
                "UnsupportedOperationException",
                lambda: kms.decrypt(CiphertextBlob=blob, GrantTokens=token, Recipient=recipient),
            ),
            (
                "UnsupportedOperationException",
                lambda: kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256", GrantTokens=token, Recipient=recipient),
            ),
            ("ValidationException", lambda: kms.re_encrypt(DestinationKeyId=kms_key, GrantTokens=token)),
            (
                "ValidationException",
                lambda: kms.retire_grant(GrantToken=token[0], KeyId=kms_key, GrantId=made["GrantId"]),
            ),
        ):
            with refused(code):
                refused_call()
        kms.retire_grant(GrantToken=token[0])
        text = json.dumps(trail(account))
        assert token[0] not in text
        for secret in (canary, blob, data_key["Plaintext"], data_key["CiphertextBlob"], wrapped, random, moved):
            for form in (base64.b64encode(secret).decode(), secret.hex(), repr(secret)):
                assert form not in text
        assert canary.decode() not in text

    def test_a_policy_is_shown_when_it_is_put_and_not_when_it_is_read(
        self, trail: Trail, account: Account, kms: Any, kms_key: str
    ) -> None:
        policy = kms.get_key_policy(KeyId=kms_key, PolicyName="default")["Policy"]
        event = last(trail, account, "GetKeyPolicy")
        assert event["requestParameters"] == {"keyId": kms_key, "policyName": "default"}
        assert event["responseElements"] is None
        kms.put_key_policy(KeyId=kms_key, Policy=policy)
        assert last(trail, account, "PutKeyPolicy")["requestParameters"]["policy"] == policy


class TestAcrossAccounts:
    def test_a_call_is_in_both_trails(self, trail: Trail, account: Account, second_account: Account) -> None:
        key = open_key(account, allow("kms:Encrypt", Principal=named(second_account.account_id)))
        second_account.client("kms").encrypt(KeyId=key, Plaintext=b"x", EncryptionContext={"a": "b"})
        (here,), (there,) = trail(account, name="Encrypt"), trail(second_account, name="Encrypt")
        for event, recipient in ((here, account), (there, second_account)):
            assert event["recipientAccountId"] == recipient.account_id
            assert event["userIdentity"]["accountId"] == second_account.account_id
            assert event["resources"][0]["accountId"] == account.account_id
        assert here["eventID"] != there["eventID"]
        assert here["requestID"] == there["requestID"]

    def test_a_denied_call_is_in_the_callers_trail_alone(
        self, trail: Trail, account: Account, second_account: Account, kms_key: str
    ) -> None:
        with refused("AccessDeniedException"):
            second_account.client("kms").encrypt(KeyId=kms_key, Plaintext=b"x")
        assert trail(account, name="Encrypt") == []
        assert len(trail(second_account, name="Encrypt")) == 1

    def test_a_customers_own_call_shares_no_event(self, trail: Trail, account: Account, kms: Any, scene: Scene) -> None:
        kms.decrypt(CiphertextBlob=scene.ciphertext)
        kms.re_encrypt(CiphertextBlob=scene.ciphertext, DestinationKeyId=scene.other_key)
        assert not any("sharedEventID" in event for event in trail(account))


class TestWhatAwsDoesItself:
    def check(self, event: dict[str, Any], account: Account, key: str) -> None:
        assert event["userIdentity"] == {"accountId": account.account_id, "invokedBy": "AWS Internal"}
        assert event["sourceIPAddress"] == event["userAgent"] == "AWS Internal"
        assert event["eventType"] == "AwsServiceEvent"
        assert event["readOnly"] is False
        assert event["requestParameters"] is event["responseElements"] is None
        assert "requestID" not in event
        assert event["resources"] == [{"accountId": account.account_id, "type": "AWS::KMS::Key", "ARN": key}]

    @pytest.mark.parametrize("how", ["on-demand", "by-the-clock"])
    def test_a_rotation(self, server: Server, trail: Trail, account: Account, kms: Any, kms_key: str, how: str) -> None:
        if how == "on-demand":
            kms.rotate_key_on_demand(KeyId=kms_key)
        else:
            kms.enable_key_rotation(KeyId=kms_key, RotationPeriodInDays=90)
            server.advance("P91D")
        (event,) = trail(account, name="RotateKey")
        self.check(event, account, kms_key)
        assert event["serviceEventDetails"] == {"keyId": kms_key.rpartition("/")[2]}

    def test_the_end_of_a_key(self, server: Server, trail: Trail, account: Account, kms: Any, kms_key: str) -> None:
        due = kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)["DeletionDate"]
        server.advance("P10D")
        (event,) = trail(account, name="DeleteKey")
        self.check(event, account, kms_key)
        assert datetime.fromisoformat(event["eventTime"]).timestamp() == int(due.timestamp())


class TestWhatIsNotThere:
    def test_a_failed_change_is_no_change_in_the_trail(
        self, trail: Trail, account: Account, kms: Any, kms_key: str
    ) -> None:
        user = account.user("nobody", document(allow("kms:DescribeKey")))
        with refused("AccessDeniedException"):
            user.client("kms").disable_key(KeyId=kms_key)
        event = last(trail, account, "DisableKey")
        assert event["responseElements"] is None
        assert "errorCode" in event
