"""The rule as it rests: finding one, and the words in which the API shows it. No operations here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore, Record
from kms.ownership import Scope
from services.eventbridge import errors
from services.eventbridge.bus import DEFAULT_BUS, bus_name, get_bus
from services.eventbridge.data_classes import RULE
from shared.catalog import arn as build_arn

if TYPE_CHECKING:
    from services.call import ServiceCall

ENABLED, DISABLED = "ENABLED", "DISABLED"


@dataclass(frozen=True)
class Rule:
    """bus: whose events it sees. record: pattern and description sealed, state and tags in the clear."""

    bus: Scope
    record: Record

    @property
    def name(self) -> str:
        return self.record.record_id

    @property
    def arn(self) -> str:
        return rule_arn(self.bus.region, self.bus.account_id, bus_name(self.bus.arn), self.name)

    @property
    def is_enabled(self) -> bool:
        return bool(self.record.attributes["State"] != DISABLED)


def rule_arn(region: str, account_id: str, bus: str, name: str) -> str:
    """A rule of the default bus does not name it."""
    path = name if bus == DEFAULT_BUS else f"{bus}/{name}"
    return build_arn("events", region, account_id, f"rule/{path}")


def get_rule(call: ServiceCall, name: str, bus_name_or_arn: str | None) -> Rule:
    """Raises: ServiceError("ResourceNotFoundException")."""
    bus = get_bus(call, bus_name_or_arn)
    record = call.store.find(bus.arn, RULE, name)
    if record is None:
        raise errors.not_found(f"Rule {name} does not exist on EventBus {bus_name(bus.arn)}.")
    return Rule(bus, record)


def shown(store: EncryptedStore, rule: Rule) -> dict[str, Any]:
    """A rule as DescribeRule and ListRules show it. Raises: KmsRefusal."""
    return {
        "Name": rule.name,
        "Arn": rule.arn,
        "EventBusName": bus_name(rule.bus.arn),
        "State": rule.record.attributes["State"],
        "RoleArn": rule.record.attributes.get("RoleArn"),
        **store.reveal(rule.record),
    }
