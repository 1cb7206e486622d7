"""What was decided about a call, and by what: kept for a while, so that it can be explained.

A ruling holds the inputs of the decision as they were then: policies are texts that nobody changes, they are replaced.
So remembering one costs next to nothing, and all wording is done by `shared/explanations.py` when somebody asks. The
newest `KEPT` events with an allowed outcome and as many refused ones are remembered, in memory only: a flood of the one
kind does not wash the other away, and a restart forgets both.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.identity import NamedPolicy, Principal
from shared.policy import PolicyKind, PolicyRequest

KEPT = 1_000


@dataclass(frozen=True, slots=True)
class GrantVerdict:
    """Why one grant allowed a call or did not. reason: a sentence for people."""

    grant_id: str
    name: str | None
    grantee: str
    matched: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Ruling:
    """One decision.

    refusal: the reason in AWS's words, None if the call is allowed.
    resource_policy: of the resource itself, where that has a say. resource_kind: of which kind that is.
    resource_request: what it was asked, if not the same as what the policies on the principal were asked.
    grants: those that were asked; None if none were.
    note: what else decided, as a sentence for people.
    resource_account_id: the owner of the resource, if its ARN does not tell.
    """

    principal: Principal
    request: PolicyRequest
    refusal: str | None
    resource_policy: NamedPolicy | None = None
    resource_request: PolicyRequest | None = None
    grants: tuple[GrantVerdict, ...] | None = None
    note: str | None = None
    resource_kind: PolicyKind = PolicyKind.RESOURCE
    resource_account_id: str | None = None

    @property
    def is_explicit(self) -> bool:
        """Whether a Deny statement refuses it."""
        return self.refusal is not None and self.refusal.startswith("with")


@dataclass(frozen=True, slots=True)
class RuledEvent:
    """One call with the rulings behind it. event_ids: one per trail that holds it, none for a call on data."""

    event_ids: tuple[str, ...]
    request_id: str
    source: str
    name: str
    time: float
    error_code: str | None
    error_message: str | None
    rulings: Sequence[Ruling]

    @property
    def was_denied(self) -> bool:
        return any(ruling.refusal is not None for ruling in self.rulings)


class RulingLog:
    """The newest events of one world that were ruled on."""

    def __init__(self) -> None:
        self._allowed: deque[RuledEvent] = deque(maxlen=KEPT)
        self._denied: deque[RuledEvent] = deque(maxlen=KEPT)

    def remember(self, event: RuledEvent) -> None:
        (self._denied if event.was_denied else self._allowed).append(event)

    def of_event(self, event_id: str) -> list[RuledEvent]:
        """The event; and if it failed though it was allowed itself, the refused ones behind it: a service's calls."""
        event = next((event for event in self._all() if event_id in event.event_ids), None)
        if event is None:
            return []
        if event.error_code is None or event.was_denied:
            return [event]
        return [event, *(other for other in self.of_request(event.request_id) if other.was_denied)]

    def event_ids(self) -> frozenset[str]:
        """The ids of all events that are remembered and were decided on."""
        return frozenset(event_id for event in self._all() if event.rulings for event_id in event.event_ids)

    def of_request(self, request_id: str) -> list[RuledEvent]:
        """Refused ones first: they are why one asks."""
        return [event for event in self._all() if event.request_id == request_id]

    def last_denied(self) -> RuledEvent | None:
        return self._denied[-1] if self._denied else None

    def clear(self) -> None:
        self._allowed.clear()
        self._denied.clear()

    def _all(self) -> Iterator[RuledEvent]:
        yield from self._denied
        yield from self._allowed
