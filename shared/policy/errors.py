"""What the policy language raises."""

from __future__ import annotations

from shared.errors import Refusal


class MalformedPolicy(Refusal):
    """A policy document that AWS would not take; the message says which rule it breaks."""
