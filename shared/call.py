"""One AWS request on its way through the pipeline, with all that it stands on."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel

from shared.audit import Resource, Trail
from shared.aws.http import HttpRequest
from shared.aws.signature import SignatureVerifier
from shared.catalog import AwsService
from shared.clock import Clock
from shared.credentials import Credentials
from shared.database import Database
from shared.errors import ServiceError
from shared.identities import Identities
from shared.identity import Caller
from shared.randomness import Randomness
from shared.rulings import Ruling
from shared.service import Service


@dataclass
class Call:
    """One request on its way. Services extend it with what their operations stand on.

    touched: resources that the trail names; the accounts that own them see the event too.
    """

    request: HttpRequest
    service: Service
    database: Database
    clock: Clock
    randomness: Randomness
    identities: Identities
    credentials: Credentials
    trail: Trail
    verifier: SignatureVerifier
    request_id: str
    caller_or_none: Caller | None = None
    operation: OperationModel | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    result: dict[str, Any] | None = None
    error: ServiceError | None = None
    touched: list[Resource] = field(default_factory=list)
    rulings: list[Ruling] = field(default_factory=list)

    @property
    def caller(self) -> Caller:
        if self.caller_or_none is None:
            raise LookupError("The caller is known once the signature is verified.")
        return self.caller_or_none

    @property
    def account_id(self) -> str:
        return self.caller.account_id

    @property
    def region(self) -> str:
        return self.caller.region

    @property
    def identity(self) -> AwsService:
        return self.service.identity

    def count(self) -> None:
        """Count the request under the quotas that are enforced. Raises: ServiceError."""

    def engine_events(self, *, undone: bool) -> bool:
        """Write what engines noted for the trail; returns whether that covers the request itself."""
        return False
