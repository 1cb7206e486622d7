"""Domains, fields, templates, cases and comments through boto3."""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from tests.services.cases.support import CUSTOMER, Desk, text
from tests.support import REGION, Account, refused

ABSENT = str(uuid.UUID(int=1))


class TestDomains:
    def test_a_domain_is_made_shown_listed_and_deleted(self, account: Account, cases: Any) -> None:
        made = cases.create_domain(name="desk")
        assert made["domainArn"] == f"arn:aws:cases:{REGION}:{account.account_id}:domain/{made['domainId']}"
        got = cases.get_domain(domainId=made["domainId"])
        assert (got["name"], got["domainStatus"]) == ("desk", "Active")
        assert [domain["name"] for domain in cases.list_domains()["domains"]] == ["desk"]
        cases.delete_domain(domainId=made["domainId"])
        assert cases.list_domains()["domains"] == []

    def test_a_name_is_taken_once_and_five_domains_are_enough(self, cases: Any) -> None:
        for number in range(5):
            cases.create_domain(name=f"desk {number}")
        with refused("ConflictException"):
            cases.create_domain(name="desk 1")
        with refused("ServiceQuotaExceededException"):
            cases.create_domain(name="desk 6")

    def test_an_unknown_domain_is_refused_by_its_type(self, cases: Any) -> None:
        with refused("ResourceNotFoundException") as refusal:
            cases.get_domain(domainId=ABSENT)
        assert (refusal.status, refusal.response["resourceType"]) == (404, "Domain")

    def test_a_domain_of_another_account_is_unknown(self, desk: Desk, second_account: Account) -> None:
        with refused("ResourceNotFoundException"):
            second_account.client("connectcases").get_domain(domainId=desk.domain_id)


class TestFields:
    def test_a_field_is_made_changed_and_shown(self, cases: Any, desk: Desk) -> None:
        field = desk.create_field("Colour", description="of the lamp")
        cases.update_field(domainId=desk.domain_id, fieldId=field, description="of the shade")
        (got,) = cases.batch_get_field(domainId=desk.domain_id, fields=[{"id": field}])["fields"]
        assert (got["name"], got["type"], got["description"]) == ("Colour", "Text", "of the shade")
        assert got["namespace"] == "Custom"

    def test_unknown_fields_are_told_beside_the_known(self, cases: Any, desk: Desk) -> None:
        got = cases.batch_get_field(domainId=desk.domain_id, fields=[{"id": "title"}, {"id": ABSENT}])
        assert [field["namespace"] for field in got["fields"]] == ["System"]
        assert [error["id"] for error in got["errors"]] == [ABSENT]

    def test_system_fields_come_with_the_first_page_of_the_list(self, cases: Any, desk: Desk) -> None:
        own = {desk.create_field(name) for name in ("a", "b", "c")}
        first = cases.list_fields(domainId=desk.domain_id, maxResults=2)
        rest = cases.list_fields(domainId=desk.domain_id, maxResults=2, nextToken=first["nextToken"])
        listed = [field["fieldId"] for page in (first, rest) for field in page["fields"]]
        assert set(listed) > own
        assert len(listed) == len(set(listed))
        assert listed.count("title") == 1

    def test_a_name_is_taken_once(self, desk: Desk) -> None:
        desk.create_field("Colour")
        with refused("ConflictException"):
            desk.create_field("Colour")


class TestTemplates:
    def test_a_template_is_made_changed_and_shown(self, cases: Any, desk: Desk) -> None:
        where = {"domainId": desk.domain_id, "templateId": desk.template_id}
        cases.update_template(**where, description="for all", status="Inactive")
        got = cases.get_template(**where)
        assert (got["name"], got["description"], got["status"]) == ("general", "for all", "Inactive")
        assert cases.list_templates(domainId=desk.domain_id, status=["Active"])["templates"] == []

    def test_a_case_needs_its_templates_required_fields(self, cases: Any, desk: Desk) -> None:
        colour = desk.create_field("Colour")
        cases.update_template(
            domainId=desk.domain_id, templateId=desk.template_id, requiredFields=[{"fieldId": colour}]
        )
        with refused("ValidationException") as refusal:
            desk.create_case()
        assert colour in refusal.message
        assert desk.values(desk.create_case("x", text(colour, "red")), colour) == {colour: "red"}


