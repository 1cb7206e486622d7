"""The keys behind Wisdom: the customer's or AWS's for content, AWS's for the index."""

from __future__ import annotations

from typing import Any

import pytest

from shared.catalog import SERVICES
from tests.services.wisdom.support import DOCUMENT, Base, http
from tests.support import Account, Server, events_of, refused

DENIED = "AccessDeniedException"
SERVICE = SERVICES["wisdom"]


def data_keys(server: Server, *scope_arns: str) -> set[bytes]:
    """The encrypted data keys of some scopes, as they rest."""
    rows = server.simulator.database.select("data_keys", {"scope_arn": scope_arns})
    return {row["ciphertext_blob"] for row in rows}


@pytest.mark.claim("W1", "G5")
@pytest.mark.parametrize("kind", ["base", "keyed_base"])
def test_nothing_of_content_is_on_the_disk(server: Server, request: pytest.FixtureRequest, kind: str) -> None:
    base: Base = request.getfixturevalue(kind)
    canary = f"canary-of-{kind.replace('_', '-')}"
    base.upload(f"{canary} upload".encode())
    made = base.add(canary, canary.encode(), title=canary, metadata={canary: canary}, overrideLinkOutUri=canary)
    assert base.document(made["contentId"]) == canary.encode()
    disk = server.bytes_on_disk()
    assert canary.encode() not in disk
    assert made["url"].rpartition("signature=")[2].encode() not in disk


@pytest.mark.claim("W2", "W5")
def test_a_disabled_key_closes_content_and_links_but_not_the_index(kms: Any, kms_key: str, keyed_base: Base) -> None:
    made = keyed_base.add(title="The balance")
    started = keyed_base.start_upload()
    kms.disable_key(KeyId=kms_key)
    with refused(DENIED) as refusal:
        keyed_base.get(made["contentId"])
    assert kms_key in refusal.message
    assert http("GET", made["url"])[0] == 403
    assert http("PUT", started["url"], b"x", started["headersToInclude"])[0] == 403
    assert keyed_base.search("balance")[0]["title"] == "The balance"
    kms.enable_key(KeyId=kms_key)
    assert http("GET", made["url"]) == (200, DOCUMENT)


@pytest.mark.claim("W2")
@pytest.mark.parametrize("event", ["revoke", "delete"])
def test_the_owner_of_the_key_can_lock_wisdom_out(
    server: Server, kms: Any, kms_key: str, keyed_base: Base, event: str
) -> None:
    made = keyed_base.add()
    if event == "revoke":
        kms.revoke_grant(KeyId=kms_key, GrantId=kms.list_grants(KeyId=kms_key)["Grants"][0]["GrantId"])
    else:
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        server.advance("P8D")
    with refused(DENIED):
        keyed_base.get(made["contentId"])
    assert len(keyed_base.search("balance")) == 1


@pytest.mark.claim("W3")
def test_without_a_key_wisdom_uses_its_own(account: Account, kms: Any, base: Base) -> None:
    assert base.document(base.add()["contentId"]) == DOCUMENT
    assert kms.list_keys()["Keys"] == []
    assert events_of(account, source="kms.amazonaws.com", name="Decrypt") == []


@pytest.mark.claim("W4", "G6")
def test_customers_share_no_data_key(server: Server, wisdom: Any, second_account: Account) -> None:
    mine = Base.create(wisdom, "answers")
    other = Base.create(second_account.client("wisdom"), "answers")
    for base in (mine, other):
        base.add()
    keys = [data_keys(server, base.arn, f"{base.arn}/index") for base in (mine, other)]
    assert all(keys)
    assert not keys[0] & keys[1]


@pytest.mark.claim("W5")
def test_the_index_is_under_wisdoms_key_even_if_the_content_is_not(
    server: Server, account: Account, keyed_base: Base
) -> None:
    keyed_base.add()
    before = len(events_of(account, "Decrypt"))
    keyed_base.search("balance")
    assert len(events_of(account, "Decrypt")) == before
    scope = server.simulator.database.find("scopes", {"arn": f"{keyed_base.arn}/index"})
    assert scope is not None
    assert scope["key_arn"].split(":")[4] == SERVICE.account_id


@pytest.mark.claim("W6")
def test_the_trail_tells_who_read_what(account: Account, keyed_base: Base) -> None:
    made = keyed_base.add("a secret name", title="a secret title")
    keyed_base.get(made["contentId"])
    keyed_base.search("a secret name")
    events = events_of(account, source="wisdom.amazonaws.com")
    (get,) = [event for event in events if event["eventName"] == "GetContent"]
    assert get["userIdentity"]["userName"] == "administrator"
    assert get["requestParameters"]["contentId"] == made["contentId"]
    assert {"CreateKnowledgeBase", "CreateContent", "SearchContent"} <= {event["eventName"] for event in events}
    assert "secret" not in str(events)
    assert made["url"].rpartition("signature=")[2] not in str(events)


@pytest.mark.claim("W2")
def test_a_key_gets_a_grant(kms: Any, kms_key: str, keyed_base: Base) -> None:
    (grant,) = kms.list_grants(KeyId=kms_key)["Grants"]
    assert grant["GranteePrincipal"] == SERVICE.principal
    assert grant["Constraints"] == {"EncryptionContextSubset": {"aws:wisdom:knowledge-base:arn": keyed_base.arn}}
    keyed_base.client.delete_knowledge_base(knowledgeBaseId=keyed_base.base_id)
    assert kms.list_grants(KeyId=kms_key)["Grants"] == []


@pytest.mark.parametrize("state", ["absent", "disabled"])
def test_a_key_that_cannot_serve_is_refused(wisdom: Any, kms: Any, kms_key: str, state: str) -> None:
    if state == "disabled":
        kms.disable_key(KeyId=kms_key)
    with refused("ValidationException"):
        Base.create(wisdom, "answers", kms_key if state == "disabled" else kms_key[:-12] + "0" * 12)
    assert wisdom.list_knowledge_bases()["knowledgeBaseSummaries"] == []


def test_without_the_right_to_make_a_grant_there_is_no_base(account: Account, kms_key: str) -> None:
    use = {"Effect": "Allow", "Action": ["wisdom:*", "kms:DescribeKey"], "Resource": "*"}
    user = account.user("no-grants", {"Version": "2012-10-17", "Statement": [use]})
    with refused(DENIED) as refusal:
        Base.create(user.client("wisdom"), "answers", kms_key)
    assert "kms:CreateGrant" in refusal.message
