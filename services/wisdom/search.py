"""SearchContent: answered from the index alone, which rests under Wisdom's key whatever protects the content."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.pages import among, page
from services.wisdom import errors
from services.wisdom.content import NAME, summary
from services.wisdom.data_classes import INDEX_ENTRY
from services.wisdom.knowledge_base import require_knowledge_base

if TYPE_CHECKING:
    from services.call import ServiceCall


def search_content(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Content whose name equals the value of every filter."""
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    filters = parameters["searchExpression"]["filters"]
    if not filters:
        raise errors.invalid("searchExpression needs a filter.")
    hits = [set(call.store.find_by(base.index, INDEX_ENTRY, NAME, one["value"])) for one in filters]
    entries, token = page(
        call,
        among(set.intersection(*hits), lambda content_id: call.store.get(base.index.arn, INDEX_ENTRY, content_id)),
        100,
        errors.invalid_token(),
    )
    summaries = [summary(call, base, entry, call.store.reveal(entry)) for entry in entries]
    return {"contentSummaries": summaries, "nextToken": token}
