"""One simulated world: its database, clock, keys, identities, trail and jobs, and the services that stand on them."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from kms.due import Schedule
from kms.encrypted_store import EncryptedStore
from kms.engine import Engine
from kms.errors import DomainKeyError
from kms.key_hierarchy import DomainKey
from kms.ownership import Ownership
from kms.reencryption import ReEncryption
from kms.request_rates import RequestRates
from kms.sealed_pieces import Pieces
from services.call import ServiceCall
from services.eventbridge.delivery import Delivery
from services.registry import BACKGROUND, OWNERSHIPS, REQUEST_QUOTAS
from services.sqs import message
from shared import demo_world
from shared.audit import Trail
from shared.aws.http import HttpRequest
from shared.aws.signature import SignatureVerifier
from shared.clock import Clock, wall_clock
from shared.credentials import AccessKey, Credentials
from shared.database import Database, DatabaseUnusable
from shared.deadlines import Deadlines
from shared.doorbell import Doorbell
from shared.faults import Faults
from shared.identities import Identities
from shared.identity import user_arn
from shared.jobs import Jobs
from shared.randomness import Randomness
from shared.rates import Rates
from shared.service import Service

DATABASE_FILE = "connect-at-rest.sqlite3"
DOMAIN_KEY_FILE = "domain.key"
_DOMAIN_KEY_IDENTITY = "domain_key_identity"
_POPULATED = "populated"

MAX_DELIVERIES_AT_ONCE = 1_000
"""Steps of delivery in the one transaction of a jump of the clock."""


class DataDirectoryUnusable(Exception):
    """The data directory cannot be used; one line says why. Nothing in it was changed."""


@dataclass(frozen=True)
class Configuration:
    """data_dir: None keeps everything in memory. empty: no demo world. seed: None for unpredictable ids."""

    data_dir: Path | None = None
    empty: bool = False
    seed: int | None = None
    demo_keys_work: bool = True


class Simulator:
    """A world, opened or made. Not for use by several threads at once."""

    def __init__(self, configuration: Configuration) -> None:
        """Open the world of a data directory, or make it.

        Raises: DataDirectoryUnusable.
        """
        self.configuration = configuration
        self.database, self.domain_key = _open(configuration.data_dir)
        self.clock = Clock(self.database)
        self.randomness = Randomness(self.database, configuration.seed)
        self.trail = Trail(self.database, self.clock, self.randomness)
        self.identities = Identities(self.database, self.clock, self.randomness)
        self.credentials = Credentials(self.database, self.clock, self.randomness, self.identities, self.domain_key)
        self.credentials.demo_keys_work = configuration.demo_keys_work
        self.faults = Faults(self.database, REQUEST_QUOTAS)
        self.rates = Rates(self.clock)
        self.engine = Engine(
            self.database,
            self.clock,
            self.randomness,
            self.trail,
            self.identities,
            self.domain_key,
            self.faults,
            RequestRates(self.faults, self.rates),
        )
        self.verifier = SignatureVerifier(self.credentials.secret_of, wall_clock)
        self.pieces = Pieces(self.database, self.randomness)
        self.jobs = Jobs(self.database, self.clock, self.randomness, self.trail)
        self.reencryption = ReEncryption(self.engine, self.jobs, self.background_store)
        self.deadlines = Deadlines(self.database)
        self.schedule = Schedule(self.engine, self.reencryption, self.background_store, self.deadlines)
        for define in BACKGROUND:
            define(self)
        self.delivery = Delivery(self)
        self.arrivals = Doorbell()
        self._populate()

    def close(self) -> None:
        self.database.close()

    def begin(self, request: HttpRequest, service: Service) -> ServiceCall:
        """The call that answers a request."""
        return ServiceCall(
            request=request,
            service=service,
            database=self.database,
            clock=self.clock,
            randomness=self.randomness,
            identities=self.identities,
            credentials=self.credentials,
            trail=self.trail,
            verifier=self.verifier,
            request_id=self.randomness.uuid(),
            simulator=self,
            ownerships=self.ownerships(service.client_name),
        )

    def ownerships(self, client_name: str) -> dict[str, Ownership]:
        """The owners of a service's keys, by kind."""
        return OWNERSHIPS.get(client_name, {})

    def background_store(self, client_name: str) -> EncryptedStore:
        """The store of a service that works without a caller."""
        return EncryptedStore(self.engine.session(), self.ownerships(client_name), client_name, None)

    def tick(self) -> None:
        """Carry out what has fallen due; and unless background work is held, bring to its end what is under way."""
        if not self.jobs.held:
            self.schedule.settle()
        self._let_fall_due()

    def run_due(self) -> None:
        """Carry out what a move of the clock has brought: rotations, deletions, the end of what was under way."""
        self.schedule.settle()
        self._let_fall_due()

    def _let_fall_due(self) -> None:
        self.schedule.run()
        with self.database.unit():
            message.delete_expired(self.background_store("sqs"))
            self.delivery.forget()

    def deliver_due(self) -> None:
        """Deliver the events that time has brought, unless background work is held; it delivers the rest of many."""
        for _ in range(MAX_DELIVERIES_AT_ONCE):
            if self.jobs.held or not self.delivery.step():
                break

    def work(self, *, early: bool = False) -> bool:
        """Take one background job or one event a step further, or sweep a little; returns whether there was any.

        early: events need not wait until they are due.
        """
        working = not self.jobs.held and (self.jobs.step() or self.delivery.step(early=early))
        return working or self.pieces.sweep()

    def run_background(self) -> None:
        """Work until nothing is left to do, events included that are only staged yet."""
        while self.work(early=True):
            pass

    def reset(self) -> None:
        """Forget everything; afterwards the world is as it was when new. Generated credentials stay what they were."""
        with self.database.unit():
            generated = {} if self.configuration.demo_keys_work else self.generate_credentials()
            self.database.clear()
            self.clock.reset()
            self.randomness.reset()
            self.faults.reset()
            self.rates.forget()
            self.trail.rulings.clear()
            self.jobs.held = False
            self.database.set_meta(_DOMAIN_KEY_IDENTITY, self.domain_key.identity)
            self._populate()
            for arn, key in generated.items():
                self.credentials.create_access_key(arn, access_key_id=key.access_key_id, secret=key.secret_access_key)

    def create_account(self) -> tuple[str, AccessKey]:
        """A fresh account with an administrator. Returns its id and the administrator's access key."""
        with self.database.unit():
            account_id = self.identities.create_account()
            arn = self.identities.create_user(account_id, "administrator", (demo_world.ADMINISTRATOR_POLICY,))
            key = self.credentials.create_access_key(arn)
            self.randomness.save_position()
        return account_id, key

    def generate_credentials(self) -> dict[str, AccessKey]:
        """Access keys of the demo world's users that nobody else knows, made on first use. By user ARN."""
        keys: dict[str, AccessKey] = {}
        with self.database.unit():
            for account_id in demo_world.ACCOUNTS:
                for user in demo_world.USERS:
                    arn = user_arn(account_id, user)
                    if self.identities.find_principal(arn) is not None:
                        keys[arn] = self.credentials.find_access_key(arn) or self.credentials.create_access_key(arn)
        return keys

    def _populate(self) -> None:
        with self.database.unit():
            if self.database.get_meta(_POPULATED) is None:
                if not self.configuration.empty:
                    demo_world.populate(self.identities, self.credentials)
                self.database.set_meta(_POPULATED, "empty" if self.configuration.empty else "demo")
            self.randomness.save_position()


