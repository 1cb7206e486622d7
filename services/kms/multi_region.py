"""Multi-Region keys on the wire."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from kms import multi_region as engine
from kms import tags as engine_tags
from kms.key_policy import printed
from services.kms.engine_call import perform
from services.kms.keys import metadata

if TYPE_CHECKING:
    from services.call import ServiceCall


def replicate_key(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    others = dict(parameters)
    pairs = [(tag["TagKey"], tag["TagValue"]) for tag in others.pop("Tags", [])]
    replica = perform(call, engine.replicate_key, others, tags_=engine_tags.from_pairs(pairs))
    return {
        "ReplicaKeyMetadata": metadata(call, replica),
        "ReplicaPolicy": printed(replica.policy),
        "ReplicaTags": [{"TagKey": name, "TagValue": value} for name, value in sorted(replica.tags.items())],
    }


def update_primary_region(parameters: dict[str, Any], call: ServiceCall) -> None:
    perform(call, engine.update_primary_region, parameters)
