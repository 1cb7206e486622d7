"""The two kinds of refusal: what a caller on the wire meets, and what an engine raises for a service to word."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


class ServiceError(Exception):
    """A refusal as the caller meets it: an AWS error code, a message and the error shape's other members.

    code: as on the wire, such as "ResourceNotFoundException".
    status: HTTP status; None takes the one of the service model's error shape, else of
        `shared.aws.errors.STATUS_OF_COMMON_ERRORS`.
    logged: the message as the trail may keep it, where the message quotes values of the request.
    members: further members of the error shape, such as ResourceType.
    """

    def __init__(
        self, code: str, message: str = "", *, status: int | None = None, logged: str | None = None, **members: Any
    ) -> None:
        super().__init__(f"{code}: {message if logged is None else logged}")
        self.code = code
        self.message = message
        self.logged = message if logged is None else logged
        self.status = status
        self.members = members


class InvalidParameters(ServiceError):
    """Parameters that break constraints of the service model, as most services word it.

    broken: the path of each one in the request, such as "storageClass", with the value if it can be shown.
    """

    def __init__(self, code: str, message: str, *, logged: str, broken: Sequence[tuple[str, str | None]]) -> None:
        super().__init__(code, message, logged=logged)
        self.broken = broken


class Refusal(Exception):
    """Base of an engine's own exceptions: never on the wire as it is; the service maps it to a ServiceError."""

    def __init__(self, message: str = "") -> None:
        super().__init__(message)
        self.message = message
