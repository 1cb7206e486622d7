"""rest-xml, as S3 speaks it: the operation by method, path, query and headers; XML bodies; errors as <Error>.

A bucket stands in the path or in the host name. Many operations share a path: those whose fixed query words, required
query parameters and required headers are all in the request can be meant, and the most particular of them is.
Source: https://smithy.io/2.0/aws/protocols/aws-restxml-protocol.html; names of roots and errors: the S3 API reference.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qsl, unquote
from xml.etree import ElementTree

from botocore.model import OperationModel, ServiceModel

from shared.aws import xml_body
from shared.aws.errors import status_of
from shared.aws.hosts import bucket_of_host
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.models import error_shapes_by_code, wire_name
from shared.aws.protocol import Route
from shared.aws.rest_bindings import Plan, input_plan, parse_located, take_located
from shared.aws.values import ZERO_MILLISECONDS, serialization_error, to_text
from shared.errors import ServiceError

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
CONTENT_TYPE = "application/xml"

ROOTS = MappingProxyType(
    {
        "CompleteMultipartUpload": "CompleteMultipartUploadResult",
        "CreateMultipartUpload": "InitiateMultipartUploadResult",
        "DeleteObjects": "DeleteResult",
        "GetBucketLocation": "LocationConstraint",
        "GetBucketTagging": "Tagging",
        "GetObjectTagging": "Tagging",
        "ListBuckets": "ListAllMyBucketsResult",
        "ListMultipartUploads": "ListMultipartUploadsResult",
        "ListObjects": "ListBucketResult",
        "ListObjectsV2": "ListBucketResult",
        "ListParts": "ListPartsResult",
    }
)
"""Operation -> the root element of its answer, where no payload names it. The models do not know them."""

CODE_IN_XML = MappingProxyType(
    {
        "AccessDeniedException": ("AccessDenied", 403),
        "ExpiredTokenException": ("ExpiredToken", 400),
        "IncompleteSignatureException": ("AuthorizationHeaderMalformed", 400),
        "InternalFailure": ("InternalError", 500),
        "InvalidSignatureException": ("SignatureDoesNotMatch", 403),
        "MissingAuthenticationTokenException": ("AccessDenied", 403),
        "NotImplementedException": ("NotImplemented", 501),
        "RequestEntityTooLargeException": ("EntityTooLarge", 400),
        "SerializationException": ("InvalidArgument", 400),
        "ThrottlingException": ("SlowDown", 503),
        "UnknownOperationException": ("MethodNotAllowed", 405),
        "UnrecognizedClientException": ("InvalidAccessKeyId", 403),
        "ValidationException": ("InvalidArgument", 400),
    }
)
"""What the common errors are called here, with their statuses."""

_WITHOUT_BODY = frozenset({204, 304})
MALFORMED_XML = "The XML you provided was not well-formed or did not validate against our published schema"


class RestXmlProtocol:
    """The protocol of s3."""

    def route(self, model: ServiceModel, request: HttpRequest) -> Route:
        """Raises: ServiceError UnknownOperationException (MethodNotAllowed on the wire)."""
        labels = _labels(request)
        query = _query(request)
        candidates = _candidates(model).get((request.method, tuple(labels)), ())
        named = {name for candidate in candidates for name, _ in candidate.words if name in query}
        found = [
            candidate
            for candidate in candidates
            # A word that names a part of the bucket or object is never passed over.
            if named <= {name for name, _ in candidate.words} and candidate.fits(query, request.headers)
        ]
        if not found:
            raise ServiceError(
                "UnknownOperationException",
                "The specified method is not allowed against this resource.",
                Method=request.method,
                ResourceType="OBJECT" if "Key" in labels else "BUCKET" if labels else "SERVICE",
            )
        return Route(max(found, key=lambda candidate: candidate.weight).operation, labels)

    def parse(self, route: Route, request: HttpRequest) -> dict[str, Any]:
        shape = route.operation.input_shape
        if shape is None:
            return {}
        plan = input_plan(route.operation)
        document = _parse_payload(plan, request)
        parse_located(plan, route, request, document)
        return document

    def serialize(self, operation: OperationModel, result: dict[str, Any], request_id: str) -> HttpResponse:
        result = {name: value for name, value in result.items() if value is not None}
        headers = _ids(request_id)
        shape = operation.output_shape
        status = int(operation.http.get("responseCode", 200))
        if shape is None:
            if result:
                raise LookupError(f"{operation.name} has no output.")
            return HttpResponse(status, b"", headers)
        take_located(shape, result, headers)
        if "Content-Range" in headers:
            status = 206
        body = _write_body(operation, shape, result, headers)
        return HttpResponse(status, b"" if status in _WITHOUT_BODY else body, headers)

    def serialize_error(self, model: ServiceModel, error: ServiceError, request_id: str) -> HttpResponse:
        code, status = _code_and_status(model, error)
        headers = _ids(request_id)
        members = {name: value for name, value in error.members.items() if value is not None}
        headers |= {name: str(members.pop(name)) for name in list(members) if name.startswith("x-amz-")}
        if status == 304:
            return HttpResponse(status, b"", headers | members)
        root = ElementTree.Element("Error")
        told = {
            "Code": code,
            "Message": error.message,
            **members,
            "RequestId": request_id,
            "HostId": _host_id(request_id),
        }
        for name, text in told.items():
            ElementTree.SubElement(root, name).text = xml_body.legal(str(text))
        return HttpResponse(status, _document(root), headers | {"Content-Type": CONTENT_TYPE})


def _labels(request: HttpRequest) -> dict[str, str]:
    """Bucket and Key, as far as host and path name them, decoded. Raises: ServiceError."""
    path = request.raw_path.removeprefix("/")
    bucket = bucket_of_host(request.headers.get("host", ""))
    if bucket is None:
        bucket, _, path = path.partition("/")
    try:
        named = {"Bucket": unquote(bucket, errors="strict"), "Key": unquote(path, errors="strict")}
    except UnicodeDecodeError:
        raise ServiceError("InvalidURI", "Couldn't parse the specified URI.", status=400) from None
    return {name: value for name, value in named.items() if value}


def _query(request: HttpRequest) -> Mapping[str, str]:
    return dict(parse_qsl(request.query_string, keep_blank_values=True))


@dataclass(frozen=True)
class _Candidate:
    """An operation, with what a request must have to mean it: query words with their values, parameters, headers."""

    operation: OperationModel
    words: tuple[tuple[str, str], ...]
    parameters: frozenset[str]
    headers: frozenset[str]

    @property
    def weight(self) -> int:
        return 100 * len(self.words) + len(self.parameters) + len(self.headers)

    def fits(self, query: Mapping[str, str], headers: Mapping[str, str]) -> bool:
        return (
            all(name in query and value in ("", query[name]) for name, value in self.words)
            and self.parameters <= query.keys()
            and self.headers <= headers.keys()
        )


_Path = tuple[str, tuple[str, ...]]
"""Method, and the labels that the path holds."""


@cache
def _candidates(model: ServiceModel) -> Mapping[_Path, tuple[_Candidate, ...]]:
    by_path: dict[_Path, tuple[_Candidate, ...]] = {}
    for name in model.operation_names:
        operation = model.operation_model(name)
        path, _, words = operation.http["requestUri"].partition("?")
        labels = tuple(label for label in ("Bucket", "Key") if f"{{{label}" in path)
        if path.strip("/") and not labels:
            continue  # a fixed path, at a host name of its own
        key = (operation.http["method"], labels)
        by_path[key] = (*by_path.get(key, ()), _candidate(operation, words))
    return by_path


def _candidate(operation: OperationModel, words: str) -> _Candidate:
    shape: Any = operation.input_shape
    members = {} if shape is None else {name: shape.members[name] for name in shape.required_members}
    located: dict[str, set[str]] = {"querystring": set(), "header": set()}
    for name, member in members.items():
        location = member.serialization.get("location")
        if location in located:
            located[location].add(wire_name(name, member))
    return _Candidate(
        operation,
        tuple(parse_qsl(words, keep_blank_values=True)),
        frozenset(located["querystring"]),
        frozenset(header.lower() for header in located["header"]),
    )


def _parse_payload(plan: Plan, request: HttpRequest) -> dict[str, Any]:
    """The body by its wire name; one that streams is left to the operation. Raises: ServiceError MalformedXML."""
    if plan.payload is None or request.streams or not request.body:
        return {}
    name, shape = plan.payload
    if shape.type_name == "blob":
        return {name: request.body}
    if shape.type_name == "string":
        try:
            return {name: request.body.decode("utf-8")}
        except UnicodeDecodeError:
            raise serialization_error("The request body is not valid UTF-8.") from None
    try:
        return {name: xml_body.read(shape, xml_body.load(request.body))}
    except (xml_body.MalformedXml, ServiceError) as error:
        raise ServiceError("MalformedXML", MALFORMED_XML, status=400) from error


def _write_body(
    operation: OperationModel, shape: Any, result: dict[str, Any], headers: dict[str, str]
) -> bytes | Iterator[bytes]:
    payload = shape.serialization.get("payload")
    if payload is None:
        return _write_members(operation, shape, result, headers)
    member, value = shape.members[payload], result.get(payload)
    if member.type_name in ("blob", "string"):
        headers.setdefault("Content-Type", "binary/octet-stream" if member.type_name == "blob" else "application/json")
        if isinstance(value, str):
            return value.encode()
        return b"" if value is None else value
    headers["Content-Type"] = CONTENT_TYPE
    root = ElementTree.Element(wire_name(payload, member), {"xmlns": NAMESPACE})
    xml_body.write_members(root, member, value or {}, ZERO_MILLISECONDS)
    return _document(root)


def _write_members(operation: OperationModel, shape: Any, result: dict[str, Any], headers: dict[str, str]) -> bytes:
    if all("location" in member.serialization for member in shape.members.values()):
        if result:
            raise LookupError(f"{operation.name} has no member {next(iter(result))}.")
        return b""
    headers["Content-Type"] = CONTENT_TYPE
    tag = ROOTS.get(operation.name, f"{operation.name}Result")
    root = ElementTree.Element(tag, {"xmlns": NAMESPACE})
    if tag in shape.members:
        # The one member is the root itself: <LocationConstraint>us-west-2</LocationConstraint>.
        root.text = to_text(shape.members[tag], result.get(tag, ""), ZERO_MILLISECONDS)
    else:
        xml_body.write_members(root, shape, result, ZERO_MILLISECONDS)
    return _document(root)


def _document(root: ElementTree.Element) -> bytes:
    body: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=False)
    return b'<?xml version="1.0" encoding="UTF-8"?>\n' + body


def _code_and_status(model: ServiceModel, error: ServiceError) -> tuple[str, int]:
    if error.code not in error_shapes_by_code(model) and error.code in CODE_IN_XML:
        code, status = CODE_IN_XML[error.code]
        return code, error.status or status
    return error.code, status_of(model, error)


def _ids(request_id: str) -> dict[str, str]:
    """S3 gives two ids of a request."""
    return {"x-amz-request-id": request_id, "x-amz-id-2": _host_id(request_id)}


def _host_id(request_id: str) -> str:
    return request_id.replace("-", "")
