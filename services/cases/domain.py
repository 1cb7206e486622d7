"""The domain as it rests, and the lists in it. No operations here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from kms.encrypted_store import Record
from kms.ownership import Scope
from services.cases import errors
from services.pages import page
from shared.catalog import arn as build_arn
from shared.identity import Caller

if TYPE_CHECKING:
    from services.call import ServiceCall

DOMAIN = "domain"


def domain_arn(caller: Caller, domain_id: str) -> str:
    return build_arn("cases", caller.region, caller.account_id, f"domain/{domain_id}")


def register_arn(caller: Caller) -> str:
    """Where the plain list of an account's domains stands."""
    return build_arn("cases", caller.region, caller.account_id, "domains")


def get_scope(call: ServiceCall, domain_id: str) -> Scope:
    """The scope of a domain of the caller's account and Region. Raises: ServiceError("ResourceNotFoundException")."""
    scope = call.store.find_scope(domain_arn(call.caller, domain_id))
    if scope is None:
        raise errors.not_found("Domain", domain_id)
    return scope


def get_record(call: ServiceCall, scope: Scope, data_class: str, kind: str, record_id: str) -> Record:
    """kind: as Cases names it. Raises: ServiceError("ResourceNotFoundException")."""
    record = call.store.find(scope.arn, data_class, record_id)
    if record is None:
        raise errors.not_found(kind, record_id)
    return record


def refuse_name_taken(call: ServiceCall, scope: Scope, data_class: str, name: str, but: str = "") -> None:
    """Names of fields and of templates are unique in a domain. Raises: ServiceError("ConflictException")."""
    for record in call.store.stream(scope.arn, data_class):
        if record.attributes["name"] == name and record.record_id != but:
            raise errors.conflict(f"The name {name} is taken in this domain.")


def list_page(
    call: ServiceCall, scope_arn: str, data_class: str, *, parent: str | None = None
) -> tuple[list[Record], str | None]:
    """One page of a list. Raises: ServiceError("ValidationException") for a token that was not given out."""
    return page(
        call,
        lambda after, limit: call.store.page(scope_arn, data_class, parent=parent, after=after, limit=limit),
        10,
        errors.invalid_token(),
    )
