"""What the trail is told of a request: what it asked for, redacted, and what came of it."""

from __future__ import annotations

from dataclasses import replace

from shared.audit import ApiEvent
from shared.call import Call
from shared.errors import ServiceError
from shared.redaction import redacted, without_hidden
from shared.service import Service


def audit(call: Call) -> None:
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
