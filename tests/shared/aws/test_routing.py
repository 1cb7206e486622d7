from __future__ import annotations

import io
from typing import Any

import pytest

from services.app import create_app
from services.simulator import Configuration, Simulator
from shared.aws.routing import (
    CLIENT_NAME_BY_SIGNING_NAME,
    OWN_PREFIXES,
    UNKNOWN_SERVICE,
    ServicePrefix,
    http_request,
)

CLIENTS = frozenset(CLIENT_NAME_BY_SIGNING_NAME.values())


def environ_of(uri: str = "/", method: str = "POST", body: bytes = b"", **more: str) -> dict[str, Any]:
    path, _, query = uri.partition("?")
    return {
        "REQUEST_METHOD": method,
        "REQUEST_URI": uri,
        "SCRIPT_NAME": "",
        "PATH_INFO": path,
        "QUERY_STRING": query,
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.input": io.BytesIO(body),
        "REMOTE_ADDR": "127.0.0.9",
    } | more


def signed_for(service: str) -> dict[str, str]:
    scope = f"AKIAEXAMPLE/20260101/eu-west-1/{service}/aws4_request"
    return {
        "HTTP_AUTHORIZATION": f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host;x-amz-date, Signature=ab",
        "HTTP_X_AMZ_DATE": "20260101T000000Z",
    }


def routed(environ: dict[str, Any]) -> str:
    """The path behind the middleware."""

    def app(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        return []

    ServicePrefix(app, CLIENTS)(environ, lambda *_: lambda chunk: None)
    path: str = environ["PATH_INFO"]
    return path


@pytest.mark.parametrize(("signing_name", "client_name"), CLIENT_NAME_BY_SIGNING_NAME.items())
def test_a_signed_request_goes_where_its_credential_scope_says(signing_name: str, client_name: str) -> None:
    assert routed(environ_of("/domains", **signed_for(signing_name))) == f"/{client_name}/domains"


def test_a_signed_request_for_an_unknown_service_is_told_apart() -> None:
    environ = environ_of("/x", **signed_for("dynamodb"))
    assert routed(environ) == "/unknown-service/x"
    assert environ["connect_at_rest.signing_name"] == "dynamodb"


def test_the_raw_path_is_kept_for_the_signature() -> None:
    environ = environ_of("/tags/arn%3Aa%2Fb?x=%20", "GET", **signed_for("wisdom"))
    assert routed(environ) == "/wisdom/tags/arn%3Aa%2Fb"
    request = http_request(environ)
    assert (request.raw_path, request.query_string) == ("/tags/arn%3Aa%2Fb", "x=%20")


@pytest.mark.parametrize(
    ("environ", "path"),
    [
        (environ_of(HTTP_X_AMZ_TARGET="TrentService.Encrypt"), "/kms/"),
        (environ_of(HTTP_X_AMZ_TARGET="VoiceID.CreateDomain"), "/voice-id/"),
        (
            environ_of(HTTP_X_AMZ_TARGET="com.amazonaws.cloudtrail.v20131101.CloudTrail_20131101.LookupEvents"),
            "/cloudtrail/",
        ),
        (environ_of(CONTENT_TYPE="application/x-www-form-urlencoded; charset=utf-8"), "/sts/"),
        (environ_of("/connectcases/domains"), "/connectcases/domains"),
        (environ_of("/voice-id"), "/voice-id/"),
        (environ_of("/voice-id/", HTTP_X_AMZ_TARGET="VoiceID.CreateDomain"), "/voice-id/"),
        (environ_of("/bucket/a%2Fb", "GET"), "/s3/bucket/a%2Fb"),
        (environ_of("/bucket.of-mine", "PUT", body=b"x"), "/s3/bucket.of-mine"),
        (environ_of("/key", "GET", HTTP_HOST="bucket.localhost:1"), "/s3/key"),
    ],
    ids=[
        "kms-target",
        "voice-id-target",
        "cloudtrail-target",
        "form",
        "prefix",
        "bare-prefix",
        "both",
        "object",
        "bucket",
        "bucket-in-host",
    ],
)
def test_an_unsigned_request_may_name_its_service(environ: dict[str, Any], path: str) -> None:
    assert routed(environ) == path
    assert http_request(environ).raw_path == path[path.index("/", 1) :]


@pytest.mark.parametrize(
    "environ",
    [
        environ_of("/", "GET"),
        environ_of("/_simulator/health", "GET"),
        environ_of("/_simulator/clock", HTTP_X_AMZ_TARGET="TrentService.Encrypt"),
        environ_of("/static/kms/style.css", "GET"),
        environ_of("/Elsewhere", CONTENT_TYPE="application/x-www-form-urlencoded"),
        environ_of("/", "GET", HTTP_AUTHORIZATION="Basic abc"),
        environ_of("/", "GET", HTTP_AUTHORIZATION="AWS4-HMAC-SHA256 broken"),
    ],
    ids=["page", "control", "control-with-target", "static", "form-elsewhere", "basic", "broken"],
)
def test_what_names_no_service_passes_unchanged(environ: dict[str, Any]) -> None:
    before = environ["PATH_INFO"]
    assert routed(environ) == before
    assert "connect_at_rest.service" not in environ


def test_no_page_of_ours_is_taken_for_a_bucket() -> None:
    app = create_app(Simulator(Configuration(empty=True)))
    beginnings = {rule.rule.split("/")[1] for rule in app.url_map.iter_rules()}
    assert beginnings - {""} - CLIENTS - {UNKNOWN_SERVICE} <= OWN_PREFIXES


def test_a_request_is_built_from_its_environment() -> None:
    environ = environ_of(body=b"{}", HTTP_X_AMZ_TARGET="T.Op", CONTENT_TYPE="application/json", HTTP_X_A="1,2")
    request = http_request(environ)
    assert request.body == b"{}"
    assert request.headers["x-amz-target"] == "T.Op"
    assert request.headers["content-type"] == "application/json"
    assert request.headers["x-a"] == "1,2"
    assert request.source_ip == "127.0.0.9"
    assert not request.body_too_large


def test_a_body_that_is_too_large_is_not_read() -> None:
    environ = environ_of(body=b"{}") | {"connect_at_rest.body_too_large": True}
    request = http_request(environ)
    assert (request.body, request.body_too_large) == (b"", True)


@pytest.mark.parametrize(
    ("change", "raw_path"),
    [
        ({"REQUEST_URI": "http://host:1/a%20b?c"}, "/a%20b"),
        ({"REQUEST_URI": "", "RAW_URI": "/a%2Fb?c"}, "/a%2Fb"),
        ({"REQUEST_URI": "", "PATH_INFO": "/\xc3\xbc b"}, "/%C3%BC%20b"),
    ],
    ids=["absolute-form", "raw-uri", "rebuilt"],
)
def test_the_raw_path_is_found_on_other_servers(change: dict[str, str], raw_path: str) -> None:
    assert http_request(environ_of("/") | change).raw_path == raw_path
