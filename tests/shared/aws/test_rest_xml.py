"""rest-xml as S3 speaks it: botocore at the other end, operations told apart, XML that does harm refused."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from urllib.parse import unquote

import pytest
from botocore.model import OperationModel

from services.registry import SERVICES
from shared.aws import xml_body
from shared.aws.hosts import bucket_of_host
from shared.aws.http import HttpRequest
from shared.aws.models import service_model
from shared.aws.protocol import protocol_of
from shared.aws.schema import validate
from shared.errors import ServiceError
from tests.shared.aws.shapes import Values, operations
from tests.shared.aws.test_protocols_against_botocore import as_botocore_reads, as_botocore_sends

MODEL = service_model("s3")
PROTOCOL = protocol_of(MODEL)
SIMULATED = [o for o in operations("s3") if SERVICES["s3"].handler(o.name) is not None]
EXAMPLES = 5


def request(method: str = "GET", path: str = "/", query: str = "", body: bytes = b"", **headers: str) -> HttpRequest:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return HttpRequest(method, path, query, named, body)


def parsed(operation: str, body: bytes) -> dict[str, Any]:
    http = request("POST", "/bucket", "delete", body)
    route = PROTOCOL.route(MODEL, http)
    assert route.operation.name == operation
    return validate(route.operation, PROTOCOL.parse(route, http))


def values(operation: OperationModel, shape: Any, seed: int) -> dict[str, Any]:
    """Random values of a shape, but plain ones where HTTP has no room for others."""
    drawn = {} if shape is None else Values("rest-xml", f"{operation.name} {seed}").structure(shape)
    plain = {
        "Bucket": "bucket",
        "Metadata": {"a": "b", "other": "value"},
        "OptionalObjectAttributes": ["RestoreStatus", "Other"],
    }
    return drawn | {name: value for name, value in plain.items() if name in drawn}


def without_body(operation: OperationModel, parameters: dict[str, Any]) -> dict[str, Any]:
    """A body that streams is not the protocol's to read, and its length and type are HTTP's."""
    hidden = ("Body", "ContentLength", "ContentType") if operation.has_streaming_input else ("ContentType",)
    return {name: value for name, value in parameters.items() if name not in hidden}


@pytest.mark.parametrize("operation", SIMULATED, ids=lambda operation: operation.name)
def test_parameters_arrive_as_botocore_sent_them(operation: OperationModel) -> None:
    for seed in range(EXAMPLES):
        parameters = without_body(operation, values(operation, operation.input_shape, seed))
        sent = as_botocore_sends(operation, parameters)
        route = PROTOCOL.route(operation.service_model, sent)
        assert route.operation.name == operation.name
        arrived = without_body(operation, validate(route.operation, PROTOCOL.parse(route, sent)))
        empty = {"Metadata": {}} if "Metadata" in arrived and "Metadata" not in parameters else {}
        assert arrived == parameters | empty


def in_whole_seconds(value: Any) -> Any:
    """A value with its dates as S3 has them."""
    if isinstance(value, dict):
        return {name: in_whole_seconds(member) for name, member in value.items()}
    if isinstance(value, list):
        return [in_whole_seconds(member) for member in value]
    return value.replace(microsecond=0) if isinstance(value, datetime) else value


@pytest.mark.parametrize("operation", [o for o in SIMULATED if o.name != "GetObject"], ids=lambda one: one.name)
def test_botocore_reads_the_result_that_was_written(operation: OperationModel) -> None:
    shape: Any = operation.output_shape
    for seed in range(EXAMPLES):
        result = in_whole_seconds(values(operation, shape, seed))
        response = PROTOCOL.serialize(operation, dict(result), "request-1")
        read = as_botocore_reads(operation, response, shape)
        assert read.pop("ResponseMetadata")["HTTPStatusCode"] == response.status
        if operation.name == "GetBucketLocation":
            # botocore reads this one by a handler of its own: the text of the root.
            assert xml_body.load(bytes(response.body)).text == (result.get("LocationConstraint") or None)
            continue
        # What is absent outside of elements, botocore reads as empty.
        empty = {name: value for name, value in read.items() if value in ("", {}) and name not in result}
        assert read == result | empty


def test_an_error_is_an_xml_document_with_its_members() -> None:
    error = ServiceError("NoSuchKey", "It is <not> there.", Key="a&b")
    response = PROTOCOL.serialize_error(MODEL, error, "request-1")
    read = as_botocore_reads(MODEL.operation_model("GetObject"), response, None)
    assert (response.status, read["Error"]) == (
        404,
        {"Code": "NoSuchKey", "Message": "It is <not> there.", "Key": "a&b"},
    )


ROUTES = [
    ("GET", "/", "", "ListBuckets"),
    ("GET", "/b", "", "ListObjects"),
    ("GET", "/b/", "list-type=2", "ListObjectsV2"),
    ("GET", "/b", "location", "GetBucketLocation"),
    ("GET", "/b", "location=", "GetBucketLocation"),
    ("GET", "/b", "uploads", "ListMultipartUploads"),
    ("PUT", "/b", "", "CreateBucket"),
    ("PUT", "/b", "policy", "PutBucketPolicy"),
    ("PUT", "/b/k", "", "PutObject"),
    ("PUT", "/b/k", "x-id=PutObject", "PutObject"),
    ("PUT", "/b/k", "partNumber=1&uploadId=u", "UploadPart"),
    ("PUT", "/b/k", "tagging", "PutObjectTagging"),
    ("POST", "/b/k", "uploads", "CreateMultipartUpload"),
    ("POST", "/b/k", "uploadId=u", "CompleteMultipartUpload"),
    ("GET", "/b/k", "uploadId=u", "ListParts"),
    ("GET", "/b/k", "partNumber=1", "GetObject"),
    ("DELETE", "/b/k", "uploadId=u", "AbortMultipartUpload"),
    ("DELETE", "/b/k", "", "DeleteObject"),
    ("GET", "/b/k", "acl", "GetObjectAcl"),
    ("GET", "/b", "versions", "ListObjectVersions"),
]


@pytest.mark.parametrize(("method", "path", "query", "name"), ROUTES, ids=[f"{r[0]} {r[1]} {r[2]}" for r in ROUTES])
def test_operations_that_share_a_path_are_told_apart(method: str, path: str, query: str, name: str) -> None:
    assert PROTOCOL.route(MODEL, request(method, path, query)).operation.name == name


def test_a_copy_is_told_by_its_header() -> None:
    copy = {"x_amz_copy_source": "/a/b"}
    assert PROTOCOL.route(MODEL, request("PUT", "/b/k", **copy)).operation.name == "CopyObject"
    part = request("PUT", "/b/k", "partNumber=1&uploadId=u", **copy)
    assert PROTOCOL.route(MODEL, part).operation.name == "UploadPartCopy"


@pytest.mark.parametrize("query", ["metrics", "inventory", "analytics"])
def test_a_word_that_names_a_part_of_a_bucket_is_never_passed_over(query: str) -> None:
    """Without its id the request means none of the model's operations; least of all the bucket as a whole."""
    with pytest.raises(ServiceError) as refused:
        PROTOCOL.route(MODEL, request("DELETE", "/b", query))
    assert refused.value.code == "UnknownOperationException"


