"""The knowledge base as it rests: two scopes, one for content and one for its search index. No operations here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.wisdom import errors
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

KNOWLEDGE_BASE = "knowledge-base"
"""The data class of the plain settings of a knowledge base."""


@dataclass(frozen=True)
class KnowledgeBase:
    """record: its settings, plain. scope: whose key protects content. index: Wisdom's own, always."""

    record: Record
    scope: Scope
    index: Scope

    @property
    def base_id(self) -> str:
        return self.record.record_id

    @property
    def arn(self) -> str:
        return self.scope.arn


def knowledge_base_arn(region: str, account_id: str, base_id: str) -> str:
    return build_arn("wisdom", region, account_id, f"knowledge-base/{base_id}")


def content_arn(region: str, account_id: str, base_id: str, content_id: str) -> str:
    return build_arn("wisdom", region, account_id, f"content/{base_id}/{content_id}")


def index_arn(base_arn: str) -> str:
    return f"{base_arn}/index"


def register_arn(call: ServiceCall) -> str:
    """Where the plain list of an account's knowledge bases stands."""
    return build_arn("wisdom", call.region, call.account_id, "knowledge-bases")


def require_knowledge_base(call: ServiceCall, named: str) -> KnowledgeBase:
    """A knowledge base of the caller's account and Region, by id or ARN.

    Raises: ServiceError("ResourceNotFoundException").
    """
    base_id = named.rpartition("/")[2]
    arn = knowledge_base_arn(call.region, call.account_id, base_id)
    record = call.store.find(register_arn(call), KNOWLEDGE_BASE, base_id)
    if record is None or named not in (base_id, arn):
        raise errors.not_found(named)
    return KnowledgeBase(record, call.store.get_scope(arn), call.store.get_scope(index_arn(arn)))
