"""PutObjectTagging, GetObjectTagging and DeleteObjectTagging."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from services.s3 import objects
from services.s3.access import Access
from services.s3.integrity import check_whole_body
from services.s3.object import checked_tags, put_object_record, tag_set

if TYPE_CHECKING:
    from services.call import ServiceCall


def put_object_tagging(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    check_whole_body(call)
    _change(parameters, call, "PutObjectTagging", checked_tags(parameters["Tagging"]["TagSet"]))
    return {}


def get_object_tagging(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access = Access.of(call)
    found = objects.find(access, parameters["Bucket"], parameters["Key"], parameters, action="GetObjectTagging")
    return {"TagSet": tag_set(found.stored.properties.tags)}


def delete_object_tagging(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    _change(parameters, call, "DeleteObjectTagging", {})
    return {}


def _change(parameters: dict[str, Any], call: ServiceCall, action: str, tags: dict[str, str]) -> None:
    access = Access.of(call)
    found = objects.find(access, parameters["Bucket"], parameters["Key"], parameters, action=action)
    stored = found.stored
    changed = replace(stored, properties=replace(stored.properties, tags=tags))
    put_object_record(access, found.bucket, changed)