def _open(data_dir: Path | None) -> tuple[Database, DomainKey]:
    """Open database and domain key, and see that they belong together. Raises: DataDirectoryUnusable."""
    if data_dir is None:
        return Database(), DomainKey.ephemeral()
    try:
        data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        probe = data_dir / ".writable"
        probe.touch()
        probe.unlink()
    except OSError as error:
        raise DataDirectoryUnusable(f"{data_dir} cannot be written: {error.strerror}.") from error
    key_path, database_path = data_dir / DOMAIN_KEY_FILE, data_dir / DATABASE_FILE
    try:
        is_new = not database_path.exists()
        if is_new and not key_path.exists():
            DomainKey.create(key_path)
        domain_key = DomainKey.load(key_path)
        database = Database(database_path)
        database.check_integrity()
        _check_pair(database, domain_key, key_path)
    except DomainKeyError as error:
        raise DataDirectoryUnusable(str(error)) from error
    except DatabaseUnusable as error:
        raise DataDirectoryUnusable(f"{database_path} cannot be used as our database: {error}.") from error
    return database, domain_key


def _check_pair(database: Database, domain_key: DomainKey, key_path: Path) -> None:
    identity = database.get_meta(_DOMAIN_KEY_IDENTITY)
    if identity is None:
        with database.unit():
            database.set_meta(_DOMAIN_KEY_IDENTITY, domain_key.identity)
    elif identity != domain_key.identity:
        database.close()
        raise DomainKeyError(f"{key_path} is not the domain key of this database.")
