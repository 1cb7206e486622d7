"""The resources that an identity policy can name: IAM reads their ARNs more closely than its grammar says.

A policy is checked when it comes in; one that is there is taken as it is.

Source: from memory of the service, the texts too; IAM User Guide, "IAM JSON policy elements: Resource": the service has
no wildcards.
Inferred: a partition may have them, as in AWS's own managed policies, and an S3 ARN with an account may have a Region,
as access points do.
"""

from __future__ import annotations

from shared.catalog import PARTITION
from shared.policy.document import Policy
from shared.policy.errors import LEGACY_PARSING, MalformedPolicy

_IAM_TYPES = (
    "user/",
    "federated-user/",
    "role/",
    "group/",
    "instance-profile/",
    "mfa/",
    "server-certificate/",
    "policy/",
    "sms-mfa/",
    "saml-provider/",
    "oidc-provider/",
    "report/",
    "access-report/",
)


def check_resources(policy: Policy) -> None:
    """Raises: MalformedPolicy for what IAM takes for no resource."""
    for statement in policy.statements:
        for text in statement.resources.texts if statement.resources else ():
            if text != "*":
                _check_arn(text)


def _check_arn(text: str) -> None:
    parts = text.split(":", 5)
    if "::" in text and len(parts) < 6:
        raise MalformedPolicy(LEGACY_PARSING)
    _check_partition(parts)
    if len(parts) < 3 or not parts[2] or _is_pattern(parts[2]):
        raise MalformedPolicy("Resource vendor must be fully qualified and cannot contain regexes.")
    if len(parts) == 6:
        _check_place(text, *parts[2:])


def _check_partition(parts: list[str]) -> None:
    partition = parts[1]
    if partition != PARTITION and not _is_pattern(partition):
        whole = [*parts, *["*"] * (6 - len(parts))]
        raise MalformedPolicy(f'Partition "{partition}" is not valid for resource "{":".join(whole)}".')


def _check_place(text: str, service: str, region: str, account: str, resource: str) -> None:
    """What IAM knows of its own resources and of buckets, which are global."""
    if service == "s3" and region and not account:
        raise MalformedPolicy(f"Resource {text} can not contain region information.")
    if service != "iam":
        return
    if region not in ("", "*"):
        raise MalformedPolicy(f"IAM resource {text} cannot contain region information.")
    if resource != "*" and not resource.startswith(_IAM_TYPES):
        raise MalformedPolicy(f'IAM resource path must either be "*" or start with {", ".join(_IAM_TYPES)}.')


def _is_pattern(part: str) -> bool:
    return "*" in part or "?" in part
