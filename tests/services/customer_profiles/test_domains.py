"""Domains and the key behind them: given, left out, switched, broken."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.customer_profiles.support import ORDER_TYPE, SERVICE, create_profile, found, new_key
from tests.support import REGION, Account, Server, account_policy, events_of, refused


class TestLife:
    @pytest.mark.claim("P5")
    def test_a_domain_shows_what_it_was_made_with(self, profiles: Any, kms_key: str) -> None:
        made = profiles.create_domain(
            DomainName="customers", DefaultExpirationDays=30, DefaultEncryptionKey=kms_key, Tags={"team": "care"}
        )
        got = profiles.get_domain(DomainName="customers")
        assert (made["DefaultEncryptionKey"], made["DefaultExpirationDays"]) == (kms_key, 30)
        assert got["Tags"] == {"team": "care"}
        assert got["Stats"]["ProfileCount"] == 0
        assert got["CreatedAt"] == made["CreatedAt"]

    def test_domains_are_listed_by_name_page_by_page(self, profiles: Any) -> None:
        for name in ("b", "c", "a"):
            profiles.create_domain(DomainName=name, DefaultExpirationDays=1)
        first = profiles.list_domains(MaxResults=2)
        rest = profiles.list_domains(MaxResults=2, NextToken=first["NextToken"])
        assert [item["DomainName"] for page in (first, rest) for item in page["Items"]] == ["a", "b", "c"]
        assert "NextToken" not in rest

    def test_an_update_changes_what_it_names_and_nothing_else(self, profiles: Any, domain: str, kms_key: str) -> None:
        profiles.update_domain(DomainName=domain, DefaultExpirationDays=7)
        got = profiles.get_domain(DomainName=domain)
        assert (got["DefaultExpirationDays"], got["DefaultEncryptionKey"]) == (7, kms_key)

    @pytest.mark.parametrize(
        ("operation", "parameters"),
        [
            ("get_domain", {}),
            ("update_domain", {}),
            ("delete_domain", {}),
            ("create_profile", {}),
            ("search_profiles", {"KeyName": "_phone", "Values": ["1"]}),
            ("list_profile_object_types", {}),
        ],
    )
    def test_an_unknown_domain_is_not_found(self, profiles: Any, operation: str, parameters: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException") as refusal:
            getattr(profiles, operation)(DomainName="nowhere", **parameters)
        assert refusal.status == 404

    def test_a_name_is_taken_once(self, profiles: Any, domain: str) -> None:
        with refused("BadRequestException"):
            profiles.create_domain(DomainName=domain, DefaultExpirationDays=1)

    def test_what_is_not_simulated_is_refused_by_name(self, profiles: Any) -> None:
        with refused("BadRequestException") as refusal:
            profiles.create_domain(DomainName="x", DefaultExpirationDays=1, Matching={"Enabled": True})
        assert "Matching" in refusal.message

    def test_a_token_that_was_not_given_out_is_refused(self, profiles: Any) -> None:
        with refused("BadRequestException"):
            profiles.list_domains(NextToken="no such page")

    def test_a_deleted_domain_is_gone_with_its_data_and_its_grants(
        self, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        own = new_key(kms)
        profiles.put_profile_object_type(
            DomainName=domain, ObjectTypeName="order", **{**ORDER_TYPE, "EncryptionKey": own}
        )
        create_profile(profiles, LastName="Lovelace")
        profiles.delete_domain(DomainName=domain)
        assert [kms.list_grants(KeyId=key)["Grants"] for key in (kms_key, own)] == [[], []]
        profiles.create_domain(DomainName=domain, DefaultExpirationDays=1)
        assert profiles.get_domain(DomainName=domain)["Stats"]["ProfileCount"] == 0


class TestKey:
    @pytest.mark.claim("P2", "P8")
    def test_a_key_gets_one_grant_made_with_the_callers_session(
        self, account: Account, kms: Any, domain: str, kms_key: str
    ) -> None:
        (grant,) = kms.list_grants(KeyId=kms_key)["Grants"]
        arn = f"arn:aws:profile:{REGION}:{account.account_id}:domains/{domain}"
        assert (grant["GranteePrincipal"], grant["RetiringPrincipal"]) == (SERVICE, SERVICE)
        assert grant["Constraints"] == {"EncryptionContextSubset": {"aws:profile:domain:arn": arn}}
        (event,) = events_of(account, "CreateGrant")
        assert event["userIdentity"]["invokedBy"] == SERVICE

    @pytest.mark.claim("P2")
    def test_writing_and_reading_use_the_key_on_the_grant(self, account: Account, profiles: Any, domain: str) -> None:
        create_profile(profiles, domain, PhoneNumber="+14255550123")
        found(profiles, "_phone", "+14255550123")
        calls = {
            event["eventName"]
            for event in events_of(account, source="kms.amazonaws.com")
            if event["userIdentity"].get("invokedBy") == SERVICE and event["userIdentity"]["type"] == "AWSService"
        }
        assert {"GenerateDataKey", "GenerateDataKeyWithoutPlaintext", "Decrypt"} <= calls

    def test_without_a_key_the_accounts_aws_managed_key_serves(self, account: Account, profiles: Any, kms: Any) -> None:
        profiles.create_domain(DomainName="customers", DefaultExpirationDays=1)
        create_profile(profiles, LastName="Lovelace")
        aliases = {alias["AliasName"]: alias["TargetKeyId"] for alias in kms.list_aliases()["Aliases"]}
        key = kms.describe_key(KeyId=aliases["alias/aws/profile"])["KeyMetadata"]
        assert key["KeyManager"] == "AWS"
        assert "DefaultEncryptionKey" not in profiles.get_domain(DomainName="customers")
        for forbidden in (kms.disable_key, kms.schedule_key_deletion):
            with refused("AccessDeniedException"):
                forbidden(KeyId=key["KeyId"])

    @pytest.mark.parametrize("state", ["absent", "disabled", "pending"])
    def test_a_key_that_cannot_serve_is_a_bad_request(self, profiles: Any, kms: Any, kms_key: str, state: str) -> None:
        key = kms_key if state != "absent" else kms_key[:-12] + "0" * 12
        if state == "disabled":
            kms.disable_key(KeyId=key)
        if state == "pending":
            kms.schedule_key_deletion(KeyId=key)
        with refused("BadRequestException"):
            profiles.create_domain(DomainName="customers", DefaultExpirationDays=1, DefaultEncryptionKey=key)
        with refused("ResourceNotFoundException"):
            profiles.get_domain(DomainName="customers")

    @pytest.mark.claim("P3")
    def test_a_disabled_key_stops_everything_and_an_enabled_one_brings_it_back(
        self, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        profile = create_profile(profiles, domain, LastName="Lovelace")
        kms.disable_key(KeyId=kms_key)
        for forbidden in (
            lambda: found(profiles, "_profileId", profile),
            lambda: create_profile(profiles, domain, LastName="Hopper"),
            lambda: profiles.update_profile(DomainName=domain, ProfileId=profile, LastName="Byron"),
            lambda: profiles.delete_profile(DomainName=domain, ProfileId=profile),
        ):
            with refused("AccessDeniedException") as refusal:
                forbidden()
            assert (refusal.status, kms_key in refusal.message) == (403, True)
        kms.enable_key(KeyId=kms_key)
        assert found(profiles, "_profileId", profile)[0]["LastName"] == "Lovelace"

    @pytest.mark.claim("P3")
    @pytest.mark.parametrize("event", ["revoke", "deny", "delete"])
    def test_the_owner_of_the_key_can_lock_the_service_out(
        self, server: Server, account: Account, profiles: Any, kms: Any, domain: str, kms_key: str, event: str
    ) -> None:
        profile = create_profile(profiles, domain, LastName="Lovelace")
        if event == "revoke":
            kms.revoke_grant(KeyId=kms_key, GrantId=kms.list_grants(KeyId=kms_key)["Grants"][0]["GrantId"])
        elif event == "deny":
            denial = {"Effect": "Deny", "Principal": "*", "Action": "kms:Decrypt", "Resource": "*"}
            kms.put_key_policy(KeyId=kms_key, Policy=account_policy(account.account_id, denial))
        else:
            kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
            server.advance("P8D")
        with refused("AccessDeniedException"):
            found(profiles, "_profileId", profile)

    @pytest.mark.claim("P3")
    def test_a_rotated_key_still_opens_what_was_there(self, profiles: Any, kms: Any, domain: str, kms_key: str) -> None:
        profile = create_profile(profiles, domain, LastName="Lovelace")
        kms.rotate_key_on_demand(KeyId=kms_key)
        assert found(profiles, "_profileId", profile)[0]["LastName"] == "Lovelace"


class TestSwitch:
    @pytest.mark.claim("P7")
    def test_new_data_goes_under_the_new_key_and_old_data_follows(
        self, server: Server, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        old, other = create_profile(profiles, domain, PhoneNumber="1"), new_key(kms)
        server.hold_jobs(True)
        updated = profiles.update_domain(DomainName=domain, DefaultEncryptionKey=other)
        assert updated["DefaultEncryptionKey"] == other
        new = create_profile(profiles, domain, PhoneNumber="2")
        assert found(profiles, "_phone", "1")[0]["ProfileId"] == old

        server.hold_jobs(False)
        server.run_jobs()
        kms.disable_key(KeyId=kms_key)
        assert [found(profiles, "_phone", number)[0]["ProfileId"] for number in "12"] == [old, new]
        assert kms.list_grants(KeyId=kms_key)["Grants"] == []

    @pytest.mark.claim("P7")
    def test_before_the_move_the_old_key_is_needed(
        self, server: Server, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        old = create_profile(profiles, domain, PhoneNumber="1")
        server.hold_jobs(True)
        profiles.update_domain(DomainName=domain, DefaultEncryptionKey=new_key(kms))
        kms.disable_key(KeyId=kms_key)
        with refused("AccessDeniedException"):
            found(profiles, "_profileId", old)

    @pytest.mark.claim("P7")
    def test_an_empty_string_moves_all_to_the_aws_managed_key(
        self, server: Server, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        profile = create_profile(profiles, domain, PhoneNumber="1")
        assert "DefaultEncryptionKey" not in profiles.update_domain(DomainName=domain, DefaultEncryptionKey="")
        server.run_jobs()
        kms.disable_key(KeyId=kms_key)
        assert found(profiles, "_phone", "1")[0]["ProfileId"] == profile
        profiles.update_domain(DomainName=domain, DefaultEncryptionKey=new_key(kms))
        server.run_jobs()
        assert found(profiles, "_phone", "1")[0]["ProfileId"] == profile

    def test_the_same_key_by_another_name_switches_nothing(
        self, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        kms.create_alias(AliasName="alias/customers", TargetKeyId=kms_key)
        for name in (kms_key, kms_key.rpartition("/")[2], "alias/customers"):
            profiles.update_domain(DomainName=domain, DefaultEncryptionKey=name)
        assert len(kms.list_grants(KeyId=kms_key)["Grants"]) == 1

    def test_a_domain_deleted_during_the_move_leaves_no_grant(
        self, server: Server, profiles: Any, kms: Any, domain: str, kms_key: str
    ) -> None:
        create_profile(profiles, domain, PhoneNumber="1")
        other = new_key(kms)
        server.hold_jobs(True)
        profiles.update_domain(DomainName=domain, DefaultEncryptionKey=other)
        profiles.delete_domain(DomainName=domain)
        server.hold_jobs(False)
        server.run_jobs()
        assert [kms.list_grants(KeyId=key)["Grants"] for key in (kms_key, other)] == [[], []]
