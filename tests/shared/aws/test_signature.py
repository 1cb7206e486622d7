from __future__ import annotations

import dataclasses
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.auth import HmacV1QueryAuth, S3SigV4Auth, S3SigV4QueryAuth, SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.credential import Credential
from shared.aws.http import HttpRequest
from shared.aws.signature import SignatureVerifier, claimed_credential, derive_signing_key
from shared.aws.signature_v2 import headers_in
from shared.errors import ServiceError

SECRET = "a-secret"
HOST = "127.0.0.1:8470"


def signed(
    path: str = "/", body: bytes = b"{}", *, method: str = "POST", secret: str = SECRET, service: str = "kms",
    token: str | None = None, headers: dict[str, str] | None = None,
) -> HttpRequest:  # fmt: skip
    """A request as botocore signs it."""
    given_headers = {"Host": HOST, "Content-Type": "application/x-amz-json-1.1"} | (headers or {})
    request = AWSRequest(method, f"http://{HOST}{path}", data=body, headers=given_headers)
    SigV4Auth(Credentials("AKIAEXAMPLE", secret, token), service, "eu-west-1").add_auth(request)
    raw_path, _, query = path.partition("?")
    return HttpRequest(method, raw_path, query, {k.lower(): str(v) for k, v in request.headers.items()}, body)


def verify(request: HttpRequest, now: datetime | None = None) -> Credential:
    moment = now or datetime.now(UTC)
    return SignatureVerifier({"AKIAEXAMPLE": SECRET}.get, lambda: moment).verify(request)


def refusal(request: HttpRequest, now: datetime | None = None) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        verify(request, now)
    return refused.value


def with_header(request: HttpRequest, **changed: str | None) -> HttpRequest:
    headers = dict(request.headers) | {name.replace("_", "-"): value for name, value in changed.items()}
    return dataclasses.replace(request, headers={k: v for k, v in headers.items() if v is not None})


def test_a_signed_request_tells_its_credential() -> None:
    credential = verify(signed())
    assert (credential.access_key_id, credential.region, credential.service) == ("AKIAEXAMPLE", "eu-west-1", "kms")
    assert credential.session_token is None


def test_a_session_token_is_carried_through() -> None:
    assert verify(signed(token="the-token")).session_token == "the-token"


@pytest.mark.parametrize(
    "path",
    [
        "/tags/arn%3Aaws%3Awisdom%3Aeu-west-1%3A111122223333%3Aassistant%2Fab",
        "/a%20b/c~d",
        "/domains?b=2&a=1&a=0&c",
        "/domains?q=a%20b%2Fc",
        "/x/../y",
        "/%E2%82%AC",
    ],
)
def test_paths_and_queries_are_canonical_as_botocore_says(path: str) -> None:
    assert verify(signed(path, b"", method="GET")).access_key_id == "AKIAEXAMPLE"


@given(
    segments=st.lists(st.text("aZ09-_.~%:@", min_size=1, max_size=8), max_size=4),
    query=st.lists(st.tuples(st.text("ab%2", min_size=1), st.text("yz%2B-")), max_size=3),
    body=st.binary(max_size=30),
)
def test_whatever_botocore_signs_is_verified(segments: list[str], query: list[tuple[str, str]], body: bytes) -> None:
    path = "/" + "/".join(segments) + ("?" if query else "") + "&".join(f"{k}={v}" for k, v in query)
    verify(signed(path, body))


def test_header_values_are_trimmed_and_their_spaces_folded() -> None:
    verify(signed(headers={"X-Amz-Meta": "  a   b  "}))


@pytest.mark.parametrize(
    "change",
    [
        {"body": b"{} "},
        {"raw_path": "/other"},
        {"query_string": "a=1"},
        {"method": "GET"},
    ],
    ids=["body", "path", "query", "method"],
)
def test_a_changed_request_is_refused(change: dict[str, Any]) -> None:
    error = refusal(dataclasses.replace(signed(), **change))
    assert error.code == "InvalidSignatureException"
    assert error.message.startswith("The request signature we calculated does not match")


@pytest.mark.parametrize("header", ["host", "content-type"])
def test_a_changed_signed_header_is_refused(header: str) -> None:
    assert refusal(with_header(signed(), **{header: "other"})).code == "InvalidSignatureException"


