"""Grants through boto3: what one gives, to whom, under which encryption context, and how it ends."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from kms import tables
from kms.grants import is_as_strict
from tests.services.kms.support import (
    KEY_CALLS,
    KeyCall,
    Scene,
    administrator_arn,
    allow,
    deny,
    document,
    key_under,
    named,
    open_key,
)
from tests.support import Account, Server, refused

EVERYTHING = document(allow("kms:*"))
CONTEXT = {"tenant": "a", "purpose": "test"}
DOMAIN = {"aws:voiceid:domain:arn": "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"}

AGENT = "arn:aws:iam::111122223333:user/agent"
"""A user of the demo world, who is in every server."""

VOICE_ID = "voiceid.amazonaws.com"
RESOURCE = "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"

UNSUPPORTED = [
    "Sign",
    "Verify",
    "GetPublicKey",
    "GenerateMac",
    "VerifyMac",
    "DeriveSharedSecret",
]
"""Operations that a grant on a symmetric key cannot hold."""

HELD = [
    "Decrypt",
    "Encrypt",
    "GenerateDataKey",
    "GenerateDataKeyWithoutPlaintext",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
    "DescribeKey",
    "CreateGrant",
    "RetireGrant",
]
"""Operations that a grant on a symmetric key can hold; those before DescribeKey take an encryption context."""


WITHOUT_CONTEXT = [
    call
    for call in KEY_CALLS
    if call.operation
    in {
        "Sign",
        "Verify",
        "GetPublicKey",
        "GenerateMac",
        "VerifyMac",
        "DeriveSharedSecret",
        "Encapsulate",
        "Decapsulate",
    }
]
"""Calls on keys that are no symmetric encryption keys, each of which a grant can allow."""


class Grantee:
    """A user without any policy, a key, and a second key on which it may ReEncrypt: it can do what it was granted."""

    def __init__(self, owner: Account) -> None:
        self.owner = owner
        self.user = owner.user("grantee")
        self.owner_kms, self.kms = owner.client("kms"), self.user.client("kms")
        self.key: str = self.owner_kms.create_key()["KeyMetadata"]["Arn"]
        self.other_key = open_key(owner, allow("kms:ReEncrypt*", "kms:DescribeKey", Principal=named(self.user.arn)))

    def grant(self, *operations: str, **others: Any) -> dict[str, Any]:
        made: dict[str, Any] = self.owner_kms.create_grant(
            KeyId=self.key, GranteePrincipal=self.user.arn, Operations=list(operations), **others
        )
        return made

    def seal(self, key: str | None = None, **context: str) -> bytes:
        sealed = self.owner_kms.encrypt(KeyId=key or self.key, Plaintext=b"x", EncryptionContext=context)
        blob: bytes = sealed["CiphertextBlob"]
        return blob

    def call(self, operation: str, **context: str) -> Any:
        """Use the key for an operation of `HELD`, in an encryption context where it takes one."""
        bound = {"KeyId": self.key, "EncryptionContext": context}
        calls: dict[str, Callable[[], Any]] = {
            "Decrypt": lambda: self.kms.decrypt(
                CiphertextBlob=self.seal(**context), KeyId=self.key, EncryptionContext=context
            ),
            "Encrypt": lambda: self.kms.encrypt(Plaintext=b"x", **bound),
            "GenerateDataKey": lambda: self.kms.generate_data_key(KeySpec="AES_256", **bound),
            "GenerateDataKeyWithoutPlaintext": lambda: self.kms.generate_data_key_without_plaintext(
                KeySpec="AES_256", **bound
            ),
            "GenerateDataKeyPair": lambda: self.kms.generate_data_key_pair(KeyPairSpec="ECC_NIST_P256", **bound),
            "GenerateDataKeyPairWithoutPlaintext": lambda: self.kms.generate_data_key_pair_without_plaintext(
                KeyPairSpec="ECC_NIST_P256", **bound
            ),
            "ReEncryptFrom": lambda: self.kms.re_encrypt(
                CiphertextBlob=self.seal(**context),
                SourceKeyId=self.key,
                SourceEncryptionContext=context,
                DestinationKeyId=self.other_key,
            ),
            "ReEncryptTo": lambda: self.kms.re_encrypt(
                CiphertextBlob=self.seal(self.other_key),
                DestinationKeyId=self.key,
                DestinationEncryptionContext=context,
            ),
            "DescribeKey": lambda: self.kms.describe_key(KeyId=self.key),
            "CreateGrant": lambda: self.kms.create_grant(
                KeyId=self.key, GranteePrincipal=self.user.arn, Operations=["CreateGrant"]
            ),
            "RetireGrant": lambda: self.kms.retire_grant(
                KeyId=self.key, GrantId=self.owner_kms.list_grants(KeyId=self.key)["Grants"][0]["GrantId"]
            ),
        }
        return calls[operation]()


@pytest.fixture
def grantee(account: Account) -> Grantee:
    return Grantee(account)


def grant_ids(kms: Any, key: str, **filters: str) -> set[str]:
    return {grant["GrantId"] for grant in kms.list_grants(KeyId=key, **filters)["Grants"]}


class TestShape:
    def test_create_grant_answers_with_an_id_and_a_token(self, grantee: Grantee) -> None:
        made = grantee.grant("Decrypt")
        assert set(made) == {"GrantId", "GrantToken", "ResponseMetadata"}
        assert len(made["GrantId"]) == 64
        assert int(made["GrantId"], 16) > 0

    @pytest.mark.claim("V22")
    @pytest.mark.parametrize("kind", ["EncryptionContextSubset", "EncryptionContextEquals"])
    def test_list_grants_shows_all_but_the_token(self, account: Account, grantee: Grantee, kind: str) -> None:
        made = grantee.grant(
            "Encrypt", "Decrypt", Name="mine", RetiringPrincipal=grantee.user.arn, Constraints={kind: DOMAIN}
        )
        (grant,) = grantee.owner_kms.list_grants(KeyId=grantee.key.rpartition("/")[2])["Grants"]
        grant.pop("CreationDate")
        assert grant == {
            "KeyId": grantee.key,
            "GrantId": made["GrantId"],
            "Name": "mine",
            "GranteePrincipal": grantee.user.arn,
            "RetiringPrincipal": grantee.user.arn,
            "IssuingAccount": f"arn:aws:iam::{account.account_id}:root",
            "Operations": ["Encrypt", "Decrypt"],
            "Constraints": {kind: DOMAIN},
        }

    def test_what_was_not_given_is_not_shown(self, grantee: Grantee) -> None:
        grantee.grant("Decrypt")
        (grant,) = grantee.owner_kms.list_grants(KeyId=grantee.key)["Grants"]
        assert grant["Name"] == ""
        assert not {"RetiringPrincipal", "Constraints", "GrantToken"} & set(grant)


class TestWhatAGrantGives:
    @pytest.mark.parametrize("operation", HELD)
    def test_each_operation_allows_exactly_itself(self, grantee: Grantee, operation: str) -> None:
        grantee.grant(operation)
        for other in HELD:
            if other == operation:
                continue
            with refused("AccessDeniedException"):
                grantee.call(other)
        grantee.call(operation)

    @pytest.mark.parametrize("call", WITHOUT_CONTEXT, ids=lambda call: call.operation)
    def test_keys_of_other_kinds_are_used_by_grant_too(self, account: Account, scene: Scene, call: KeyCall) -> None:
        call.prepare(scene)
        user = account.user("grantee")
        with refused("AccessDeniedException"):
            call.make(user.client("kms"), scene)
        account.client("kms").create_grant(
            KeyId=scene.key, GranteePrincipal=user.arn, Operations=[call.operation, "DescribeKey"]
        )
        call.make(user.client("kms"), scene)
        user.client("kms").describe_key(KeyId=scene.key)

    def test_a_grant_to_an_account_is_for_those_whom_its_iam_allows(
        self, second_account: Account, grantee: Grantee
    ) -> None:
        grantee.owner_kms.create_grant(
            KeyId=grantee.key,
            GranteePrincipal=f"arn:aws:iam::{second_account.account_id}:root",
            Operations=["Encrypt"],
        )
        second_account.user("may", EVERYTHING).client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")
        with refused("AccessDeniedException"):
            second_account.user("may-not").client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")

    def test_a_grant_to_a_role_is_for_its_sessions(self, account: Account, grantee: Grantee) -> None:
        session = account.role("worker")
        role = f"arn:aws:iam::{account.account_id}:role/worker"
        with refused("AccessDeniedException"):
            session.client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")
        grantee.owner_kms.create_grant(KeyId=grantee.key, GranteePrincipal=role, Operations=["Encrypt"])
        session.client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")

    def test_it_allows_nothing_that_no_grant_can_hold(self, grantee: Grantee) -> None:
        grantee.grant(*HELD)
        for refused_call in (
            lambda: grantee.kms.disable_key(KeyId=grantee.key),
            lambda: grantee.kms.list_grants(KeyId=grantee.key),
            lambda: grantee.kms.get_key_policy(KeyId=grantee.key),
            lambda: grantee.kms.schedule_key_deletion(KeyId=grantee.key),
        ):
            with refused("AccessDeniedException"):
                refused_call()

    def test_it_is_for_its_grantee_and_its_key(self, account: Account, grantee: Grantee) -> None:
        grantee.grant("Encrypt")
        with refused("AccessDeniedException"):
            account.user("other").client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")
        with refused("AccessDeniedException"):
            grantee.kms.encrypt(KeyId=grantee.other_key, Plaintext=b"x")

    def test_it_works_where_the_key_policy_names_nobody(self, grantee: Grantee) -> None:
        grantee.key = key_under(
            grantee.owner_kms, allow("kms:CreateGrant", Principal=named(administrator_arn(grantee.owner)))
        )
        grantee.grant("Encrypt")
        grantee.call("Encrypt")

    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    def test_a_deny_beats_it(self, account: Account, grantee: Grantee, where: str) -> None:
        user = account.user("denied", *([document(deny("kms:Decrypt"))] if where == "iam" else []))
        statements = [deny("kms:Decrypt", Principal=named(user.arn))] if where != "iam" else []
        key = open_key(account, *statements)
        kms = account.client("kms")
        kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt", "Decrypt"])
        blob = user.client("kms").encrypt(KeyId=key, Plaintext=b"x")["CiphertextBlob"]
        with refused("AccessDeniedException"):
            user.client("kms").decrypt(CiphertextBlob=blob)

    def test_it_outlives_the_disabling_of_its_key(self, grantee: Grantee) -> None:
        grantee.grant("Encrypt")
        grantee.owner_kms.disable_key(KeyId=grantee.key)
        with refused("DisabledException"):
            grantee.call("Encrypt")
        grantee.owner_kms.enable_key(KeyId=grantee.key)
        grantee.call("Encrypt")

    def test_it_dies_with_its_key(self, server: Server, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt", RetiringPrincipal=grantee.user.arn)
        grantee.owner_kms.schedule_key_deletion(KeyId=grantee.key, PendingWindowInDays=7)
        server.advance("P8D")
        administrator = grantee.owner.client("kms")
        assert administrator.list_retirable_grants(RetiringPrincipal=grantee.user.arn)["Grants"] == []
        with refused("InvalidGrantTokenException"):
            administrator.retire_grant(GrantToken=made["GrantToken"])


ALL_PAIRS_OF_EQUALS: dict[str, tuple[dict[str, str], bool]] = {
    "the-same": (CONTEXT, True),
    "in-another-order": (dict(reversed(CONTEXT.items())), True),
    "one-more": ({**CONTEXT, "more": "x"}, False),
    "one-less": ({"tenant": "a"}, False),
    "none": ({}, False),
    "another-value": ({**CONTEXT, "tenant": "b"}, False),
    "value-in-upper-case": ({**CONTEXT, "tenant": "A"}, False),
    "key-in-upper-case": ({"Tenant": "a", "purpose": "test"}, False),
}


class TestConstraints:
    @pytest.mark.parametrize("operation", HELD[: HELD.index("DescribeKey")])
    @pytest.mark.parametrize("kind", ["EncryptionContextEquals", "EncryptionContextSubset"])
    @pytest.mark.parametrize("case", ALL_PAIRS_OF_EQUALS)
    def test_the_context_of_the_call_decides(self, grantee: Grantee, operation: str, kind: str, case: str) -> None:
        context, passes = ALL_PAIRS_OF_EQUALS[case]
        passes = passes or (kind == "EncryptionContextSubset" and case == "one-more")
        grantee.grant(operation, Constraints={kind: CONTEXT})
        if passes:
            grantee.call(operation, **context)
        else:
            with refused("AccessDeniedException"):
                grantee.call(operation, **context)

    def test_operations_without_a_context_are_not_constrained(self, grantee: Grantee) -> None:
        grantee.grant("DescribeKey", "RetireGrant", Constraints={"EncryptionContextEquals": CONTEXT})
        grantee.call("DescribeKey")
        grantee.call("RetireGrant")

    def test_the_grant_that_fits_is_found_among_many(self, grantee: Grantee) -> None:
        for tenant in ("a", "b", "c"):
            grantee.grant("Encrypt", Constraints={"EncryptionContextEquals": {"tenant": tenant}})
        for tenant in ("a", "b", "c"):
            grantee.call("Encrypt", tenant=tenant)
        with refused("AccessDeniedException"):
            grantee.call("Encrypt", tenant="d")

    @pytest.mark.parametrize(
        "constraints",
        [
            {"EncryptionContextEquals": {f"key{number}": "" for number in range(9)}},
            {"EncryptionContextSubset": {"key": "x" * 385}},
            {"EncryptionContextSubset": {"a": "b"}, "EncryptionContextEquals": {"a": "b"}},
        ],
        ids=["nine-pairs", "long-value", "both-kinds"],
    )
    def test_a_constraint_beyond_the_limits_is_refused(self, grantee: Grantee, constraints: dict[str, Any]) -> None:
        with refused("ValidationException"):
            grantee.grant("Encrypt", Constraints=constraints)

    @pytest.mark.parametrize("call", WITHOUT_CONTEXT, ids=lambda call: call.operation)
    @pytest.mark.parametrize("kind", ["EncryptionContextEquals", "EncryptionContextSubset"])
    def test_a_key_without_an_encryption_context_takes_no_constraint_on_one(
        self, account: Account, scene: Scene, call: KeyCall, kind: str
    ) -> None:
        call.prepare(scene)
        parties = {"KeyId": scene.key, "GranteePrincipal": administrator_arn(account), "Operations": [call.operation]}
        with refused("ValidationException"):
            account.client("kms").create_grant(**parties, Constraints={kind: CONTEXT})
        account.client("kms").create_grant(**parties)

    def test_eight_pairs_of_384_characters_are_taken(self, grantee: Grantee) -> None:
        pairs = {f"key{number}": "x" * 384 for number in range(8)}
        grantee.grant("Encrypt", Constraints={"EncryptionContextEquals": pairs})
        grantee.call("Encrypt", **pairs)


class TestCreateGrant:
    @pytest.mark.parametrize("operation", UNSUPPORTED)
    def test_an_operation_that_the_key_cannot_do_is_refused(self, grantee: Grantee, operation: str) -> None:
        with refused("ValidationException"):
            grantee.grant("Decrypt", operation)
        assert grant_ids(grantee.owner_kms, grantee.key) == set()

    @pytest.mark.parametrize("operations", ["[]", '["ListGrants"]', '["decrypt"]'], ids=["none", "foreign", "case"])
    def test_operations_that_no_grant_can_hold_are_refused(
        self, grantee: Grantee, raw_kms: Any, operations: str
    ) -> None:
        body = f'{{"KeyId": "{grantee.key}", "GranteePrincipal": "{grantee.user.arn}", "Operations": {operations}}}'
        status, answer = raw_kms.send("CreateGrant", body.encode())
        assert (status, answer["__type"]) == (400, "ValidationException")

    @pytest.mark.parametrize("service", ["voiceid.amazonaws.com", "dynamodb.us-west-2.amazonaws.com"])
    @pytest.mark.parametrize("part", ["GranteePrincipal", "RetiringPrincipal"])
    def test_a_customer_cannot_name_a_service(self, kms: Any, kms_key: str, part: str, service: str) -> None:
        parties = {"GranteePrincipal": AGENT, part: service}
        with pytest.raises(ClientError) as raised:
            kms.create_grant(KeyId=kms_key, Operations=["Decrypt"], **parties)
        assert raised.value.response["Error"]["Code"] in ("ValidationException", "InvalidArnException")
        assert grant_ids(kms, kms_key) == set()

    @pytest.mark.parametrize(
        "principal",
        [
            "someone",
            "arn:aws:iam::1:user/x",
            "arn:aws:iam::111122223333:group/x",
            "arn:aws:iam::111122223333:user/never-made",
            "arn:aws:iam::111122223333:role/never-made",
            "arn:aws:sts::111122223333:assumed-role/never-made/session",
            "arn:aws:iam::999999999999:root",
            "arn:aws-cn:iam::111122223333:root",
        ],
    )
    def test_grantee_and_retiring_principal_must_be_there(self, kms: Any, kms_key: str, principal: str) -> None:
        for parties in ({"GranteePrincipal": principal}, {"GranteePrincipal": AGENT, "RetiringPrincipal": principal}):
            with refused("InvalidArnException") as refusal:
                kms.create_grant(KeyId=kms_key, Operations=["Decrypt"], **parties)
            assert refusal.message == f"ARN does not refer to a valid principal: {principal}"
        assert grant_ids(kms, kms_key) == set()

    def test_it_needs_the_right_to_create_it_and_not_the_rights_that_it_gives(self, account: Account) -> None:
        user = account.user("giver", document(allow("kms:CreateGrant")))
        key = open_key(account)
        made = user.client("kms").create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt"])
        assert grant_ids(account.client("kms"), key) == {made["GrantId"]}
        user.client("kms").encrypt(KeyId=key, Plaintext=b"x")

    def test_without_a_name_every_call_makes_a_grant(self, grantee: Grantee) -> None:
        assert grantee.grant("Decrypt")["GrantId"] != grantee.grant("Decrypt")["GrantId"]

    def test_with_a_name_the_same_call_finds_the_same_grant_under_a_new_token(self, grantee: Grantee) -> None:
        others = {
            "Name": "once",
            "RetiringPrincipal": grantee.user.arn,
            "Constraints": {"EncryptionContextEquals": {"a": "b"}},
        }
        first = grantee.grant("Decrypt", "Encrypt", **others)
        second = grantee.grant("Encrypt", "Decrypt", **others)
        assert first["GrantId"] == second["GrantId"]
        assert first["GrantToken"] != second["GrantToken"]
        for token in (first["GrantToken"], second["GrantToken"]):
            grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", EncryptionContext={"a": "b"}, GrantTokens=[token])

    @pytest.mark.parametrize(
        "difference",
        [
            {"Operations": ["Encrypt"]},
            {"RetiringPrincipal": AGENT},
            {"Constraints": {"EncryptionContextEquals": {"a": "b"}}},
            {"GranteePrincipal": AGENT},
            {"Name": "other"},
        ],
        ids=lambda difference: next(iter(difference)),
    )
    def test_the_same_name_with_anything_else_is_another_grant(
        self, grantee: Grantee, difference: dict[str, Any]
    ) -> None:
        same = {"KeyId": grantee.key, "GranteePrincipal": grantee.user.arn, "Operations": ["Decrypt"], "Name": "n"}
        first = grantee.owner_kms.create_grant(**same)
        second = grantee.owner_kms.create_grant(**{**same, **difference})
        assert first["GrantId"] != second["GrantId"]

    def test_grants_per_key_are_limited(self, monkeypatch: pytest.MonkeyPatch, grantee: Grantee) -> None:
        monkeypatch.setitem(tables.load("limits"), "grantsPerKey", 2)
        for _ in range(2):
            grantee.grant("Decrypt", Name="a")
            grantee.grant("Encrypt", Name="b")
        with refused("LimitExceededException"):
            grantee.grant("Decrypt")


class TestServiceMembers:
    """GranteeServicePrincipal and RetiringServicePrincipal: a customer lets a service use a key for one resource."""

    def parties(self, account: Account, key: str, **others: Any) -> dict[str, Any]:
        return {
            "KeyId": key,
            "GranteeServicePrincipal": VOICE_ID,
            "RetiringPrincipal": administrator_arn(account),
            "Operations": ["Decrypt", "DescribeKey"],
            "Constraints": {"SourceArn": RESOURCE},
            **others,
        }

    def test_such_a_grant_is_listed_under_these_members(self, account: Account, kms: Any, kms_key: str) -> None:
        parties = self.parties(account, kms_key, RetiringServicePrincipal=VOICE_ID)
        parties.pop("RetiringPrincipal")
        kms.create_grant(**parties)
        (grant,) = kms.list_grants(KeyId=kms_key)["Grants"]
        assert (grant["GranteeServicePrincipal"], grant["RetiringServicePrincipal"]) == (VOICE_ID, VOICE_ID)
        assert grant["Constraints"] == {"SourceArn": RESOURCE}
        assert not {"GranteePrincipal", "RetiringPrincipal"} & set(grant)
        assert kms.list_grants(KeyId=kms_key, GranteePrincipal=VOICE_ID)["Grants"] == []

    @pytest.mark.parametrize(
        "change",
        [
            {"GranteePrincipal": AGENT},
            {"Constraints": {"EncryptionContextSubset": {"a": "b"}}},
            {"RetiringPrincipal": None},
            {"RetiringServicePrincipal": VOICE_ID},
            {"GranteeServicePrincipal": None},
            {"GranteeServicePrincipal": "voiceid"},
        ],
        ids=["two-grantees", "no-source-arn", "nobody-retires", "two-retire", "no-grantee", "no-service"],
    )
    def test_members_that_do_not_go_together_are_refused(
        self, account: Account, kms: Any, kms_key: str, change: dict[str, Any]
    ) -> None:
        parties = {name: value for name, value in self.parties(account, kms_key, **change).items() if value is not None}
        with refused("ValidationException"):
            kms.create_grant(**parties)
        assert grant_ids(kms, kms_key) == set()

    @pytest.mark.parametrize("operation", ["list_grants", "list_retirable_grants"])
    def test_filters_by_service_are_for_services(self, kms: Any, kms_key: str, operation: str) -> None:
        filters = {
            "list_grants": {"KeyId": kms_key, "GranteeServicePrincipal": VOICE_ID},
            "list_retirable_grants": {"RetiringServicePrincipal": VOICE_ID},
        }
        with refused("ValidationException") as refusal:
            getattr(kms, operation)(**filters[operation])
        assert "service principals only" in refusal.message

    @pytest.mark.parametrize("whose", ["the-domain", "another"])
    def test_the_service_uses_it_for_that_resource_alone(
        self, account: Account, kms: Any, kms_key: str, whose: str
    ) -> None:
        voice = account.client("voice-id")
        configuration = {"KmsKeyId": kms_key}
        domain = voice.create_domain(Name="calls", ServerSideEncryptionConfiguration=configuration)["Domain"]
        voice.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        (own,) = grant_ids(kms, kms_key)
        kms.revoke_grant(KeyId=kms_key, GrantId=own)
        with refused("AccessDeniedException"):
            voice.describe_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        source_arn = domain["Arn"] if whose == "the-domain" else f"{domain['Arn']}2"
        kms.create_grant(**self.parties(account, kms_key, Constraints={"SourceArn": source_arn}))
        if whose == "the-domain":
            voice.describe_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        else:
            with refused("AccessDeniedException"):
                voice.describe_speaker(DomainId=domain["DomainId"], SpeakerId="someone")

    def test_a_source_arn_stops_every_direct_call_but_retiring(self, grantee: Grantee) -> None:
        grantee.grant("Encrypt", "DescribeKey", "RetireGrant", Constraints={"SourceArn": RESOURCE})
        for operation in ("Encrypt", "DescribeKey"):
            with refused("AccessDeniedException"):
                grantee.call(operation)
        grantee.call("RetireGrant")

    @pytest.mark.parametrize(
        ("key", "met", "unmet"),
        [
            ("kms:GranteeServicePrincipal", VOICE_ID, "wisdom.amazonaws.com"),
            ("kms:RetiringServicePrincipal", VOICE_ID, "wisdom.amazonaws.com"),
            ("kms:GrantConstraintSourceArn", RESOURCE, f"{RESOURCE}2"),
        ],
    )
    def test_policies_can_ask_for_them(self, account: Account, key: str, met: str, unmet: str) -> None:
        for value, allowed in ((met, True), (unmet, False)):
            condition = {"StringEquals": {key: value}}
            giver = account.user(f"giver-{allowed}", document(allow("kms:CreateGrant", Condition=condition)))
            parties = self.parties(account, open_key(account), RetiringServicePrincipal=VOICE_ID)
            parties.pop("RetiringPrincipal")
            if allowed:
                giver.client("kms").create_grant(**parties)
            else:
                with refused("AccessDeniedException"):
                    giver.client("kms").create_grant(**parties)


class TestDryRun:
    """It refuses what would be refused, and does nothing."""

    def test_nothing_is_created(self, grantee: Grantee) -> None:
        with refused("DryRunOperationException"):
            grantee.grant("Encrypt", DryRun=True)
        assert grant_ids(grantee.owner_kms, grantee.key) == set()
        with refused("ValidationException"):
            grantee.grant("Sign", DryRun=True)
        with refused("AccessDeniedException"):
            grantee.kms.create_grant(
                KeyId=grantee.key, GranteePrincipal=grantee.user.arn, Operations=["Encrypt"], DryRun=True
            )

    @pytest.mark.parametrize("operation", ["revoke_grant", "retire_grant"])
    def test_nothing_is_ended(self, grantee: Grantee, operation: str) -> None:
        made = grantee.grant("Encrypt")
        address = {"KeyId": grantee.key, "GrantId": made["GrantId"], "DryRun": True}
        with refused("DryRunOperationException"):
            getattr(grantee.owner_kms, operation)(**address)
        with refused("AccessDeniedException"):
            getattr(grantee.kms, operation)(**address)
        with refused("NotFoundException"):
            getattr(grantee.owner_kms, operation)(**{**address, "GrantId": "0" * 64})
        grantee.call("Encrypt")


@pytest.fixture
def slow_grants(server: Server) -> Iterator[None]:
    """Grants take five minutes to reach all of AWS KMS."""
    server.control("faults", {"grant_consistency": "PT5M"})
    yield
    server.control("faults", {"grant_consistency": None})


@pytest.mark.usefixtures("slow_grants")
class TestEventualConsistency:
    def test_a_new_grant_works_by_its_token_and_later_without(self, server: Server, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt")
        for _ in range(2):
            with refused("AccessDeniedException"):
                grantee.call("Encrypt")
            server.advance("PT2M")
        grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[made["GrantToken"]])
        server.advance("PT1M1S")
        grantee.call("Encrypt")

    def test_the_token_of_another_grant_does_not_help(self, grantee: Grantee) -> None:
        token = grantee.grant("Decrypt")["GrantToken"]
        grantee.grant("Encrypt")
        with refused("AccessDeniedException"):
            grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[token])

    def test_a_second_token_of_the_same_grant_does(self, grantee: Grantee) -> None:
        grantee.grant("Encrypt", Name="once")
        token = grantee.grant("Encrypt", Name="once")["GrantToken"]
        grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[token])

    def test_a_token_hands_on_what_is_new(self, grantee: Grantee) -> None:
        token = grantee.grant("CreateGrant", "Encrypt")["GrantToken"]
        child = {"KeyId": grantee.key, "GranteePrincipal": grantee.user.arn, "Operations": ["Encrypt"]}
        with refused("AccessDeniedException"):
            grantee.kms.create_grant(**child)
        grantee.kms.create_grant(**child, GrantTokens=[token])

    @pytest.mark.parametrize("how", ["revoked", "retired"])
    def test_an_ended_grant_is_off_the_list_and_still_works_for_a_while(
        self, server: Server, grantee: Grantee, how: str
    ) -> None:
        made = grantee.grant("Encrypt", Name="once")
        server.advance("PT6M")
        address = {"KeyId": grantee.key, "GrantId": made["GrantId"]}
        end = grantee.owner_kms.revoke_grant if how == "revoked" else grantee.owner_kms.retire_grant
        end(**address)
        assert grant_ids(grantee.owner_kms, grantee.key) == set()
        with refused("NotFoundException"):
            end(**address)
        with refused("InvalidGrantTokenException"):
            grantee.owner_kms.retire_grant(GrantToken=made["GrantToken"])
        assert grantee.grant("Encrypt", Name="once")["GrantId"] != made["GrantId"]
        grantee.call("Encrypt")
        server.advance("PT1M")
        grantee.call("Encrypt")

    def test_an_ended_grant_is_over_when_time_has_passed(self, server: Server, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt")
        grantee.owner_kms.revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        server.advance("PT5M1S")
        with refused("AccessDeniedException"):
            grantee.call("Encrypt")
        with refused("InvalidGrantTokenException"):
            grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[made["GrantToken"]])

    def test_a_service_uses_the_grant_that_it_made_at_once(self, account: Account, kms: Any, kms_key: str) -> None:
        voice = account.client("voice-id")
        configuration = {"KmsKeyId": kms_key}
        domain = voice.create_domain(Name="calls", ServerSideEncryptionConfiguration=configuration)["Domain"]
        voice.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        voice.describe_speaker(DomainId=domain["DomainId"], SpeakerId="someone")

    def test_switched_off_a_grant_works_and_ends_at_once(self, server: Server, grantee: Grantee) -> None:
        server.control("faults", {"grant_consistency": None})
        made = grantee.grant("Encrypt")
        grantee.call("Encrypt")
        grantee.owner_kms.revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        with refused("AccessDeniedException"):
            grantee.call("Encrypt")


class TestTokens:
    def test_a_token_is_taken_by_every_operation_that_has_room_for_one(self, grantee: Grantee) -> None:
        token = [grantee.grant("Encrypt", "Decrypt", "DescribeKey", "GenerateDataKey")["GrantToken"]]
        grantee.kms.describe_key(KeyId=grantee.key, GrantTokens=token)
        blob = grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=token)["CiphertextBlob"]
        grantee.kms.decrypt(CiphertextBlob=blob, GrantTokens=token)
        grantee.kms.generate_data_key(KeyId=grantee.key, KeySpec="AES_256", GrantTokens=token)

    def test_an_unknown_token_is_refused_even_if_nothing_depends_on_it(self, grantee: Grantee) -> None:
        for refused_call in (
            lambda: grantee.owner_kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=["never"]),
            lambda: grantee.owner_kms.retire_grant(GrantToken="never"),
        ):
            with refused("InvalidGrantTokenException"):
                refused_call()

    def test_the_token_of_a_revoked_grant_is_unknown(self, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt")
        grantee.owner_kms.revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        with refused("InvalidGrantTokenException"):
            grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[made["GrantToken"]])

    def test_a_token_gives_its_bearer_nothing(self, account: Account, grantee: Grantee) -> None:
        token = grantee.grant("Encrypt")["GrantToken"]
        with refused("AccessDeniedException"):
            account.user("thief").client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[token])

    def test_ten_tokens_are_taken_and_eleven_are_not(self, grantee: Grantee) -> None:
        token = grantee.grant("Encrypt")["GrantToken"]
        grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[token] * 10)
        with refused("ValidationException"):
            grantee.kms.encrypt(KeyId=grantee.key, Plaintext=b"x", GrantTokens=[token] * 11)

    def test_tokens_are_not_on_disk(self, server: Server, grantee: Grantee) -> None:
        token = grantee.grant("Encrypt")["GrantToken"]
        assert token.encode() not in server.bytes_on_disk()


class TestTheEndOfAGrant:
    def test_revoking_ends_it(self, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt")
        grantee.call("Encrypt")
        grantee.owner_kms.revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        with refused("AccessDeniedException"):
            grantee.call("Encrypt")
        assert grant_ids(grantee.owner_kms, grantee.key) == set()

    def test_revoking_takes_the_right_to_revoke(self, account: Account, grantee: Grantee) -> None:
        made = grantee.grant(*HELD)
        with refused("AccessDeniedException"):
            grantee.kms.revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        user = account.user("revoker", document(allow("kms:RevokeGrant")))
        user.client("kms").revoke_grant(KeyId=grantee.key, GrantId=made["GrantId"])

    def test_a_grant_is_revoked_on_its_own_key_only(self, grantee: Grantee) -> None:
        made = grantee.grant("Encrypt")
        for grant_id in (made["GrantId"], "0" * 64):
            with refused("NotFoundException") as refusal:
                grantee.owner_kms.revoke_grant(KeyId=grantee.other_key, GrantId=grant_id)
            assert refusal.message == f"Grant ID {grant_id} not found"
        grantee.call("Encrypt")

    @pytest.mark.parametrize("by", ["token", "id"])
    @pytest.mark.parametrize("who", ["retiring-principal", "grantee-who-may", "iam-of-the-account"])
    def test_these_may_retire_it(self, account: Account, grantee: Grantee, who: str, by: str) -> None:
        retiring = account.user("retiring")
        operations = ["Encrypt", "RetireGrant"] if who == "grantee-who-may" else ["Encrypt"]
        made = grantee.grant(*operations, RetiringPrincipal=retiring.arn)
        callers = {
            "retiring-principal": retiring,
            "grantee-who-may": grantee.user,
            "iam-of-the-account": account.user("delegate", document(allow("kms:RetireGrant"))),
        }
        address = (
            {"GrantToken": made["GrantToken"]} if by == "token" else {"KeyId": grantee.key, "GrantId": made["GrantId"]}
        )
        callers[who].client("kms").retire_grant(**address)
        with refused("AccessDeniedException"):
            grantee.call("Encrypt")

    @pytest.mark.parametrize("who", ["grantee-who-may-not", "anybody", "another-account", "denied-retiring-principal"])
    def test_these_may_not(self, account: Account, second_account: Account, grantee: Grantee, who: str) -> None:
        denied = account.user("denied", document(deny("kms:RetireGrant")))
        made = grantee.grant("Encrypt", RetiringPrincipal=denied.arn)
        callers = {
            "grantee-who-may-not": grantee.user,
            "anybody": account.user("anybody"),
            "another-account": second_account,
            "denied-retiring-principal": denied,
        }
        with refused("AccessDeniedException"):
            callers[who].client("kms").retire_grant(GrantToken=made["GrantToken"])
        grantee.call("Encrypt")

    def test_the_right_to_retire_in_a_key_policy_has_no_effect(self, account: Account) -> None:
        user = account.user("user")
        key = open_key(account, allow("kms:*", Principal=named(user.arn)))
        made = account.client("kms").create_grant(
            KeyId=key, GranteePrincipal=administrator_arn(account), Operations=["Encrypt"]
        )
        with refused("AccessDeniedException"):
            user.client("kms").retire_grant(KeyId=key, GrantId=made["GrantId"])

    def test_a_deny_by_the_tag_of_the_key_stops_retiring(self, account: Account, grantee: Grantee) -> None:
        denial = deny("kms:RetireGrant", Condition={"StringEquals": {"aws:ResourceTag/keep": "grants"}})
        user = account.user("retiring", document(denial))
        made = grantee.grant("Encrypt", RetiringPrincipal=user.arn)
        grantee.owner_kms.tag_resource(KeyId=grantee.key, Tags=[{"TagKey": "keep", "TagValue": "grants"}])
        with refused("AccessDeniedException"):
            user.client("kms").retire_grant(GrantToken=made["GrantToken"])

    def test_a_principal_of_another_account_retires_what_names_it(
        self, second_account: Account, grantee: Grantee
    ) -> None:
        guest = second_account.user("guest")
        made = grantee.grant("Encrypt", RetiringPrincipal=guest.arn)
        guest.client("kms").retire_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        assert grant_ids(grantee.owner_kms, grantee.key) == set()

    def test_the_account_of_the_retiring_principal_can_delegate_too(
        self, second_account: Account, grantee: Grantee
    ) -> None:
        made = grantee.grant("Encrypt", RetiringPrincipal=second_account.user("guest").arn)
        delegate = second_account.user("delegate", document(allow("kms:RetireGrant")))
        delegate.client("kms").retire_grant(KeyId=grantee.key, GrantId=made["GrantId"])
        assert grant_ids(grantee.owner_kms, grantee.key) == set()

    @pytest.mark.parametrize(
        ("address", "code"),
        [
            ({}, "ValidationException"),
            ({"GrantId": "0" * 64}, "ValidationException"),
            ({"KeyId": "arn"}, "ValidationException"),
            ({"KeyId": "arn", "GrantId": "0" * 64, "GrantToken": "x"}, "ValidationException"),
            ({"KeyId": "id", "GrantId": "0" * 64}, "InvalidArnException"),
            ({"KeyId": "arn", "GrantId": "0" * 64}, "NotFoundException"),
        ],
        ids=["nothing", "no-key", "no-grant", "both-ways", "key-id-for-arn", "absent"],
    )
    def test_a_grant_to_retire_is_named_in_one_way(
        self, kms: Any, kms_key: str, address: dict[str, str], code: str
    ) -> None:
        keys = {"arn": kms_key, "id": kms_key.rpartition("/")[2]}
        with refused(code):
            kms.retire_grant(**{name: keys.get(value, value) for name, value in address.items()})

    def test_a_grant_is_retired_in_the_region_of_its_key(self, account: Account, kms: Any, kms_key: str) -> None:
        grant = kms.create_grant(KeyId=kms_key, GranteePrincipal=administrator_arn(account), Operations=["Decrypt"])
        elsewhere = account.client("kms", "eu-west-1")
        with refused("NotFoundException"):
            elsewhere.retire_grant(KeyId=kms_key, GrantId=grant["GrantId"])
        with refused("InvalidGrantTokenException"):
            elsewhere.retire_grant(GrantToken=grant["GrantToken"])
        kms.retire_grant(GrantToken=grant["GrantToken"])
        assert kms.list_grants(KeyId=kms_key)["Grants"] == []


class TestChildGrants:
    """A grantee with CreateGrant hands on no more than it has."""

    def child(self, grantee: Grantee, *operations: str, **others: Any) -> Any:
        return grantee.kms.create_grant(
            KeyId=grantee.key, GranteePrincipal=administrator_arn(grantee.owner), Operations=list(operations), **others
        )

    def test_a_subset_of_its_operations_can_be_handed_on(self, grantee: Grantee) -> None:
        grantee.grant("CreateGrant", "Encrypt", "Decrypt")
        self.child(grantee, "Encrypt")
        self.child(grantee, "Decrypt", "CreateGrant")
        with refused("AccessDeniedException"):
            self.child(grantee, "Encrypt", "DescribeKey")

    def test_two_parents_do_not_add_up(self, grantee: Grantee) -> None:
        grantee.grant("CreateGrant", "Encrypt")
        grantee.grant("CreateGrant", "Decrypt")
        with refused("AccessDeniedException"):
            self.child(grantee, "Encrypt", "Decrypt")

    @pytest.mark.parametrize(
        ("parent", "child", "allowed"),
        [
            ("Subset", {"Subset": {"a": "b"}}, True),
            ("Subset", {"Subset": {"a": "b", "c": "d"}}, True),
            ("Subset", {"Equals": {"a": "b"}}, True),
            ("Subset", {"Equals": {"a": "b", "c": "d"}}, True),
            ("Subset", {"Subset": {"c": "d"}}, False),
            ("Subset", {"Equals": {"c": "d"}}, False),
            ("Subset", {"Subset": {"a": "c"}}, False),
            ("Subset", {}, False),
            ("Equals", {"Equals": {"a": "b"}}, True),
            ("Equals", {"Equals": {"a": "b", "c": "d"}}, False),
            ("Equals", {"Subset": {"a": "b"}}, False),
            ("Equals", {}, False),
        ],
        ids=lambda value: json.dumps(value) if not isinstance(value, str) else value,
    )
    def test_a_constraint_can_become_stricter_and_never_looser(
        self, grantee: Grantee, parent: str, child: dict[str, dict[str, str]], allowed: bool
    ) -> None:
        grantee.grant("CreateGrant", "Encrypt", Constraints={f"EncryptionContext{parent}": {"a": "b"}})
        constraints = {f"EncryptionContext{kind}": pairs for kind, pairs in child.items()}
        others = {"Constraints": constraints} if constraints else {}
        if allowed:
            self.child(grantee, "Encrypt", **others)
        else:
            with refused("AccessDeniedException"):
                self.child(grantee, "Encrypt", **others)

    def test_no_constraint_is_looser_than_an_empty_context(self, grantee: Grantee) -> None:
        empty = {"EncryptionContextEquals": {}}
        grantee.grant("CreateGrant", "Encrypt", Constraints=empty)
        self.child(grantee, "Encrypt", Constraints=empty)
        with refused("AccessDeniedException"):
            self.child(grantee, "Encrypt")

    @pytest.mark.parametrize(
        ("pairs", "source_arn", "allowed"),
        [({"a": "b"}, True, True), ({}, True, False), ({"a": "b"}, False, False)],
        ids=["both", "without-pairs", "without-source-arn"],
    )
    def test_a_child_keeps_every_constraint(self, pairs: dict[str, str], source_arn: bool, allowed: bool) -> None:
        parent = {"EncryptionContextSubset": {"a": "b"}, "SourceArn": RESOURCE}
        child = {
            **({"EncryptionContextSubset": pairs} if pairs else {}),
            **({"SourceArn": RESOURCE} if source_arn else {}),
        }
        assert is_as_strict(child, parent) is allowed

    def test_a_parent_for_the_sake_of_a_resource_serves_no_direct_call(self, grantee: Grantee) -> None:
        constraints = {"SourceArn": RESOURCE}
        grantee.grant("CreateGrant", "Encrypt", Constraints=constraints)
        with refused("AccessDeniedException"):
            self.child(grantee, "Encrypt", Constraints=constraints)

    def test_a_child_outlives_its_parent(self, account: Account, grantee: Grantee) -> None:
        parent = grantee.grant("CreateGrant", "Encrypt")
        heir = account.user("heir")
        grantee.kms.create_grant(KeyId=grantee.key, GranteePrincipal=heir.arn, Operations=["Encrypt"])
        grantee.owner_kms.revoke_grant(KeyId=grantee.key, GrantId=parent["GrantId"])
        heir.client("kms").encrypt(KeyId=grantee.key, Plaintext=b"x")

    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    @pytest.mark.parametrize(
        "condition",
        [{}, {"ForAnyValue:StringEquals": {"kms:GrantOperations": "Encrypt"}}],
        ids=["whatever", "these-operations"],
    )
    def test_a_deny_beats_the_parent(self, account: Account, where: str, condition: dict[str, Any]) -> None:
        denial = deny("kms:CreateGrant", **({"Condition": condition} if condition else {}))
        user = account.user("denied", *([document(denial)] if where == "iam" else []))
        key = open_key(account, *([{**denial, "Principal": named(user.arn)}] if where != "iam" else []))
        account.client("kms").create_grant(
            KeyId=key, GranteePrincipal=user.arn, Operations=["CreateGrant", "Encrypt", "Decrypt"]
        )
        with refused("AccessDeniedException") as refusal:
            user.client("kms").create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt"])
        assert "explicit deny" in refusal.message

    def test_a_disabled_key_hands_on_nothing(self, grantee: Grantee) -> None:
        grantee.grant("CreateGrant", "Encrypt")
        grantee.owner_kms.disable_key(KeyId=grantee.key)
        with refused("DisabledException"):
            self.child(grantee, "Encrypt")


class TestLists:
    def test_grants_are_found_by_id_and_by_grantee(self, account: Account, grantee: Grantee) -> None:
        other = account.user("other")
        mine = grantee.grant("Encrypt")["GrantId"]
        theirs = grantee.owner_kms.create_grant(KeyId=grantee.key, GranteePrincipal=other.arn, Operations=["Encrypt"])[
            "GrantId"
        ]
        kms, key = grantee.owner_kms, grantee.key
        assert grant_ids(kms, key) == {mine, theirs}
        assert grant_ids(kms, key, GrantId=mine) == {mine}
        assert grant_ids(kms, key, GranteePrincipal=other.arn) == {theirs}
        assert grant_ids(kms, key, GrantId=mine, GranteePrincipal=other.arn) == set()
        assert grant_ids(kms, grantee.other_key) == set()

    def test_retirable_grants_are_those_on_keys_of_any_account(
        self, account: Account, second_account: Account, grantee: Grantee
    ) -> None:
        retiring = account.user("retiring")
        foreign_key = second_account.client("kms").create_key()["KeyMetadata"]["Arn"]
        foreign = second_account.client("kms").create_grant(
            KeyId=foreign_key,
            GranteePrincipal=administrator_arn(second_account),
            RetiringPrincipal=retiring.arn,
            Operations=["Encrypt"],
        )["GrantId"]
        own = grantee.grant("Encrypt", RetiringPrincipal=retiring.arn)["GrantId"]
        grantee.grant("Encrypt")
        kms = account.client("kms")
        found = kms.list_retirable_grants(RetiringPrincipal=retiring.arn)["Grants"]
        assert {grant["GrantId"] for grant in found} == {own, foreign}
        assert kms.list_retirable_grants(RetiringPrincipal=grantee.user.arn)["Grants"] == []

    def test_retirable_grants_of_another_accounts_principal_are_not_shown(
        self, second_account: Account, grantee: Grantee
    ) -> None:
        grantee.grant("Encrypt", RetiringPrincipal=grantee.user.arn)
        with refused("AccessDeniedException"):
            second_account.client("kms").list_retirable_grants(RetiringPrincipal=grantee.user.arn)

    @pytest.mark.parametrize("principal", ["someone", "voiceid.amazonaws.com"])
    def test_retirable_grants_are_asked_for_by_an_arn(self, kms: Any, principal: str) -> None:
        with refused("InvalidArnException"):
            kms.list_retirable_grants(RetiringPrincipal=principal)

    def test_retirable_grants_are_those_of_the_region(self, account: Account, grantee: Grantee) -> None:
        grantee.grant("Encrypt", RetiringPrincipal=grantee.user.arn)
        elsewhere = account.client("kms", "eu-central-1")
        assert elsewhere.list_retirable_grants(RetiringPrincipal=grantee.user.arn)["Grants"] == []

    def test_listing_takes_its_own_right(self, account: Account, grantee: Grantee) -> None:
        with refused("AccessDeniedException"):
            grantee.kms.list_retirable_grants(RetiringPrincipal=grantee.user.arn)
        narrow = document(allow("kms:ListRetirableGrants", Resource=grantee.user.arn))
        account.user("reader", narrow).client("kms").list_retirable_grants(RetiringPrincipal=grantee.user.arn)
