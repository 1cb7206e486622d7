"""Knowledge bases, uploads, content and search through boto3; documents over plain HTTP."""

from __future__ import annotations

import urllib.request
import uuid
from typing import Any

import pytest

from shared.pipeline import MAX_BODY_BYTES
from tests.services.wisdom.support import DOCUMENT, Base, http
from tests.support import REGION, Account, Server, refused

ABSENT = str(uuid.UUID(int=1))


class TestKnowledgeBases:
    def test_a_base_is_made_shown_listed_and_deleted(self, account: Account, wisdom: Any, base: Base) -> None:
        assert base.arn == f"arn:aws:wisdom:{REGION}:{account.account_id}:knowledge-base/{base.base_id}"
        got = wisdom.get_knowledge_base(knowledgeBaseId=base.arn)["knowledgeBase"]
        assert (got["name"], got["status"], got["knowledgeBaseType"]) == ("open", "ACTIVE", "CUSTOM")
        assert "serverSideEncryptionConfiguration" not in got
        base.add()
        wisdom.delete_knowledge_base(knowledgeBaseId=base.base_id)
        assert wisdom.list_knowledge_bases()["knowledgeBaseSummaries"] == []
        with refused("ResourceNotFoundException") as refusal:
            wisdom.get_knowledge_base(knowledgeBaseId=base.base_id)
        assert refusal.response["resourceName"] == base.base_id

    def test_bases_come_page_by_page_and_ten_are_enough(self, wisdom: Any) -> None:
        made = {Base.create(wisdom, str(number)).base_id for number in range(10)}
        with refused("ServiceQuotaExceededException"):
            Base.create(wisdom, "one more")
        page = wisdom.list_knowledge_bases(maxResults=7)
        rest = wisdom.list_knowledge_bases(maxResults=7, nextToken=page["nextToken"])
        listed = [one["knowledgeBaseId"] for part in (page, rest) for one in part["knowledgeBaseSummaries"]]
        assert (len(listed), set(listed)) == (10, made)

    def test_a_client_token_makes_one_base(self, wisdom: Any) -> None:
        request = {"name": "a", "knowledgeBaseType": "CUSTOM", "clientToken": "t"}
        first, again = (wisdom.create_knowledge_base(**request) for _ in range(2))
        assert first["knowledgeBase"] == again["knowledgeBase"]
        with refused("ConflictException"):
            wisdom.create_knowledge_base(**{**request, "name": "b"})

    @pytest.mark.parametrize("kind", ["EXTERNAL", "QUICK_RESPONSES"])
    def test_other_types_are_refused_by_name(self, wisdom: Any, kind: str) -> None:
        with refused("ValidationException") as refusal:
            wisdom.create_knowledge_base(name="a", knowledgeBaseType=kind)
        assert kind in refusal.message

    def test_an_arn_of_elsewhere_is_not_found(self, base: Base, second_account: Account) -> None:
        for named in (base.arn, base.base_id, base.arn.replace(REGION, "eu-west-1")):
            with refused("ResourceNotFoundException"):
                second_account.client("wisdom").get_knowledge_base(knowledgeBaseId=named)


class TestUploads:
    def test_a_document_sent_twice_is_the_second_one(self, base: Base) -> None:
        started = base.start_upload()
        for document in (b"first", b"second"):
            http("PUT", started["url"], document, started["headersToInclude"])
        made = base.client.create_content(knowledgeBaseId=base.base_id, name="a", uploadId=started["uploadId"])
        assert base.document(made["content"]["contentId"]) == b"second"

    @pytest.mark.parametrize("change", ["signature", "expires", "type", "path"])
    def test_a_changed_link_is_refused(self, base: Base, change: str) -> None:
        started = base.start_upload()
        url: str = started["url"]
        changed = {
            "signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
            "expires": url.replace("expires=", "expires=9"),
            "type": url.replace("text%2Fplain", "text%2Fhtml"),
            "path": url.replace(started["uploadId"], ABSENT),
        }[change]
        assert http("PUT", changed, b"x", started["headersToInclude"])[0] == 403

    def test_another_content_type_is_refused(self, base: Base) -> None:
        assert http("PUT", base.start_upload()["url"], b"x", {"content-type": "text/html"})[0] == 403

    def test_a_document_has_at_most_one_mebibyte(self, base: Base) -> None:
        started = base.start_upload()
        for size in (1024 * 1024 + 1, MAX_BODY_BYTES + 1):
            assert http("PUT", started["url"], b"x" * size, started["headersToInclude"])[0] == 413
        assert http("PUT", started["url"], b"x" * 1024 * 1024, started["headersToInclude"])[0] == 200

    def test_links_expire_by_the_virtual_clock(self, server: Server, base: Base) -> None:
        started, short = base.start_upload(), base.start_upload(presignedUrlTimeToLive=1)
        link = base.add()["url"]
        server.advance("PT2M")
        assert http("PUT", short["url"], b"x", short["headersToInclude"])[0] == 403
        assert http("PUT", started["url"], b"x", started["headersToInclude"])[0] == 200
        assert http("GET", link)[0] == 200
        server.advance("PT1H")
        assert http("GET", link)[0] == 403
        with refused("ValidationException"):
            base.client.create_content(knowledgeBaseId=base.base_id, name="a", uploadId=started["uploadId"])

    def test_an_upload_serves_once(self, base: Base) -> None:
        upload = base.upload()
        base.client.create_content(knowledgeBaseId=base.base_id, name="a", uploadId=upload)
        with refused("ValidationException"):
            base.client.create_content(knowledgeBaseId=base.base_id, name="b", uploadId=upload)

    def test_an_upload_must_have_been_sent_and_here(self, wisdom: Any, base: Base) -> None:
        elsewhere = Base.create(wisdom, "elsewhere").upload()
        for upload in (ABSENT, elsewhere, base.start_upload()["uploadId"]):
            with refused("ValidationException"):
                base.client.create_content(knowledgeBaseId=base.base_id, name="a", uploadId=upload)


