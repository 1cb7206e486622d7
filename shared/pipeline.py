"""One AWS request from socket to socket: read `serve`, then one operation, and you know the simulator."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from botocore.model import OperationModel

from shared.audit import ApiEvent, Trail
from shared.aws.http import HttpRequest, HttpResponse
from shared.aws.protocol import Route
from shared.aws.schema import validate
from shared.aws.signature import SignatureVerifier, unknown_credential
from shared.bugs import where
from shared.catalog import AwsService
from shared.clock import Clock
from shared.database import Database
from shared.errors import Refusal, ServiceError
from shared.identity import Caller, Identities
from shared.permissions import authorize
from shared.randomness import Randomness
from shared.redaction import redacted, without_values
from shared.service import Service

log = logging.getLogger(__name__)

MAX_BODY_BYTES = 16 * 1024 * 1024


@dataclass
class Call:
    """One request on its way. Services extend it with what their operations stand on."""

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

    def engine_events(self, *, undone: bool) -> bool:
        """Write what engines noted for the trail; returns whether that covers the request itself."""
        return False


def serve(call: Call) -> HttpResponse:
    """Answer one AWS request.

    route, verify the signature, parse, validate, authorise, do, commit, audit, serialise. The signature comes first
    that needs no trust; nothing is done before everything is checked; the error is written in one place.
    """
    try:
        route = _route(call)
        call.caller_or_none = _caller(call)
        handler = _handler(call, route)
        call.parameters = validate(route.operation, call.service.protocol.parse(route, call.request))
        authorize(call.service, route.operation.name, call.parameters, call.caller, call.clock.now())
        with call.database.unit():
            call.result = handler(call.parameters, call) or {}
    except ServiceError as refusal:
        call.error = refusal
    except Refusal as refusal:
        call.error = call.service.refuse(refusal)
    except Exception as bug:
        call.error = _internal_failure(call, bug)
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
    credential = call.verifier.verify(call.request)
    try:
        principal = call.identities.principal_of(credential.access_key_id, credential.session_token)
    except KeyError as unknown:
        raise unknown_credential() from unknown
    return Caller(
        principal=principal,
        region=credential.region,
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
    except LookupError as bug:
        return protocol.serialize_error(call.service.model, _internal_failure(call, bug), call.request_id)


def _audit(call: Call) -> None:
    """One event for the request, unless its engine has told the trail; none if nobody is known to have called."""
    covered = call.engine_events(undone=call.error is not None)
    if covered or call.caller_or_none is None or call.operation is None:
        return
    hidden = call.service.hidden_members
    name = call.operation.name
    if name in call.service.data_events:
        return
    read_only = call.service.is_read_only(name)
    show_response = not read_only and call.error is None
    call.trail.record(
        ApiEvent(
            source=call.identity.principal,
            name=name,
            region=call.region,
            caller=call.caller,
            account_id=call.account_id,
            read_only=read_only,
            request_parameters=redacted(call.operation.input_shape, call.parameters, hidden),
            response_elements=(
                redacted(call.operation.output_shape, call.result or {}, hidden) if show_response else None
            ),
            error_code=None if call.error is None else call.error.code,
            error_message=None if call.error is None else without_values(call.error.message),
            request_id=call.request_id,
        )
    )
