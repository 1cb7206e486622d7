"""The control API, /_simulator/...: health, clock, accounts, jobs, trail, costs, comparison, reset. JSON in and out."""

from __future__ import annotations

import json
import re
from typing import Any

import isodate
from flask import Blueprint, Response, abort, jsonify, request
from werkzeug.exceptions import HTTPException

from kms import store_backing
from kms.costs import bill
from services.blueprints import METHODS, refuse_large_body, simulator
from services.console import guard
from services.console.background import comparison_run
from services.console.control_calls import BadRequest, body_of, error_response, flag, in_unit
from services.console.simulation import MEMBERS, Question, Unanswerable, answer
from services.eventbridge.history import happened
from services.outbound_campaigns.dialer import dial
from services.voice_id.control import voice_id_control
from shared import demo_world
from shared.explanations import explain as explain_ruling
from shared.explanations import explain_event
from shared.faults import FaultSettings
from shared.identities import AccessKey, SessionRequest
from shared.identity import ROLE, USER
from shared.rulings import KEPT

control = Blueprint("control", __name__, url_prefix="/_simulator")
control.before_request(refuse_large_body)
control.register_blueprint(voice_id_control)

_TRAIL_LIMIT = 500
_DIAL_LIMIT = 1_000
_STEPS_LIMIT = 1_000
_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


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


@control.get("/faults")
def get_faults() -> Response:
    """What is switched on; null is off."""
    return jsonify(simulator().faults.settings)


@control.post("/faults")
@in_unit
def change_faults() -> Response:
    """{"grant_consistency": "PT5M", "request_quotas": true}: switch faults on, or off with null; others stay."""
    try:
        simulator().faults.change(body_of(*simulator().faults.settings))
    except FaultSettings as error:
        raise BadRequest(str(error)) from error
    simulator().rates.forget()
    return get_faults()


@control.get("/accounts")
def list_accounts() -> Response:
    return jsonify({"Accounts": [row["account_id"] for row in simulator().identities.accounts()]})


@control.post("/accounts")
@in_unit
def create_account() -> Response:
    """A fresh account and the access key of its administrator."""
    body_of()
    account_id, key = simulator().create_account()
    return jsonify(
        {
            "Account": account_id,
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
        }
    )


@control.post("/users")
@in_unit
def create_user() -> Response:
    """{"Account", "Name", "Policies": [...]}: an IAM user with inline policies, and its access key."""
    account_id, name, policies = _principal(body_of("Account", "Name", "Policies"), USER)
    identities = simulator().identities
    return _credentials(identities.create_access_key(identities.create_user(account_id, name, policies)))


@control.post("/roles")
@in_unit
def create_role() -> Response:
    """{"Account", "Name", "Policies": [...], "Session"}: a role, and credentials of a session of it.

    The credentials do not expire: who advances the clock keeps them.
    """
    body = body_of("Account", "Name", "Policies", "Session")
    session = body.get("Session", "session")
    if not isinstance(session, str) or not _NAME.fullmatch(session):
        raise BadRequest('"Session" must be a name of 2 to 64 letters, digits and _+=,.@-.')
    account_id, name, policies = _principal(body, ROLE)
    identities = simulator().identities
    role = identities.create_role(account_id, name, policies)
    return _credentials(identities.create_session(role, SessionRequest(session, duration_seconds=None)))


def _principal(body: dict[str, Any], kind: str) -> tuple[str, str, tuple[dict[str, Any], ...]]:
    """Account, name and policies of a principal that does not exist yet. Raises: BadRequest."""
    account_id, name, policies = body.get("Account"), body.get("Name"), body.get("Policies", [])
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(policies, list):
        raise BadRequest('"Name" must be 2 to 64 letters, digits and _+=,.@-, and "Policies" a list of documents.')
    identities = simulator().identities
    if not isinstance(account_id, str) or not identities.account_exists(account_id):
        raise BadRequest('"Account" must be the id of an account.')
    if identities.name_is_taken(account_id, kind, name):
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


@control.get("/events")
def list_events() -> Response:
    """The newest events of any account's buses: how far each has come, and to whom. What they say only queues tell."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    database = simulator().database
    rows = database.select("bus_events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [happened(database, row) for row in rows]})


@control.post("/custom-key-stores")
@in_unit
def custom_key_stores() -> Response:
    """{"Account", "Region", "CustomKeyStoreId", "Available", "ConnectionErrorCode"}: break what stands behind a store.

    Or mend it, with "Available": true. The code says what is out of order; without one it is the likeliest thing.
    """
    body = body_of("Account", "Region", "CustomKeyStoreId", "Available", "ConnectionErrorCode")
    world, region = simulator(), body.get("Region", demo_world.REGION)
    where = {"account_id": body.get("Account"), "region": region, "store_id": body.get("CustomKeyStoreId")}
    row = world.database.find("custom_key_stores", where) if all(isinstance(v, str) for v in where.values()) else None
    if row is None:
        raise BadRequest('"Account", "Region" and "CustomKeyStoreId" must be those of a custom key store.')
    store = store_backing.CustomKeyStore(**row)
    codes = store_backing.OUTAGES[store.kind]
    code = body.get("ConnectionErrorCode", next(iter(codes)))
    if not isinstance(code, str) or code not in codes:
        raise BadRequest(f'"ConnectionErrorCode" must be one of {", ".join(codes)}.')
    outage = None if flag(body.get("Available"), "Available") else code
    store_backing.set_outage(world.engine, store, outage)
    return jsonify({"CustomKeyStoreId": store.store_id, "Available": outage is None, "ConnectionErrorCode": outage})


@control.get("/trail")
def trail() -> Response:
    """The newest events of any account, a service's own included: what AWS sees and no customer does."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    rows = simulator().database.select("events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [json.loads(row["body"]) for row in rows]})


@control.get("/costs")
def costs() -> Response:
    """?account=...&month=YYYY-MM: what KMS costs an account in a month, by default this one, to date."""
    account_id, world = request.args.get("account", ""), simulator()
    if not world.identities.account_exists(account_id):
        raise BadRequest('"account" must be the id of an account.')
    try:
        return jsonify(bill(world.engine, account_id, request.args.get("month")).as_json())
    except ValueError as error:
        raise BadRequest('"month" must be a month such as 2026-11.') from error


@control.get("/explain")
def explain() -> Response:
    """?event=ID, ?request=ID or ?last=refused: who was allowed what by which statement or grant, and why not."""
    rulings = simulator().trail.rulings
    event_id, request_id = request.args.get("event"), request.args.get("request")
    if event_id is not None:
        found = rulings.of_event(event_id)
    elif request_id is not None:
        found = rulings.of_request(request_id)
    elif request.args.get("last") == "refused":
        found = [event for event in (rulings.last_denied(),) if event is not None]
    else:
        raise BadRequest("Name an ?event= or a ?request= by its id, or ask for ?last=refused.")
    if not found:
        abort(404, f"Nothing is remembered of it; the newest {KEPT} allowed and {KEPT} refused events are.")
    return jsonify({"Explanations": [explain_event(event) for event in found]})


@control.post("/explain")
def explain_question() -> Response:
    """{"Principal", "Action", "Key", ...}: how it would be decided now. Nothing is done."""
    try:
        ruling = answer(simulator(), Question.of(body_of(*MEMBERS)))
    except Unanswerable as error:
        raise BadRequest(str(error)) from error
    return jsonify(explain_ruling(ruling))


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
