"""The query protocol: a form in, with dotted names for what is nested, and XML out.

Source: https://smithy.io/2.0/aws/protocols/aws-query-protocol.html; error codes:
https://docs.aws.amazon.com/STS/latest/APIReference/CommonErrors.html
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree

from botocore.model import OperationModel, ServiceModel

from shared.aws.errors import status_of
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import error_shapes_by_code, operations_by_name, wire_name
from shared.aws.protocol import Route
from shared.aws.values import WHOLE_SECONDS, from_text, serialization_error
from shared.aws.xml_body import legal, list_tag, write_members
from shared.errors import ServiceError

CODE_IN_QUERY = MappingProxyType(
    {
        "AccessDeniedException": "AccessDenied",
        "ExpiredTokenException": "ExpiredToken",
        "IncompleteSignatureException": "IncompleteSignature",
        "InvalidSignatureException": "SignatureDoesNotMatch",
        "MissingAuthenticationTokenException": "MissingAuthenticationToken",
        "NotImplementedException": "NotImplemented",
        "RequestEntityTooLargeException": "RequestEntityTooLarge",
        "SerializationException": "MalformedInput",
        "ThrottlingException": "Throttling",
        "UnknownOperationException": "InvalidAction",
        "UnrecognizedClientException": "InvalidClientTokenId",
        "ValidationException": "ValidationError",
    }
)
"""What the common errors are called here."""

CONTENT_TYPE = "text/xml"
FORM = "application/x-www-form-urlencoded"
_TIMESTAMP_FORMAT = "iso8601"
_VALUE = ""

Tree = dict[str, Any]
"""A form as a tree: name of the next part -> subtree; a value stands under the empty name."""


class QueryProtocol:
    """The protocol of sts and iam."""

    def route(self, model: ServiceModel, request: HttpRequest) -> Route:
        """Raises: ServiceError MissingAction, UnknownOperationException (InvalidAction on the wire)."""
        form = _form(request)
        action = form.get("Action", "")
        version = form.get("Version", model.api_version)
        if not action:
            raise ServiceError("MissingAction", "The request must contain the parameter Action.", status=400)
        operation = operations_by_name(model).get(action)
        if operation is None or version != model.api_version:
            raise ServiceError("UnknownOperationException", f"Could not find operation {action} for version {version}")
        return Route(operation)

    def parse(self, route: Route, request: HttpRequest) -> dict[str, Any]:
        shape = route.operation.input_shape
        if shape is None:
            return {}
        document: dict[str, Any] = _read_structure(shape, _tree(_form(request)))
        return document

    def serialize(self, operation: OperationModel, result: dict[str, Any], request_id: str) -> HttpResponse:
        root = ElementTree.Element(f"{operation.name}Response", _namespace(operation.service_model))
        shape = operation.output_shape
        if shape is not None:
            wrapper = shape.serialization.get("resultWrapper")
            parent = root if wrapper is None else ElementTree.SubElement(root, wrapper)
            write_members(parent, shape, result, WHOLE_SECONDS)
        elif any(value is not None for value in result.values()):
            raise LookupError(f"{operation.name} has no output.")
        metadata = ElementTree.SubElement(root, "ResponseMetadata")
        ElementTree.SubElement(metadata, "RequestId").text = request_id
        return _response(200, root, request_id)

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        status = status_of(model, error)
        root = ElementTree.Element("ErrorResponse", _namespace(model))
        element = ElementTree.SubElement(root, "Error")
        ElementTree.SubElement(element, "Type").text = "Sender" if status < 500 else "Receiver"
        ElementTree.SubElement(element, "Code").text = _code(model, error.code)
        ElementTree.SubElement(element, "Message").text = legal(error.message)
        shape = error_shapes_by_code(model).get(error.code)
        if shape is not None:
            write_members(element, shape, error.members)
        ElementTree.SubElement(root, "RequestId").text = request_id
        return _response(status, root, request_id)


def _code(model: ServiceModel, code: str) -> str:
    """A code as this protocol writes it: the common errors' other name, else the model's own."""
    if code in CODE_IN_QUERY:
        return CODE_IN_QUERY[code]
    shape = error_shapes_by_code(model).get(code)
    return code if shape is None else str(shape.metadata.get("error", {}).get("code", code))


def _namespace(model: ServiceModel) -> dict[str, str]:
    return {"xmlns": model.metadata["xmlNamespace"]} if "xmlNamespace" in model.metadata else {}


def _response(status: int, root: ElementTree.Element, request_id: str) -> HttpResponse:
    body = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return HttpResponse(status, body, {"x-amzn-RequestId": request_id, "Content-Type": CONTENT_TYPE})


def _form(request: HttpRequest) -> dict[str, str]:
    """The parameters: of the body for POST, of the query for GET. The last of a repeated name counts."""
    try:
        text = request.body.decode("utf-8") if request.method == "POST" else request.query_string
        return dict(parse_qsl(text, keep_blank_values=True, errors="strict"))
    except UnicodeDecodeError:
        raise serialization_error("The request is not valid UTF-8.") from None


def _tree(form: dict[str, str]) -> Tree:
    tree: Tree = {}
    for name, value in form.items():
        node = tree
        for part in name.split("."):
            node = node.setdefault(part or "?", {})
        node[_VALUE] = value
    return tree


def _read(shape: Any, tree: Tree) -> Any:
    match shape.type_name:
        case "structure":
            return _read_structure(shape, tree)
        case "list":
            return _read_list(shape, tree)
        case "map":
            return _read_map(shape, tree)
        case _:
            return from_text(shape, tree.get(_VALUE, ""), _TIMESTAMP_FORMAT)


def _read_structure(shape: Any, tree: Tree) -> dict[str, Any]:
    """Keyed by the names that `shared.aws.schema` looks for, which are not always those of the form."""
    document = {}
    for name, member in shape.members.items():
        subtree = tree.get(list_tag(name, member))
        if subtree is not None:
            document[wire_name(name, member)] = _read(member, subtree)
    return document


def _read_list(shape: Any, tree: Tree) -> list[Any]:
    if not shape.serialization.get("flattened"):
        tree = tree.get(wire_name("member", shape.member), {})
    return [_read(shape.member, subtree) for subtree in _numbered(tree)]


def _read_map(shape: Any, tree: Tree) -> dict[str, Any]:
    if not shape.serialization.get("flattened"):
        tree = tree.get("entry", {})
    key_name, value_name = wire_name("key", shape.key), wire_name("value", shape.value)
    return {
        str(_read(shape.key, entry.get(key_name, {}))): _read(shape.value, entry.get(value_name, {}))
        for entry in _numbered(tree)
    }


def _numbered(tree: Tree) -> list[Tree]:
    """The subtrees 1, 2, 3 ... in order; gaps are closed, as AWS does."""
    numbers = sorted((int(part), part) for part in tree if part.isascii() and part.isdecimal() and len(part) < 10)
    return [tree[part] for _, part in numbers]
