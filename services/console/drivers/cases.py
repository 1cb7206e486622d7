"""The person's case, with a comment, a field and a template."""

from __future__ import annotations

import uuid
from typing import Any

from services.console.drivers.driver import PERSON, Driver, Read


class Cases(Driver):
    """Cases: AWS owned, always."""

    service = "connectcases"
    ownership = "AWS_OWNED"

    def store(self) -> None:
        for instance in "ab":
            domain = self.client.create_domain(name=f"service-desk-{instance}")["domainId"]
            noted = self.client.create_field(domainId=domain, name="Callback", type="Text", description=PERSON["note"])
            template = self.client.create_template(domainId=domain, name="Callback", description=PERSON["note"])
            made = self.client.create_case(
                domainId=domain,
                templateId=template["templateId"],
                fields=[
                    {"id": "title", "value": {"stringValue": PERSON["note"]}},
                    {"id": "customer_id", "value": {"stringValue": self._customer()}},
                ],
            )
            self.client.create_related_item(
                domainId=domain,
                caseId=made["caseId"],
                type="Comment",
                content={"comment": {"body": PERSON["note"], "contentType": "Text/Plain"}},
            )
            self.ids |= {
                f"domain_{instance}": domain,
                f"field_{instance}": noted["fieldId"],
                f"template_{instance}": template["templateId"],
                f"case_{instance}": made["caseId"],
            }

    def _customer(self) -> str:
        return self.arn(f"domains/service-desk/profiles/{uuid.UUID(int=4711).hex}", "profile")

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"domain/{self.ids[f'domain_{instance}']}", "cases")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        domain = self.ids[f"domain_{through or instance}"]
        case, note = self.ids[f"case_{instance}"], PERSON["note"]
        return {
            "case": (lambda: self._title(domain, case), note),
            "comment": (lambda: self._comment(domain, case), note),
            "field": (lambda: self._field(domain, self.ids[f"field_{instance}"]), note),
            "template": (
                lambda: self.client.get_template(domainId=domain, templateId=self.ids[f"template_{instance}"])[
                    "description"
                ],
                note,
            ),
        }

    def _title(self, domain: str, case: str) -> Any:
        got = self.client.get_case(domainId=domain, caseId=case, fields=[{"id": "title"}])
        return got["fields"][0]["value"]["stringValue"]

    def _comment(self, domain: str, case: str) -> Any:
        items = self.client.search_related_items(domainId=domain, caseId=case)["relatedItems"]
        return items[0]["content"]["comment"]["body"]

    def _field(self, domain: str, field_id: str) -> Any:
        got = self.client.batch_get_field(domainId=domain, fields=[{"id": field_id}])
        if got["errors"]:
            return got["errors"][0]["errorCode"]
        return got["fields"][0]["description"]
