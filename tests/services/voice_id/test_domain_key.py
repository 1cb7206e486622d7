"""The key of a domain through boto3: which keys serve, whose rights count, what taking them away does."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import pytest

from services.voice_id.blueprint import SERVICE as BLUEPRINT
from tests.services.voice_id.buckets import allow, document
from tests.services.voice_id.everything import USE, Furnished
from tests.services.voice_id.support import (
    CONTEXT_KEY,
    SERVICE,
    USE_VOICE_ID,
    VECTORS,
    create_domain,
    data_keys,
    describe,
    grants_of,
    new_key,
    printed_statement,
    switch,
)
from tests.support import REGION, Account, Server, account_policy, refused

GRANT_OPERATIONS = {
    "CreateGrant",
    "Decrypt",
    "DescribeKey",
    "GenerateDataKey",
    "GenerateDataKeyPair",
    "GenerateDataKeyPairWithoutPlaintext",
    "GenerateDataKeyWithoutPlaintext",
    "ReEncryptFrom",
    "ReEncryptTo",
}


def use_through_voice_id(user_arn: str, *actions: str, **conditions: Any) -> dict[str, Any]:
    """A key policy statement."""
    return {
        "Effect": "Allow",
        "Principal": {"AWS": user_arn},
        "Action": list(actions),
        "Resource": "*",
        **({"Condition": conditions} if conditions else {}),
    }


NEEDED_BY: dict[str, set[str]] = {
    "kms:Decrypt": set(BLUEPRINT.model.operation_names),
    "kms:DescribeKey": {"CreateDomain", "UpdateDomain"},
    "kms:CreateGrant": {"CreateDomain", "UpdateDomain"},
    "iam:PassRole": {"StartSpeakerEnrollmentJob", "StartFraudsterRegistrationJob"},
}
"""Right of the caller -> the operations that need it. Source: "Getting started: enable Voice ID" and the printed key
policy, which gives CreateDomain and UpdateDomain kms:Decrypt too."""


OF_ANOTHER_KIND: dict[str, dict[str, Any]] = {
    "asymmetric": {"KeySpec": "RSA_2048", "KeyUsage": "ENCRYPT_DECRYPT"},
    "for signatures": {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
    "HMAC": {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
    "without material": {"Origin": "EXTERNAL"},
}
"""Parameters of CreateKey for keys that protect no domain."""


def deny(action: str) -> dict[str, Any]:
    return {"Effect": "Deny", "Action": action, "Resource": "*"}


class TestShape:
    @pytest.mark.claim("V6")
    def test_create_domain_makes_one_grant_for_voice_id(
        self, account: Account, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        [grant] = grants_of(kms, kms_key)
        assert grant["GranteePrincipal"] == SERVICE
        assert grant["RetiringPrincipal"] == SERVICE
        assert set(grant["Operations"]) == GRANT_OPERATIONS
        assert account.account_id in grant["IssuingAccount"]

    @pytest.mark.claim("V22")
    def test_the_grant_is_bound_to_the_domain(self, kms: Any, kms_key: str, domain: dict[str, Any]) -> None:
        [grant] = grants_of(kms, kms_key)
        assert grant["Constraints"] == {"EncryptionContextSubset": {CONTEXT_KEY: domain["Arn"]}}

    @pytest.mark.claim("V11")
    @pytest.mark.parametrize(
        "kind",
        [
            "absent id",
            "absent ARN",
            "unknown alias",
            "no identifier",
            "other Region",
            "disabled",
            "pending deletion",
            "of another account",
            *OF_ANOTHER_KIND,
        ],
    )
    def test_a_key_that_cannot_serve_is_refused_clearly(
        self, account: Account, second_account: Account, voice_id: Any, kind: str
    ) -> None:
        key_id = _unfit_key(account, second_account, kind)
        with refused("ValidationException") as refusal:
            create_domain(voice_id, key_id)
        assert key_id.rpartition("/")[2] in refusal.message
        assert voice_id.list_domains()["DomainSummaries"] == []

    @pytest.mark.claim("V11")
    def test_a_key_that_cannot_serve_is_refused_at_a_switch_too(
        self, account: Account, second_account: Account, voice_id: Any, domain: dict[str, Any]
    ) -> None:
        for kind in ("absent id", "disabled", "of another account", *OF_ANOTHER_KIND):
            with refused("ValidationException"):
                switch(voice_id, domain, _unfit_key(account, second_account, kind))
        assert describe(voice_id, domain) == domain


class TestAuthorization:
    @pytest.mark.claim("V18")
    def test_the_printed_key_policy_suffices_for_every_operation_and_for_nothing_else(
        self, account: Account, kms: Any
    ) -> None:
        user = account.user("agent", USE)
        policy = account_policy(account.account_id, printed_statement(user.arn))
        first, second = new_key(kms, Policy=policy), new_key(kms, Policy=policy)
        outcomes = Furnished.make(account, first, second).outcomes(user.client("voice-id"))
        assert outcomes == dict.fromkeys(BLUEPRINT.model.operation_names, "done")

        blob = kms.encrypt(KeyId=first, Plaintext=b"x")["CiphertextBlob"]
        own = user.client("kms")
        direct_calls: list[Callable[[], Any]] = [
            lambda: own.decrypt(CiphertextBlob=blob),
            lambda: own.decrypt(CiphertextBlob=blob, KeyId=first),
            lambda: own.describe_key(KeyId=first),
        ]
        for direct in direct_calls:
            with refused("AccessDeniedException"):
                direct()

    @pytest.mark.claim("V18", "V16")
    @pytest.mark.parametrize("missing", NEEDED_BY)
    def test_each_right_taken_away_breaks_exactly_the_documented_calls(
        self, account: Account, kms: Any, missing: str
    ) -> None:
        user = account.user("agent", USE)
        statement = printed_statement(user.arn)
        if missing.startswith("kms:"):
            statement["Action"].remove(missing)
        else:
            account.client("iam").put_user_policy(
                UserName="agent", PolicyName="less", PolicyDocument=json.dumps(document(deny(missing)))
            )
        policy = account_policy(account.account_id, statement)
        furnished = Furnished.make(account, new_key(kms, Policy=policy), new_key(kms, Policy=policy))
        outcomes = furnished.outcomes(user.client("voice-id"))
        broken = {name for name, outcome in outcomes.items() if outcome != "done"}
        assert broken == NEEDED_BY[missing]
        for name in broken:
            assert outcomes[name].startswith("AccessDeniedException")
            assert missing in outcomes[name], name

    def test_each_operation_has_an_action_of_its_own(self, account: Account, kms: Any) -> None:
        furnished = Furnished.make(account, new_key(kms), new_key(kms))
        calls = document(allow("*"), deny("voiceid:*"))
        for name, outcome in furnished.outcomes(account.user("denied", calls).client("voice-id")).items():
            assert outcome.startswith("AccessDeniedException"), name
            assert f"voiceid:{name}" in outcome, name

    @pytest.mark.claim("V18")
    def test_rights_through_another_service_are_none(self, account: Account, kms: Any) -> None:
        user = account.user("agent", USE_VOICE_ID)
        statement = printed_statement(user.arn)
        statement["Condition"] = {"StringEquals": {"kms:ViaService": f"profile.{REGION}.amazonaws.com"}}
        key = new_key(kms, Policy=account_policy(account.account_id, statement))
        with refused("AccessDeniedException"):
            create_domain(user.client("voice-id"), key)

    @pytest.mark.claim("V16")
    def test_a_reader_needs_decrypt_of_its_own(
        self, account: Account, voice_id: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": kms_key}
        keyed = account.user("keyed", USE_VOICE_ID, {"Version": "2012-10-17", "Statement": [decrypt]})
        keyless = account.user("keyless", USE_VOICE_ID).client("voice-id")
        assert describe(keyed.client("voice-id"), domain) == domain
        for operation, read in _reads(keyless, domain).items():
            with refused("AccessDeniedException") as refusal:
                read()
            assert "kms:Decrypt" in refusal.message, operation

    @pytest.mark.claim("V21")
    def test_an_iam_policy_can_allow_one_domain_by_its_encryption_context(
        self, account: Account, voice_id: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        condition = {"StringEquals": {f"kms:EncryptionContext:{CONTEXT_KEY}": domain["Arn"]}}
        decrypt = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": kms_key, "Condition": condition}
        user = account.user("one-domain", USE_VOICE_ID, {"Version": "2012-10-17", "Statement": [decrypt]})
        client = user.client("voice-id")
        assert describe(client, domain) == domain
        with refused("AccessDeniedException"):
            describe(client, other)

    @pytest.mark.claim("V21")
    def test_a_key_policy_can_deny_one_domain_by_its_encryption_context(
        self, account: Account, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        deny = {
            "Effect": "Deny",
            "Principal": "*",
            "Action": "kms:Decrypt",
            "Resource": "*",
            "Condition": {"StringEquals": {f"kms:EncryptionContext:{CONTEXT_KEY}": other["Arn"]}},
        }
        policy = account_policy(account.account_id, deny)
        kms.put_key_policy(KeyId=kms_key, PolicyName="default", Policy=policy)
        assert describe(voice_id, domain) == domain
        with refused("AccessDeniedException") as refusal:
            describe(voice_id, other)
        assert "explicit deny" in refusal.message

    @pytest.mark.claim("V23")
    def test_the_mended_example_statements_let_grants_pass_for_their_domain_only(
        self, account: Account, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        user = account.user("agent", USE_VOICE_ID)
        statements = _mended_statements(account, user, domain)
        decrypt = use_through_voice_id(user.arn, "kms:Decrypt")
        policy = account_policy(account.account_id, *statements, decrypt)
        key, client = new_key(kms, Policy=policy), user.client("voice-id")
        with refused("AccessDeniedException") as refusal:
            switch(client, other, key)
        assert "kms:CreateGrant" in refusal.message
        assert user.client("kms").describe_key(KeyId=key)["KeyMetadata"]["Arn"] == key
        switched = switch(client, domain, key)
        assert switched["ServerSideEncryptionConfiguration"] == {"KmsKeyId": key}

    @pytest.mark.claim("V23")
    def test_the_example_statements_as_printed_are_malformed(self, kms: Any, kms_key: str) -> None:
        printed = (VECTORS / "policies" / "voice_id_encryption_context_statements.txt").read_text()
        policy = f'{{"Version": "2012-10-17", "Statement": [{printed}]}}'
        with refused("MalformedPolicyDocumentException"):
            kms.put_key_policy(KeyId=kms_key, PolicyName="default", Policy=policy)

    @pytest.mark.claim("V22")
    def test_the_grant_is_of_no_use_for_another_domain(
        self, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        other = create_domain(voice_id, kms_key, "others")
        mine = next(grant for grant in grants_of(kms, kms_key) if domain["Arn"] in str(grant["Constraints"]))
        kms.revoke_grant(KeyId=kms_key, GrantId=mine["GrantId"])
        assert describe(voice_id, other) == other
        with refused("AccessDeniedException"):
            describe(voice_id, domain)


class TestBehaviour:
    @pytest.mark.claim("V20")
    @pytest.mark.parametrize("wrong", ["none", "another", "wider", "misspelt"])
    def test_a_data_key_opens_under_its_own_encryption_context_only(
        self, server: Server, kms: Any, domain: dict[str, Any], wrong: str
    ) -> None:
        own = {CONTEXT_KEY: domain["Arn"]}
        context = {
            "none": {},
            "another": {CONTEXT_KEY: domain["Arn"][:-1] + "-"},
            "wider": {**own, "more": "x"},
            "misspelt": {CONTEXT_KEY[:-1]: "n" + domain["Arn"]},
        }[wrong]
        for data_key in data_keys(server, domain):
            blob = data_key["ciphertext_blob"]
            assert len(kms.decrypt(CiphertextBlob=blob, EncryptionContext=own)["Plaintext"]) == 32
            with refused("InvalidCiphertextException"):
                kms.decrypt(CiphertextBlob=blob, EncryptionContext=context)

    @pytest.mark.claim("V16")
    @pytest.mark.parametrize("how", ["revoke", "disable", "deny the service", "deny the account", "delete"])
    def test_a_key_taken_away_ends_every_read_and_given_back_restores_it(
        self, account: Account, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any], how: str
    ) -> None:
        speaker = {"DomainId": domain["DomainId"], "SpeakerId": "customer-1"}
        voice_id.opt_out_speaker(**speaker)
        give_back = _take_away(account, kms, kms_key, how)
        for operation, read in _reads(voice_id, domain).items():
            with refused("AccessDeniedException") as refusal:
                read()
            assert refusal.message, operation
        with refused("AccessDeniedException"):
            voice_id.opt_out_speaker(**speaker)
        if give_back is not None:
            give_back()
            assert describe(voice_id, domain) == domain
            assert voice_id.describe_speaker(**speaker)["Speaker"]["CustomerSpeakerId"] == "customer-1"

    @pytest.mark.claim("V16")
    def test_the_refusal_keeps_the_words_of_kms(
        self, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        kms.disable_key(KeyId=kms_key)
        with refused("DisabledException") as own:
            kms.generate_data_key(KeyId=kms_key, KeySpec="AES_256")
        with refused("AccessDeniedException") as refusal:
            describe(voice_id, domain)
        assert refusal.message == own.message
        assert refusal.status == 400

    @pytest.mark.claim("V1")
    def test_a_deleted_key_takes_the_data_with_it(
        self, server: Server, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        server.advance("P8D")
        with refused("AccessDeniedException"):
            describe(voice_id, domain)

    def test_a_rotation_of_the_key_is_not_felt(
        self, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        kms.rotate_key_on_demand(KeyId=kms_key)
        assert describe(voice_id, domain) == domain


def _unfit_key(account: Account, second_account: Account, kind: str) -> str:
    kms = account.client("kms")
    if kind == "absent id":
        return str(uuid.uuid4())
    if kind == "absent ARN":
        return f"arn:aws:kms:{REGION}:{account.account_id}:key/{uuid.uuid4()}"
    if kind == "unknown alias":
        return f"alias/{uuid.uuid4()}"
    if kind == "no identifier":
        return "no key at all"
    if kind == "other Region":
        return new_key(account.client("kms", "eu-central-1")).replace("eu-central-1", REGION)
    if kind == "of another account":
        return new_key(second_account.client("kms"))
    key = new_key(kms, **OF_ANOTHER_KIND.get(kind, {}))
    if kind == "disabled":
        kms.disable_key(KeyId=key)
    elif kind == "pending deletion":
        kms.schedule_key_deletion(KeyId=key)
    return key


def _reads(client: Any, domain: dict[str, Any]) -> dict[str, Callable[[], Any]]:
    """Every operation that needs the domain's data, by name; none changes anything."""
    domain_id = {"DomainId": domain["DomainId"]}
    watchlist = {"WatchlistId": domain["WatchlistDetails"]["DefaultWatchlistId"]}
    return {
        "DescribeDomain": lambda: client.describe_domain(**domain_id),
        "ListDomains": client.list_domains,
        "DescribeSpeaker": lambda: client.describe_speaker(**domain_id, SpeakerId="customer-1"),
        "ListSpeakers": lambda: client.list_speakers(**domain_id),
        "DeleteSpeaker": lambda: client.delete_speaker(**domain_id, SpeakerId="customer-1"),
        "DescribeWatchlist": lambda: client.describe_watchlist(**domain_id, **watchlist),
        "ListWatchlists": lambda: client.list_watchlists(**domain_id),
        "DeleteWatchlist": lambda: client.delete_watchlist(**domain_id, **watchlist),
        "ListTagsForResource": lambda: client.list_tags_for_resource(ResourceArn=domain["Arn"]),
    }


