"""Tags of a domain. The model marks keys and values as sensitive, so they rest sealed like all free text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms.ownership import Scope
from services.tags import check_tags
from services.voice_id import errors
from services.voice_id.data_classes import TAGS
from services.voice_id.domain import Domain, domain_arn, get_active_domain, get_domain

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_TAGS = 200
"""Source: the length of TagList in the service model."""


def tag_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Add tags, or change the values of those that are there."""
    domain = get_active_domain(call, _domain_id(call, parameters["ResourceArn"]))
    tags = {**_read_tags(call, domain), **check_tags(parameters["Tags"], errors.invalid)}
    if len(tags) > MAX_TAGS:
        raise errors.invalid(f"A domain can have at most {MAX_TAGS} tags.")
    write_tags(call, domain.scope, tags)
    return {}


def untag_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Remove tags; keys that are not there are passed over."""
    domain = get_active_domain(call, _domain_id(call, parameters["ResourceArn"]))
    tags = _read_tags(call, domain)
    kept = {key: value for key, value in tags.items() if key not in parameters["TagKeys"]}
    write_tags(call, domain.scope, kept)
    return {}


def list_tags_for_resource(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    domain = get_domain(call, _domain_id(call, parameters["ResourceArn"]))
    tags = _read_tags(call, domain)
    return {"Tags": [{"Key": key, "Value": value} for key, value in sorted(tags.items())]}


def write_tags(call: ServiceCall, scope: Scope, tags: dict[str, str]) -> None:
    """Raises: KmsRefusal."""
    call.store.put(scope, TAGS, TAGS, {"Tags": tags})


def _read_tags(call: ServiceCall, domain: Domain) -> dict[str, str]:
    record = call.store.find(domain.arn, TAGS, TAGS)
    if record is None:
        call.store.require_access(domain.scope)
        return {}
    tags: dict[str, str] = call.store.reveal(record)["Tags"]
    return tags


def _domain_id(call: ServiceCall, resource_arn: str) -> str:
    """Raises: ServiceError("ResourceNotFoundException") for an ARN of another account or Region."""
    domain_id = resource_arn.rpartition("/")[2]
    if resource_arn != domain_arn(call.caller, domain_id):
        raise errors.not_found("DOMAIN", resource_arn)
    return domain_id
