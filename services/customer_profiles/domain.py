"""The domain as it rests, and whose key protects what in it. No operations here.

A domain's settings are plain; profiles and objects are sealed under the domain's scope, and the objects of a type that
has a key of its own under the type's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

from kms.encrypted_store import Record
from kms.errors import KmsRefusal
from kms.ownership import AwsManaged, CustomerManaged, Provision, Scope
from services.customer_profiles import errors
from services.customer_profiles.data_classes import CONTEXT_KEY
from services.pages import page
from services.scope_keys import is_key_of
from shared.catalog import arn as build_arn
from shared.identity import Caller

if TYPE_CHECKING:
    from services.call import ServiceCall

Result = TypeVar("Result")

DOMAIN = "domain"
"""The data class of the plain settings of a domain."""


@dataclass(frozen=True)
class Domain:
    """scope: whose key protects it. record: its settings, by its name."""

    scope: Scope
    record: Record

    @property
    def arn(self) -> str:
        return self.scope.arn

    @property
    def name(self) -> str:
        return self.record.record_id


def domain_arn(caller: Caller, name: str) -> str:
    return build_arn("profile", caller.region, caller.account_id, f"domains/{name}")


def object_type_arn(caller: Caller, domain: str, name: str) -> str:
    return f"{domain_arn(caller, domain)}/object-types/{name}"


def register_arn(caller: Caller) -> str:
    """Where the plain list of an account's domains stands."""
    return build_arn("profile", caller.region, caller.account_id, "domains")


def require_domain(call: ServiceCall, name: str) -> Domain:
    """A domain of the caller's account and Region. Raises: ServiceError("ResourceNotFoundException")."""
    record = call.store.find(register_arn(call.caller), DOMAIN, name)
    if record is None:
        raise errors.not_found(f"Domain {name}")
    return Domain(call.store.get_scope(domain_arn(call.caller, name)), record)


def protect(call: ServiceCall, arn: str, key_id: str | None) -> Scope:
    """Put a new domain or object type under a key; without one, under the account's AWS managed key.

    Raises: ServiceError("BadRequestException") for a key that cannot serve;
    ServiceError("AccessDeniedException") for a right that the caller lacks.
    """
    context = {CONTEXT_KEY: arn.partition("/object-types/")[0]}
    kind = CustomerManaged.kind if key_id else AwsManaged.kind
    return _with_key_errors(lambda: call.store.create_scope(arn, kind, context, key_id=key_id or None))


def switch_key(call: ServiceCall, scope: Scope, key_id: str) -> Scope:
    """Give a scope another key: new data goes under it at once, old data is moved by a job, readable meanwhile.

    key_id: empty for the AWS managed key. Raises: as `protect`.
    """
    if not key_id:
        if scope.ownership == AwsManaged.kind:
            return scope
        return _moved(call, scope, lambda: call.store.rekey_scope(scope, AwsManaged.kind))
    if _with_key_errors(lambda: is_key_of(call, scope, key_id)):
        return scope
    return _moved(call, scope, lambda: call.store.rekey_scope(scope, CustomerManaged.kind, key_id=key_id))


def forget(call: ServiceCall, scope: Scope) -> None:
    """Delete a scope with its data, and give up its key, and those from which data was still to be moved."""
    call.simulator.reencryption.abandon(scope, call.store)
    call.store.delete_scope(scope)


def customer_key(scope: Scope | None) -> str | None:
    """The key that a customer gave, as the API shows it: none for the AWS managed key."""
    return scope.key_arn if scope is not None and scope.ownership == CustomerManaged.kind else None


def list_page(call: ServiceCall, scope_arn: str, data_class: str, **where: Any) -> Any:
    """One page of records, and the token of the next. Raises: ServiceError("BadRequestException")."""
    return page(
        call,
        lambda after, limit: call.store.page(scope_arn, data_class, after=after, limit=limit, **where),
        100,
        errors.invalid_token(),
    )


def _moved(call: ServiceCall, before: Scope, rekey: Callable[[], Scope]) -> Scope:
    scope = _with_key_errors(rekey)
    call.simulator.reencryption.start(scope, Provision(before.key_arn, before.grant_id))
    return scope


def _with_key_errors(action: Callable[[], Result]) -> Result:
    try:
        return action()
    except KmsRefusal as refusal:
        raise errors.unusable_key(refusal) from refusal
