"""Buckets: one name for the whole world, one Region, nothing in them when they go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.services.s3.support import arn, keys_of, new_bucket, put, send
from tests.support import REGION, Account, events_of, refused


class TestShape:
    def test_a_bucket_is_found_again(self, s3: Any, bucket: str) -> None:
        assert s3.head_bucket(Bucket=bucket)["BucketRegion"] == REGION
        assert s3.get_bucket_location(Bucket=bucket)["LocationConstraint"] == REGION
        listed = s3.list_buckets()["Buckets"]
        assert [(one["Name"], one["BucketRegion"]) for one in listed] == [(bucket, REGION)]

    def test_buckets_are_listed_in_pages(self, s3: Any) -> None:
        names = sorted(new_bucket(s3) for _ in range(3))
        first = s3.list_buckets(MaxBuckets=2)
        rest = s3.list_buckets(MaxBuckets=2, ContinuationToken=first["ContinuationToken"])
        assert [one["Name"] for one in first["Buckets"] + rest["Buckets"]] == names
        assert "ContinuationToken" not in rest
        assert [one["Name"] for one in s3.list_buckets(Prefix=names[1])["Buckets"]] == [names[1]]

    @pytest.mark.parametrize(
        "name", ["ab", "Upper", "under_score", "a..b", "-begin", "end-", "192.168.0.1", "xn--a", "a" * 64]
    )
    def test_a_name_must_follow_the_rules(self, account: Account, name: str) -> None:
        # boto3 refuses some of these itself.
        status, _, body = send(account, "PUT", f"/{name}")
        assert status == 400
        assert b"<Code>InvalidBucketName</Code>" in body

    def test_the_first_region_has_no_location_constraint(self, account: Account) -> None:
        home = account.client("s3", "us-east-1")
        bucket = new_bucket(home, "us-east-1")
        assert home.get_bucket_location(Bucket=bucket).get("LocationConstraint") is None

    @pytest.mark.parametrize("constraint", [None, "eu-west-1"])
    def test_the_location_must_be_the_region_that_is_asked(self, s3: Any, constraint: str | None) -> None:
        where = {} if constraint is None else {"CreateBucketConfiguration": {"LocationConstraint": constraint}}
        with refused("IllegalLocationConstraintException"):
            s3.create_bucket(Bucket="some-bucket", **where)

    @pytest.mark.parametrize("style", ["bucket.localhost", "bucket.s3.localhost", "bucket.s3.us-west-2.localhost"])
    def test_a_bucket_may_stand_in_the_host_name(self, account: Account, s3: Any, bucket: str, style: str) -> None:
        put(s3, bucket, "a/key", body=b"by host")
        host = style.replace("bucket", bucket, 1)
        assert send(account, "GET", "/a/key", headers={"Host": host})[0::2] == (200, b"by host")
        assert send(account, "PUT", "//odd", b"twice", headers={"Host": host})[0] == 200
        assert keys_of(s3, bucket) == ["/odd", "a/key"]


class TestBehaviour:
    def test_a_name_is_taken_for_everyone(self, s3: Any, bucket: str, second_account: Account) -> None:
        where = {"CreateBucketConfiguration": {"LocationConstraint": REGION}}
        with refused("BucketAlreadyOwnedByYou") as own:
            s3.create_bucket(Bucket=bucket, **where)
        with refused("BucketAlreadyExists") as other:
            second_account.client("s3").create_bucket(Bucket=bucket, **where)
        assert (own.status, other.status) == (409, 409)

    def test_only_an_empty_bucket_goes(self, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        with refused("BucketNotEmpty"):
            s3.delete_bucket(Bucket=bucket)
        s3.delete_object(Bucket=bucket, Key="key")
        s3.delete_bucket(Bucket=bucket)
        with refused("NoSuchBucket"):
            s3.list_objects_v2(Bucket=bucket)
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})

    def test_a_bucket_is_reached_through_its_region(self, account: Account) -> None:
        bucket = new_bucket(account.client("s3", "eu-central-1"), "eu-central-1")
        status, headers, body = send(account, "GET", f"/{bucket}", headers={})
        assert (status, headers["x-amz-bucket-region"]) == (400, "eu-central-1")
        assert b"<Code>AuthorizationHeaderMalformed</Code>" in body
        assert b"<Region>eu-central-1</Region>" in body

    def test_boto3_finds_the_region_of_a_bucket_by_itself(self, account: Account, s3: Any, bucket: str) -> None:
        put(s3, bucket, "key")
        assert keys_of(account.client("s3", "eu-central-1"), bucket) == ["key"]

    def test_a_caller_may_say_whose_bucket_it_expects(self, s3: Any, bucket: str, account: Account) -> None:
        s3.head_bucket(Bucket=bucket, ExpectedBucketOwner=account.account_id)
        with refused("403"):
            s3.head_bucket(Bucket=bucket, ExpectedBucketOwner="000000000000")

    def test_tags_of_a_bucket(self, s3: Any, bucket: str) -> None:
        with refused("NoSuchTagSet"):
            s3.get_bucket_tagging(Bucket=bucket)
        tags = [{"Key": "team", "Value": "voice"}]
        s3.put_bucket_tagging(Bucket=bucket, Tagging={"TagSet": tags})
        assert s3.get_bucket_tagging(Bucket=bucket)["TagSet"] == tags
        s3.delete_bucket_tagging(Bucket=bucket)
        with refused("NoSuchTagSet"):
            s3.get_bucket_tagging(Bucket=bucket)

    @pytest.mark.parametrize(
        "operation",
        ["get_bucket_acl", "get_bucket_versioning", "list_object_versions", "get_bucket_lifecycle_configuration"],
    )
    def test_what_is_not_simulated_is_refused_by_name(self, s3: Any, bucket: str, operation: str) -> None:
        with refused("NotImplemented") as refusal:
            getattr(s3, operation)(Bucket=bucket)
        assert refusal.status == 501
        assert "is not simulated" in refusal.message


class TestTrail:
    def test_what_concerns_a_bucket_is_in_the_trail_and_what_concerns_objects_is_not(
        self, account: Account, s3: Any, bucket: str
    ) -> None:
        put(s3, bucket, "key")
        s3.get_object(Bucket=bucket, Key="key")
        s3.list_objects_v2(Bucket=bucket)
        s3.get_bucket_location(Bucket=bucket)
        events = events_of(account, source="s3.amazonaws.com")
        assert [event["eventName"] for event in events] == ["CreateBucket", "GetBucketLocation"]
        assert events[0]["requestParameters"]["bucketName"] == bucket
        assert events[0]["resources"] == [
            {"accountId": account.account_id, "type": "AWS::S3::Bucket", "ARN": arn(bucket)}
        ]

    def test_the_owner_sees_what_another_account_did_with_the_bucket(
        self, account: Account, bucket: str, second_account: Account
    ) -> None:
        with refused("AccessDenied"):
            second_account.client("s3").get_bucket_location(Bucket=bucket)
        assert [event["errorCode"] for event in events_of(second_account, "GetBucketLocation")] == ["AccessDenied"]
        assert events_of(account, "GetBucketLocation") == []
