"""The control API, /_simulator/...: health, clock, jobs, comparison, reset, and its parts beside this one.

JSON in and out."""

from __future__ import annotations

from typing import Any

import isodate
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from services.blueprints import METHODS, refuse_large_body, simulator
from services.console import guard
from services.console.background import comparison_run
from services.console.control_calls import BadRequest, body_of, error_response, flag, in_unit
from services.console.control_faults import faults
from services.console.control_inspection import inspection
from services.console.control_principals import principals
from services.outbound_campaigns.dialer import dial
from services.voice_id.control import voice_id_control
from shared import demo_world

control = Blueprint("control", __name__, url_prefix="/_simulator")
control.before_request(refuse_large_body)
control.register_blueprint(faults)
control.register_blueprint(inspection)
control.register_blueprint(principals)
control.register_blueprint(voice_id_control)

_DIAL_LIMIT = 1_000
_STEPS_LIMIT = 1_000


@control.before_request
def _guard() -> Response | None:
    try:
        guard.check(request)
    except guard.Refused as refusal:
        return error_response(403, str(refusal))
    return None


@control.errorhandler(BadRequest)
def _bad_request(error: BadRequest) -> Response:
    return error_response(400, str(error))


@control.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> Response:
    return error_response(error.code or 500, error.description or error.name)


@control.get("/health")
def health() -> Response:
    world = simulator()
    return jsonify({"status": "ok", "time": world.clock.now_datetime().isoformat(), "demo": _has_demo()})


def _has_demo() -> bool:
    return simulator().identities.account_exists(demo_world.DEFAULT_ACCOUNT)


@control.post("/reset")
@in_unit
def reset() -> Response:
    body_of()
    simulator().reset()
    return jsonify({"status": "reset"})


@control.get("/clock")
def get_clock() -> Response:
    return jsonify({"now": simulator().clock.now_datetime().isoformat()})


@control.post("/clock")
@in_unit
def advance_clock() -> Response:
    """{"advance": "P7D"}: move the clock and carry out what falls due on the way."""
    text = body_of("advance").get("advance")
    try:
        step = isodate.parse_duration(text, as_timedelta_if_possible=True)
        world = simulator()
        if isinstance(step, isodate.Duration):
            step = step.totimedelta(start=world.clock.now_datetime())
        world.clock.advance(step)
    except (isodate.ISO8601Error, TypeError, AttributeError) as error:
        raise BadRequest('"advance" must be an ISO 8601 duration such as "P7D" or "PT1H".') from error
    except OverflowError as error:
        raise BadRequest("The clock cannot go that far.") from error
    except ValueError as error:
        raise BadRequest(str(error)) from error
    world.run_due()
    world.deliver_due()
    return jsonify({"now": world.clock.now_datetime().isoformat()})


@control.get("/jobs")
def list_jobs() -> Response:
    world = simulator()
    jobs = [
        {
            "id": job.job_id,
            "kind": job.kind,
            "subject": job.subject,
            "status": job.status,
            "message": job.message,
            "state": job.state,
        }
        for job in world.jobs.all()
    ]
    return jsonify({"held": world.jobs.held, "jobs": jobs})


@control.post("/jobs")
@in_unit
def drive_jobs() -> Response:
    """{"hold": true} keeps background work from going on; {"run": true} brings it to its end, now.

    Besides jobs that is what AWS does a moment later: a replica is ready, a custom key store is connected.
    {"steps": 2} takes as many steps of jobs, held or not, so that what happens in the middle can be looked at.
    """
    body = body_of("hold", "run", "steps")
    world = simulator()
    if "hold" in body:
        world.jobs.held = flag(body["hold"], "hold")
    for _ in range(_steps(body.get("steps", 0))):
        world.jobs.step(although_held=True)
    if flag(body.get("run", False), "run"):
        world.run_background()
        world.schedule.settle()
    return list_jobs()


def _steps(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _STEPS_LIMIT:
        raise BadRequest(f'"steps" must be a number from 0 to {_STEPS_LIMIT}.')
    return value


@control.post("/dialer")
@in_unit
def dialer() -> Response:
    """{"Account", "Region", "Campaign", "Limit"}: let the dialer take what a campaign has queued."""
    body = body_of("Account", "Region", "Campaign", "Limit")
    account_id, campaign = body.get("Account"), body.get("Campaign")
    region, limit = body.get("Region", demo_world.REGION), body.get("Limit", 10)
    if not (isinstance(account_id, str) and isinstance(campaign, str) and isinstance(region, str)):
        raise BadRequest('"Account" and "Campaign" are required; they and "Region" are texts.')
    if isinstance(limit, bool) or not isinstance(limit, int) or not 0 < limit <= _DIAL_LIMIT:
        raise BadRequest(f'"Limit" must be a number from 1 to {_DIAL_LIMIT}.')
    return jsonify({"Dialled": dial(simulator(), account_id, region, campaign, limit)})


@control.get("/compare")
def comparison() -> Response:
    """The state of the comparison, and its result once there is one."""
    return jsonify(comparison_run(simulator()).as_json())


@control.post("/compare")
def compare() -> Response:
    """Start the comparison in worlds of its own; GET tells how far it is."""
    body_of()
    run = comparison_run(simulator())
    run.start()
    response = jsonify(run.as_json())
    response.status_code = 202
    return response


@control.route("/<path:path>", methods=METHODS)
def unknown_call(path: str) -> Response:
    """What is no call, or one with another method."""
    return error_response(404, f"{request.method} {request.path} is no call of the control API.")
