"""One AWS request from socket to socket: read `serve`, then one operation, and you know the simulator."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from botocore.model import OperationModel

from shared.audit import ApiEvent, Resource, Trail
from shared.aws.authorization import is_unsigned
from shared.aws.credential import expired_credential, unknown_credential
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.payload import Payload, payload_of
from shared.aws.protocol import Route
from shared.aws.schema import validate
from shared.aws.signature import SignatureVerifier
from shared.bugs import where
from shared.catalog import AwsService
from shared.clock import Clock
from shared.database import Database
from shared.errors import InvalidParameters, Refusal, ServiceError
from shared.identities import CredentialExpired, Identities
from shared.identity import Caller, anonymous_caller
from shared.permissions import authorize
from shared.randomness import Randomness
from shared.redaction import redacted, without_hidden
from shared.rulings import Ruling
from shared.service import Service

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024 * 1024


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


class Work(ABC):
    """What an operation returns that is not done yet. Each method is one unit of work; nothing is visible before the
    result is.

    Of a request whose body streams, `write` takes the content; of any other, `step` does a bounded part of the work.
    """

    def write(self, data: bytes) -> None:
        """Take a piece of the body's content."""
        raise NotImplementedError

    def step(self) -> bool:
        """Do a part; returns whether there is more to do."""
        raise NotImplementedError

    def pause(self, wake: Callable[[], None]) -> float | None:
        """Behind a step with more to do: for how many seconds at most the next can wait, None if it should not.

        wake: to be called, from the loop that serves requests, when something has come that a step can take.
        """
        return None

    @abstractmethod
    def finish(self, trailers: dict[str, str]) -> dict[str, Any]:
        """Make what was done visible and return the operation's result. trailers: headers behind the body."""

    @abstractmethod
    def abandon(self) -> None:
        """Give up: the caller went away, or something was refused."""


class Pending:
    """A request that is admitted and not yet answered: whoever holds it feeds it and gets the answer at the end.

    No method raises what a request can cause: a refusal on the way waits for the answer.
    """

    def __init__(self, call: Call, work: Work) -> None:
        self._call = call
        self._work = work
        self.takes_body = call.request.streams
        self._payload: Payload | None = None

    def write(self, data: bytes) -> None:
        """Take a piece of the body as it came over the wire; behind a refusal it is passed over."""
        self._attempt(lambda: self._work.write(self._reader.feed(data)))

    def step(self) -> bool:
        """Returns whether there is more to do."""
        more = False

        def advance() -> None:
            nonlocal more
            more = self._work.step()

        self._attempt(advance)
        return more

    def pause(self, wake: Callable[[], None]) -> float | None:
        """As the work has it."""
        return self._work.pause(wake)

    def finish(self) -> HttpResponse:
        self._attempt(self._conclude)
        return _answer(self._call)

    def abandon(self) -> None:
        """The caller is gone; what was tried is in the trail all the same."""
        self._give_up()
        with self._call.database.unit():
            _audit(self._call)
            self._call.randomness.save_position()

    @property
    def _reader(self) -> Payload:
        if self._payload is None:
            self._payload = payload_of(self._call.request, lambda: self._call.verifier.chunk_signer(self._call.request))
        return self._payload

    def _conclude(self) -> None:
        trailers = self._reader.end() if self.takes_body else {}
        self._call.result = self._work.finish(trailers)

    def _attempt(self, action: Callable[[], None]) -> None:
        if self._call.error is not None:
            return
        with _refusals_noted(self._call), self._call.database.unit():
            action()
        if self._call.error is not None:
            self._give_up()

    def _give_up(self) -> None:
        with self._call.database.unit():
            self._work.abandon()


def serve(call: Call) -> HttpResponse | Pending:
    """Answer one AWS request.

    route, verify the signature, count, parse, validate, authorise, do, commit, audit, serialise. The signature comes
    first that needs no trust; nothing is done before everything is checked; the error is written in one place. An
    operation that takes its body in as it comes, or takes long, is admitted and left pending.
    """
    outcome = None
    with call.clock.standing():
        with _refusals_noted(call):
            route = _route(call)
            call.caller_or_none = _caller(call)
            handler = _handler(call, route)
            call.count()
            call.parameters = validate(route.operation, call.service.protocol.parse(route, call.request))
            authorize(call.service, route.operation.name, call.parameters, call.caller, call.clock.now(), call.rulings)
            with call.database.unit():
                outcome = handler(call.parameters, call)
        if isinstance(outcome, Work):
            with call.database.unit():
                call.engine_events(undone=False)  # KMS has answered, whatever becomes of the rest
            return Pending(call, outcome)
        call.result = outcome or {}
        return _answer(call)


