"""What the policy language raises."""

from __future__ import annotations

from shared.errors import Refusal

NO_VENDOR = "Actions/Conditions must be prefaced by a vendor, e.g., iam, sdb, ec2, etc."
"""Of an action or a condition key without a prefix. Source: observed."""

SYNTAX_ERRORS = "Syntax errors in policy."
"""All that IAM and STS say of a breach of the grammar. Source: observed."""


class MalformedPolicy(Refusal):
    """A policy document that AWS would not take; the message says which rule it breaks."""


class PolicySyntaxError(MalformedPolicy):
    """A breach of the grammar, of which IAM says only that there is one."""


class InvalidJson(PolicySyntaxError):
    """A text that is no JSON."""
