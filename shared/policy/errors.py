"""What the policy language raises."""

from __future__ import annotations

from shared.errors import Refusal

NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
"""Of an action or a condition key without a prefix. Source: observed."""

INVALID_PRINCIPAL = "Policy contains a statement with one or more invalid principals."
"""As AWS KMS words it. Unverified: from memory of the service."""

SYNTAX_ERRORS = "Syntax errors in policy."
"""All that IAM and STS say of a breach of the grammar. Source: from memory of the service."""

LEGACY_PARSING = "The policy failed legacy parsing"
"""Of an ARN with too few colons, and of a date that is none. Source: from memory of the service."""


class MalformedPolicy(Refusal):
    """A policy document that AWS would not take; the message says which rule it breaks."""


class InvalidPrincipal(MalformedPolicy):
    """A name that is no principal's. kind: such as "AWS"."""

    def __init__(self, kind: str, name: str) -> None:
        super().__init__(INVALID_PRINCIPAL)
        self.kind = kind
        self.name = name


class PolicySyntaxError(MalformedPolicy):
    """A breach of the grammar, of which IAM says only that there is one."""


class InvalidJson(PolicySyntaxError):
    """A text that is no JSON."""
