"""How S3 words what it refuses: codes, messages and elements of the error document that clients read."""

from __future__ import annotations

import base64
import hashlib
from typing import Any
from xml.etree import ElementTree

import pytest

from tests.services.s3.support import new_bucket, put, send
from tests.support import Account, refused

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
    assert (answer[0], error_of(answer)["Code"]) == (400, "InvalidLocationConstraint")


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