def test_a_header_that_is_not_signed_may_change() -> None:
    verify(with_header(signed(), user_agent="other"))


def test_a_wrong_secret_is_refused() -> None:
    assert refusal(signed(secret="another")).code == "InvalidSignatureException"


def test_an_unknown_access_key_is_refused() -> None:
    request = signed()
    other = request.headers["authorization"].replace("AKIAEXAMPLE", "AKIAUNKNOWN")
    error = refusal(with_header(request, authorization=other))
    assert error.code == "UnrecognizedClientException"
    assert error.message == "The security token included in the request is invalid."


@pytest.mark.parametrize("authorization", [None, "", "Basic abc", "Bearer x"])
def test_an_unsigned_request_is_refused(authorization: str | None) -> None:
    error = refusal(with_header(signed(), authorization=authorization))
    assert (error.code, error.message) == (
        "MissingAuthenticationTokenException",
        "Missing Authentication Token",
    )


@pytest.mark.parametrize(
    ("authorization", "text"),
    [
        ("AWS4-HMAC-SHA256", "requires 'Credential' parameter. Authorization header requires 'Signature'"),
        ("AWS4-HMAC-SHA512 Credential=x", "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'"),
        (
            "AWS4-HMAC-SHA256 Credential=AK/2/3, SignedHeaders=host, Signature=x",
            "Credential must have exactly 5",
        ),
        ("AWS4-HMAC-SHA256 Credential=AK/2/3/4/5, SignedHeaders=host", "requires 'Signature' parameter"),
    ],
)
def test_a_broken_authorization_header_is_incomplete(authorization: str, text: str) -> None:
    request = with_header(signed(), authorization=authorization)
    error = refusal(request)
    assert error.code == "IncompleteSignatureException"
    assert text in error.message
    assert claimed_credential(request) is None


@pytest.mark.parametrize("amz_date", [None, "yesterday", "20260101T250000Z"])
def test_a_date_that_is_missing_or_broken_is_incomplete(amz_date: str | None) -> None:
    request = with_header(signed(), x_amz_date=amz_date)
    scope = f"/{(amz_date or 'x')[:8]}/"
    authorization = request.headers["authorization"].replace(datetime.now(UTC).strftime("/%Y%m%d/"), scope)
    error = refusal(with_header(request, authorization=authorization))
    assert error.code == "IncompleteSignatureException"


@pytest.mark.parametrize(
    ("minutes", "text"),
    [(6, "Signature expired: "), (-6, "Signature not yet current: ")],
    ids=["too-old", "too-new"],
)
def test_a_date_beyond_five_minutes_is_refused(minutes: int, text: str) -> None:
    error = refusal(signed(), datetime.now(UTC) + timedelta(minutes=minutes))
    assert error.code == "InvalidSignatureException"
    assert error.message.startswith(text)


@pytest.mark.parametrize("service", ["sts", "iam"])
def test_sts_and_iam_take_a_clock_to_be_wrong_for_a_quarter_of_an_hour(service: str) -> None:
    now = datetime.now(UTC)
    for minutes in (14, -14):
        verify(signed(service=service), now + timedelta(minutes=minutes))
    assert refusal(signed(service=service), now + timedelta(minutes=16)).message.endswith(" - 15 min.)")
    assert refusal(signed(service=service), now - timedelta(minutes=16)).message.endswith(" + 15 min.)")


@pytest.mark.parametrize("minutes", [4, -4])
def test_a_date_within_five_minutes_passes(minutes: int) -> None:
    verify(signed(), datetime.now(UTC) + timedelta(minutes=minutes))


@pytest.mark.parametrize(
    ("part", "wrong"),
    [(1, "2026-01-01"), (1, "20200101"), (2, ""), (2, "EU_WEST"), (4, "aws4")],
    ids=["date-form", "date-other", "no-region", "region-form", "terminator"],
)
def test_a_malformed_credential_scope_is_refused(part: int, wrong: str) -> None:
    request = signed()
    scope = request.headers["authorization"].partition("Credential=")[2].partition(",")[0]
    parts = scope.split("/")
    parts[part] = wrong
    changed = request.headers["authorization"].replace(scope, "/".join(parts))
    error = refusal(with_header(request, authorization=changed))
    assert error.code == "InvalidSignatureException"
    assert error.message.startswith("Credential should be scoped")


