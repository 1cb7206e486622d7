"""How S3 words what it refuses: codes, messages and elements of the error document that clients read."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.services.s3.support import new_bucket, put, send
from tests.support import Account, Server, refused

NAMESPACE = 'xmlns="http://s3.amazonaws.com/doc/2006-03-01/"'


def error_of(answer: tuple[int, dict[str, str], bytes]) -> dict[str, str | None]:
    """The elements of an error document."""
    root = ElementTree.fromstring(answer[2])
    assert root.tag == "Error"
    return {element.tag: element.text for element in root}


@pytest.mark.parametrize(
    ("header", "code", "argument"),
    [
        ("x-amz-server-side-encryption", "InvalidArgument", "x-amz-server-side-encryption"),
        ("x-amz-acl", "InvalidArgument", "x-amz-acl"),
        ("x-amz-tagging-directive", "InvalidArgument", "x-amz-tagging-directive"),
        ("x-amz-metadata-directive", "InvalidArgument", "x-amz-metadata-directive"),
        ("x-amz-copy-source", "InvalidArgument", "x-amz-copy-source"),
        ("x-amz-storage-class", "InvalidStorageClass", None),
        ("x-amz-sdk-checksum-algorithm", "InvalidRequest", None),
    ],
)
def test_a_header_of_no_known_value_is_named(
    account: Account, s3: Any, bucket: str, header: str, code: str, argument: str | None
) -> None:
    put(s3, bucket, "source")
    source = {"x-amz-copy-source": f"{bucket}/source"} if header.endswith("-directive") else {}
    answer = send(account, "PUT", f"/{bucket}/key", headers={**source, header: "nonsense"})
    error = error_of(answer)
    assert (answer[0], error["Code"], error.get("ArgumentName")) == (400, code, argument)
    assert "validation error" not in str(error["Message"])
    assert error.get("ArgumentValue") == (None if argument is None else "nonsense")


def test_an_unknown_encoding_is_named(account: Account, bucket: str) -> None:
    error = error_of(send(account, "GET", f"/{bucket}?encoding-type=nonsense"))
    assert (error["Code"], error["Message"]) == ("InvalidArgument", "Invalid Encoding Method specified in Request")


def test_a_region_that_is_none_is_an_invalid_location(account: Account) -> None:
    body = f"<CreateBucketConfiguration {NAMESPACE}><LocationConstraint>mars</LocationConstraint>"
    answer = send(account, "PUT", "/bucket-on-mars", f"{body}</CreateBucketConfiguration>".encode())
    error = error_of(answer)
    assert (answer[0], error["Code"], error["LocationConstraint"]) == (400, "InvalidLocationConstraint", "mars")


def test_a_body_that_does_not_fit_the_schema_is_malformed_and_no_more_is_said(account: Account, bucket: str) -> None:
    body = b"<Delete></Delete>"
    headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
    error = error_of(send(account, "POST", f"/{bucket}?delete", body, headers=headers))
    assert error["Code"] == "MalformedXML"
    assert error["Message"] == (
        "The XML you provided was not well-formed or did not validate against our published schema"
    )


def test_an_error_tells_both_ids_of_the_request(account: Account, bucket: str) -> None:
    answer = send(account, "GET", f"/{bucket}/absent")
    error, headers = error_of(answer), answer[1]
    assert (error["RequestId"], error["HostId"]) == (headers["x-amz-request-id"], headers["x-amz-id-2"])


def test_a_wrong_content_md5_is_told_with_the_right_one(s3: Any, bucket: str) -> None:
    wrong = base64.b64encode(bytes(16)).decode()
    with refused("BadDigest") as refusal:
        s3.put_object(Bucket=bucket, Key="key", Body=b"content", ContentMD5=wrong)
    assert refusal.message == "The Content-MD5 you specified did not match what we received."
    error = refusal.response["Error"]
    assert error["ExpectedDigest"] == wrong
    assert error["CalculatedDigest"] == base64.b64encode(hashlib.md5(b"content").digest()).decode()


def test_keys_are_deleted_by_a_list_that_states_its_checksum_only(account: Account, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key")
    body = b"<Delete><Object><Key>key</Key></Object></Delete>"
    refusal = send(account, "POST", f"/{bucket}?delete", body)
    assert (refusal[0], error_of(refusal)["Code"]) == (400, "InvalidRequest")
    headers = {"Content-MD5": base64.b64encode(hashlib.md5(body).digest()).decode()}
    assert send(account, "POST", f"/{bucket}?delete", body, headers=headers)[0] == 200
    assert s3.list_objects_v2(Bucket=bucket)["KeyCount"] == 0


@pytest.mark.parametrize("surplus", [0, 1], ids=["just fits", "one byte more"])
def test_metadata_is_limited(s3: Any, bucket: str, surplus: int) -> None:
    metadata = {"a": "x" * 1000, "b": "y" * (2048 - 1002 + surplus)}
    if not surplus:
        put(s3, bucket, "key", Metadata=metadata)
        assert s3.head_object(Bucket=bucket, Key="key")["Metadata"] == metadata
        return
    with refused("MetadataTooLarge") as refusal:
        put(s3, bucket, "key", Metadata=metadata)
    assert (refusal.status, refusal.response["Error"]["Size"]) == (400, "2049")


class TestCopiesOntoThemselves:
    def test_another_storage_class_is_a_change(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        with refused("InvalidRequest"):
            s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key", StorageClass="STANDARD")
        s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key", StorageClass="STANDARD_IA")
        assert s3.head_object(Bucket=bucket, Key="key")["StorageClass"] == "STANDARD_IA"

    def test_a_default_encryption_that_was_set_is_put_on(self, s3: Any, bucket: str, kms_key: str) -> None:
        put(s3, bucket, "key")
        with refused("InvalidRequest"):
            s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key")
        by_default = {"SSEAlgorithm": "aws:kms", "KMSMasterKeyID": kms_key}
        rules = {"Rules": [{"ApplyServerSideEncryptionByDefault": by_default}]}
        s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration=rules)
        s3.copy_object(Bucket=bucket, Key="key", CopySource=f"{bucket}/key")
        assert s3.head_object(Bucket=bucket, Key="key")["SSEKMSKeyId"] == kms_key


class TestBucketsThatAreThere:
    def test_in_the_first_region_an_own_bucket_may_be_made_again(
        self, account: Account, second_account: Account
    ) -> None:
        s3 = account.client("s3", "us-east-1")
        name = new_bucket(s3, "us-east-1")
        put(s3, name, "key")
        assert s3.create_bucket(Bucket=name)["Location"] == f"/{name}"
        assert s3.list_objects_v2(Bucket=name)["KeyCount"] == 1
        with refused("BucketAlreadyExists"):
            second_account.client("s3", "us-east-1").create_bucket(Bucket=name)
        with refused("BucketAlreadyOwnedByYou"):
            new = {"LocationConstraint": "us-west-2"}
            account.client("s3").create_bucket(Bucket=name, CreateBucketConfiguration=new)

    def test_names_of_amazons_examples_are_reserved(self, s3: Any) -> None:
        new = {"LocationConstraint": "us-west-2"}
        with refused("InvalidBucketName"):
            s3.create_bucket(Bucket="amzn-s3-demo-bucket", CreateBucketConfiguration=new)


class TestSignatures:
    """S3 has its own words for what other services refuse alike, and shows what it signed."""

    def test_an_unknown_access_key_is_named(self, account: Account, bucket: str) -> None:
        stranger = replace(account, access_key_id="AKIAIOSFODNN7EXAMPLE")
        answer = send(stranger, "GET", f"/{bucket}/key")
        error = error_of(answer)
        assert (answer[0], error["Code"]) == (403, "InvalidAccessKeyId")
        assert error["Message"] == "The AWS Access Key Id you provided does not exist in our records."
        assert error["AWSAccessKeyId"] == "AKIAIOSFODNN7EXAMPLE"

    def test_a_foreign_session_token_is_invalid(self, account: Account, bucket: str) -> None:
        stranger = replace(account, session_token="a token of somebody else")
        answer = send(stranger, "GET", f"/{bucket}/key")
        error = error_of(answer)
        assert (answer[0], error["Code"], error["Token-0"]) == (400, "InvalidToken", "a token of somebody else")
        assert error["Message"] == "The provided token is malformed or otherwise invalid."

    def test_a_session_that_has_ended_is_told(self, server: Server, account: Account, bucket: str) -> None:
        session = account.client("sts").get_session_token(DurationSeconds=900)["Credentials"]
        server.advance("PT16M")
        ended = replace(
            account,
            access_key_id=session["AccessKeyId"],
            secret_access_key=session["SecretAccessKey"],
            session_token=session["SessionToken"],
        )
        answer = send(ended, "GET", f"/{bucket}/key")
        error = error_of(answer)
        assert (answer[0], error["Code"], error["Message"]) == (400, "ExpiredToken", "The provided token has expired.")

    def test_a_wrong_signature_is_answered_with_what_was_to_be_signed(self, account: Account, bucket: str) -> None:
        answer = send(replace(account, secret_access_key="wrong"), "GET", f"/{bucket}/key")
        error = error_of(answer)
        assert (answer[0], error["Code"], error["AWSAccessKeyId"]) == (
            403,
            "SignatureDoesNotMatch",
            account.access_key_id,
        )
        assert str(error["Message"]).endswith("Check your key and signing method.")
        canonical, text = str(error["CanonicalRequest"]), str(error["StringToSign"])
        assert canonical.startswith(f"GET\n/{bucket}/key\n")
        assert text.splitlines()[-1] == hashlib.sha256(canonical.encode()).hexdigest()
        assert bytes.fromhex(str(error["StringToSignBytes"])) == text.encode()


class TestTags:
    @pytest.mark.parametrize(
        ("tags", "message"),
        [
            ([("a", "1"), ("a", "2")], "Cannot provide multiple Tags with the same key"),
            ([("a", "1"), ("b!", "2")], "The TagKey you have provided is invalid"),
            ([("a", "1"), ("b", "2!")], "The TagValue you have provided is invalid"),
            ([("aws:a", "1")], "Your TagKey cannot be prefixed with aws:"),
        ],
        ids=["twice", "key", "value", "reserved"],
    )
    def test_an_invalid_tag_is_named(self, s3: Any, bucket: str, tags: list[tuple[str, str]], message: str) -> None:
        put(s3, bucket, "key")
        with refused("InvalidTag") as refusal:
            s3.put_object_tagging(
                Bucket=bucket, Key="key", Tagging={"TagSet": [{"Key": key, "Value": value} for key, value in tags]}
            )
        assert refusal.message == message
        assert refusal.response["Error"]["TagKey"] == tags[-1][0]

    def test_a_reserved_tag_of_a_bucket_is_the_systems(self, s3: Any, bucket: str) -> None:
        with refused("InvalidTag") as refusal:
            s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": [{"Key": "aws:a", "Value": ""}]})
        assert refusal.message == "System tags cannot be added/updated by requester"

    @pytest.mark.parametrize("header", ["a=1&a=2", "a=1%21"], ids=["twice", "value"])
    def test_tags_in_a_header_are_refused_with_the_header(self, s3: Any, bucket: str, header: str) -> None:
        with refused("InvalidArgument") as refusal:
            s3.put_object(Bucket=bucket, Key="key", Tagging=header)
        error = refusal.response["Error"]
        assert (error["ArgumentName"], error["ArgumentValue"]) == ("x-amz-tagging", header)


def test_a_bucket_is_not_made_with_an_acl(s3: Any) -> None:
    with refused("InvalidBucketAclWithObjectOwnership"):
        s3.create_bucket(
            Bucket="bucket-with-acl",
            ACL="public-read",
            CreateBucketConfiguration={"LocationConstraint": "us-west-2"},
        )


def test_a_storage_class_that_is_none_is_told(account: Account, bucket: str) -> None:
    answer = send(account, "PUT", f"/{bucket}/key", headers={"x-amz-storage-class": "nonsense"})
    assert error_of(answer)["StorageClassRequested"] == "nonsense"


@pytest.mark.parametrize(
    ("conditions", "header"),
    [({"IfNoneMatch": '"etag"'}, "If-None-Match"), ({"IfNoneMatch": "*", "IfMatch": "x"}, "If-Match,If-None-Match")],
    ids=["etag", "both"],
)
def test_conditions_that_writes_do_not_take_are_named(
    s3: Any, bucket: str, conditions: dict[str, str], header: str
) -> None:
    with refused("NotImplemented") as refusal:
        s3.put_object(Bucket=bucket, Key="key", **conditions)
    assert refusal.message == "A header you provided implies functionality that is not implemented"
    assert refusal.response["Error"]["Header"] == header


def test_dates_in_documents_have_whole_seconds(account: Account, s3: Any, bucket: str) -> None:
    put(s3, bucket, "key")
    document = send(account, "GET", f"/{bucket}")[2].decode()
    assert re.search(r"<LastModified>[0-9-]{10}T[0-9:]{8}\.000Z</LastModified>", document)
    assert document.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')


def test_what_has_not_changed_is_told_by_its_etag_and_date(account: Account, s3: Any, bucket: str) -> None:
    etag = s3.put_object(Bucket=bucket, Key="key", Body=b"content")["ETag"]
    status, headers, body = send(account, "GET", f"/{bucket}/key", headers={"If-None-Match": etag})
    modified = send(account, "HEAD", f"/{bucket}/key")[1]["last-modified"]
    assert (status, headers["etag"], headers["last-modified"], body) == (304, etag, modified, b"")


def test_a_method_that_is_not_allowed_is_named(account: Account, bucket: str) -> None:
    for path, kind in ((f"/{bucket}/key", "OBJECT"), (f"/{bucket}", "BUCKET")):
        answer = send(account, "PATCH", path)
        error = error_of(answer)
        assert (answer[0], error["Code"]) == (405, "MethodNotAllowed")
        assert (error["Method"], error["ResourceType"]) == ("PATCH", kind)
