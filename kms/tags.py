"""Tags on KMS keys. Follows "Tagging keys" of the AWS KMS Developer Guide; policies read them as aws:ResourceTag."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from kms import errors
from kms.key import change_key
from kms.operation import KmsCall, operation
from kms.paging import Page, first_page, last_seen
from kms.tables import limit as quota


def check(tags: Mapping[str, str], *, present: int = 0) -> None:
    """Raises: TagRefused for reserved keys and for too many tags; the messages are recorded answers."""
    if any(name.lower().startswith("aws:") for name in tags):
        raise errors.TagRefused("Tags beginning with aws: are reserved")
    if present + len(tags) > quota("tagsPerKey"):
        raise errors.TagRefused("Too many tags")


def from_pairs(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Raises: TagRefused if a tag key stands twice."""
    tags: dict[str, str] = {}
    for name, value in pairs:
        if name in tags:
            raise errors.TagRefused("Duplicate tag keys")
        tags[name] = value
    return tags


def conditions(tags: Mapping[str, str]) -> dict[str, str | tuple[str, ...]]:
    """The condition keys of a call that passes tags."""
    values: dict[str, str | tuple[str, ...]] = {f"aws:requesttag/{name.lower()}": value for name, value in tags.items()}
    return {**values, "aws:tagkeys": tuple(tags)} if tags else values


@operation
def tag_resource(call: KmsCall, *, key_id: str, tags_: Mapping[str, str]) -> None:
    """Add tags, or change the values of those that are there."""
    key = call.authorized_key(key_id, conditions=conditions(tags_))
    check(tags_, present=len(set(key.tags) - set(tags_)))
    change_key(call.engine.database, key, tags={**key.tags, **tags_})
    call.response = {"keyId": key.arn}


@operation
def untag_resource(call: KmsCall, *, key_id: str, tag_keys: Sequence[str]) -> None:
    key = call.authorized_key(key_id, conditions={"aws:tagkeys": tuple(tag_keys)})
    remaining = {name: value for name, value in key.tags.items() if name not in tag_keys}
    change_key(call.engine.database, key, tags=remaining)
    call.response = {"keyId": key.arn}


@operation
def list_resource_tags(
    call: KmsCall, *, key_id: str, limit: int | None = None, marker: str | None = None
) -> Page[tuple[str, str]]:
    """The key's tags in the order of their keys. Raises: as `KmsCall.authorized_key`; InvalidMarker, InvalidRequest."""
    key = call.authorized_key(key_id)
    after = None if marker is None else last_seen(call, marker)
    tags = sorted(tag for tag in key.tags.items() if after is None or tag[0] > after)
    return first_page(call, tags, lambda tag: tag[0], limit)
