"""Dial requests and the keys that protect them: the customer's, or one that is the instance's alone."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.catalog import SERVICES
from tests.services.outbound_campaigns.support import Desk, dial_request
from tests.support import Account, Server, events_of, refused

DENIED = "AccessDeniedException"
SERVICE = SERVICES["connectcampaigns"]


class TestBatch:
    def test_requests_are_taken_one_by_one(self, desk: Desk) -> None:
        good = dial_request()
        late = dial_request(expirationTime=datetime(2001, 1, 1, tzinfo=UTC))
        empty = dial_request(phone="")
        answer = desk.put(good, late, empty)
        assert [one["clientToken"] for one in answer["successfulRequests"]] == [good["clientToken"]]
        failed = {one["clientToken"]: one["failureCode"] for one in answer["failedRequests"]}
        assert failed == {late["clientToken"]: "InvalidInput", empty["clientToken"]: "InvalidInput"}
        assert desk.dial() == ["DIALLED"]

    def test_a_client_token_queues_one_request(self, desk: Desk) -> None:
        request = dial_request()
        first, again = desk.put(request), desk.put(request)
        assert first["successfulRequests"] == again["successfulRequests"]
        other = desk.put({**request, "phoneNumber": "+1999"})
        assert [one["failureCode"] for one in other["failedRequests"]] == ["InvalidInput"]
        assert desk.dial() == ["DIALLED"]

    def test_only_a_running_campaign_takes_requests(self, campaigns: Any, desk: Desk) -> None:
        campaigns.pause_campaign(id=desk.campaign_id)
        with refused("InvalidCampaignStateException") as refusal:
            desk.put(dial_request())
        assert refusal.response["state"] == "Paused"
        assert desk.dial() == []

    def test_an_unknown_campaign_is_not_found(self, campaigns: Any) -> None:
        with refused("ResourceNotFoundException"):
            campaigns.put_dial_request_batch(id=str(uuid.uuid4()), dialRequests=[dial_request()])

    def test_a_deleted_campaign_takes_its_queue_along(self, server: Server, campaigns: Any, desk: Desk) -> None:
        desk.put(dial_request())
        campaigns.delete_campaign(id=desk.campaign_id)
        assert desk.dial() == []
        assert server.simulator.database.count("records", {"scope_arn": desk.arn}) == 0

    def test_the_trail_shows_no_numbers(self, account: Account, desk: Desk) -> None:
        desk.put(dial_request(phone="+15550001234"))
        text = str(events_of(account, "PutDialRequestBatch"))
        assert desk.campaign_id in text
        assert "5550001234" not in text
        assert "Ada" not in text


@pytest.mark.claim("O1", "O2")
@pytest.mark.parametrize("kind", ["desk", "keyed_desk"])
def test_nothing_of_a_request_is_on_the_disk(server: Server, request: pytest.FixtureRequest, kind: str) -> None:
    desk: Desk = request.getfixturevalue(kind)
    canary = {"desk": "998877665544", "keyed_desk": "887766554433"}[kind]
    desk.put(dial_request(phone=canary, attributes={f"key-{canary}": f"value-{canary}"}))
    assert desk.dial() == ["DIALLED"]
    assert canary.encode() not in server.bytes_on_disk()


class TestCustomersKey:
    @pytest.mark.claim("O5")
    def test_a_disabled_key_stops_queue_and_dialer(self, kms: Any, kms_key: str, keyed_desk: Desk) -> None:
        keyed_desk.put(dial_request())
        kms.disable_key(KeyId=kms_key)
        assert keyed_desk.dial() == [DENIED]
        with refused(DENIED):
            keyed_desk.put(dial_request())
        kms.enable_key(KeyId=kms_key)
        assert keyed_desk.dial() == ["DIALLED"]

    @pytest.mark.claim("O5")
    @pytest.mark.parametrize("event", ["revoke", "delete"])
    def test_its_owner_can_lock_the_service_out(
        self, server: Server, kms: Any, kms_key: str, keyed_desk: Desk, event: str
    ) -> None:
        keyed_desk.put(dial_request())
        if event == "revoke":
            kms.revoke_grant(KeyId=kms_key, GrantId=kms.list_grants(KeyId=kms_key)["Grants"][0]["GrantId"])
        else:
            kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
            server.advance("P8D")
        assert keyed_desk.dial() == [DENIED]

    def test_the_customers_trail_shows_the_calls(self, account: Account, keyed_desk: Desk) -> None:
        keyed_desk.put(dial_request())
        keyed_desk.dial()
        mine = [event for event in events_of(account, source="kms.amazonaws.com") if keyed_desk.arn in str(event)]
        assert [event["eventName"] for event in mine] == [
            "CreateGrant",
            "GenerateDataKeyWithoutPlaintext",
            "Decrypt",
            "Decrypt",
        ]


class TestInstancesKey:
    @pytest.mark.claim("O3", "O6")
    def test_each_instance_has_a_key_that_no_customer_sees(
        self, server: Server, account: Account, kms: Any, desk: Desk
    ) -> None:
        other = Desk.open(server, account, None)
        keys = {one.scope()["key_arn"] for one in (desk, other)}
        assert len(keys) == 2
        assert {arn.split(":")[4] for arn in keys} == {SERVICE.account_id}
        assert kms.list_keys()["Keys"] == []
        desk.put(dial_request())
        assert events_of(account, source="kms.amazonaws.com", name="Decrypt") == []
        for arn in keys:
            with refused(DENIED):
                kms.describe_key(KeyId=arn)

    @pytest.mark.claim("O3", "G2")
    @pytest.mark.parametrize("kind", ["desk", "keyed_desk"])
    def test_rows_swapped_between_instances_open_nowhere(
        self, server: Server, account: Account, kms_key: str, request: pytest.FixtureRequest, kind: str
    ) -> None:
        desk: Desk = request.getfixturevalue(kind)
        other = Desk.open(server, account, kms_key if kind == "keyed_desk" else None)
        desk.put(dial_request())
        other.put(dial_request())
        database = server.simulator.database
        a, b = (database.select("records", {"scope_arn": one.arn})[0] for one in (desk, other))
        with database.unit():
            for here, there in ((a, b), (b, a)):
                where = {name: here[name] for name in ("scope_arn", "data_class", "record_id")}
                changes = {"sealed": there["sealed"], "data_key_id": there["data_key_id"]}
                database.update("records", where, changes)
        assert [*desk.dial(), *other.dial()] == ["InternalServerException"] * 2

    @pytest.mark.claim("G3")
    def test_an_expired_key_is_replaced_its_data_moved_and_it_is_destroyed(self, server: Server, desk: Desk) -> None:
        desk.put(dial_request())
        before = desk.scope()
        assert before["not_after"] == pytest.approx(before["created_at"] + 30 * 86_400)
        server.advance("P31D")
        server.run_jobs()
        after = desk.scope()
        assert after["generation"] == before["generation"] + 1
        assert after["key_arn"] != before["key_arn"]
        assert after["not_after"] > server.simulator.clock.now()
        assert server.simulator.database.find("kms_keys", {"arn": before["key_arn"]}) is None
        desk.put(dial_request())
        assert desk.dial() == ["DIALLED", "DIALLED"]

    @pytest.mark.claim("G3")
    def test_nothing_new_goes_under_an_expired_key(self, server: Server, desk: Desk) -> None:
        desk.put(dial_request())
        old = desk.scope()["key_arn"]
        server.hold_jobs(True)
        server.advance("P31D")
        desk.put(dial_request())
        under = {
            row["data_key_id"]: row["key_arn"]
            for row in server.simulator.database.select("data_keys", {"scope_arn": desk.arn})
        }
        rows = server.simulator.database.select("records", {"scope_arn": desk.arn}, order=["created_at"])
        assert [under[row["data_key_id"]] == old for row in rows] == [True, False]
        assert desk.dial() == ["DIALLED", "DIALLED"]
