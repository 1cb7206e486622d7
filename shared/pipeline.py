"""One AWS request from socket to socket: read `serve`, then one operation, and you know the simulator."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from shared.aws.authorization import is_unsigned
from shared.aws.credential import expired_credential, foreign_token
from shared.aws.http import HttpResponse
from shared.aws.payload import Payload, payload_of
from shared.aws.protocol import Route
from shared.aws.schema import validate
from shared.bugs import where
from shared.call import Call
from shared.credentials import CredentialExpired
from shared.errors import InvalidParameters, Refusal, ServiceError
from shared.identity import Caller, anonymous_caller
from shared.permissions import authorize
from shared.request_events import audit
from shared.work import Work

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024 * 1024


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
            audit(self._call)
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
        audit(call)
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
        principal = call.credentials.principal_of(credential.access_key_id, credential.session_token)
    except KeyError as unknown:
        raise foreign_token(credential) from unknown
    except CredentialExpired as expired:
        raise expired_credential(credential) from expired
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
