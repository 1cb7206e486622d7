"""What the Cases tests share: a domain in which a case takes one line."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

CUSTOMER = "arn:aws:profile:us-west-2:111122223333:domains/customers/profiles/" + "0" * 32


def text(field_id: str, value: str) -> dict[str, Any]:
    return {"id": field_id, "value": {"stringValue": value}}


@dataclass
class Desk:
    """A Cases domain and its template."""

    client: Any
    domain_id: str
    domain_arn: str
    template_id: str

    @classmethod
    def open(cls, client: Any, name: str) -> Desk:
        made = client.create_domain(name=name)
        template = client.create_template(domainId=made["domainId"], name="general")
        return cls(client, made["domainId"], made["domainArn"], template["templateId"])

    def create_case(self, title: str = "Broken lamp", *fields: dict[str, Any], **more: Any) -> str:
        case_id: str = self.client.create_case(
            domainId=self.domain_id,
            templateId=self.template_id,
            fields=[text("title", title), text("customer_id", CUSTOMER), *fields],
            **more,
        )["caseId"]
        return case_id

    def values(self, case_id: str, *field_ids: str) -> dict[str, Any]:
        """Field id -> its plain value."""
        wanted = [{"id": field_id} for field_id in field_ids]
        got = self.client.get_case(domainId=self.domain_id, caseId=case_id, fields=wanted)
        return {field["id"]: next(iter(field["value"].values())) for field in got["fields"]}

    def comment(self, case_id: str, body: str) -> str:
        item_id: str = self.client.create_related_item(
            domainId=self.domain_id,
            caseId=case_id,
            type="Comment",
            content={"comment": {"body": body, "contentType": "Text/Plain"}},
        )["relatedItemId"]
        return item_id

    def comments(self, case_id: str, **more: Any) -> list[str]:
        items = self.client.search_related_items(domainId=self.domain_id, caseId=case_id, **more)["relatedItems"]
        return [item["content"]["comment"]["body"] for item in items if "comment" in item["content"]]

    def titles(self, **search: Any) -> list[str]:
        found = self.client.search_cases(domainId=self.domain_id, fields=[{"id": "title"}], **search)
        return sorted(case["fields"][0]["value"]["stringValue"] for case in found["cases"])

    def create_field(self, name: str, kind: str = "Text", **more: Any) -> str:
        field_id: str = self.client.create_field(domainId=self.domain_id, name=name, type=kind, **more)["fieldId"]
        return field_id
