"""Which request quotas there are, and which of them a call counts under.

Follows "Request quotas" of the AWS KMS Developer Guide: each operation has a quota of its own, but cryptographic ones
share one by the kind of key, data key pairs have one for each spec, and the keys of a custom key store a second one.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from kms import tables

_TABLE = tables.load("request_quotas")
_CRYPTOGRAPHIC: list[dict[str, Any]] = _TABLE["cryptographic"]
_STORE: dict[str, Any] = _TABLE["customKeyStore"]
_PAIRS: dict[str, Any] = _TABLE["dataKeyPairs"]
_OPERATIONS: dict[str, float] = _TABLE["operations"]

_IN_REGIONS: dict[str, dict[str, float]] = {row["name"]: row.get("inRegions", {}) for row in _CRYPTOGRAPHIC}


class Use(NamedTuple):
    """Requests under one quota. region: None for the caller's. store_id: of the custom key store whose quota it is."""

    quota: str
    region: str | None = None
    store_id: str | None = None
    requests: int = 1


def pair_quota(spec: str) -> str:
    """The quota that both operations share that make data key pairs of a spec."""
    return f"GenerateDataKeyPair ({spec})"


NAMES: dict[str, float] = {
    **{row["name"]: row["perSecond"] for row in _CRYPTOGRAPHIC},
    _STORE["name"]: _STORE["perSecond"],
    **{pair_quota(spec): rate for spec, rate in _PAIRS["perSecond"].items()},
    **_OPERATIONS,
}
"""Every quota by its name, in requests a second where no Region has a value of its own."""


def default(quota: str, region: str) -> float:
    """AWS's own value of a quota, in requests a second."""
    return float(_IN_REGIONS.get(quota, {}).get(region, NAMES[quota]))


def of_call(name: str, arguments: Mapping[str, Any]) -> Iterator[Use]:
    """Under what an operation counts whatever its key. arguments: those of the engine's function."""
    if name in _OPERATIONS:
        yield Use(name)
    if name in _PAIRS["operations"] and arguments["key_pair_spec"] in _PAIRS["perSecond"]:
        yield Use(pair_quota(arguments["key_pair_spec"]))
    elif name == "GenerateRandom":
        yield from of_key(name, "SYMMETRIC_DEFAULT", arguments.get("custom_key_store_id"))
    elif name == "ReplicateKey":
        # The new Region sees a dry run of CreateKey, and CreateKey.
        yield Use("CreateKey", arguments["replica_region"], requests=2)
    elif name == "UpdatePrimaryRegion":
        yield Use(name, arguments["primary_region"])


def of_key(name: str, key_spec: str, store_id: str | None) -> Iterator[Use]:
    """Under what a cryptographic operation counts because of its key."""
    for row in _CRYPTOGRAPHIC:
        if name in row["operations"] and key_spec.startswith(tuple(row["keySpecs"])):
            yield Use(row["name"])
            if store_id is not None:
                yield Use(_STORE["name"], store_id=store_id)
