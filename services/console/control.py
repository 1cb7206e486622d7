"""The control API, /_simulator/...: health, clock, accounts, jobs, trail, comparison, reset. JSON in and out."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from functools import wraps
from typing import Any

import isodate
from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from services.blueprints import refuse_large_body, simulator
from services.console import guard
from services.console.background import comparison_run
from services.eventbridge.history import happened
from services.outbound_campaigns.dialer import dial
from shared import demo_world
from shared.identity import AccessKey, role_arn, user_arn

control = Blueprint("control", __name__, url_prefix="/_simulator")
control.before_request(refuse_large_body)

_TRAIL_LIMIT = 500
_DIAL_LIMIT = 1_000
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


class BadRequest(Exception):
    """The body or a parameter is not what the call takes; the text says what it does take."""


@control.before_request
def _guard() -> Response | None:
    try:
        guard.check(request)
    except guard.Refused as refusal:
        return _error(403, str(refusal))
    return None


@control.errorhandler(BadRequest)
def _bad_request(error: BadRequest) -> Response:
    return _error(400, str(error))


@control.errorhandler(HTTPException)
def _http_error(error: HTTPException) -> Response:
    return _error(error.code or 500, error.description or error.name)


def _error(status: int, message: str) -> Response:
    response = jsonify({"message": message})
    response.status_code = status
    return response


def _body(*allowed: str) -> dict[str, Any]:
    """The JSON object of the request; an empty body is an empty object. Raises: BadRequest."""
    data = request.get_data()
    try:
        body = json.loads(data) if data else {}
    except ValueError as error:
        raise BadRequest("The body is not JSON.") from error
    if not isinstance(body, dict):
        raise BadRequest("The body must be a JSON object.")
    unknown = sorted(set(body) - set(allowed))
    if unknown:
        takes = f"takes {', '.join(allowed)}" if allowed else "takes no members"
        raise BadRequest(f"Unknown member {unknown[0]}; this call {takes}.")
    return body


def _in_unit(function: Callable[[], Response]) -> Callable[[], Response]:
    """Run a control call as one unit of work."""

    @wraps(function)
    def wrapped() -> Response:
        with simulator().database.unit():
            return function()

    return wrapped


@control.get("/health")
def health() -> Response:
    world = simulator()
    return jsonify({"status": "ok", "time": world.clock.now_datetime().isoformat(), "demo": _has_demo()})


def _has_demo() -> bool:
    return simulator().identities.account_exists(demo_world.DEFAULT_ACCOUNT)


@control.post("/reset")
@_in_unit
def reset() -> Response:
    _body()
    simulator().reset()
    return jsonify({"status": "reset"})


@control.get("/clock")
def get_clock() -> Response:
    return jsonify({"now": simulator().clock.now_datetime().isoformat()})


@control.post("/clock")
@_in_unit
def advance_clock() -> Response:
    """{"advance": "P7D"}: move the clock and carry out what falls due on the way."""
    text = _body("advance").get("advance")
    try:
        step = isodate.parse_duration(text, as_timedelta_if_possible=True)
        world = simulator()
        if isinstance(step, isodate.Duration):
            step = step.totimedelta(start=world.clock.now_datetime())
        world.clock.advance(step)
    except (isodate.ISO8601Error, TypeError, AttributeError) as error:
        raise BadRequest('"advance" must be an ISO 8601 duration such as "P7D" or "PT1H".') from error
    except (ValueError, OverflowError) as error:
        raise BadRequest(str(error)) from error
    world.run_due()
    world.deliver_due()
    return jsonify({"now": world.clock.now_datetime().isoformat()})


@control.get("/accounts")
def list_accounts() -> Response:
    return jsonify({"Accounts": [row["account_id"] for row in simulator().identities.accounts()]})


@control.post("/accounts")
@_in_unit
def create_account() -> Response:
    """A fresh account and the access key of its administrator."""
    _body()
    account_id, key = simulator().create_account()
    return jsonify(
        {
            "Account": account_id,
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
        }
    )


@control.post("/users")
@_in_unit
def create_user() -> Response:
    """{"Account", "Name", "Policies": [...]}: an IAM user with inline policies, and its access key."""
    account_id, name, policies = _principal(_body("Account", "Name", "Policies"), user_arn)
    identities = simulator().identities
    return _credentials(identities.create_access_key(identities.create_user(account_id, name, policies)))


@control.post("/roles")
@_in_unit
def create_role() -> Response:
    """{"Account", "Name", "Policies": [...], "Session"}: an IAM role, and the credentials of a session of it."""
    body = _body("Account", "Name", "Policies", "Session")
    session = body.get("Session", "session")
    if not isinstance(session, str) or not _NAME.fullmatch(session):
        raise BadRequest('"Session" must be a name of 2 to 64 letters, digits and _+=,.@-.')
    account_id, name, policies = _principal(body, role_arn)
    identities = simulator().identities
    return _credentials(identities.create_session(identities.create_role(account_id, name, policies), session))


def _principal(body: dict[str, Any], arn_of: Callable[[str, str], str]) -> tuple[str, str, tuple[dict[str, Any], ...]]:
    """Account, name and policies of a principal that does not exist yet. Raises: BadRequest."""
    account_id, name, policies = body.get("Account"), body.get("Name"), body.get("Policies", [])
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(policies, list):
        raise BadRequest('"Name" must be 2 to 64 letters, digits and _+=,.@-, and "Policies" a list of documents.')
    identities = simulator().identities
    if not isinstance(account_id, str) or not identities.account_exists(account_id):
        raise BadRequest('"Account" must be the id of an account.')
    if identities.find_principal(arn_of(account_id, name)) is not None:
        raise BadRequest(f"{name} exists.")
    return account_id, name, tuple(_policy(policy) for policy in policies)


def _credentials(key: AccessKey) -> Response:
    answer = {
        "Arn": key.principal_arn,
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
    }
    return jsonify(answer if key.session_token is None else {**answer, "SessionToken": key.session_token})


def _policy(document: Any) -> dict[str, Any]:
    from shared.policy import MalformedPolicy, PolicyKind, parse_policy

    try:
        parse_policy(json.dumps(document), PolicyKind.IDENTITY)
    except MalformedPolicy as error:
        raise BadRequest(f"Malformed policy: {error}") from error
    checked: dict[str, Any] = document
    return checked


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
        }
        for job in world.jobs.all()
    ]
    return jsonify({"held": world.jobs.held, "jobs": jobs})


@control.post("/jobs")
@_in_unit
def drive_jobs() -> Response:
    """{"hold": true} keeps background jobs from running; {"run": true} runs them to their end, now."""
    body = _body("hold", "run")
    world = simulator()
    if "hold" in body:
        world.jobs.held = _flag(body["hold"], "hold")
    if _flag(body.get("run", False), "run"):
        world.run_background()
    return list_jobs()


def _flag(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise BadRequest(f'"{name}" must be true or false.')
    return value


@control.get("/events")
def list_events() -> Response:
    """The newest events of any account's buses: how far each has come, and to whom. What they say only queues tell."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    database = simulator().database
    rows = database.select("bus_events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [happened(database, row) for row in rows]})


@control.get("/trail")
def trail() -> Response:
    """The newest events of any account, a service's own included: what AWS sees and no customer does."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    rows = simulator().database.select("events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [json.loads(row["body"]) for row in rows]})


@control.post("/dialer")
@_in_unit
def dialer() -> Response:
    """{"Account", "Region", "Campaign", "Limit"}: let the dialer take what a campaign has queued."""
    body = _body("Account", "Region", "Campaign", "Limit")
    try:
        account_id, campaign = str(body["Account"]), str(body["Campaign"])
    except KeyError as error:
        raise BadRequest('"Account" and "Campaign" are required.') from error
    region, limit = str(body.get("Region", demo_world.REGION)), body.get("Limit", 10)
    if not isinstance(limit, int) or not 0 < limit <= _DIAL_LIMIT:
        raise BadRequest(f'"Limit" must be a number from 1 to {_DIAL_LIMIT}.')
    return jsonify({"Dialled": dial(simulator(), account_id, region, campaign, limit)})


@control.get("/compare")
def comparison() -> Response:
    """The state of the comparison, and its result once there is one."""
    return jsonify(comparison_run(simulator()).as_json())


@control.post("/compare")
def compare() -> Response:
    """Start the comparison in worlds of its own; GET tells how far it is."""
    _body()
    run = comparison_run(simulator())
    run.start()
    response = jsonify(run.as_json())
    response.status_code = 202
    return response
