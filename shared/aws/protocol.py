"""What a wire protocol does: find the operation, read its parameters, write its result or its error."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Protocol

from botocore.model import OperationModel, ServiceModel

from shared.aws.http import HttpRequest, HttpResponse
from shared.errors import ServiceError


@dataclass(frozen=True)
class Route:
    """The operation a request names, with the labels its path carries: label name -> decoded text."""

    operation: OperationModel
    path_parameters: Mapping[str, str] = field(default_factory=dict)


class WireProtocol(Protocol):
    """One of AWS's wire protocols, driven by the service's model."""

    def route(self, model: ServiceModel, request: HttpRequest) -> Route:
        """Find the operation. Raises: ServiceError UnknownOperationException."""
        ...

    def parse(self, route: Route, request: HttpRequest) -> dict[str, Any]:
        """Read the parameters as a document for `shared.aws.schema.validate`, keyed by wire names.

        Values are of JSON's types; where the wire is plain text (paths, queries, headers, forms) they already
        have the model's: blobs are bytes, timestamps are aware datetimes.
        Raises: ServiceError SerializationException, UnsupportedMediaTypeException.
        """
        ...

    def serialize(self, operation: OperationModel, result: dict[str, Any], request_id: str) -> HttpResponse:
        """Write a result, keyed by botocore's member names. Members that are None are left out.

        Raises: LookupError if the result has a member that the model does not know.
        """
        ...

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        """Write an error in the protocol's form."""
        ...


@cache
def protocol_of(model: ServiceModel) -> WireProtocol:
    """The protocol that botocore's own client picks for the service.

    Raises: NotImplementedError if the simulator does not speak it.
    """
    from shared.aws.json_protocol import JsonProtocol
    from shared.aws.query import QueryProtocol
    from shared.aws.rest_json import RestJsonProtocol
    from shared.aws.rest_xml import RestXmlProtocol

    protocols: dict[str, WireProtocol] = {
        "json": JsonProtocol(),
        "rest-json": RestJsonProtocol(),
        "rest-xml": RestXmlProtocol(),
        "query": QueryProtocol(),
    }
    name: str = model.resolved_protocol
    if name not in protocols:
        raise NotImplementedError(f"{model.service_name} speaks {name}, the simulator does not.")
    return protocols[name]
