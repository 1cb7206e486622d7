"""What can happen to a key, or to the data under it. Each is tried on every owner's key, whoever may do it.

An event that the customer cannot cause is tried all the same, and what it met becomes part of the cell.
`HAPPENINGS` are what the comparison tries; `ACTIONS` are what the page's buttons do to one key, healing included.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from services.console.drivers import Driver, NoSuchOperation

if TYPE_CHECKING:
    from services.console.world import World

Attempt = Callable[["World", Driver, str], None]
"""Does it to the key ARN of a driver's A. Raises what it meets."""

DENIAL = "no decryption for anyone"
"""The Sid of the statement that "Deny in policy" adds, and by which it is found again."""


def _nothing(world: World) -> None:
    pass


@dataclass(frozen=True)
class Happening:
    """One event. through: read A's data by B's identifiers. at_once: do it to all keys, conclude, then read."""

    name: str
    title: str
    attempt: Attempt
    through: str | None = None
    at_once: bool = False
    conclude: Callable[[World], None] = _nothing

    def happen(self, world: World, driver: Driver) -> str:
        """Try it; returns what it met if it was refused, else nothing."""
        try:
            self.attempt(world, driver, key_of(world, driver))
        except NoSuchOperation as error:
            return str(error)
        except ClientError as error:
            return f"refused: {error.response['Error']['Code']}"
        return ""


def key_of(world: World, driver: Driver) -> str:
    """The ARN of the key of A, as whoever holds the disk can read it; a customer sees only its own."""
    scope = world.simulator.database.find("scopes", {"arn": driver.scope_arn("a")})
    if scope is None:
        raise LookupError(driver.scope_arn("a"))
    return str(scope["key_arn"])


def _leave_alone(world: World, driver: Driver, key: str) -> None:
    pass


def _disable(world: World, driver: Driver, key: str) -> None:
    world.kms.disable_key(KeyId=key)


def _revoke_grant(world: World, driver: Driver, key: str) -> None:
    grants = world.kms.list_grants(KeyId=key)["Grants"]
    if not grants:
        raise NoSuchOperation("there is no grant on this key")
    for grant in grants:
        world.kms.revoke_grant(KeyId=key, GrantId=grant["GrantId"])


def _deny_in_policy(world: World, driver: Driver, key: str) -> None:
    policy = json.loads(world.kms.get_key_policy(KeyId=key)["Policy"])
    policy["Statement"].append(
        {
            "Sid": DENIAL,
            "Effect": "Deny",
            "Principal": "*",
            "Action": "kms:Decrypt",
            "Resource": "*",
        }
    )
    world.kms.put_key_policy(KeyId=key, Policy=json.dumps(policy))


def _restore_policy(world: World, driver: Driver, key: str) -> None:
    policy = json.loads(world.kms.get_key_policy(KeyId=key)["Policy"])
    kept = [statement for statement in policy["Statement"] if statement.get("Sid") != DENIAL]
    if kept == policy["Statement"]:
        raise NoSuchOperation("the policy has no such denial")
    world.kms.put_key_policy(KeyId=key, Policy=json.dumps({**policy, "Statement": kept}))


def _enable(world: World, driver: Driver, key: str) -> None:
    world.kms.enable_key(KeyId=key)


def _schedule_deletion(world: World, driver: Driver, key: str) -> None:
    world.kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)


def _cancel(world: World, driver: Driver, key: str) -> None:
    world.kms.cancel_key_deletion(KeyId=key)


def _cancel_deletion(world: World, driver: Driver, key: str) -> None:
    _schedule_deletion(world, driver, key)
    _cancel(world, driver, key)
    _enable(world, driver, key)


def _rotate(world: World, driver: Driver, key: str) -> None:
    world.kms.rotate_key_on_demand(KeyId=key)


def _switch(world: World, driver: Driver, key: str) -> None:
    driver.switch(world.new_key("the new key"))
    world.simulator.jobs.run_all()
    _disable(world, driver, key)


def _swap(world: World, driver: Driver, key: str) -> None:
    from services.console.comparison import rows_of

    for row in rows_of(driver):
        world.swap_rows(driver, row)


def _the_waiting_period_ends(world: World) -> None:
    world.advance("P8D")


def _400_days_pass(world: World) -> None:
    world.advance("P400D")


HAPPENINGS: tuple[Happening, ...] = (
    Happening("nothing", "Nothing happens", _leave_alone),
    Happening("disable", "Disable the key", _disable),
    Happening("revoke-grant", "Revoke the grant", _revoke_grant),
    Happening("deny-in-policy", "Deny in the key policy", _deny_in_policy),
    Happening("schedule-deletion", "Schedule its deletion", _schedule_deletion),
    Happening("cancel-deletion", "Schedule, cancel, enable", _cancel_deletion),
    Happening("deleted", "Let it be deleted", _schedule_deletion, at_once=True, conclude=_the_waiting_period_ends),
    Happening("rotate", "Rotate it", _rotate),
    Happening("switch", "Switch it, disable the old", _switch),
    Happening("time-passes", "400 days pass", _leave_alone, at_once=True, conclude=_400_days_pass),
    Happening("swap-rows", "Swap two rows on disk", _swap),
    Happening("other-instance", "Read from another instance", _leave_alone, through="b"),
)

ACTIONS: dict[str, Happening] = {
    action.name: action
    for action in (
        Happening("disable", "Disable", _disable),
        Happening("enable", "Enable", _enable),
        Happening("revoke-grant", "Revoke grant", _revoke_grant),
        Happening("deny-in-policy", "Deny in policy", _deny_in_policy),
        Happening("restore-policy", "Restore policy", _restore_policy),
        Happening("schedule-deletion", "Schedule deletion", _schedule_deletion),
        Happening("cancel-deletion", "Cancel deletion", _cancel),
        Happening("rotate", "Rotate", _rotate),
        Happening("switch", "Switch key", _switch),
        Happening("swap-rows", "Swap two rows on disk", _swap),
    )
}