@pytest.mark.parametrize("header", ["host", "x-amz-date"])
def test_host_and_date_must_be_signed(header: str) -> None:
    request = signed()
    changed = request.headers["authorization"].replace(f"{header};", "").replace(f";{header}", "")
    error = refusal(with_header(request, authorization=changed))
    assert "must be a 'SignedHeader'" in error.message


def test_a_stated_body_hash_must_be_that_of_the_body() -> None:
    verify(signed(headers={"X-Amz-Content-SHA256": EMPTY}, body=b""))
    assert refusal(signed(headers={"X-Amz-Content-SHA256": EMPTY})).code == "InvalidSignatureException"


@pytest.mark.parametrize(("service", "passes"), [("s3", True), ("kms", False)])
def test_only_s3_may_leave_the_body_unsigned(service: str, passes: bool) -> None:
    request = signed(headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"}, service=service)
    if passes:
        verify(request)
    else:
        assert refusal(request).code == "InvalidSignatureException"


def test_a_signature_that_is_not_ascii_is_refused() -> None:
    request = signed()
    assert refusal(with_header(request, authorization=request.headers["authorization"] + "\xe9")).code == (
        "InvalidSignatureException"
    )


def test_one_access_key_with_a_new_secret_gets_a_new_signing_key() -> None:
    secrets = {"AKIAEXAMPLE": "old"}
    verifier = SignatureVerifier(secrets.get, lambda: datetime.now(UTC))
    verifier.verify(signed(secret="old"))
    secrets["AKIAEXAMPLE"] = "new"
    verifier.verify(signed(secret="new"))
    with pytest.raises(ServiceError):
        verifier.verify(signed(secret="old"))


def test_the_signing_key_is_that_of_awss_example() -> None:
    """Source: AWS General Reference, "Examples of how to derive a signing key"."""
    key = derive_signing_key("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY", "20150830", "us-east-1", "iam")
    assert key.hex() == "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"


EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


# S3, and what carries its signature in the query


def s3_signed(path: str = "/bucket/key", *, signer: Any = S3SigV4Auth, **headers: str) -> HttpRequest:
    """A request to S3 as botocore signs it."""
    given_headers = {"Host": HOST, **{name.replace("_", "-"): value for name, value in headers.items()}}
    request = AWSRequest("GET", f"http://{HOST}{path}", headers=given_headers)
    signer(Credentials("AKIAEXAMPLE", SECRET), "s3", "eu-west-1").add_auth(request)
    return as_http(request)


def as_http(request: AWSRequest) -> HttpRequest:
    raw_path, _, query = request.url.removeprefix(f"http://{HOST}").partition("?")
    headers = {name.lower(): str(value) for name, value in request.headers.items()}
    return HttpRequest(request.method, raw_path, query, headers, b"")


def presigned(
    seconds: int = 3600, *, version: int = 4, token: str | None = None, path: str = "/bucket/key"
) -> HttpRequest:
    """A URL as botocore presigns it, fetched with nothing but a Host header."""
    request = AWSRequest("GET", f"http://{HOST}{path}", headers={"Host": HOST})
    credentials = Credentials("AKIAEXAMPLE", SECRET, token)
    if version == 4:
        S3SigV4QueryAuth(credentials, "s3", "eu-west-1", expires=seconds).add_auth(request)
    else:
        HmacV1QueryAuth(credentials, expires=seconds).add_auth(request)
    raw_path, _, query = request.url.removeprefix(f"http://{HOST}").partition("?")
    headers = {"host": HOST} | headers_in(query)
    return HttpRequest("GET", raw_path, query, headers, b"")


@pytest.mark.parametrize(
    "path", ["/bucket/key", "/bucket/a%20b/%C3%BC", "/bucket/a//b", "/bucket/./..", "/bucket/a%2Bb?uploads"]
)
def test_s3_signs_its_path_as_it_stands(path: str) -> None:
    assert verify(s3_signed(path)).service == "s3"


def test_other_services_sign_a_path_that_is_encoded_twice() -> None:
    with pytest.raises(ServiceError):
        verify(s3_signed("/bucket/a%20b", signer=SigV4Auth))


@pytest.mark.parametrize("minutes", [-16, 16])
def test_s3_allows_a_quarter_of_an_hour(minutes: int) -> None:
    request, now = s3_signed(), datetime.now(UTC)
    assert verify(request, now + timedelta(minutes=14)).region == "eu-west-1"
    assert refusal(request, now + timedelta(minutes=minutes)).code == "RequestTimeTooSkewed"


def test_s3_wants_the_hash_of_the_body_in_a_header() -> None:
    assert refusal(with_header(s3_signed(), x_amz_content_sha256=None)).code == "InvalidRequest"


def test_a_body_that_is_here_must_have_the_hash_that_s3_was_told() -> None:
    changed = dataclasses.replace(s3_signed(), body=b"something")
    assert refusal(changed).code == "XAmzContentSHA256Mismatch"


@pytest.mark.parametrize("version", [2, 4])
def test_a_presigned_url_needs_no_header(version: int) -> None:
    credential = verify(presigned(version=version))
    assert (credential.access_key_id, credential.service) == ("AKIAEXAMPLE", "s3")
    assert credential.region == ("eu-west-1" if version == 4 else "")


@pytest.mark.parametrize("version", [2, 4])
def test_a_presigned_url_carries_a_session_token(version: int) -> None:
    assert verify(presigned(version=version, token="the-token")).session_token == "the-token"


@pytest.mark.parametrize("version", [2, 4])
def test_a_presigned_url_works_until_it_expires(version: int) -> None:
    request, now = presigned(60, version=version), datetime.now(UTC)
    verify(request, now + timedelta(seconds=55))
    expired = refusal(request, now + timedelta(seconds=65))
    assert (expired.code, expired.message) == ("AccessDenied", "Request has expired")


def test_a_presigned_url_works_for_a_week_at_most() -> None:
    assert refusal(presigned(604_801)).code == "AuthorizationQueryParametersError"


@pytest.mark.parametrize("version", [2, 4])
@pytest.mark.parametrize("changed", [{"method": "PUT"}, {"raw_path": "/bucket/other"}], ids=["method", "path"])
def test_a_presigned_url_is_good_for_what_was_signed_only(version: int, changed: dict[str, str]) -> None:
    request = dataclasses.replace(presigned(version=version), **changed)
    assert refusal(request).code == "SignatureDoesNotMatch"


@pytest.mark.parametrize("version", [2, 4])
def test_nobody_adds_a_header_that_changes_what_a_presigned_url_does(version: int) -> None:
    added = with_header(presigned(version=version), x_amz_copy_source="/bucket/secret")
    assert refusal(added).code == ("AccessDenied" if version == 4 else "SignatureDoesNotMatch")


def test_nobody_adds_a_parameter_that_changes_what_a_url_of_version_2_does() -> None:
    request = presigned(version=2, path="/bucket")
    for word, code in (("encryption", "AccessDenied"), ("policy", "SignatureDoesNotMatch")):
        changed = dataclasses.replace(request, query_string=f"{word}&{request.query_string}")
        assert refusal(changed).code == code


def test_a_url_of_version_2_signs_the_parameters_that_choose() -> None:
    assert (
        verify(presigned(version=2, path="/bucket/key?response-content-type=text%2Fplain&uploadId=x")).service == "s3"
    )


@pytest.mark.parametrize(
    "query",
    [
        "X-Amz-Signature=00",
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Signature=00",
        "X-Amz-Algorithm=OTHER&X-Amz-Signature=0",
    ],
)
def test_an_incomplete_presigned_url_is_refused(query: str) -> None:
    request = HttpRequest("GET", "/bucket/key", query, {"host": HOST}, b"")
    assert refusal(request).code == "AuthorizationQueryParametersError"


def test_a_presigned_url_of_an_unknown_key_is_refused() -> None:
    request = presigned(version=2)
    unknown = dataclasses.replace(request, query_string=request.query_string.replace("AKIAEXAMPLE", "AKIAOTHER"))
    assert refusal(unknown).code == "InvalidAccessKeyId"
