"""The cost meter: a month's bill of an account, for keys as long as they are held and for requests by their cause."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import pytest

from kms import tables
from kms.meter import Charge, count
from tests.process import run
from tests.services.kms.support import allow, named, open_key
from tests.services.voice_id.support import SERVICE as VOICE_ID
from tests.services.voice_id.support import create_domain
from tests.support import REGION, Account, Server, refused

PRICES = tables.load("prices")
FREE = PRICES["freeRequestsPerMonth"]


@pytest.fixture
def month(server: Server) -> Month:
    return Month(server)


class Month:
    """A month that has just begun: its first half hour is over."""

    def __init__(self, server: Server) -> None:
        self._server = server
        now = self.now
        first = (now.replace(day=1) + timedelta(days=32)).replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        self._advance(first + timedelta(minutes=30) - now)
        following = (first + timedelta(days=32)).replace(day=1)
        self.name = f"{first:%Y-%m}"
        self.hours = round((following - first).total_seconds() / 3600)
        self._end = following

    @property
    def now(self) -> datetime:
        return datetime.fromisoformat(self._server.control("clock")["now"])

    def passes(self, **time: int) -> None:
        self._advance(timedelta(**time))

    def ends(self) -> None:
        self._advance(self._end + timedelta(hours=1) - self.now)

    def _advance(self, step: timedelta) -> None:
        self._server.advance(f"PT{step.total_seconds():.0f}S")


def bill_of(account: Account, month: str | None = None) -> dict[str, Any]:
    query = urlencode({"account": account.account_id, **({"month": month} if month else {})})
    told: dict[str, Any] = account.server.control(f"costs?{query}")
    return told


def hours_of(account: Account, month: Month) -> dict[str, tuple[int, int]]:
    """Key ARN -> hours it was held, hours of its rotations."""
    return {line["KeyArn"]: (line["Hours"], line["RotationHours"]) for line in bill_of(account, month.name)["Keys"]}


def requests_of(account: Account, **wanted: str | None) -> dict[str, int]:
    """Class -> requests of this month whose line has these values."""
    counted: dict[str, int] = {}
    for line in bill_of(account)["Requests"]:
        if all(line[name] == value for name, value in wanted.items()):
            counted[line["Class"]] = counted.get(line["Class"], 0) + line["Requests"]
    return counted


def new_key(kms: Any, **parameters: Any) -> str:
    arn: str = kms.create_key(**parameters)["KeyMetadata"]["Arn"]
    return arn


class TestKeys:
    def test_a_key_costs_each_hour_that_has_begun(self, account: Account, month: Month, kms_key: str) -> None:
        month.passes(days=10)
        assert hours_of(account, month) == {kms_key: (241, 0)}
        line = bill_of(account)["Keys"][0]
        assert line["Usd"] == pytest.approx(241 / month.hours, abs=1e-6)

    def test_a_whole_month_costs_a_dollar(self, account: Account, month: Month, kms_key: str) -> None:
        month.ends()
        bill = bill_of(account, month.name)
        assert [line["Usd"] for line in bill["Keys"]] == [1.0]
        assert bill["TotalUsd"] == 1.0
        assert hours_of(account, month) == {kms_key: (month.hours, 0)}

    def test_the_first_two_rotations_cost_as_much_again(
        self, account: Account, month: Month, kms: Any, kms_key: str
    ) -> None:
        for _ in range(3):
            month.passes(days=2)
            kms.rotate_key_on_demand(KeyId=kms_key)
        month.ends()
        assert hours_of(account, month) == {kms_key: (month.hours, 2 * month.hours - 48 - 96)}
        assert bill_of(account)["Keys"][0]["RotationHours"] == 2 * bill_of(account)["Keys"][0]["Hours"]

    def test_a_key_that_waits_for_its_deletion_is_free(
        self, account: Account, month: Month, kms: Any, kms_key: str
    ) -> None:
        month.passes(days=5)
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        month.passes(days=1)
        assert hours_of(account, month) == {kms_key: (121, 0)}
        month.ends()
        with refused("NotFoundException"):
            kms.describe_key(KeyId=kms_key)
        assert hours_of(account, month) == {kms_key: (121, 0)}
        assert bill_of(account)["Keys"] == []

    def test_a_cancelled_deletion_was_none(self, account: Account, month: Month, kms: Any, kms_key: str) -> None:
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        month.passes(days=5)
        kms.cancel_key_deletion(KeyId=kms_key)
        assert hours_of(account, month) == {kms_key: (121, 0)}

    def test_a_replica_is_a_key_of_its_own(self, account: Account, month: Month, kms: Any) -> None:
        primary = new_key(kms, MultiRegion=True)
        kms.rotate_key_on_demand(KeyId=primary)
        month.passes(days=10)
        replica = kms.replicate_key(KeyId=primary, ReplicaRegion="eu-west-1")["ReplicaKeyMetadata"]["Arn"]
        month.passes(days=1)
        assert hours_of(account, month) == {primary: (265, 265), replica: (25, 25)}
        assert {line["Region"] for line in bill_of(account)["Keys"]} == {REGION, "eu-west-1"}

    def test_keys_of_aws_cost_nothing(self, account: Account, month: Month) -> None:
        account.client("connectcases").create_domain(name="desk")
        create_domain(account.client("voice-id"), new_key(account.client("kms")))
        month.passes(days=1)
        assert len(bill_of(account)["Keys"]) == 1


class TestRequests:
    @pytest.mark.parametrize(
        ("kind", "use", "price_class"),
        [
            ({}, lambda kms, key: kms.encrypt(KeyId=key, Plaintext=b"x"), "symmetric"),
            (
                {"KeySpec": "HMAC_256", "KeyUsage": "GENERATE_VERIFY_MAC"},
                lambda kms, key: kms.generate_mac(KeyId=key, Message=b"x", MacAlgorithm="HMAC_SHA_256"),
                "symmetric",
            ),
            (
                {"KeySpec": "RSA_2048", "KeyUsage": "SIGN_VERIFY"},
                lambda kms, key: kms.sign(KeyId=key, Message=b"x", SigningAlgorithm="RSASSA_PSS_SHA_256"),
                "rsa2048",
            ),
            (
                {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
                lambda kms, key: kms.get_public_key(KeyId=key),
                "asymmetric",
            ),
            (
                {"KeySpec": "ECC_NIST_P256", "KeyUsage": "SIGN_VERIFY"},
                lambda kms, key: kms.describe_key(KeyId=key),
                "symmetric",
            ),
            (
                {},
                lambda kms, key: kms.generate_data_key_pair(KeyId=key, KeyPairSpec="ECC_NIST_P256"),
                "eccDataKeyPair",
            ),
            (
                {},
                lambda kms, key: kms.generate_data_key_pair_without_plaintext(KeyId=key, KeyPairSpec="RSA_2048"),
                "rsaDataKeyPair",
            ),
        ],
        ids=["symmetric", "hmac", "rsa-2048", "ecc", "described", "ecc-data-key-pair", "rsa-data-key-pair"],
    )
    def test_each_has_the_price_of_its_class(
        self, account: Account, kms: Any, kind: dict[str, str], use: Callable[[Any, str], Any], price_class: str
    ) -> None:
        key = new_key(kms, **kind)
        for _ in range(3):
            use(kms, key)
        row = PRICES["requests"][price_class]
        (line,) = [line for line in bill_of(account)["Requests"] if line["KeyArn"] == key]
        assert (line["Class"], line["Requests"], line["Service"]) == (row["title"], 3, None)
        assert line["Usd"] == pytest.approx(3 * float(row["per10000Usd"]) / 10_000)

    def test_a_request_under_two_keys_costs_once_as_the_dearer(self, account: Account, kms: Any, kms_key: str) -> None:
        rsa = new_key(kms, KeySpec="RSA_2048", KeyUsage="ENCRYPT_DECRYPT")
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=rsa, DestinationEncryptionAlgorithm="RSAES_OAEP_SHA_256")
        assert requests_of(account, KeyArn=kms_key)["RSA 2048"] == 1
        assert requests_of(account, KeyArn=rsa) == {}

    def test_a_refusal_costs_nothing(self, account: Account, kms: Any, kms_key: str) -> None:
        kms.disable_key(KeyId=kms_key)
        before = requests_of(account)
        with refused("DisabledException"):
            kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        with refused("DryRunOperationException"):
            kms.generate_data_key(KeyId=new_key(kms), KeySpec="AES_256", DryRun=True)
        assert requests_of(account)["symmetric, HMAC, management"] == before["symmetric, HMAC, management"] + 1

    def test_a_service_is_named_as_the_cause_of_its_calls(
        self, account: Account, kms: Any, kms_key: str, trail: Callable[..., list[dict[str, Any]]]
    ) -> None:
        voice_id = account.client("voice-id")
        domain = create_domain(voice_id, kms_key)["DomainId"]
        voice_id.opt_out_speaker(DomainId=domain, SpeakerId="customer")
        kms.encrypt(KeyId=kms_key, Plaintext=b"x")
        before = requests_of(account, KeyArn=kms_key, Service=VOICE_ID)["symmetric, HMAC, management"]
        mark = len(trail(account, "Decrypt"))
        voice_id.describe_speaker(DomainId=domain, SpeakerId="customer")
        caused = len(trail(account, "Decrypt")) - mark
        assert caused > 0
        after = requests_of(account, KeyArn=kms_key, Service=VOICE_ID)["symmetric, HMAC, management"]
        assert after == before + caused
        assert sum(requests_of(account, KeyArn=kms_key, Service=None).values()) == 1

    def test_nobody_pays_for_requests_under_keys_that_aws_owns(self, account: Account) -> None:
        domain = account.client("connectcases").create_domain(name="desk")["domainId"]
        account.client("connectcases").create_field(domainId=domain, name="field", type="Text")
        assert bill_of(account)["Requests"] == []

    def test_the_caller_pays_under_another_accounts_key(self, account: Account, second_account: Account) -> None:
        caller = f"arn:aws:iam::{second_account.account_id}:root"
        key = open_key(account, allow("kms:Encrypt", Principal=named(caller)))
        second_account.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        assert requests_of(account, KeyArn=key) == {}
        assert sum(requests_of(second_account, KeyArn=key).values()) == 1

    def test_each_month_and_region_has_its_own_count(self, account: Account, month: Month, kms: Any) -> None:
        kms.generate_random(NumberOfBytes=8)
        account.client("kms", "eu-west-1").generate_random(NumberOfBytes=8)
        lines = [(line["Region"], line["KeyArn"], line["Requests"]) for line in bill_of(account)["Requests"]]
        assert lines == [("eu-west-1", None, 1), (REGION, None, 1)]
        month.ends()
        assert bill_of(account)["Requests"] == []
        assert len(bill_of(account, month.name)["Requests"]) == 2


class TestFreeTier:
    def counted(self, account: Account, price_class: str, requests: int, region: str = REGION) -> None:
        """So many requests, as if they had been made."""
        world = account.server.simulator
        with world.database.unit():
            charge = Charge(account.account_id, region, "", "", price_class)
            count(world.database, world.clock.now(), [charge] * requests)

    def test_it_bears_the_first_requests_of_all_regions_together(self, account: Account) -> None:
        self.counted(account, "symmetric", FREE - 1_000)
        assert bill_of(account)["TotalUsd"] == 0
        self.counted(account, "symmetric", 11_000, "eu-west-1")
        bill = bill_of(account)
        assert bill["FreeTier"] == {"Requests": FREE, "Of": FREE, "Usd": -0.06}
        assert bill["TotalUsd"] == 0.03

    def test_it_leaves_out_asymmetric_requests(self, account: Account) -> None:
        self.counted(account, "asymmetric", 10_000)
        bill = bill_of(account)
        assert (bill["FreeTier"]["Requests"], bill["TotalUsd"]) == (0, 0.15)


class TestAsking:
    @pytest.mark.parametrize(
        "query", ["", "account=1", "account={account}&month=May", "account={account}&month=2026-13"]
    )
    def test_what_cannot_be_billed_is_refused(self, account: Account, query: str) -> None:
        with pytest.raises(OSError, match="400"):
            account.server.control(f"costs?{query.format(account=account.account_id)}")

    def asked(self, account: Account, *options: str) -> str:
        port = account.server.url.rpartition(":")[2]
        done = run("costs", "--port", port, "--account", account.account_id, *options, COLUMNS="200")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def test_the_command_line_shows_the_bill(self, account: Account, kms: Any, kms_key: str) -> None:
        create_domain(account.client("voice-id"), kms_key)
        kms.rotate_key_on_demand(KeyId=kms_key)
        told = self.asked(account)
        for text in (kms_key.rpartition("/")[2], VOICE_ID, "the account", account.account_id, "Free tier", "no key"):
            assert text in told
        assert json.loads(self.asked(account, "--format", "json"))["Keys"][0]["KeyArn"] == kms_key

    def test_it_says_so_when_no_server_answers(self) -> None:
        done = run("costs", "--port", "1")
        assert done.returncode == 2
        assert "no server answers" in done.stderr