class TestCases:
    def test_a_case_comes_back_with_what_the_service_adds(self, desk: Desk) -> None:
        case = desk.create_case("Broken lamp")
        values = desk.values(case, "title", "customer_id", "status", "reference_number", "created_datetime")
        assert (values["title"], values["customer_id"], values["status"]) == ("Broken lamp", CUSTOMER, "open")
        assert values["created_datetime"].endswith("Z")
        assert values["reference_number"]

    def test_an_update_replaces_fields(self, cases: Any, desk: Desk) -> None:
        case = desk.create_case("Broken lamp")
        cases.update_case(domainId=desk.domain_id, caseId=case, fields=[text("title", "Mended"), text("status", "x")])
        assert desk.values(case, "title", "status") == {"title": "Mended", "status": "x"}

    @pytest.mark.parametrize(
        "fields",
        [
            [{"id": "title", "value": {"doubleValue": 1.0}}],
            [{"id": ABSENT, "value": {"stringValue": "x"}}],
            [text("title", "a"), text("title", "b")],
        ],
        ids=["wrong type", "unknown field", "twice"],
    )
    def test_values_that_do_not_fit_are_refused(self, cases: Any, desk: Desk, fields: list[dict[str, Any]]) -> None:
        case = desk.create_case("before")
        with refused("ValidationException"):
            cases.update_case(domainId=desk.domain_id, caseId=case, fields=fields)
        assert desk.values(case, "title") == {"title": "before"}

    def test_a_title_is_required(self, cases: Any, desk: Desk) -> None:
        with refused("ValidationException"):
            cases.create_case(domainId=desk.domain_id, templateId=desk.template_id, fields=[])

    def test_a_client_token_makes_one_case(self, desk: Desk) -> None:
        token = str(uuid.uuid4())
        assert desk.create_case("a", clientToken=token) == desk.create_case("a", clientToken=token)
        with refused("ConflictException"):
            desk.create_case("b", clientToken=token)

    @pytest.mark.parametrize(
        ("search", "titles"),
        [
            ({}, ["Broken lamp", "Late train", "Lost bag"]),
            ({"searchTerm": "LAMP"}, ["Broken lamp"]),
            ({"filter": {"field": {"equalTo": text("title", "Lost bag")}}}, ["Lost bag"]),
            ({"filter": {"field": {"contains": text("title", "L")}}}, ["Broken lamp", "Late train", "Lost bag"]),
            ({"filter": {"not": {"field": {"contains": text("title", "lamp")}}}}, ["Late train", "Lost bag"]),
            (
                {
                    "filter": {
                        "orAll": [
                            {"field": {"equalTo": text("title", "Lost bag")}},
                            {"field": {"equalTo": text("title", "Late train")}},
                        ]
                    }
                },
                ["Late train", "Lost bag"],
            ),
            (
                {
                    "filter": {
                        "andAll": [
                            {"field": {"contains": text("title", "a")}},
                            {"field": {"contains": text("title", "train")}},
                        ]
                    }
                },
                ["Late train"],
            ),
        ],
        ids=["all", "term", "equal", "contains", "not", "or", "and"],
    )
    def test_a_search_finds_what_its_filter_says(self, desk: Desk, search: dict[str, Any], titles: list[str]) -> None:
        for title in ("Broken lamp", "Lost bag", "Late train"):
            desk.create_case(title)
        assert desk.titles(**search) == titles

    @pytest.mark.parametrize(
        ("comparison", "hits"), [("equalTo", 1), ("contains", 0), ("greaterThan", 0), ("lessThanOrEqualTo", 0)]
    )
    def test_an_empty_value_equals_another_and_no_more(self, desk: Desk, comparison: str, hits: int) -> None:
        nothing = {"id": "summary", "value": {"emptyValue": {}}}
        desk.create_case("a", nothing)
        desk.create_case("b", text("summary", "full"))
        assert len(desk.titles(filter={"field": {comparison: nothing}})) == hits

    def test_a_search_comes_page_by_page(self, cases: Any, desk: Desk) -> None:
        made = {desk.create_case(str(number)) for number in range(5)}
        page = cases.search_cases(domainId=desk.domain_id, maxResults=2)
        found = [case["caseId"] for case in page["cases"]]
        while "nextToken" in page:
            page = cases.search_cases(domainId=desk.domain_id, maxResults=2, nextToken=page["nextToken"])
            found += [case["caseId"] for case in page["cases"]]
        assert (len(found), set(found)) == (5, made)


class TestComments:
    def test_comments_belong_to_their_case(self, desk: Desk) -> None:
        first, second = desk.create_case("a"), desk.create_case("b")
        desk.comment(first, "called back")
        desk.comment(first, "mended")
        assert sorted(desk.comments(first)) == ["called back", "mended"]
        assert desk.comments(second) == []

    def test_a_filter_by_kind_counts(self, cases: Any, desk: Desk) -> None:
        case = desk.create_case()
        desk.comment(case, "called back")
        contact = {"contact": {"contactArn": f"arn:aws:connect:{REGION}:1:instance/1/contact/1"}}
        cases.create_related_item(domainId=desk.domain_id, caseId=case, type="Contact", content=contact)
        assert desk.comments(case, filters=[{"comment": {}}]) == ["called back"]
        assert desk.comments(case, filters=[{"contact": {}}]) == []

    def test_content_of_another_kind_is_refused(self, cases: Any, desk: Desk) -> None:
        content = {"comment": {"body": "x", "contentType": "Text/Plain"}}
        with refused("ValidationException"):
            cases.create_related_item(
                domainId=desk.domain_id, caseId=desk.create_case(), type="Contact", content=content
            )

    def test_a_comment_needs_its_case(self, desk: Desk) -> None:
        with refused("ResourceNotFoundException"):
            desk.comment(ABSENT, "x")
