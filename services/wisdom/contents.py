"""Content: create, get, list, update, delete. Whatever shows the document, or a link to it, opens the content first."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.client_tokens import TokenReused, once
from services.pages import page
from services.wisdom import errors
from services.wisdom.content import (
    NAME,
    Content,
    base_and_content,
    shown,
    store_content,
    summary,
    take_document,
)
from services.wisdom.data_classes import CONTENT, INDEX_ENTRY
from services.wisdom.knowledge_base import KnowledgeBase, require_knowledge_base

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_CONTENTS = 5_000


def create_content(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    try:
        content_id = once(call, parameters.get("clientToken"), parameters, lambda: _create(call, base, parameters))
    except TokenReused as reuse:
        raise errors.conflict("The client token was used before with other parameters.") from reuse
    return get_content({"knowledgeBaseId": base.base_id, "contentId": content_id}, call)


def get_content(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    base, record = base_and_content(call, parameters)
    return {"content": shown(call, base, record, call.store.reveal(record))}


def get_content_summary(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """What the index knows of content; the content itself stays closed."""
    base, record = base_and_content(call, parameters)
    entry = call.store.get(base.index.arn, INDEX_ENTRY, record.record_id)
    return {"contentSummary": summary(call, base, entry, call.store.reveal(entry))}


def list_contents(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    entries, token = page(
        call,
        lambda after, limit: call.store.page(base.index.arn, INDEX_ENTRY, after=after, limit=limit),
        100,
        errors.invalid_token(),
    )
    summaries = [summary(call, base, entry, call.store.reveal(entry)) for entry in entries]
    return {"contentSummaries": summaries, "nextToken": token}


def update_content(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Change what is given; every change makes a new revision."""
    base, record = base_and_content(call, parameters)
    if parameters.get("revisionId", record.attributes["revisionId"]) != record.attributes["revisionId"]:
        raise errors.stale_revision()
    if "overrideLinkOutUri" in parameters and parameters.get("removeOverrideLinkOutUri", False):
        raise errors.invalid("overrideLinkOutUri cannot be set and removed at once.")
    given: dict[str, Any] = {name: parameters[name] for name in ("title", "metadata") if name in parameters}
    protected = {**call.store.reveal(record), **given}
    attributes = {**record.attributes, "revisionId": call.randomness.uuid()}
    if "overrideLinkOutUri" in parameters or parameters.get("removeOverrideLinkOutUri", False):
        protected["linkOutUri"] = parameters.get("overrideLinkOutUri")
    if "uploadId" in parameters:
        protected["document"], attributes["contentType"] = take_document(call, base, parameters["uploadId"])
    stored = store_content(call, base, record.record_id, Content(protected, attributes))
    return {"content": shown(call, base, stored, protected)}


def delete_content(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    base, record = base_and_content(call, parameters)
    call.store.require_access(base.scope)
    call.store.delete(record)
    call.store.delete(call.store.get(base.index.arn, INDEX_ENTRY, record.record_id))
    return {}


def _create(call: ServiceCall, base: KnowledgeBase, parameters: dict[str, Any]) -> str:
    if call.store.count(base.arn, CONTENT) >= MAX_CONTENTS:
        raise errors.quota_exceeded("contents", MAX_CONTENTS)
    if call.store.find_by(base.index, INDEX_ENTRY, NAME, parameters["name"]):
        raise errors.conflict("Content of this name exists.")
    document, content_type = take_document(call, base, parameters["uploadId"])
    protected = {
        "name": parameters["name"],
        "title": parameters.get("title", parameters["name"]),
        "metadata": parameters.get("metadata", {}),
        "linkOutUri": parameters.get("overrideLinkOutUri"),
        "document": document,
    }
    content_id = call.randomness.uuid()
    attributes = {
        "contentType": content_type,
        "revisionId": call.randomness.uuid(),
        "tags": parameters.get("tags", {}),
    }
    store_content(call, base, content_id, Content(protected, attributes))
    return content_id