class TestContents:
    def test_content_comes_back_whole(self, base: Base) -> None:
        made = base.add(
            title="The balance", metadata={"lang": "en"}, overrideLinkOutUri="https://example.com", tags={"a": "b"}
        )
        got = base.get(made["contentArn"])
        assert {**made, "url": "", "urlExpiry": ""} == {**got, "url": "", "urlExpiry": ""}
        assert (got["title"], got["metadata"], got["tags"]) == ("The balance", {"lang": "en"}, {"a": "b"})
        assert got["linkOutUri"] == "https://example.com"
        assert base.document(made["contentId"]) == DOCUMENT

    def test_a_name_is_taken_once(self, base: Base) -> None:
        base.add("balance")
        with refused("ConflictException"):
            base.add("balance")

    def test_an_update_changes_what_it_names_and_the_revision(self, base: Base) -> None:
        made = base.add(title="old", overrideLinkOutUri="https://example.com")
        where = {"knowledgeBaseId": base.base_id, "contentId": made["contentId"]}
        updated = base.client.update_content(**where, title="new", uploadId=base.upload(b"new"))["content"]
        assert updated["revisionId"] != made["revisionId"]
        assert updated["linkOutUri"] == "https://example.com"
        assert base.document(made["contentId"]) == b"new"
        assert base.search("balance")[0]["title"] == "new"
        updated = base.client.update_content(**where, removeOverrideLinkOutUri=True)["content"]
        assert "linkOutUri" not in updated

    def test_a_stale_revision_is_refused(self, base: Base) -> None:
        made = base.add()
        where = {"knowledgeBaseId": base.base_id, "contentId": made["contentId"], "revisionId": made["revisionId"]}
        base.client.update_content(**where, title="first")
        with refused("PreconditionFailedException") as refusal:
            base.client.update_content(**where, title="second")
        assert refusal.status == 412
        assert base.get(made["contentId"])["title"] == "first"

    def test_deleted_content_is_gone_from_everywhere(self, base: Base) -> None:
        made = base.add()
        base.client.delete_content(knowledgeBaseId=base.base_id, contentId=made["contentId"])
        assert base.search("balance") == []
        assert http("GET", made["url"])[0] == 404
        with refused("ResourceNotFoundException"):
            base.get(made["contentId"])

    def test_lists_come_page_by_page(self, base: Base) -> None:
        made = {base.add(str(number))["contentId"] for number in range(3)}
        page = base.client.list_contents(knowledgeBaseId=base.base_id, maxResults=2)
        rest = base.client.list_contents(knowledgeBaseId=base.base_id, maxResults=2, nextToken=page["nextToken"])
        listed = [one["contentId"] for part in (page, rest) for one in part["contentSummaries"]]
        assert (len(listed), set(listed)) == (3, made)
        summary = base.client.get_content_summary(knowledgeBaseId=base.base_id, contentId=listed[0])
        assert summary["contentSummary"] == page["contentSummaries"][0]

    def test_a_document_cannot_act_as_a_page_of_ours(self, base: Base) -> None:
        with urllib.request.urlopen(base.add()["url"], timeout=60) as response:
            assert response.headers["Content-Security-Policy"].startswith("sandbox")
            assert response.headers["Content-Disposition"] == "attachment"


class TestSearch:
    def test_a_search_finds_by_the_whole_name(self, base: Base) -> None:
        made = base.add("balance")
        base.add("balance of nature")
        assert [hit["contentId"] for hit in base.search("balance")] == [made["contentId"]]
        assert base.search("balanc") == []

    @pytest.mark.claim("W4")
    def test_no_hit_of_one_customer_shows_at_another(self, base: Base, second_account: Account) -> None:
        base.add("balance")
        other = Base.create(second_account.client("wisdom"), "other")
        assert other.search("balance") == []
