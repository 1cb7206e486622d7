"""What became of an event, for the control API: never what it says."""

from __future__ import annotations

from typing import Any

from services.eventbridge.publish import as_text
from shared.database import Database, Row


def happened(database: Database, row: Row) -> dict[str, Any]:
    """One event: when it was published and reached its bus, which rules wanted it, and what came of each delivery."""
    deliveries = database.select("event_deliveries", {"event_id": row["event_id"]}, order=["sequence"])
    arrived_at = row["arrived_at"]
    return {
        "EventId": row["event_id"],
        "Account": row["account_id"],
        "Region": row["region"],
        "EventBusArn": row["bus_arn"],
        "State": row["state"],
        "PublishedAt": as_text(row["published_at"]),
        "DueAt": as_text(row["due_at"]),
        "ArrivedAt": None if arrived_at is None else as_text(arrived_at),
        "Deliveries": [
            {
                "RuleArn": delivery["rule_arn"],
                "TargetId": delivery["target_id"],
                "TargetArn": delivery["target_arn"],
                "State": delivery["state"],
                "Attempts": delivery["attempts"],
                "NextAttemptAt": as_text(delivery["due_at"]) if delivery["state"] == "PENDING" else None,
                "ErrorCode": delivery["error_code"],
                "ErrorMessage": delivery["error_message"],
            }
            for delivery in deliveries
        ],
    }
