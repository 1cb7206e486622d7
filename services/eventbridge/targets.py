"""Targets of a rule: put, list, remove. Queues are the targets that are simulated."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from kms.encrypted_store import EncryptedStore, Record
from services.eventbridge import errors, target_input
from services.eventbridge.data_classes import TARGET
from services.eventbridge.lists import list_page
from services.eventbridge.rule import Rule, get_rule
from services.eventbridge.target_input import INPUTS
from services.passing_roles import authorize_passing

if TYPE_CHECKING:
    from services.call import ServiceCall

MAX_TARGETS = 5
"""Per rule. Source: "Amazon EventBridge quotas"."""

_PLAIN = ("Arn", "RoleArn", "DeadLetterConfig", "RetryPolicy")
_QUEUE_ARN = re.compile(r"arn:aws:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}")


def put_targets(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Add targets to a rule, replacing those of the same ids. All are checked before one is stored."""
    rule = get_rule(call, parameters["Rule"], parameters.get("EventBusName"))
    targets = parameters["Targets"]
    for target in targets:
        _check(target)
        if "RoleArn" in target:
            authorize_passing(call, target["RoleArn"], for_resource=rule.arn)
    ids = {record.record_id for record in of_rule(call.store, rule)} | {
        _record_id(rule.name, target["Id"]) for target in targets
    }
    if len(ids) > MAX_TARGETS:
        raise errors.limit_exceeded("targets of a rule", MAX_TARGETS)
    for target in targets:
        protected = {member: target[member] for member in INPUTS if member in target}
        attributes = {"Id": target["Id"], **{member: target[member] for member in _PLAIN if member in target}}
        call.store.put(rule.bus, TARGET, _record_id(rule.name, target["Id"]), protected, attributes, parent=rule.name)
    return {"FailedEntryCount": 0, "FailedEntries": []}


def list_targets_by_rule(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    rule = get_rule(call, parameters["Rule"], parameters.get("EventBusName"))
    records, token = list_page(call, of_rule(call.store, rule))
    return {
        "Targets": [{**record.attributes, **call.store.reveal(record)} for record in records],
        "NextToken": token,
    }


def remove_targets(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    """Events that wait for a target that is removed are not delivered to it."""
    rule = get_rule(call, parameters["Rule"], parameters.get("EventBusName"))
    failed = []
    for target_id in parameters["Ids"]:
        record = find(call.store, rule.bus.arn, rule.name, target_id)
        if record is None:
            message = f"Rule {rule.name} has no target {target_id}."
            failed.append({"TargetId": target_id, "ErrorCode": "ResourceNotFoundException", "ErrorMessage": message})
        else:
            call.store.delete(record)
    return {"FailedEntryCount": len(failed), "FailedEntries": failed}


def of_rule(store: EncryptedStore, rule: Rule) -> list[Record]:
    return store.page(rule.bus.arn, TARGET, parent=rule.name)


def find(store: EncryptedStore, bus_arn: str, rule_name: str, target_id: str) -> Record | None:
    return store.find(bus_arn, TARGET, _record_id(rule_name, target_id))


def _record_id(rule_name: str, target_id: str) -> str:
    return f"{rule_name}/{target_id}"


def _check(target: dict[str, Any]) -> None:
    """Raises: ServiceError("ValidationException")."""
    for member in target.keys() - {"Id", *_PLAIN, *INPUTS}:
        raise errors.invalid(f"{member} of a target is not simulated.")
    dead_letter = target.get("DeadLetterConfig", {}).get("Arn")
    for arn in [target["Arn"], *([dead_letter] if dead_letter else [])]:
        if not _QUEUE_ARN.fullmatch(arn):
            reason = f"{arn} is not the ARN of a standard SQS queue, the one kind of target that is simulated."
            raise errors.invalid(f"Provided Arn is not in correct format. Reason: {reason}")
    target_input.check(target)