@pytest.mark.parametrize("path", ["/b/a//b", "/b//a", "/b/a/", "/b/%C3%BC%20%2B", "/b/a%2Fb"])
def test_a_key_is_all_that_stands_behind_the_bucket(path: str) -> None:
    assert PROTOCOL.route(MODEL, request("GET", path)).path_parameters == {"Bucket": "b", "Key": unquote(path[3:])}


HOSTS = {
    "bucket.localhost:8470": "bucket",
    "bucket.s3.localhost:8470": "bucket",
    "bucket.s3.us-west-2.localhost": "bucket",
    "my.dotted.bucket.s3.localhost": "my.dotted.bucket",
    "bucket.s3.us-west-2.amazonaws.com": "bucket",
    "localhost:8470": None,
    "s3.localhost:8470": None,
    "s3.us-west-2.localhost": None,
    "127.0.0.1:8470": None,
    "": None,
}


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_name_may_begin_with_a_bucket(host: str) -> None:
    assert bucket_of_host(host) == HOSTS[host]


def test_the_bucket_of_a_host_name_leaves_the_whole_path_to_the_key() -> None:
    route = PROTOCOL.route(MODEL, request("GET", "/a/b", host="bucket.localhost:8470"))
    assert (route.operation.name, route.path_parameters) == ("GetObject", {"Bucket": "bucket", "Key": "a/b"})


LAUGHS = b"""<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>
<Delete><Object><Key>&b;</Key></Object></Delete>"""
FILE = b"""<!DOCTYPE d [<!ENTITY f SYSTEM "file:///etc/hostname">]><Delete><Object><Key>&f;</Key></Object></Delete>"""


@pytest.mark.parametrize(
    "body",
    [
        LAUGHS,
        FILE,
        b"<Delete><Object>",
        b"\x00\x01",
        b"<Delete/>",
        b"<Delete><Object><Key>k</Key></Object><Quiet>perhaps</Quiet></Delete>",
    ],
    ids=["entities", "external", "cut", "none", "incomplete", "mistyped"],
)
def test_a_document_that_is_not_as_the_model_says_is_malformed(body: bytes) -> None:
    with pytest.raises(ServiceError) as refused:
        parsed("DeleteObjects", body)
    assert refused.value.code == "MalformedXML"


@pytest.mark.parametrize("namespace", ["", ' xmlns="http://s3.amazonaws.com/doc/2006-03-01/"', ' xmlns="urn:other"'])
def test_a_namespace_makes_no_difference(namespace: str) -> None:
    body = f"<Delete{namespace}><Object><Key>a</Key></Object><Object><Key>b</Key></Object></Delete>".encode()
    assert parsed("DeleteObjects", body)["Delete"] == {"Objects": [{"Key": "a"}, {"Key": "b"}]}
