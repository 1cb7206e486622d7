"""Content as it rests, under the knowledge base's key, and its entry in the search index, under Wisdom's."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from services.wisdom import errors
from services.wisdom.data_classes import CONTENT, INDEX_ENTRY, UPLOAD
from services.wisdom.knowledge_base import KnowledgeBase, content_arn, require_knowledge_base
from services.wisdom.links import UPLOADED, make_link, url_of

if TYPE_CHECKING:
    from services.call import ServiceCall

LINK_SECONDS = 3_600
NAME = "name"


@dataclass(frozen=True)
class Content:
    """protected: name, title, metadata, linkOutUri and the document (bytes). attributes: contentType, revisionId."""

    protected: dict[str, Any]
    attributes: dict[str, Any]


def require_content(call: ServiceCall, base: KnowledgeBase, named: str) -> Record:
    """Content by id or ARN. Raises: ServiceError("ResourceNotFoundException")."""
    content_id = named.rpartition("/")[2]
    arn = content_arn(call.region, call.account_id, base.base_id, content_id)
    record = call.store.find(base.arn, CONTENT, content_id)
    if record is None or named not in (content_id, arn):
        raise errors.not_found(named)
    return record


def base_and_content(call: ServiceCall, parameters: dict[str, Any]) -> tuple[KnowledgeBase, Record]:
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    return base, require_content(call, base, parameters["contentId"])


def take_document(call: ServiceCall, base: KnowledgeBase, upload_id: str) -> tuple[bytes, str]:
    """The document of an upload and its content type; an upload serves once.

    Raises: ServiceError("ValidationException") for one that is unknown, used, expired or not sent yet; KmsRefusal.
    """
    record = call.store.find(base.arn, UPLOAD, upload_id)
    if record is None:
        raise errors.invalid("The uploadId is not one of this knowledge base, or was used before.")
    if record.attributes["state"] != UPLOADED:
        raise errors.invalid("The document was not uploaded yet.")
    if record.attributes["expiresAt"] <= call.clock.now():
        raise errors.invalid("The upload has expired.")
    document: bytes = call.store.reveal(record)["document"]
    call.store.delete(record)
    return document, record.attributes["contentType"]


def store_content(call: ServiceCall, base: KnowledgeBase, content_id: str, content: Content) -> Record:
    """Seal content, and enter it in the index. Raises: KmsRefusal."""
    record = call.store.put(base.scope, CONTENT, content_id, content.protected, content.attributes)
    entry = {name: content.protected[name] for name in ("name", "title", "metadata")}
    call.store.put(
        base.index, INDEX_ENTRY, content_id, entry, content.attributes, index=[(NAME, content.protected["name"])]
    )
    call.store.set_attributes(base.record, modifiedAt=call.clock.now())
    return record


def shown(call: ServiceCall, base: KnowledgeBase, record: Record, protected: dict[str, Any]) -> dict[str, Any]:
    """Content as GetContent shows it: with a link to the document."""
    link = make_link(call, CONTENT, base.base_id, record.record_id, record.attributes["contentType"], LINK_SECONDS)
    return {
        **summary(call, base, record, protected),
        "linkOutUri": protected.get("linkOutUri"),
        "url": url_of(call, link),
        "urlExpiry": link.expires_at,
    }


def summary(call: ServiceCall, base: KnowledgeBase, record: Record, entry: dict[str, Any]) -> dict[str, Any]:
    """Content as lists and searches show it: all of it is in the index."""
    return {
        "contentId": record.record_id,
        "contentArn": content_arn(call.region, call.account_id, base.base_id, record.record_id),
        "knowledgeBaseId": base.base_id,
        "knowledgeBaseArn": base.arn,
        "name": entry["name"],
        "title": entry["title"],
        "metadata": entry["metadata"],
        "contentType": record.attributes["contentType"],
        "revisionId": record.attributes["revisionId"],
        "status": "ACTIVE",
        "tags": record.attributes["tags"],
    }
