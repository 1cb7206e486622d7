"""Generated values for the shapes of service models, as the property tests of the protocols need them."""

from __future__ import annotations

import copy
import string
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel
from hypothesis import strategies as st

SERVICES = (
    "kms",
    "voice-id",
    "connectcases",
    "customer-profiles",
    "wisdom",
    "connectcampaigns",
    "cloudtrail",
    "sts",
)
CONSTRAINTS = ("min", "max", "pattern", "enum")
MAX_DEPTH = 4
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@cache
def unconstrained_model(client_name: str) -> ServiceModel:
    """A service's model without lengths, ranges, patterns and enums: what is left is the wire."""
    description = copy.deepcopy(Loader().load_service_model(client_name, "service-2"))
    for shape in description["shapes"].values():
        for constraint in CONSTRAINTS:
            shape.pop(constraint, None)
    return ServiceModel(description, client_name)


def operations(*client_names: str) -> list[OperationModel]:
    models = map(unconstrained_model, client_names)
    return [model.operation_model(name) for model in models for name in model.operation_names]


def operation_id(operation: OperationModel) -> str:
    return f"{operation.service_model.service_name}.{operation.name}"


def texts(protocol: str, shape: Any) -> st.SearchStrategy[str]:
    if shape.serialization.get("location") == "header":
        return st.text(string.ascii_letters + string.digits + "-_:/", min_size=1, max_size=20)
    least = 1 if shape.serialization.get("location") == "uri" else 0
    if protocol == "query":
        return st.text(
            st.characters(exclude_categories=["Cs", "Cc", "Cn"]), min_size=max(least, 1), max_size=20
        )
    return st.text(st.characters(exclude_categories=["Cs"]), min_size=least, max_size=20)


def structures(protocol: str, shape: Any, depth: int = 0) -> st.SearchStrategy[dict[str, Any]]:
    if shape.is_tagged_union:
        return st.one_of(
            [
                values(protocol, member, depth + 1).map(lambda value, name=name: {name: value})
                for name, member in shape.members.items()
            ]
        )
    # A form cannot tell an empty structure from none, so nested ones get all their members there.
    whole = protocol == "query" and depth > 0
    required = {
        name: values(protocol, member, depth + 1)
        for name, member in shape.members.items()
        if whole or name in shape.required_members or member.serialization.get("location") == "uri"
    }
    optional = {
        name: values(protocol, member, depth + 1)
        for name, member in shape.members.items()
        if name not in required and depth < MAX_DEPTH
    }
    return st.fixed_dictionaries(required, optional=optional)


def values(protocol: str, shape: Any, depth: int = 0) -> st.SearchStrategy[Any]:
    """Python values of a shape, as boto3 takes and gives them."""
    location = shape.serialization.get("location")
    least = 1 if protocol == "query" or location == "querystring" else 0
    match shape.type_name:
        case "structure" if shape.is_document_type:
            return st.dictionaries(st.text("abc", min_size=1), st.integers(0, 9), max_size=2)
        case "structure":
            return st.deferred(lambda: structures(protocol, shape, depth))
        case "list":
            most = 3 if depth < MAX_DEPTH else 0
            return st.lists(
                st.deferred(lambda: values(protocol, shape.member, depth + 1)),
                min_size=min(least, most),
                max_size=most,
            )
        case "map":
            return st.dictionaries(
                texts(protocol, shape.key),
                st.deferred(lambda: values(protocol, shape.value, depth + 1)),
                min_size=least,
                max_size=3,
            )
        case "string" | "character":
            return texts(protocol, shape)
        case "boolean":
            return st.booleans()
        case "integer":
            return st.integers(200, 299) if location == "statusCode" else st.integers(-(2**31), 2**31 - 1)
        case "long":
            return st.integers(-(2**63), 2**63 - 1)
        case "float" | "double":
            return st.floats(allow_nan=False, allow_infinity=False)
        case "blob":
            return st.binary(max_size=40)
        case "timestamp":
            return st.integers(0, 4 * 10**12).map(lambda ms: EPOCH + timedelta(milliseconds=ms))
        case other:
            raise NotImplementedError(other)
