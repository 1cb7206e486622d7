"""Knowledge bases: create, get, list, delete. Their key is chosen once; there is no operation that switches it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.encrypted_store import Record
from kms.errors import KmsRefusal
from kms.ownership import AwsOwned, CustomerManaged
from services.client_tokens import TokenReused, once
from services.pages import page
from services.wisdom import errors
from services.wisdom.data_classes import CONTEXT_KEY
from services.wisdom.knowledge_base import (
    KNOWLEDGE_BASE,
    index_arn,
    knowledge_base_arn,
    register_arn,
    require_knowledge_base,
)

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_KNOWLEDGE_BASES = 10
_SETTINGS = ("name", "description", "knowledgeBaseType", "renderingConfiguration", "tags")


def create_knowledge_base(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    try:
        base_id = once(call, parameters.get("clientToken"), parameters, lambda: _create(call, parameters))
    except TokenReused as reuse:
        raise errors.conflict("The client token was used before with other parameters.") from reuse
    return get_knowledge_base({"knowledgeBaseId": base_id}, call)


def get_knowledge_base(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    record = require_knowledge_base(call, parameters["knowledgeBaseId"]).record
    return {"knowledgeBase": {**_summary(call, record), "lastContentModificationTime": record.attributes["modifiedAt"]}}


def list_knowledge_bases(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    register = register_arn(call)
    records, token = page(
        call,
        lambda after, limit: call.store.page(register, KNOWLEDGE_BASE, after=after, limit=limit),
        100,
        errors.invalid_token(),
    )
    return {"knowledgeBaseSummaries": [_summary(call, record) for record in records], "nextToken": token}


def delete_knowledge_base(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Delete a knowledge base with its content and index, and give its key up; the key itself is not needed."""
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    call.store.delete_scope(base.index)
    call.store.delete_scope(base.scope)
    call.store.delete(base.record)
    return {}


def _create(call: ServiceCall, parameters: dict[str, Any]) -> str:
    if parameters["knowledgeBaseType"] != "CUSTOM":
        raise errors.invalid(f"Knowledge bases of type {parameters['knowledgeBaseType']} are not simulated.")
    register = register_arn(call)
    records = list(call.store.stream(register, KNOWLEDGE_BASE))
    if any(record.attributes["name"] == parameters["name"] for record in records):
        raise errors.conflict(f"A knowledge base named {parameters['name']} exists.")
    if len(records) >= MAX_KNOWLEDGE_BASES:
        raise errors.quota_exceeded("knowledge bases", MAX_KNOWLEDGE_BASES)
    base_id = call.randomness.uuid()
    _protect(call, knowledge_base_arn(call.region, call.account_id, base_id), parameters)
    settings = {name: parameters[name] for name in _SETTINGS if name in parameters}
    call.store.put_plain(register, KNOWLEDGE_BASE, base_id, {"tags": {}, **settings, "modifiedAt": None})
    return base_id


def _protect(call: ServiceCall, arn: str, parameters: dict[str, Any]) -> None:
    """Put the content under the customer's key if there is one, and the index under Wisdom's in any case."""
    key_id = parameters.get("serverSideEncryptionConfiguration", {}).get("kmsKeyId")
    kind = AwsOwned.kind if key_id is None else CustomerManaged.kind
    context = {CONTEXT_KEY: arn}
    try:
        call.store.create_scope(arn, kind, context, key_id=key_id)
    except KmsRefusal as refusal:
        raise errors.unusable_key(refusal) from refusal
    call.store.create_scope(index_arn(arn), AwsOwned.kind, context)


def _summary(call: ServiceCall, record: Record) -> dict[str, Any]:
    arn = knowledge_base_arn(call.region, call.account_id, record.record_id)
    scope = call.store.get_scope(arn)
    has_own_key = scope.ownership == CustomerManaged.kind
    return {
        **{name: record.attributes.get(name) for name in _SETTINGS},
        "knowledgeBaseId": record.record_id,
        "knowledgeBaseArn": arn,
        "status": "ACTIVE",
        "serverSideEncryptionConfiguration": {"kmsKeyId": scope.key_arn} if has_own_key else None,
    }
