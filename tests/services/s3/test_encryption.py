"""Whose key seals an object, and what happens to the object when something happens to the key."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.services.s3.support import MIB, allow, arn, deny, identity, keys_of, put, read, send
from tests.support import Account, account_policy, events_of, refused

KMS = "aws:kms"
VIA_S3 = "s3.us-west-2.amazonaws.com"


def kms_events(account: Account, *names: str) -> list[dict[str, Any]]:
    return [event for event in events_of(account, source="kms.amazonaws.com") if event["eventName"] in names]


def context(pairs: dict[str, str]) -> str:
    """Pairs as the header carries them."""
    return base64.b64encode(json.dumps(pairs).encode()).decode()


def default(s3: Any, bucket: str, algorithm: str, **more: Any) -> None:
    key = {name: value for name, value in more.items() if name == "KMSMasterKeyID"}
    rule: dict[str, Any] = {"ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": algorithm, **key}}
    if "BucketKeyEnabled" in more:
        rule["BucketKeyEnabled"] = more["BucketKeyEnabled"]
    s3.put_bucket_encryption(Bucket=bucket, ServerSideEncryptionConfiguration={"Rules": [rule]})


class TestOwnership:
    def test_without_a_wish_the_key_is_s3s_own_and_in_no_trail_of_the_customer(
        self, account: Account, s3: Any, bucket: str
    ) -> None:
        assert s3.put_object(Bucket=bucket, Key="key", Body=b"content")["ServerSideEncryption"] == "AES256"
        assert read(s3, bucket, "key") == b"content"
        assert kms_events(account, "GenerateDataKey", "Decrypt") == []
        of_aws = account.server.control("trail?account=900000000005")["Events"]
        assert {"GenerateDataKey", "Decrypt"} <= {event["eventName"] for event in of_aws}

    def test_the_aws_managed_key_is_made_when_it_is_first_used(self, account: Account, s3: Any, bucket: str) -> None:
        kms = account.client("kms")
        assert kms.list_aliases()["Aliases"] == []
        made = s3.put_object(Bucket=bucket, Key="key", Body=b"content", ServerSideEncryption=KMS)
        (alias,) = kms.list_aliases()["Aliases"]
        assert alias["AliasName"] == "alias/aws/s3"
        key = kms.describe_key(KeyId="alias/aws/s3")["KeyMetadata"]
        assert (key["Arn"], key["KeyManager"]) == (made["SSEKMSKeyId"], "AWS")
        again = s3.put_object(Bucket=bucket, Key="other", Body=b"content", ServerSideEncryption=KMS)
        assert again["SSEKMSKeyId"] == key["Arn"]
        assert read(s3, bucket, "key") == b"content"
        with refused("AccessDeniedException"):
            kms.generate_data_key(KeyId=key["Arn"], KeySpec="AES_256")

    @pytest.mark.parametrize("form", ["arn", "id", "alias"])
    def test_a_customer_managed_key_is_used_with_the_callers_session(
        self, account: Account, s3: Any, bucket: str, kms: Any, kms_key: str, form: str
    ) -> None:
        kms.create_alias(AliasName="alias/voices", TargetKeyId=kms_key)
        named = {"arn": kms_key, "id": kms_key.rpartition("/")[2], "alias": "alias/voices"}[form]
        made = s3.put_object(Bucket=bucket, Key="key", Body=b"content", ServerSideEncryption=KMS, SSEKMSKeyId=named)
        got = s3.get_object(Bucket=bucket, Key="key")
        assert (made["SSEKMSKeyId"], got["SSEKMSKeyId"], got["ServerSideEncryption"]) == (kms_key, kms_key, KMS)
        generate, decrypt = kms_events(account, "GenerateDataKey", "Decrypt")
        for event in (generate, decrypt):
            assert event["userIdentity"]["invokedBy"] == "s3.amazonaws.com"
            assert event["requestParameters"]["encryptionContext"] == {"aws:s3:arn": arn(bucket, "key")}
            assert event["resources"][0]["ARN"] == kms_key
        assert "BucketKeyEnabled" not in got

    def test_an_etag_under_a_kms_key_is_no_digest_of_the_content(self, s3: Any, bucket: str, kms_key: str) -> None:
        how = {"ServerSideEncryption": KMS, "SSEKMSKeyId": kms_key}
        etags = [s3.put_object(Bucket=bucket, Key="key", Body=b"content", **how)["ETag"] for _ in range(2)]
        assert etags[0] != etags[1]
        assert s3.head_object(Bucket=bucket, Key="key")["ETag"] == etags[1]

    def test_a_bucket_key_puts_the_bucket_into_the_context(
        self, account: Account, s3: Any, bucket: str, kms_key: str
    ) -> None:
        how = {"ServerSideEncryption": KMS, "SSEKMSKeyId": kms_key, "BucketKeyEnabled": True}
        assert s3.put_object(Bucket=bucket, Key="key", Body=b"content", **how)["BucketKeyEnabled"] is True
        assert s3.get_object(Bucket=bucket, Key="key")["BucketKeyEnabled"] is True
        contexts = [
            e["requestParameters"]["encryptionContext"] for e in kms_events(account, "GenerateDataKey", "Decrypt")
        ]
        assert contexts == [{"aws:s3:arn": arn(bucket)}] * 2

    def test_a_senders_encryption_context_is_carried_by_every_call(
        self, account: Account, s3: Any, bucket: str, kms_key: str
    ) -> None:
        pairs = base64.b64encode(json.dumps({"tenant": "bank"}).encode()).decode()
        how = {"ServerSideEncryption": KMS, "SSEKMSKeyId": kms_key, "SSEKMSEncryptionContext": pairs}
        made = s3.put_object(Bucket=bucket, Key="key", Body=b"content", **how)
        wanted = {"tenant": "bank", "aws:s3:arn": arn(bucket, "key")}
        assert json.loads(base64.b64decode(made["SSEKMSEncryptionContext"])) == wanted
        assert read(s3, bucket, "key") == b"content"
        events = kms_events(account, "GenerateDataKey", "Decrypt")
        assert [event["requestParameters"]["encryptionContext"] for event in events] == [wanted] * 2

    def test_an_upload_in_parts_asks_kms_at_each_step(
        self, account: Account, s3: Any, bucket: str, kms_key: str
    ) -> None:
        how = {"ServerSideEncryption": KMS, "SSEKMSKeyId": kms_key}
        upload = s3.create_multipart_upload(Bucket=bucket, Key="key", **how)
        whose = {"Bucket": bucket, "Key": "key", "UploadId": upload["UploadId"]}
        part = s3.upload_part(**whose, PartNumber=1, Body=b"content")
        assert part["SSEKMSKeyId"] == kms_key
        s3.complete_multipart_upload(**whose, MultipartUpload={"Parts": [{"PartNumber": 1, "ETag": part["ETag"]}]})
        assert [event["eventName"] for event in kms_events(account, "GenerateDataKey", "Decrypt")] == [
            "GenerateDataKey",
            "Decrypt",
            "Decrypt",
        ]
        assert read(s3, bucket, "key") == b"content"

    def test_a_copy_is_sealed_anew_under_the_key_of_its_own_bucket(
        self, account: Account, s3: Any, bucket: str, kms: Any, kms_key: str
    ) -> None:
        put(s3, bucket, "from", body=b"content", ServerSideEncryption=KMS, SSEKMSKeyId=kms_key)
        made = s3.copy_object(Bucket=bucket, Key="to", CopySource=f"{bucket}/from")
        assert made["ServerSideEncryption"] == "AES256"
        kms.disable_key(KeyId=kms_key)
        assert read(s3, bucket, "to") == b"content"
        with refused("KMS.DisabledException"):
            s3.copy_object(Bucket=bucket, Key="again", CopySource=f"{bucket}/from")


class TestDefault:
    def test_a_bucket_always_has_a_default(self, s3: Any, bucket: str) -> None:
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule == {
            "ApplyServerSideEncryptionByDefault": {"SSEAlgorithm": "AES256"},
            "BucketKeyEnabled": False,
        }

    def test_the_default_counts_for_new_objects_without_a_wish(self, s3: Any, bucket: str, kms_key: str) -> None:
        put(s3, bucket, "old")
        default(s3, bucket, KMS, KMSMasterKeyID=kms_key, BucketKeyEnabled=True)
        put(s3, bucket, "new")
        put(s3, bucket, "own", ServerSideEncryption="AES256")
        told = {key: s3.head_object(Bucket=bucket, Key=key) for key in ("old", "new", "own")}
        assert {key: one["ServerSideEncryption"] for key, one in told.items()} == {
            "old": "AES256",
            "new": KMS,
            "own": "AES256",
        }
        assert (told["new"]["SSEKMSKeyId"], told["new"]["BucketKeyEnabled"]) == (kms_key, True)
        s3.delete_bucket_encryption(Bucket=bucket)
        assert s3.put_object(Bucket=bucket, Key="newest", Body=b"")["ServerSideEncryption"] == "AES256"

    @pytest.mark.parametrize(
        ("rule", "code"),
        [
            ({"SSEAlgorithm": "aws:kms:dsse"}, "NotImplemented"),
            ({"SSEAlgorithm": "other"}, "MalformedXML"),
            ({"SSEAlgorithm": "AES256", "KMSMasterKeyID": "key"}, "InvalidArgument"),
        ],
        ids=["dual layer", "unknown", "key without kms"],
    )
    def test_a_default_must_be_one(self, s3: Any, bucket: str, rule: dict[str, str], code: str) -> None:
        with refused(code):
            s3.put_bucket_encryption(
                Bucket=bucket,
                ServerSideEncryptionConfiguration={"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]},
            )


class TestShape:
    @pytest.mark.parametrize(
        ("wish", "code"),
        [
            ({"ServerSideEncryption": "aws:kms:dsse"}, "NotImplemented"),
            ({"SSECustomerAlgorithm": "AES256", "SSECustomerKey": "k" * 32}, "NotImplemented"),
            ({"SSEKMSKeyId": "alias/x"}, "InvalidArgument"),
            ({"ServerSideEncryption": "AES256", "SSEKMSKeyId": "alias/x"}, "InvalidArgument"),
            ({"ServerSideEncryption": KMS, "SSEKMSEncryptionContext": "not base64"}, "InvalidArgument"),
            (
                {"ServerSideEncryption": KMS, "SSEKMSEncryptionContext": base64.b64encode(b'["a"]').decode()},
                "InvalidArgument",
            ),
            ({"ServerSideEncryption": KMS, "SSEKMSKeyId": "alias/absent"}, "KMS.NotFoundException"),
            (
                {"ServerSideEncryption": KMS, "SSEKMSKeyId": "arn:aws:kms:eu-west-1:111122223333:key/x"},
                "KMS.NotFoundException",
            ),
        ],
        ids=["dual layer", "sse-c", "key alone", "key of s3", "context", "no pairs", "no key", "other region"],
    )
    def test_a_wish_that_cannot_be_met_is_refused(self, s3: Any, bucket: str, wish: dict[str, str], code: str) -> None:
        with refused(code):
            put(s3, bucket, "key", **wish)
        assert keys_of(s3, bucket) == []


class TestKeyEvents:
    """What comes of the key comes of the object: at once, in S3's words, and back when the key is back."""

    @pytest.fixture
    def sealed(self, s3: Any, bucket: str, kms_key: str) -> str:
        put(s3, bucket, "key", body=b"content", ServerSideEncryption=KMS, SSEKMSKeyId=kms_key)
        return kms_key

    @pytest.mark.parametrize(
        ("event", "code", "status"),
        [
            ("disable", "KMS.DisabledException", 400),
            ("schedule", "KMS.KMSInvalidStateException", 400),
            ("delete", "KMS.NotFoundException", 400),
            ("deny", "AccessDenied", 403),
        ],
        ids=["disabled", "to be deleted", "deleted", "denied by its policy"],
    )
    def test_without_its_key_an_object_is_neither_read_nor_written(
        self, account: Account, s3: Any, bucket: str, kms: Any, sealed: str, event: str, code: str, status: int
    ) -> None:
        no_use = allow(["kms:Decrypt", "kms:GenerateDataKey"], "*", {"AWS": "*"}) | {"Effect": "Deny"}
        happenings: dict[str, Callable[[], Any]] = {
            "disable": lambda: kms.disable_key(KeyId=sealed),
            "schedule": lambda: kms.schedule_key_deletion(KeyId=sealed, PendingWindowInDays=7),
            "delete": lambda: kms.schedule_key_deletion(KeyId=sealed, PendingWindowInDays=7),
            "deny": lambda: kms.put_key_policy(
                KeyId=sealed, PolicyName="default", Policy=account_policy(account.account_id, no_use)
            ),
        }
        happenings[event]()
        if event == "delete":
            account.server.advance("P8D")
        with refused(code) as reading:
            s3.get_object(Bucket=bucket, Key="key")
        with refused(code):
            put(s3, bucket, "new", ServerSideEncryption=KMS, SSEKMSKeyId=sealed)
        assert reading.status == status
        assert keys_of(s3, bucket) == ["key"]
        assert s3.head_object(Bucket=bucket, Key="key")["SSEKMSKeyId"] == sealed
        s3.delete_object(Bucket=bucket, Key="key")

    def test_a_key_that_comes_back_brings_the_object_back(self, s3: Any, bucket: str, kms: Any, sealed: str) -> None:
        kms.disable_key(KeyId=sealed)
        with refused("KMS.DisabledException"):
            read(s3, bucket, "key")
        kms.enable_key(KeyId=sealed)
        kms.rotate_key_on_demand(KeyId=sealed)
        assert read(s3, bucket, "key") == b"content"

    def test_the_refusal_is_in_the_trail(self, account: Account, s3: Any, bucket: str, kms: Any, sealed: str) -> None:
        kms.disable_key(KeyId=sealed)
        with refused("KMS.DisabledException"):
            read(s3, bucket, "key")
        assert kms_events(account, "Decrypt")[-1]["errorCode"] == "DisabledException"

    @pytest.mark.parametrize(
        ("rights", "code"),
        [(["kms:GenerateDataKey"], "AccessDenied"), (["kms:GenerateDataKey", "kms:Decrypt"], None)],
        ids=["without Decrypt", "with Decrypt"],
    )
    def test_whoever_reads_needs_the_right_to_decrypt_through_s3(
        self, account: Account, bucket: str, sealed: str, rights: list[str], code: str | None
    ) -> None:
        through_s3 = allow(rights, "*", StringEquals={"kms:ViaService": VIA_S3})
        user = account.user("reader", identity(allow("s3:*", "*"), through_s3))
        client = user.client("s3")
        put(client, bucket, "own", ServerSideEncryption=KMS, SSEKMSKeyId=sealed)
        if code is None:
            assert read(client, bucket, "key") == b"content"
        else:
            with refused(code) as refusal:
                read(client, bucket, "key")
            assert "kms:Decrypt" in refusal.message
        with refused("AccessDeniedException"):
            user.client("kms").generate_data_key(KeyId=sealed, KeySpec="AES_256")

    def test_a_checksum_is_told_to_whoever_may_decrypt(self, account: Account, bucket: str, sealed: str) -> None:
        """Everything else that HeadObject tells takes no right to the key."""
        client = account.user("teller", identity(allow("s3:*", "*"))).client("s3")
        assert client.head_object(Bucket=bucket, Key="key")["SSEKMSKeyId"] == sealed
        with refused("403"):
            client.head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
        told = account.client("s3").head_object(Bucket=bucket, Key="key", ChecksumMode="ENABLED")
        assert told["ChecksumType"] == "FULL_OBJECT"

    def test_a_download_that_has_begun_goes_on(
        self, account: Account, s3: Any, bucket: str, kms: Any, sealed: str
    ) -> None:
        """The data key is in memory once KMS has given it out; the next request is refused."""
        body = b"x" * (8 * MIB)
        put(s3, bucket, "large", body=body, ServerSideEncryption=KMS, SSEKMSKeyId=sealed)
        stream = s3.get_object(Bucket=bucket, Key="large")["Body"]
        first = stream.read(10)
        kms.disable_key(KeyId=sealed)
        assert first + stream.read() == body
        with refused("KMS.DisabledException"):
            read(s3, bucket, "large")

    @pytest.mark.parametrize("bucket_key", [False, True], ids=["object", "bucket key"])
    def test_a_sender_may_name_the_arn_that_s3_adds_and_no_other(
        self, s3: Any, bucket: str, kms_key: str, bucket_key: bool
    ) -> None:
        right, wrong = (arn(bucket), arn(bucket, "key")) if bucket_key else (arn(bucket, "key"), arn(bucket))
        how = {"ServerSideEncryption": KMS, "SSEKMSKeyId": kms_key, "BucketKeyEnabled": bucket_key}
        put(s3, bucket, "key", **how, SSEKMSEncryptionContext=context({"aws:s3:arn": right, "a": "b"}))
        for begin in (s3.put_object, s3.create_multipart_upload):
            with refused("InvalidArgument") as refusal:
                begin(Bucket=bucket, Key="key", **how, SSEKMSEncryptionContext=context({"aws:s3:arn": wrong}))
            assert refusal.status == 400
            assert refusal.response["Error"]["ArgumentName"] == "x-amz-server-side-encryption-context"
        with refused("InvalidArgument"):
            s3.copy_object(
                Bucket=bucket,
                Key="copy",
                CopySource=f"{bucket}/key",
                **how,
                SSEKMSEncryptionContext=context({"aws:s3:arn": arn(bucket, "key") + "x"}),
            )

    @pytest.mark.parametrize(
        "text",
        [
            "e30",
            "not base64",
            *(base64.b64encode(raw).decode() for raw in (b"{", b"[]", b'{"a":1}', b'{"a":null}', b"\xff")),
        ],
        ids=["padding", "alphabet", "no json", "no object", "number", "null", "no utf-8"],
    )
    def test_a_malformed_context_header_is_refused_over_the_wire(
        self, account: Account, bucket: str, text: str
    ) -> None:
        headers = {"x-amz-server-side-encryption": KMS, "x-amz-server-side-encryption-context": text}
        status, _, body = send(account, "PUT", f"/{bucket}/key", b"content", headers=headers)
        assert (status, b"<Code>InvalidArgument</Code>" in body) == (400, True)

    @pytest.mark.parametrize(
        ("unless", "code"),
        [({}, "AccessDenied"), ({"Bool": {"aws:ViaAWSService": "false"}}, None)],
        ids=["everywhere", "in direct calls"],
    )
    def test_a_key_that_is_denied_from_elsewhere_is_denied_to_s3_unless_the_deny_spares_services(
        self, account: Account, s3: Any, bucket: str, kms: Any, sealed: str, unless: dict[str, Any], code: str | None
    ) -> None:
        elsewhere = {"NotIpAddress": {"aws:SourceIp": "127.0.0.0/8"}, **unless}
        no_use = deny("kms:Decrypt", "*", {"AWS": "*"}, **elsewhere)
        kms.put_key_policy(KeyId=sealed, Policy=account_policy(account.account_id, no_use))
        blob = kms.encrypt(KeyId=sealed, Plaintext=b"x")["CiphertextBlob"]
        assert kms.decrypt(CiphertextBlob=blob)["Plaintext"] == b"x"
        if code is None:
            assert read(s3, bucket, "key") == b"content"
        else:
            with refused(code):
                read(s3, bucket, "key")
