"""Pages of lists in all services: a token belongs to the list that gave it out, and to no other."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest

from tests.support import REGION, Account, refused


@dataclass
class Listing:
    """Two lists of one service, asked for with a page of one item; and what a foreign token is answered."""

    service: str
    operation: str
    parameters: dict[str, Any]
    other_operation: str
    other_parameters: dict[str, Any]
    token: tuple[str, str] = ("NextToken", "NextToken")
    size: str = "MaxResults"
    code: str = "ValidationException"


def _iam(account: Account) -> Listing:
    for name in "ab":
        account.client("iam").create_user(UserName=name)
    marker = ("Marker", "Marker")
    return Listing("iam", "list_users", {}, "list_roles", {}, marker, "MaxItems", "ValidationError")


def _voice_id(account: Account) -> Listing:
    key = account.client("kms").create_key()["KeyMetadata"]["KeyId"]
    voice = account.client("voice-id")
    domains = [
        voice.create_domain(Name=name, ServerSideEncryptionConfiguration={"KmsKeyId": key})["Domain"]["DomainId"]
        for name in "ab"
    ]
    for speaker in "ab":
        voice.opt_out_speaker(DomainId=domains[0], SpeakerId=speaker)
    return Listing("voice-id", "list_speakers", {"DomainId": domains[0]}, "list_speakers", {"DomainId": domains[1]})


def _cases(account: Account) -> Listing:
    cases = account.client("connectcases")
    domain = cases.create_domain(name="desk")["domainId"]
    for name in "ab":
        cases.create_template(domainId=domain, name=name)
    of = {"domainId": domain}
    return Listing("connectcases", "list_templates", of, "list_fields", of, ("nextToken", "nextToken"), "maxResults")


def _eventbridge(account: Account) -> Listing:
    events = account.client("events")
    for name in "ab":
        events.put_rule(Name=name, EventPattern='{"source": ["x"]}')
    return Listing("events", "list_rules", {}, "list_rules", {"NamePrefix": "b"}, size="Limit")


def _sqs(account: Account) -> Listing:
    sqs = account.client("sqs")
    for name in "ab":
        sqs.create_queue(QueueName=name)
    other = {"QueueNamePrefix": "b"}
    return Listing("sqs", "list_queues", {}, "list_queues", other, code="InvalidParameterValue")


def _s3(account: Account) -> Listing:
    s3, bucket = account.client("s3"), f"pages-{account.account_id}"
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    for key in "ab":
        s3.put_object(Bucket=bucket, Key=key)
    token = ("NextContinuationToken", "ContinuationToken")
    of, other = {"Bucket": bucket}, {"Bucket": bucket, "Prefix": "b"}
    return Listing("s3", "list_objects_v2", of, "list_objects_v2", other, token, "MaxKeys", "InvalidArgument")


def _cloudtrail(account: Account) -> Listing:
    for _ in range(2):
        account.client("kms").create_key()
    of_kms = {"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "CreateKey"}]}
    return Listing(
        "cloudtrail", "lookup_events", of_kms, "lookup_events", {}, size="MaxResults", code="InvalidNextTokenException"
    )


LISTINGS = [_iam, _voice_id, _cases, _eventbridge, _sqs, _s3, _cloudtrail]


@pytest.fixture(params=LISTINGS, ids=[make.__name__.strip("_") for make in LISTINGS])
def listing(request: pytest.FixtureRequest, account: Account) -> Listing:
    made: Listing = request.param(account)
    return made


def test_a_token_goes_on_with_its_own_list_whatever_the_size_of_the_page(account: Account, listing: Listing) -> None:
    given, taken = listing.token
    ask = getattr(account.client(listing.service), listing.operation)
    first = ask(**listing.parameters, **{listing.size: 1})
    second = ask(**listing.parameters, **{listing.size: 2, taken: first[given]})
    assert _items(first)
    assert _items(second)
    assert not [item for item in _items(first) if item in _items(second)]


def test_a_token_is_refused_by_another_list(account: Account, listing: Listing) -> None:
    given, taken = listing.token
    client = account.client(listing.service)
    first = getattr(client, listing.operation)(**listing.parameters, **{listing.size: 1})
    with refused(listing.code):
        getattr(client, listing.other_operation)(**listing.other_parameters, **{taken: first[given]})


def _items(answer: dict[str, Any]) -> list[Any]:
    """The one list of a page."""
    return next(value for value in answer.values() if isinstance(value, list))
