"""A simulated service: its identity, its wire model, and its operations found by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from types import ModuleType
from typing import Any

from botocore import xform_name
from botocore.model import ServiceModel

from shared.aws.models import service_model
from shared.aws.protocol import WireProtocol, protocol_of
from shared.catalog import SERVICES, AwsService
from shared.errors import InvalidParameters, Refusal, ServiceError
from shared.identity import Caller

Handler = Callable[[dict[str, Any], Any], "dict[str, Any] | None"]
"""An operation: takes its validated parameters under AWS's names, and the call; returns the result's members."""

ResourceArn = Callable[[str, dict[str, Any], Caller], str]
"""Operation name, parameters, caller -> the ARN that IAM policies are asked about."""


def quotas(per_second: Mapping[float, tuple[str, ...]]) -> dict[str, float]:
    """Request quotas by operation, from the operations that have the same."""
    return {name: rate for rate, names in per_second.items() for name in names}


@dataclass(frozen=True)
class Service:
    """One service as the pipeline sees it.

    modules: where its operations are; each is a function named like the operation, `create_domain` for CreateDomain.
    refuse: words an engine's refusal as this service's own error.
    refuse_parameters: words what breaks constraints of the model, where this service does so in its own way.
    hidden_members: API members that the trail must not show, besides those the model marks as sensitive.
    authorizes_itself: the service decides per resource inside the operation, as KMS does.
    admits_strangers: requests without a signature are served, as far as the service itself allows them.
    needs_no_permission: operations that everyone with credentials may call.
    data_events: operations on data itself, which CloudTrail's event history does not hold.
    request_quotas: operations that an account can call so many times a second in a Region.
    logged_results: read-only operations whose results the trail shows all the same.
    only_region: of a global service: where all its calls happen, whichever Region they are signed for.
    trail_names: parameters that the trail calls otherwise than their members, both in its casing.
    """

    client_name: str
    modules: tuple[ModuleType, ...]
    refuse: Callable[[Refusal], ServiceError]
    refuse_parameters: Callable[[InvalidParameters], ServiceError] = lambda invalid: invalid
    resource_arn: ResourceArn = lambda operation, parameters, caller: "*"
    hidden_members: frozenset[str] = frozenset()
    authorizes_itself: bool = False
    admits_strangers: bool = False
    needs_no_permission: frozenset[str] = frozenset()
    trail_names: Mapping[str, str] = field(default_factory=dict)
    data_events: frozenset[str] = frozenset()
    only_region: str | None = None
    request_quotas: Mapping[str, float] = field(default_factory=dict)
    read_only_operations: Mapping[str, bool] = field(default_factory=dict)
    logged_results: frozenset[str] = frozenset()

    @property
    def identity(self) -> AwsService:
        return SERVICES[self.client_name]

    @cached_property
    def model(self) -> ServiceModel:
        return service_model(self.client_name)

    @cached_property
    def protocol(self) -> WireProtocol:
        return protocol_of(self.model)

    def handler(self, operation_name: str) -> Handler | None:
        """The function of an operation, or None if it is not simulated."""
        name = xform_name(operation_name)
        for module in self.modules:
            handler: Handler | None = getattr(module, name, None)
            if handler is not None:
                return handler
        return None

    def quota_name(self, operation_name: str) -> str:
        """What the request quota of an operation is called among all of them."""
        return f"{self.client_name}:{operation_name}"

    def is_read_only(self, operation_name: str) -> bool:
        """Whether the trail calls the operation read-only: by its first word, as AWS does."""
        reading = ("Get", "List", "Describe", "Search", "Lookup", "BatchGet", "Evaluate", "Query")
        return self.read_only_operations.get(operation_name, operation_name.startswith(reading))
