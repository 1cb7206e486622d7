"""CreateBucket, HeadBucket, ListBuckets, GetBucketLocation and DeleteBucket."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from kms.ownership import AwsOwned
from services.pages import page
from services.s3 import errors
from services.s3.access import HOME_REGION, REGISTER, Access
from services.s3.authorization import conditions_of, require
from services.s3.bucket import Bucket, bucket_arn, bucket_of, check_name, find_bucket, get_bucket
from services.s3.data_classes import BUCKET, CONTEXT_KEY, OBJECT
from services.s3.object import checked_tags
from services.s3.publicity import SETTINGS
from shared.audit import Resource

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_BUCKET_TAGS = 50
_UNSIMULATED = {
    "BucketNamespace": "x-amz-bucket-namespace",
    "GrantFullControl": "x-amz-grant-full-control",
    "GrantRead": "x-amz-grant-read",
    "GrantReadACP": "x-amz-grant-read-acp",
    "GrantWrite": "x-amz-grant-write",
    "GrantWriteACP": "x-amz-grant-write-acp",
}


def noted(call: ServiceCall, bucket: Bucket) -> Bucket:
    """The bucket, told to the trail as what the call was about."""
    call.touched.append(Resource(bucket.arn, bucket.account_id, "AWS::S3::Bucket"))
    return bucket


def create_bucket(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access, name = Access.of(call), parameters["Bucket"]
    arn = bucket_arn(name)
    require(access, "CreateBucket", None, arn, conditions_of(parameters))
    check_name(name)
    _refuse_unsimulated(parameters)
    settings = parameters.get("CreateBucketConfiguration", {})
    region = _region(settings.get("LocationConstraint"), call.region)
    taken = find_bucket(access, name)
    if taken is not None:
        is_own = taken.account_id == call.account_id
        if is_own and taken.region == region == HOME_REGION:
            return {"Location": f"/{name}", "BucketArn": arn}  # as it was before there were other Regions
        raise errors.bucket_taken(name, is_own=is_own)
    tags = checked_bucket_tags(settings.get("Tags", []))
    # The bucket lives in its own Region, and so does the key for what S3 tells of its objects.
    home = Access(access.simulator, access.kms, replace(access.caller, region=region))
    home.store.create_scope(arn, AwsOwned.kind, {CONTEXT_KEY: arn})
    attributes = {"region": region, "tags": tags, "publicAccess": dict.fromkeys(SETTINGS, True)}
    record = access.store.put_plain(REGISTER, BUCKET, name, attributes, parent=call.account_id)
    noted(call, bucket_of(record))
    return {"Location": f"/{name}", "BucketArn": arn}


def checked_bucket_tags(tag_set: Sequence[Mapping[str, str]]) -> dict[str, str]:
    """Tags as a map. Raises: ServiceError InvalidTag, BadRequest."""
    return checked_tags(tag_set, MAX_BUCKET_TAGS, reserved="System tags cannot be added/updated by requester")


def _refuse_unsimulated(parameters: dict[str, Any]) -> None:
    for name, header in _UNSIMULATED.items():
        if name in parameters:
            raise errors.not_simulated(header)
    if parameters.get("ObjectLockEnabledForBucket"):
        raise errors.not_simulated("Object Lock")
    if parameters.get("ACL", "private") != "private":
        raise errors.bucket_acls_off()
    if parameters.get("ObjectOwnership", "BucketOwnerEnforced") != "BucketOwnerEnforced":
        raise errors.not_simulated(f"Object ownership {parameters['ObjectOwnership']}")
    settings = parameters.get("CreateBucketConfiguration", {})
    if "Location" in settings or "Bucket" in settings:
        raise errors.not_simulated("Directory buckets")


def _region(constraint: str | None, endpoint: str) -> str:
    """Where a bucket is to be. Raises: ServiceError IllegalLocationConstraintException."""
    region = "eu-west-1" if constraint == "EU" else constraint or HOME_REGION
    if endpoint not in (HOME_REGION, region):
        raise errors.illegal_location("unspecified" if constraint is None else constraint)
    return region


def head_bucket(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"))
    require(access, "ListBucket", bucket, bucket.arn)
    return {"BucketRegion": bucket.region, "BucketArn": bucket.arn, "AccessPointAlias": False}


def get_bucket_location(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Answered in every Region: it is how clients find the right one."""
    access = Access.of(call)
    bucket = get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner"), anywhere=True)
    noted(call, bucket)
    require(access, "GetBucketLocation", bucket, bucket.arn)
    return {"LocationConstraint": None if bucket.region == HOME_REGION else bucket.region}


def list_buckets(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """The buckets of the caller's account, of all Regions."""
    access = Access.of(call)
    require(access, "ListAllMyBuckets", None, "*")
    prefix, region = parameters.get("Prefix", ""), parameters.get("BucketRegion")
    records, token = page(
        call,
        lambda after, limit: [
            record
            for record in access.store.stream(REGISTER, BUCKET, parent=call.account_id)
            if record.record_id > after
            and record.record_id.startswith(prefix)
            and region in (None, record.attributes["region"])
        ][:limit],
        10_000,
        errors.invalid_argument("The continuation token provided is incorrect", ArgumentName="continuation-token"),
    )
    buckets = [
        {
            "Name": record.record_id,
            "CreationDate": int(record.created_at),
            "BucketRegion": record.attributes["region"],
            "BucketArn": bucket_arn(record.record_id),
        }
        for record in records
    ]
    owner = {"ID": canonical_id(call.account_id)}
    return {"Buckets": buckets, "Owner": owner, "ContinuationToken": token, "Prefix": parameters.get("Prefix")}


def canonical_id(account_id: str) -> str:
    """An account as S3 names owners: 64 hex digits. Source: our choice; AWS's derivation is not published."""
    return sha256(f"canonical user {account_id}".encode()).hexdigest()


def delete_bucket(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Only an empty bucket goes; uploads in parts that were never completed go with it."""
    access = Access.of(call)
    bucket = noted(call, get_bucket(access, parameters["Bucket"], parameters.get("ExpectedBucketOwner")))
    require(access, "DeleteBucket", bucket, bucket.arn)
    if access.store.page(bucket.arn, OBJECT, limit=1):
        raise errors.bucket_not_empty(bucket.name)
    access.simulator.pieces.drop_scope(bucket.arn)
    access.store.delete_scope(access.store.get_scope(bucket.arn))
    access.store.delete(bucket.record)
    return {}
