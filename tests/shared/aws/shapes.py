"""Random values for the shapes of service models. Seeded, and a hundred times faster than strategies per shape."""

from __future__ import annotations

import copy
import random
import string
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

from botocore.loaders import Loader
from botocore.model import OperationModel, ServiceModel

SERVICES = (
    "kms",
    "voice-id",
    "connectcases",
    "customer-profiles",
    "wisdom",
    "connectcampaigns",
    "cloudtrail",
    "sts",
    "iam",
)
CONSTRAINTS = ("min", "max", "pattern", "enum")
MAX_DEPTH = 5
ODD = "aZ09 _-.~/:+%&=?#'\"<>,;\\{}|@é€𝄞"
CONTROLS = "\x00\x01\t\r\n\x7f"
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


class Values:
    """Draws Python values of shapes, as boto3 takes and gives them."""

    def __init__(self, protocol: str, seed: object) -> None:
        self.random = random.Random(f"{protocol} {seed}")
        # XML has no room for control characters, and neither it nor a form can tell what is empty from what is none.
        self.is_query = protocol in ("query", "rest-xml")
        self.alphabet = ODD if self.is_query else ODD + CONTROLS

    def text(self, shape: Any) -> str:
        location = shape.serialization.get("location")
        alphabet = string.ascii_letters + string.digits + "-_:/" if location == "header" else self.alphabet
        least = 1 if location in ("uri", "header") else 0
        return "".join(self.random.choices(alphabet, k=self.random.randint(least, 12)))

    def structure(self, shape: Any, depth: int = 0) -> dict[str, Any]:
        if shape.is_tagged_union:
            # The flattest member ends a recursion.
            name, member = (
                self.random.choice(list(shape.members.items()))
                if depth < MAX_DEPTH
                else min(shape.members.items(), key=lambda item: height(item[1], frozenset()))
            )
            return {name: self.value(member, depth + 1)}
        whole = self.is_query and depth > 0
        return {
            name: self.value(member, depth + 1)
            for name, member in shape.members.items()
            if whole
            or name in shape.required_members
            or member.serialization.get("location") in ("uri", "statusCode")
            or (depth < MAX_DEPTH and self.random.random() < 0.6)
        }

    def count(self, shape: Any, depth: int) -> int:
        least = 1 if self.is_query or shape.serialization.get("location") == "querystring" else 0
        return self.random.randint(least, 3 if depth < MAX_DEPTH else least)

    def value(self, shape: Any, depth: int = 0) -> Any:
        pick = self.random
        match shape.type_name:
            case "structure" if shape.is_document_type:
                return {"any": [1, None, {"thing": True}]}
            case "structure":
                return self.structure(shape, depth)
            case "list":
                return [self.value(shape.member, depth + 1) for _ in range(self.count(shape, depth))]
            case "map":
                count = self.count(shape, depth)
                return {self.text(shape.key): self.value(shape.value, depth + 1) for _ in range(count)}
            case "string" | "character":
                return self.text(shape)
            case "boolean":
                return pick.random() < 0.5
            case "integer":
                is_status = shape.serialization.get("location") == "statusCode"
                return pick.randint(200, 203) if is_status else pick.randint(-(2**31), 2**31 - 1)
            case "long":
                return pick.randint(-(2**63), 2**63 - 1)
            case "float" | "double":
                return pick.choice([0.0, -1.5, 1e300, 0.1, pick.random()])
            case "blob":
                return pick.randbytes(pick.randint(0, 40))
            case "timestamp":
                # An HTTP date has whole seconds.
                in_header = shape.serialization.get("location") == "header"
                is_http_date = in_header or shape.serialization.get("timestampFormat") == "rfc822"
                moment = EPOCH + timedelta(milliseconds=pick.randint(0, 4 * 10**12))
                return moment.replace(microsecond=0) if is_http_date else moment
            case other:
                raise NotImplementedError(other)


def height(shape: Any, seen: frozenset[str]) -> int:
    """How deep the least value of a shape is; a thousand for a shape that contains itself."""
    if shape.type_name != "structure":
        return 0
    if shape.name in seen:
        return 1000
    inside = [
        height(member, seen | {shape.name})
        for name, member in shape.members.items()
        if shape.is_tagged_union or name in shape.required_members
    ]
    return 1 + ((min if shape.is_tagged_union else max)(inside) if inside else 0)
