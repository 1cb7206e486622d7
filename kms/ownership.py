"""Who owns the key that protects a scope of data: AWS, AWS in the customer's account, the customer, or one instance.

The four kinds differ in the answers below and nowhere else: which KMS key, in which account; whose calls reach it, by
whose grant; who sees it; how long it lives; who pays. The encrypted store asks, and the comparison is computed from it.

Follows the seed (claims C4, P8, W3, V6, O3, O6, G3) and "AWS KMS concepts: customer keys and AWS keys".
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from kms import aws_managed, errors, grant_creation, grant_operations, key_specs, keys, new_keys
from kms.aws_managed import YEAR_DAYS
from kms.engine import Engine, Session
from kms.grants import NOT_ENDED
from kms.key import SERVICE, KmsKey, find_key
from kms.key_policy import aws_owned_policy
from kms.times import DAY_SECONDS
from shared.catalog import AwsService
from shared.database import Row
from shared.identity import Caller, service_caller


@dataclass(frozen=True)
class Scope:
    """What one owner protects: a domain, a knowledge base, an instance.

    service: boto3 client name. not_after: seconds since the epoch, None for a key that does not expire.
    encryption_context: what every cryptographic call on behalf of this scope carries.
    """

    arn: str
    service: str
    account_id: str
    region: str
    ownership: str
    key_arn: str
    grant_id: str | None
    encryption_context: dict[str, str]
    generation: int
    not_after: float | None
    created_at: float

    @classmethod
    def from_row(cls, row: Row) -> Scope:
        return cls(**row)


@dataclass(frozen=True)
class Provision:
    """The key an owner provides for a scope, and the grant by which its service uses it."""

    key_arn: str
    grant_id: str | None = None
    not_after: float | None = None


@dataclass(frozen=True)
class Ownership(ABC):
    """One service's use of one ownership model."""

    service: AwsService

    kind: ClassVar[str]
    title: ClassVar[str]
    key_lives_in: ClassVar[str]
    customer_sees_key: ClassVar[bool]
    lifetime: ClassVar[str]

    @abstractmethod
    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        """Find or make the scope's key, as `caller` and on its behalf. Raises: KmsRefusal."""

    @abstractmethod
    def users(self, scope: Scope, caller: Caller | None) -> Sequence[Caller]:
        """Who asks KMS for the scope's data keys; all must be allowed. caller: None for background work."""

    def release(self, kms: Session, scope_arn: str, region: str, provision: Provision) -> None:
        """Give up a key that protects nothing of the scope any more."""
        return

    def still_holds(self, kms: Session, provision: Provision) -> bool:
        """Whether what was provided is still there: a grant can be revoked or retired behind its service's back."""
        return True

    def alone(self, region: str, scope_arn: str) -> Caller:
        """The service calling on its own, for the owner of the scope."""
        return service_caller(self.service, region, source_arn=scope_arn)


class AwsOwned(Ownership):
    """One key of the service's own, for all its customers; it lives in the service's account."""

    kind = "AWS_OWNED"
    title = "AWS owned"
    key_lives_in = "service account"
    customer_sees_key = False
    lifetime = "rotated yearly by the service"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        where = {
            "account_id": self.service.account_id,
            "region": caller.region,
            "description": f"{self.service.title}: all customers",
        }
        row = kms.engine.database.find("kms_keys", where)
        if row is not None:
            return Provision(row["arn"])
        return Provision(add_service_key(kms.engine, self.service, caller.region, where["description"]).arn)

    def users(self, scope: Scope, caller: Caller | None) -> Sequence[Caller]:
        return (self.alone(scope.region, scope.arn),)


@dataclass(frozen=True)
class ByGrant(Ownership):
    """A key in the customer's account, which the service reaches by a grant that the customer's call made it.

    grant_operations: what the grant allows. caller_must_decrypt: the caller of a foreground operation needs
    kms:Decrypt itself, besides the service's grant.
    """

    grant_operations: tuple[str, ...] = ()
    caller_must_decrypt: bool = False

    key_lives_in = "customer account"
    customer_sees_key = True

    def users(self, scope: Scope, caller: Caller | None) -> Sequence[Caller]:
        service = self.alone(scope.region, scope.arn)
        if self.caller_must_decrypt and caller is not None:
            return (service, caller.through(self.service))
        return (service,)

    def still_holds(self, kms: Session, provision: Provision) -> bool:
        where = {"grant_id": provision.grant_id, "key_arn": provision.key_arn, **NOT_ENDED}
        return kms.engine.database.find("grants", where) is not None

    def release(self, kms: Session, scope_arn: str, region: str, provision: Provision) -> None:
        if not self.still_holds(kms, provision) or find_key(kms.engine.database, provision.key_arn) is None:
            return
        kms.perform(
            self.alone(region, scope_arn),
            grant_operations.retire_grant,
            key_id=provision.key_arn,
            grant_id=provision.grant_id,
        )

    def _grant(self, kms: Session, session: Caller, key: KmsKey, context: dict[str, str]) -> Provision:
        """Make the service its grant, as the customer."""
        grant = kms.perform(
            session,
            grant_creation.create_grant,
            key_id=key.arn,
            grantee_principal=self.service.principal,
            retiring_principal=self.service.principal,
            operations=self.grant_operations,
            constraints={"EncryptionContextSubset": context},
        )
        return Provision(key.arn, grant.grant_id)


