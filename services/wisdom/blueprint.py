"""The blueprint of Amazon Connect Wisdom."""

from __future__ import annotations

from typing import Any

from services.wisdom import contents, errors, knowledge_bases, search, uploads
from services.wisdom.data_classes import DATA_CLASSES
from services.wisdom.knowledge_base import content_arn, knowledge_base_arn
from shared.identity import Caller
from shared.service import Service


def resource_arn(operation: str, parameters: dict[str, Any], caller: Caller) -> str:
    """The content or knowledge base that an operation is about; creating and listing bases are about none."""
    base_id = parameters.get("knowledgeBaseId")
    if base_id is None:
        return "*"
    base_id = base_id.rpartition("/")[2]
    content_id = parameters.get("contentId")
    if content_id is None:
        return knowledge_base_arn(caller.region, caller.account_id, base_id)
    return content_arn(caller.region, caller.account_id, base_id, content_id.rpartition("/")[2])


SERVICE = Service(
    client_name="wisdom",
    modules=(knowledge_bases, uploads, contents, search),
    refuse=errors.refuse,
    resource_arn=resource_arn,
    hidden_members=frozenset().union(*(data_class.protects for data_class in DATA_CLASSES)) | {"value"},
)
