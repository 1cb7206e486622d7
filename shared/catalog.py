"""The simulated AWS services as identities: what each is called, and the account in which its own keys live.

Source: signing names, host prefixes and target prefixes are botocore's; service principals are the seed's for
Voice ID and by the same rule for the others; the service accounts are our choice.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from botocore.session import get_session

PARTITION = "aws"


@dataclass(frozen=True)
class AwsService:
    """client_name: as in `boto3.client(...)`. prefix: in host names, IAM actions, ARNs and signatures.

    account_id: the service's own account, the home of the keys that AWS owns. Nobody has credentials for it.
    """

    client_name: str
    prefix: str
    title: str
    account_id: str

    @property
    def short_title(self) -> str:
        """Its name without its family: Voice ID, Outbound campaigns."""
        short = self.title.removeprefix("Amazon Connect ").removeprefix("AWS ")
        return short[0].upper() + short[1:]

    @property
    def principal(self) -> str:
        return f"{self.prefix}.amazonaws.com"

    def via(self, region: str) -> str:
        """The value of kms:ViaService when this service calls KMS with its caller's session."""
        return f"{self.prefix}.{region}.amazonaws.com"


SERVICES: dict[str, AwsService] = {
    service.client_name: service
    for service in (
        AwsService("kms", "kms", "AWS KMS", "900000000001"),
        AwsService("sts", "sts", "AWS STS", "900000000002"),
        AwsService("iam", "iam", "AWS IAM", "900000000004"),
        AwsService("cloudtrail", "cloudtrail", "AWS CloudTrail", "900000000003"),
        AwsService("events", "events", "Amazon EventBridge", "900000000006"),
        AwsService("sqs", "sqs", "Amazon SQS", "900000000007"),
        AwsService("s3", "s3", "Amazon S3", "900000000005"),
        AwsService("connectcases", "cases", "Amazon Connect Cases", "900000000011"),
        AwsService("customer-profiles", "profile", "Amazon Connect Customer Profiles", "900000000012"),
        AwsService("voice-id", "voiceid", "Amazon Connect Voice ID", "900000000013"),
        AwsService("wisdom", "wisdom", "Amazon Connect Wisdom", "900000000014"),
        AwsService("connectcampaigns", "connect-campaigns", "Amazon Connect outbound campaigns", "900000000015"),
    )
}

BY_PRINCIPAL: dict[str, AwsService] = {service.principal: service for service in SERVICES.values()}
SERVICE_ACCOUNTS: frozenset[str] = frozenset(service.account_id for service in SERVICES.values())


@cache
def regions() -> frozenset[str]:
    """The Regions of the partition, as botocore knows them."""
    return frozenset(get_session().get_available_regions("kms", PARTITION))


def arn(service: str, region: str, account_id: str, resource: str) -> str:
    """An ARN in the partition we simulate; `service` is the ARN's service segment."""
    return f"arn:{PARTITION}:{service}:{region}:{account_id}:{resource}"
