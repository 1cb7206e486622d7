"""What the comparison knows of a service: how one person's data is stored in it, and how each class of it is read.

All of it through the public API. A driver holds one service under one ownership model, in two instances, A and B
(domains, knowledge bases, Connect instances): A is what happens to, B is the neighbour. What a driver made it keeps in
`ids`, which is JSON.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from services.console.clients import InProcess
from shared.catalog import arn

PERSON = {
    "first": "Ada",
    "last": "Lovelace",
    "phone": "+14255550123",
    "speaker": "customer-ada-4711",
    "note": "Ada asked to be called back about her mortgage.",
    "document": "What to say when a caller asks for Ada Lovelace's balance.",
}

Read = Callable[[], Any]


class NoSuchOperation(Exception):
    """The service has no operation for this; the text says what its customers do instead."""


@dataclass
class Driver(ABC):
    """One service under one ownership model. key_arn: the customer's key, None where the customer has none.

    dial: lets the dialer of outbound campaigns take what is queued; the one thing that has no AWS operation.
    """

    person: InProcess
    account_id: str
    key_arn: str | None = None
    dial: Callable[[str], list[dict[str, Any]]] | None = None
    ids: dict[str, str] = field(default_factory=dict)

    service: ClassVar[str]
    ownership: ClassVar[str]

    @property
    def client(self) -> Any:
        return self.person.client(self.service)

    def arn(self, resource: str, service: str | None = None) -> str:
        return arn(service or self.service, self.person.region, self.account_id, resource)

    @abstractmethod
    def store(self) -> None:
        """Make A and B and store the person's data in both."""

    @abstractmethod
    def scope_arn(self, instance: str) -> str:
        """The ARN of the scope that protects an instance's data."""

    @abstractmethod
    def reads(self, instance: str, through: str | None = None) -> dict[str, tuple[Read, Any]]:
        """By data class: how to read an instance's data, and what that must give.

        through: the instance by which it is asked for, if it is not its own.
        """

    def switch(self, new_key_arn: str) -> None:
        """Give A another key. Raises: NoSuchOperation."""
        raise NoSuchOperation("the key is the service's own; there is nothing to switch")
