"""What EventBridge protects: whole events while it holds them, and what customers write into rules and targets.

Always under its own key, of which no customer sees anything. A bus under a customer managed key is not simulated.

Source: the seed for staged payloads (C6, C7); "Data encryption in Amazon EventBridge" for patterns and inputs. The
encryption context is our choice: no customer sees it.
"""

from __future__ import annotations

from kms.data_class import DataClass
from kms.ownership import AwsOwned, Ownership
from shared.catalog import SERVICES

EVENT, RULE, TARGET = "event", "rule", "target"
CONTEXT_KEY = "aws:events:event-bus:arn"

_AWS = (AwsOwned.kind,)

DATA_CLASSES: tuple[DataClass, ...] = (
    DataClass(
        EVENT,
        "Event payload while staged",
        frozenset({"Source", "DetailType", "Detail", "Resources", "Event"}),
        _AWS,
        ("C7",),
    ),
    DataClass(RULE, "Event pattern and description of a rule", frozenset({"EventPattern", "Description"}), _AWS),
    DataClass(TARGET, "Input of a target", frozenset({"Input", "InputPath", "InputTransformer"}), _AWS),
)

OWNERSHIPS: tuple[Ownership, ...] = (AwsOwned(SERVICES["events"]),)
