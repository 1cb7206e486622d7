"""The wire truth: botocore's service models, loaded on first use and kept.

Holds the models and the look-up tables derived from them; the protocol modules tell what they mean.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from types import MappingProxyType
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel, StructureShape

INTERNAL_FAILURE_STATUS = 500


@cache
def _loader() -> Any:
    return Loader(include_default_search_paths=True)


_OTHER_SHAPES = {"sqs": (("ReceiveMessageRequest", "AttributeNames", "MessageSystemAttributeList"),)}
"""Shape, member, and the shape that the member has: the model gives it the attributes of queues, and its documentation
those of messages, which clients send."""


@cache
def service_model(client_name: str) -> ServiceModel:
    """The newest model of a service that boto3 calls `client_name`, such as "voice-id".

    Raises: botocore.exceptions.UnknownServiceError if botocore knows no such service.
    """
    description: dict[str, Any] = _loader().load_service_model(client_name, "service-2")
    _keep_faults(description)
    for shape, member, other in _OTHER_SHAPES.get(client_name, ()):
        description["shapes"][shape]["members"][member]["shape"] = other
    return ServiceModel(description, client_name)


def _keep_faults(description: dict[str, Any]) -> None:
    """Write the `fault` trait as a status: botocore's shapes drop the trait and keep the status.

    Source: observed in the models of kms and voice-id, whose errors carry no status of their own.
    """
    for shape in description["shapes"].values():
        if shape.get("fault"):
            shape.setdefault("error", {}).setdefault("httpStatusCode", INTERNAL_FAILURE_STATUS)


@cache
def operations_by_target(model: ServiceModel) -> Mapping[str, OperationModel]:
    """X-Amz-Target -> operation, for services that speak awsJson."""
    prefix = model.metadata["targetPrefix"]
    return MappingProxyType({f"{prefix}.{name}": model.operation_model(name) for name in model.operation_names})


@cache
def operations_by_name(model: ServiceModel) -> Mapping[str, OperationModel]:
    """Action -> operation, for services that speak the query protocol."""
    return MappingProxyType({name: model.operation_model(name) for name in model.operation_names})


@cache
def error_shapes_by_code(model: ServiceModel) -> Mapping[str, StructureShape]:
    """Error code -> its shape: by the shape's name and by the code that the model gives it on the wire."""
    shapes: dict[str, StructureShape] = {shape.name: shape for shape in model.error_shapes}
    for shape in model.error_shapes:
        shapes.setdefault(shape.metadata.get("error", {}).get("code", shape.name), shape)
    return MappingProxyType(shapes)


def wire_name(member_name: str, shape: Any) -> str:
    """What a member is called on the wire: its locationName, else its own name."""
    name: str = shape.serialization.get("name", member_name)
    return name
