"""From AWS's spelling to the engine's and back: KeyId is key_id, and a dataclass is a structure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Concatenate, TypeVar

from botocore import xform_name

from kms.operation import KmsCall
from kms.paging import Page
from shared.errors import ServiceError

if TYPE_CHECKING:
    from services.call import ServiceCall

R = TypeVar("R")


def perform(
    call: ServiceCall,
    operation: Callable[Concatenate[KmsCall, ...], R],
    parameters: Mapping[str, Any],
    **others: Any,
) -> R:
    """Call the engine as the request's caller. others: arguments that need more than another spelling."""
    arguments = {xform_name(name): value for name, value in parameters.items()}
    return call.kms.perform(call.caller, operation, **{**arguments, **others})


def refuse_unsimulated(parameters: Mapping[str, Any], *names: str) -> None:
    """Refuse members that the engine knows nothing of, by their names, rather than pass over them."""
    for name in names:
        if name in parameters:
            raise ServiceError("UnsupportedOperationException", f"{name} is not simulated.")


def require(parameters: Mapping[str, Any], name: str) -> None:
    """Refuse a request without a member that only what is not simulated could stand in for."""
    if name not in parameters:
        raise ServiceError("ValidationException", f"{name} is required.")


def wire(result: Any) -> dict[str, Any]:
    """A dataclass of the engine under AWS's names: key_id is KeyId."""
    return {pascal(field.name): getattr(result, field.name) for field in fields(result)}


def pascal(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_"))


def wire_page(page: Page[Any], member: str, items: list[Any]) -> dict[str, Any]:
    """A page of a list under AWS's names; NextMarker stands only where there is more."""
    more = page.next_marker is not None
    return {member: items, "Truncated": more, **({"NextMarker": page.next_marker} if more else {})}
