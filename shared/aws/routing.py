"""Which service a request is for, when one port serves all: a WSGI step makes every service a path prefix.

Signed requests are told apart by the service in their credential scope, which stands in a header or in the query of a
presigned URL: paths alone do not do, since Cases and Customer Profiles both have /domains. Unsigned ones are told by
X-Amz-Target, by a form body (sts), by a host name that begins with a bucket (s3), or by a prefix; a path that begins
with none of ours, and with what can be the name of a bucket, is S3's.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from types import MappingProxyType
from typing import TYPE_CHECKING
from urllib.parse import quote

from shared.aws import signature_v2
from shared.aws.hosts import bucket_of_host
from shared.aws.http import HttpRequest
from shared.aws.models import service_model
from shared.aws.protocol import protocol_of
from shared.aws.signature import claimed_credential
from shared.errors import ServiceError

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

CLIENT_NAME_BY_SIGNING_NAME = MappingProxyType(
    {
        "kms": "kms",
        "voiceid": "voice-id",
        "cases": "connectcases",
        "profile": "customer-profiles",
        "wisdom": "wisdom",
        "connect-campaigns": "connectcampaigns",
        "cloudtrail": "cloudtrail",
        "s3": "s3",
        "sts": "sts",
        "events": "events",
        "sqs": "sqs",
        "iam": "iam",
    }
)
"""The service in a credential scope -> what boto3 calls its client."""

_CLIENT_NAMES = frozenset(CLIENT_NAME_BY_SIGNING_NAME.values())

UNKNOWN_SERVICE = "unknown-service"
SERVICE_KEY = "connect_at_rest.service"
RAW_PATH_KEY = "connect_at_rest.raw_path"
SIGNING_NAME_KEY = "connect_at_rest.signing_name"
BODY_TOO_LARGE_KEY = "connect_at_rest.body_too_large"
PENDING_KEY = "connect_at_rest.pending"
"""A list, in the environment of a server that can wait: an app that is not done puts its `Pending` there."""
STREAMED_KEY = "connect_at_rest.streamed_answer"
"""Set by an app whose answer is to be sent piece by piece."""

S3 = "s3"

OWN_PREFIXES = frozenset({"_console", "_simulator", "_wisdom", "compare", "static"})
"""With what the paths of our own pages and links begin: no bucket of these names is found without a signature."""

_BUCKET = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_FORM = "application/x-www-form-urlencoded"


class ServicePrefix:
    """Rewrites the path of AWS requests to /<client name>/<raw path>; all others pass unchanged.

    client_names: the services simulated. Signed requests for others go to /unknown-service/<raw path>.
    """

    def __init__(self, app: WSGIApplication, client_names: Iterable[str]) -> None:
        self._app = app
        self._client_names = frozenset(client_names)

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        signing_name = _signing_name(environ)
        if signing_name is not None:
            environ[SIGNING_NAME_KEY] = signing_name
        destination = _destination(environ, signing_name, self._client_names)
        if destination is not None:
            self._rewrite(environ, *destination)
        return self._app(environ, start_response)

    def _rewrite(self, environ: WSGIEnvironment, client_name: str, raw_path: str) -> None:
        if client_name not in self._client_names:
            client_name = UNKNOWN_SERVICE
        environ[SERVICE_KEY] = client_name
        environ[RAW_PATH_KEY] = raw_path
        environ["SCRIPT_NAME"] = ""
        # Blueprints route by what stands in RAW_PATH_KEY; Flask's own paths cannot begin with two slashes.
        environ["PATH_INFO"] = f"/{client_name}/{raw_path.lstrip('/')}"


def http_request(environ: WSGIEnvironment) -> HttpRequest:
    """The request of a WSGI environment. Reads the body, unless it streams or the server has found it too large."""
    too_large = bool(environ.get(BODY_TOO_LARGE_KEY, False))
    streams = has_streamed_body(environ)
    return HttpRequest(
        method=environ["REQUEST_METHOD"],
        raw_path=environ.get(RAW_PATH_KEY) or _raw_path(environ),
        query_string=environ.get("QUERY_STRING", ""),
        headers=signature_v2.headers_in(environ.get("QUERY_STRING", "")) | _headers(environ),
        body=b"" if too_large or streams else _body(environ),
        source_ip=environ.get("REMOTE_ADDR", "") or "127.0.0.1",
        body_too_large=too_large,
        streams=streams,
    )


def _destination(
    environ: WSGIEnvironment, signing_name: str | None, client_names: frozenset[str]
) -> tuple[str, str] | None:
    """The service that a request is for, as boto3 calls its client, and the raw path there; None for our own pages."""
    raw_path = _raw_path(environ)
    if signing_name is not None:
        return CLIENT_NAME_BY_SIGNING_NAME.get(signing_name, UNKNOWN_SERVICE), raw_path
    first, _, rest = raw_path.removeprefix("/").partition("/")
    if first in OWN_PREFIXES:
        return None
    found: tuple[str, str] | None = None
    by_target = _client_name_of_target(environ.get("HTTP_X_AMZ_TARGET", ""), client_names)
    if by_target is not None:
        found = by_target, _without_prefix(raw_path, by_target)
    elif bucket_of_host(environ.get("HTTP_HOST", "")) is not None:
        found = S3, raw_path
    elif first in client_names:
        found = first, f"/{rest}"
    elif raw_path == "/" and _is_form(environ):
        found = "sts", raw_path
    elif _BUCKET.fullmatch(first):
        found = S3, raw_path
    return found


def has_streamed_body(environ: WSGIEnvironment) -> bool:
    """Whether a request's body is content of any length, which no one may read whole: of objects of S3."""
    if environ["REQUEST_METHOD"] != "PUT":
        return False
    destination = _destination(environ, _signing_name(environ), _CLIENT_NAMES)
    if destination is None or destination[0] != S3:
        return False
    request = HttpRequest("PUT", destination[1], environ.get("QUERY_STRING", ""), _headers(environ), b"")
    model = service_model(S3)
    try:
        return bool(protocol_of(model).route(model, request).operation.has_streaming_input)
    except ServiceError:
        return False


