"""A document that speaks of the person."""

from __future__ import annotations

from typing import Any

from services.console.drivers.driver import PERSON, Driver, NoSuchOperation, Read


class Wisdom(Driver):
    """Wisdom content under the customer's key; its search index is AWS's all the same."""

    service = "wisdom"
    ownership = "CUSTOMER_MANAGED"

    def store(self) -> None:
        key = {"serverSideEncryptionConfiguration": {"kmsKeyId": self.key_arn}} if self.key_arn else {}
        for instance in "ab":
            made = self.client.create_knowledge_base(
                name=f"answers-{self.ownership}-{instance}", knowledgeBaseType="CUSTOM", **key
            )["knowledgeBase"]["knowledgeBaseId"]
            upload = self.client.start_content_upload(knowledgeBaseId=made, contentType="text/plain")
            self.person.fetch("PUT", upload["url"], PERSON["document"].encode(), upload["headersToInclude"])
            content = self.client.create_content(
                knowledgeBaseId=made, name="balance", title=PERSON["note"], uploadId=upload["uploadId"]
            )["content"]["contentId"]
            self.ids |= {f"base_{instance}": made, f"content_{instance}": content}

    def scope_arn(self, instance: str) -> str:
        return self.arn(f"knowledge-base/{self.ids[f'base_{instance}']}", "wisdom")

    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        base = self.ids[f"base_{through or instance}"]
        content = self.ids[f"content_{instance}"]
        reads: dict[str, tuple[Read, Any]] = {
            "content": (lambda: self._document(base, content), PERSON["document"].encode())
        }
        if through is None:
            reads["index-entry"] = (lambda: self._found(base), PERSON["note"])
        return reads

    def _document(self, base: str, content: str) -> bytes:
        link = self.client.get_content(knowledgeBaseId=base, contentId=content)["content"]["url"]
        return self.person.fetch("GET", link)[1]

    def _found(self, base: str) -> Any:
        search = {"filters": [{"field": "NAME", "operator": "EQUALS", "value": "balance"}]}
        hits = self.client.search_content(knowledgeBaseId=base, searchExpression=search)["contentSummaries"]
        return hits[0]["title"] if hits else None

    def switch(self, new_key_arn: str) -> None:
        raise NoSuchOperation("a knowledge base keeps its key; another key means another knowledge base")


class WisdomByDefault(Wisdom):
    """Wisdom without a key of the customer's."""

    ownership = "AWS_OWNED"
