"""What the Wisdom tests share: a knowledge base in which content takes one line, and its links."""

from __future__ import annotations

import urllib.error
import urllib.request
from dataclasses import dataclass
from typing import Any

DOCUMENT = b"What to say when a caller asks for a balance."


def http(method: str, url: str, body: bytes | None = None, headers: dict[str, str] | None = None) -> tuple[int, bytes]:
    """An unsigned request: status and body."""
    request = urllib.request.Request(url, data=body, headers=headers or {}, method=method)
    try:
        with urllib.request.urlopen(request, timeout=60) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        return error.code, error.read()


@dataclass
class Base:
    """A knowledge base."""

    client: Any
    base_id: str
    arn: str

    @classmethod
    def create(cls, client: Any, name: str, key: str | None = None) -> Base:
        more = {"serverSideEncryptionConfiguration": {"kmsKeyId": key}} if key else {}
        made = client.create_knowledge_base(name=name, knowledgeBaseType="CUSTOM", **more)["knowledgeBase"]
        return cls(client, made["knowledgeBaseId"], made["knowledgeBaseArn"])

    def start_upload(self, **more: Any) -> dict[str, Any]:
        started: dict[str, Any] = self.client.start_content_upload(
            knowledgeBaseId=self.base_id, **{"contentType": "text/plain", **more}
        )
        return started

    def upload(self, document: bytes = DOCUMENT) -> str:
        """Send a document; returns the uploadId."""
        started = self.start_upload()
        assert http("PUT", started["url"], document, started["headersToInclude"])[0] == 200
        upload_id: str = started["uploadId"]
        return upload_id

    def add(self, name: str = "balance", document: bytes = DOCUMENT, **more: Any) -> dict[str, Any]:
        content: dict[str, Any] = self.client.create_content(
            knowledgeBaseId=self.base_id, name=name, uploadId=self.upload(document), **more
        )["content"]
        return content

    def get(self, content_id: str) -> dict[str, Any]:
        got: dict[str, Any] = self.client.get_content(knowledgeBaseId=self.base_id, contentId=content_id)["content"]
        return got

    def document(self, content_id: str) -> bytes:
        """The document by way of a fresh link."""
        status, body = http("GET", self.get(content_id)["url"])
        assert status == 200
        return body

    def search(self, name: str) -> list[dict[str, Any]]:
        expression = {"filters": [{"field": "NAME", "operator": "EQUALS", "value": name}]}
        found = self.client.search_content(knowledgeBaseId=self.base_id, searchExpression=expression)
        hits: list[dict[str, Any]] = found["contentSummaries"]
        return hits
