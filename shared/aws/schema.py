"""Parameters checked and converted: marshmallow schemas generated from botocore's input shapes.

A schema is built when its shape is first met, and kept. What cannot be converted is a SerializationException
at once; broken constraints (required, length, range, pattern, enum, union) are collected, and told as AWS does.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from botocore.model import OperationModel, ServiceModel
from marshmallow import EXCLUDE, Schema, ValidationError

from shared.aws.enumerations import in_hash_order
from shared.aws.errors import validation_error_code
from shared.aws.fields import ListedEnumeration, ListField, MapField, StructureField, WireField, scalar_field
from shared.aws.models import wire_name
from shared.aws.values import serialization_error
from shared.aws.violations import Violation, describe, without_values
from shared.errors import InvalidParameters


def validate(operation: OperationModel, document: dict[str, Any]) -> dict[str, Any]:
    """Check an operation's parameters and convert them to Python's types.

    document: JSON's types, keyed by wire names. Bytes and aware datetimes pass as they are.
    Returns: keyed by botocore's member names; blobs are bytes, timestamps aware datetimes; members that are
    null or unknown to the model are left out.
    Raises: ServiceError SerializationException for a value of the wrong type; InvalidParameters
    ValidationException, or what the operation calls it, for values that break constraints.
    """
    if operation.input_shape is None:
        return {}
    try:
        parameters: dict[str, Any] = _input_field(operation).deserialize(document)
    except ValidationError as invalid:
        violations = [problem for problem in invalid.messages if isinstance(problem, Violation)]
        code, service = validation_error_code(operation), operation.service_model.service_name
        logged = describe(without_values(violations), service)
        broken = [(".".join(violation.path), violation.unquoted) for violation in violations]
        raise InvalidParameters(code, describe(violations, service), logged=logged, broken=broken) from None
    except RecursionError:
        raise serialization_error("The request is nested too deeply.") from None
    return parameters


def fill_idempotency_tokens(
    operation: OperationModel, parameters: dict[str, Any], new_token: Callable[[], str]
) -> dict[str, Any]:
    """The parameters, with a fresh token for each idempotency token the caller left out, as SDKs do it."""
    missing = {name: new_token() for name in operation.idempotent_members if name not in parameters}
    return parameters | missing


@cache
def _input_field(operation: OperationModel) -> StructureField:
    return _fields_of(operation.service_model).of_structure(operation.input_shape)


@cache
def _fields_of(model: ServiceModel) -> _Fields:
    return _Fields(in_hash_order if model.resolved_protocol == "json" else list)


class _WireSchema(Schema):
    class Meta:
        unknown = EXCLUDE
        index_errors = False


class _Fields:
    """Builds the fields of one service's shapes, and one schema per structure. listed: how it lists enumerations."""

    def __init__(self, listed: ListedEnumeration) -> None:
        self._listed = listed
        self._schemas: dict[str, Schema] = {}

    def of(self, shape: Any, name: str = "", *, required: bool = False) -> WireField:
        """The field that reads a value of a shape. name: the member's, for paths and for the result."""
        match shape.type_name:
            case "structure" if not shape.is_document_type:
                return self.of_structure(shape, name, required=required)
            case "list":
                return ListField(shape, name, self.of(shape.member), required=required)
            case "map":
                return MapField(shape, name, self.of(shape.key), self.of(shape.value), required=required)
            case _:
                return scalar_field(shape, name, self._listed, required=required)

    def of_structure(self, shape: Any, name: str = "", *, required: bool = False) -> StructureField:
        # The schema is asked for when a value comes, not now: shapes may contain themselves.
        return StructureField(shape, name, lambda: self._schema(shape), required=required)

    def _schema(self, shape: Any) -> Schema:
        if shape.name not in self._schemas:
            members = {
                name: self.of(member, name, required=name in shape.required_members)
                for name, member in shape.members.items()
            }
            for name, member in shape.members.items():
                members[name].data_key = wire_name(name, member)
            self._schemas[shape.name] = _schema_of(members)
        return self._schemas[shape.name]


def _schema_of(members: dict[str, WireField]) -> Schema:
    """A schema whose attributes cannot clash with member names such as `fields` or `Meta`."""
    attributes = {f"member_{name}": member for name, member in members.items()}
    return _WireSchema.from_dict(dict(attributes))()