def _headers(environ: WSGIEnvironment) -> dict[str, str]:
    """Header names in lower case. Servers have joined repeated headers: WSGI has one key per name."""
    headers = {key[5:].replace("_", "-").lower(): value for key, value in environ.items() if key.startswith("HTTP_")}
    if environ.get("CONTENT_TYPE"):
        headers["content-type"] = environ["CONTENT_TYPE"]
    if environ.get("CONTENT_LENGTH"):
        headers["content-length"] = environ["CONTENT_LENGTH"]
    return headers


def _body(environ: WSGIEnvironment) -> bytes:
    length = environ.get("CONTENT_LENGTH") or "0"
    if not length.isdecimal() or length == "0":
        return b""
    body: bytes = environ["wsgi.input"].read(int(length))
    return body


def _raw_path(environ: WSGIEnvironment) -> str:
    """The path as it stood on the wire; rebuilt from the decoded one only if the server tells no better."""
    uri: str = environ.get("REQUEST_URI") or environ.get("RAW_URI") or ""
    if not uri:
        decoded = f"{environ.get('SCRIPT_NAME', '')}{environ.get('PATH_INFO', '')}".encode("latin-1")
        return quote(decoded, safe="/~:@!$&'()*+,;=") or "/"
    path = uri.partition("?")[0]
    if not path.startswith("/"):
        # A proxy's absolute form: http://host/path.
        path = "/" + path.partition("://")[2].partition("/")[2]
    return path


def _signing_name(environ: WSGIEnvironment) -> str | None:
    authorization = environ.get("HTTP_AUTHORIZATION", "")
    query = environ.get("QUERY_STRING", "")
    if authorization:
        headers = {"authorization": authorization, "x-amz-date": environ.get("HTTP_X_AMZ_DATE", "")}
    elif "Signature=" in query:
        headers = {}
    else:
        return None
    credential = claimed_credential(HttpRequest("", "", query, headers, b""))
    return None if credential is None else credential.service


@cache
def _target_prefixes(client_names: frozenset[str]) -> dict[str, str]:
    models = {name: service_model(name) for name in client_names}
    return {model.metadata["targetPrefix"]: name for name, model in models.items() if "targetPrefix" in model.metadata}


def _client_name_of_target(target: str, client_names: frozenset[str]) -> str | None:
    if not target:
        return None
    return _target_prefixes(client_names).get(target.rpartition(".")[0])


def _without_prefix(raw_path: str, client_name: str) -> str:
    prefix = f"/{client_name}"
    return raw_path[len(prefix) :] or "/" if raw_path == prefix or raw_path.startswith(f"{prefix}/") else raw_path


def _is_form(environ: WSGIEnvironment) -> bool:
    content_type: str = environ.get("CONTENT_TYPE", "")
    return bool(environ["REQUEST_METHOD"] == "POST") and content_type.lower().startswith(_FORM)
