"""Idempotency tokens: the same token with the same request returns the same resource, with another one a conflict."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from services.call import ServiceCall


class TokenReused(Exception):
    """The token was used before, with other parameters."""


def once(call: ServiceCall, token: str | None, parameters: Mapping[str, Any], create: Callable[[], str]) -> str:
    """Run `create` unless this token has run it before; returns the resource id it gave.

    Token and parameters rest as digests keyed with the domain key: no guess at them can be tried on the disk.
    Raises: TokenReused.
    """
    if token is None:
        return create()
    operation = call.operation.name if call.operation else ""
    whose = f"{call.account_id}/{call.region}/{call.service.client_name}/{operation}"
    request_digest = _digest(call, json.dumps(parameters, sort_keys=True, default=repr))
    token_digest = _digest(call, f"{whose}/{token}")
    row = call.database.find("client_tokens", {"token_digest": token_digest})
    if row is not None:
        if row["request_digest"] != request_digest:
            raise TokenReused
        return str(row["resource"])
    resource = create()
    call.database.insert(
        "client_tokens",
        {
            "token_digest": token_digest,
            "request_digest": request_digest,
            "resource": resource,
            "created_at": call.clock.now(),
        },
    )
    return resource


def _digest(call: ServiceCall, text: str) -> str:
    return call.simulator.domain_key.digest(text.encode())