class CustomerManaged(ByGrant):
    """The customer's own key: theirs to disable, to delete, to share, and to take from the service."""

    kind = "CUSTOMER_MANAGED"
    title = "customer managed"
    lifetime = "the customer's choice"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        if key_id is None:
            raise errors.InvalidRequest("A customer managed key is required.")
        session = caller.through(self.service)
        key = kms.perform(session, keys.describe_key, key_id=key_id)
        _check_usable(key)
        return self._grant(kms, session, key, context)


class AwsManaged(ByGrant):
    """The account's key for the service, alias/aws/<service>: seen by the customer, changed by nobody."""

    kind = "AWS_MANAGED"
    title = "AWS managed"
    lifetime = "rotated yearly"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        key = aws_managed.key_of(kms.engine, caller, self.service.prefix)
        return self._grant(kms, caller.through(self.service), key, context)


class BySession(Ownership):
    """A key in the customer's account, which the service reaches only with the session of whoever calls it.

    No grant, so no background work: a caller whose right is taken away is refused at the next call.
    """

    key_lives_in = "customer account"
    customer_sees_key = True

    def users(self, scope: Scope, caller: Caller | None) -> Sequence[Caller]:
        if caller is None:
            raise errors.AccessDenied(f"{self.service.title} reaches this key with its caller's session only.")
        return (caller.through(self.service),)


class SessionCustomerManaged(BySession):
    """The customer's own key, used with the caller's session: as S3 uses the key of SSE-KMS.

    Its scopes name it by ARN, and nobody is asked before the first use.
    """

    kind = "CUSTOMER_MANAGED"
    title = "customer managed"
    lifetime = "the customer's choice"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        if key_id is None:
            raise errors.InvalidRequest("A customer managed key is required.")
        return Provision(key_id)


class SessionAwsManaged(BySession):
    """The caller's account's key for the service, alias/aws/<service>, used with the caller's session.

    A scope whose account may not be the caller's names it by ARN.
    """

    kind = "AWS_MANAGED"
    title = "AWS managed"
    lifetime = "rotated yearly"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        return Provision(key_id or aws_managed.key_of(kms.engine, caller, self.service.prefix).arn)


@dataclass(frozen=True)
class InstanceSpecific(Ownership):
    """A key that the service makes for one instance alone and replaces when its time is over.

    lifetime_days: how long one generation encrypts. Source: the seed for "time-limited and specific to the
    instance"; the length is our choice.
    """

    lifetime_days: int = 30

    kind = "INSTANCE_SPECIFIC"
    title = "instance specific"
    key_lives_in = "service account"
    customer_sees_key = False
    lifetime = "until not_after: then a new key, old data moved, old key destroyed"

    def provide(
        self, kms: Session, caller: Caller, scope_arn: str, context: dict[str, str], key_id: str | None
    ) -> Provision:
        description = f"{self.service.title}: {scope_arn}"
        key = add_service_key(kms.engine, self.service, caller.region, description, rotation_period_days=None)
        return Provision(key.arn, not_after=kms.engine.clock.now() + self.lifetime_days * DAY_SECONDS)

    def users(self, scope: Scope, caller: Caller | None) -> Sequence[Caller]:
        return (self.alone(scope.region, scope.arn),)

    def release(self, kms: Session, scope_arn: str, region: str, provision: Provision) -> None:
        key = find_key(kms.engine.database, provision.key_arn)
        if key is not None:
            keys.delete_key(kms.engine, key)


def add_service_key(
    engine: Engine,
    service: AwsService,
    region: str,
    description: str,
    rotation_period_days: int | None = YEAR_DAYS,
) -> KmsKey:
    """Make a key in a service's own account: AWS owned, so no customer ever sees it."""
    return new_keys.add_key(
        engine,
        account_id=service.account_id,
        region=region,
        manager=SERVICE,
        policy=aws_owned_policy(service),
        description=description,
        rotation_period_days=rotation_period_days,
    )


def _check_usable(key: KmsKey) -> None:
    """Services take symmetric encryption keys that are enabled, and keys of customers only."""
    if not key_specs.is_symmetric(key):
        raise errors.InvalidKeyUsage(f"{key.arn} is not a symmetric encryption KMS key.")
    if key.state != "Enabled":
        raise errors.InvalidKeyState(f"{key.arn} is not enabled.")