def _take_away(account: Account, kms: Any, key: str, how: str) -> Callable[[], Any] | None:
    """Take the key from Voice ID; returns what gives it back, None if nothing does."""
    if how == "revoke":
        [grant] = grants_of(kms, key)
        kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])
        return None
    if how == "disable":
        kms.disable_key(KeyId=key)
        return lambda: kms.enable_key(KeyId=key)
    if how == "delete":
        kms.schedule_key_deletion(KeyId=key)
        return lambda: (kms.cancel_key_deletion(KeyId=key), kms.enable_key(KeyId=key))
    principal: Any = {"Service": SERVICE} if how == "deny the service" else {"AWS": account.account_id}
    deny = {"Effect": "Deny", "Principal": principal, "Action": "kms:Decrypt", "Resource": "*"}

    def put(policy: str) -> None:
        kms.put_key_policy(KeyId=key, PolicyName="default", Policy=policy)

    put(account_policy(account.account_id, deny))
    return lambda: put(account_policy(account.account_id))


def _mended_statements(account: Account, user: Account, domain: dict[str, Any]) -> list[dict[str, Any]]:
    """The two example statements with the quotes of the second mended, for this user and domain."""
    printed = (VECTORS / "policies" / "voice_id_encryption_context_statements.txt").read_text()
    mended = (
        printed.replace(f'"kms:EncryptionContext:"{CONTEXT_KEY}"', f'"kms:EncryptionContext:{CONTEXT_KEY}"')
        .replace('sampleDomainId""', 'sampleDomainId"')
        .replace("arn:aws:iam::111122223333:role/ExampleReadOnlyRole", user.arn)
        .replace(f"arn:aws:voiceid:{REGION}:111122223333:domain/sampleDomainId", domain["Arn"])
    )
    statements: list[dict[str, Any]] = json.loads(f"[{mended}]")
    return statements