@contextmanager
def _refusals_noted(call: Call) -> Iterator[None]:
    """What is raised becomes the call's error."""
    try:
        yield
    except InvalidParameters as invalid:
        call.error = call.service.refuse_parameters(invalid)
    except ServiceError as refusal:
        call.error = refusal
    except Refusal as refusal:
        call.error = call.service.refuse(refusal)
    except Exception as bug:
        call.error = _internal_failure(call, bug)


def _answer(call: Call) -> HttpResponse:
    with call.database.unit():
        _audit(call)
        call.randomness.save_position()
    return _serialize(call)


def _internal_failure(call: Call, bug: Exception) -> ServiceError:
    """Our fault, not the caller's."""
    log.error("request %s failed: %s", call.request_id, where(bug))
    return ServiceError("InternalFailure", "The request failed because of an internal error.", status=500)


def _route(call: Call) -> Route:
    if call.request.body_too_large:
        raise ServiceError("RequestEntityTooLargeException", f"The request is larger than {MAX_BODY_BYTES} bytes.")
    route = call.service.protocol.route(call.service.model, call.request)
    call.operation = route.operation
    return route


def _caller(call: Call) -> Caller:
    if call.service.admits_strangers and is_unsigned(call.request):
        return anonymous_caller(
            source_ip=call.request.source_ip,
            user_agent=call.request.headers.get("user-agent", ""),
            request_id=call.request_id,
        )
    credential = call.verifier.verify(call.request)
    try:
        principal = call.identities.principal_of(credential.access_key_id, credential.session_token)
    except KeyError as unknown:
        raise unknown_credential() from unknown
    except CredentialExpired as expired:
        raise expired_credential() from expired
    return Caller(
        principal=principal,
        region=call.service.only_region or credential.region,
        access_key_id=credential.access_key_id,
        source_ip=call.request.source_ip,
        user_agent=call.request.headers.get("user-agent", ""),
        request_id=call.request_id,
    )


def _handler(call: Call, route: Route) -> Any:
    handler = call.service.handler(route.operation.name)
    if handler is None:
        raise ServiceError(
            "NotImplementedException",
            f"{call.service.client_name} {route.operation.name} is not simulated.",
            status=501,
        )
    return handler


def _serialize(call: Call) -> HttpResponse:
    protocol = call.service.protocol
    if call.error is not None:
        return protocol.serialize_error(call.service.model, call.error, call.request_id)
    if call.operation is None:
        raise LookupError("A result without an operation.")
    try:
        return protocol.serialize(call.operation, call.result or {}, call.request_id)
    except Exception as bug:
        return protocol.serialize_error(call.service.model, _internal_failure(call, bug), call.request_id)


def _audit(call: Call) -> None:
    """One event for the request, unless its engine has told the trail; none if nobody is known to have called."""
    covered = call.engine_events(undone=call.error is not None)
    if covered or call.caller_or_none is None or call.operation is None:
        return
    if call.operation.name in call.service.data_events or call.caller.is_anonymous:
        call.trail.remember(_event(call, call.operation.name))
        return
    hidden = call.service.hidden_members
    name = call.operation.name
    show_response = call.error is None and (not call.service.is_read_only(name) or name in call.service.logged_results)
    shown = redacted(call.operation.input_shape, call.parameters, hidden)
    if shown is not None and call.service.trail_names:
        shown = {call.service.trail_names.get(name, name): value for name, value in shown.items()}
    answered = redacted(call.operation.output_shape, call.result or {}, hidden) if show_response else None
    call.trail.record(replace(_event(call, name), request_parameters=shown, response_elements=answered))


def _event(call: Call, name: str) -> ApiEvent:
    """What the request was and what came of it; neither what was asked for in it nor what was answered."""
    return ApiEvent(
        source=call.identity.principal,
        name=name,
        region=call.region,
        caller=call.caller,
        account_id=call.account_id,
        read_only=call.service.is_read_only(name),
        error_code=None if call.error is None else _logged_code(call.service, call.error),
        error_message=None if call.error is None else _logged_message(call, call.error),
        resources=call.touched,
        shared=True,
        request_id=call.request_id,
        rulings=call.rulings,
    )


def _logged_code(service: Service, error: ServiceError) -> str:
    """The trail knows errors by the names of their shapes; services of the query protocol call this one otherwise.

    Source: observed for IAM and STS.
    """
    is_query = service.model.resolved_protocol == "query"
    return "AccessDenied" if is_query and error.code == "AccessDeniedException" else error.code


def _logged_message(call: Call, error: ServiceError) -> str:
    shape = None if call.operation is None else call.operation.input_shape
    return without_hidden(error.logged, shape, call.parameters, call.service.hidden_members)
