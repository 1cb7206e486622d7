"""The control API's looks at what happened: events, the trail of any account, costs, and why a call was refused."""

from __future__ import annotations

import json

from flask import Blueprint, Response, abort, jsonify, request

from kms.costs import bill
from services.blueprints import simulator
from services.console.control_calls import BadRequest, body_of
from services.console.simulation import MEMBERS, Question, Unanswerable, answer
from services.eventbridge.history import happened
from shared.explanations import explain as explain_ruling
from shared.explanations import explain_event
from shared.rulings import KEPT

inspection = Blueprint("inspection", __name__)

_TRAIL_LIMIT = 500


@inspection.get("/events")
def list_events() -> Response:
    """The newest events of any account's buses: how far each has come, and to whom. What they say only queues tell."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    database = simulator().database
    rows = database.select("bus_events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [happened(database, row) for row in rows]})


@inspection.get("/trail")
def trail() -> Response:
    """The newest events of any account, a service's own included: what AWS sees and no customer does."""
    where = {"account_id": request.args["account"]} if "account" in request.args else {}
    rows = simulator().database.select("events", where, order=["-sequence"], limit=_TRAIL_LIMIT)
    return jsonify({"Events": [json.loads(row["body"]) for row in rows]})


@inspection.get("/costs")
def costs() -> Response:
    """?account=...&month=YYYY-MM: what KMS costs an account in a month, by default this one, to date."""
    account_id, world = request.args.get("account", ""), simulator()
    if not world.identities.account_exists(account_id):
        raise BadRequest('"account" must be the id of an account.')
    try:
        return jsonify(bill(world.engine, account_id, request.args.get("month")).as_json())
    except ValueError as error:
        raise BadRequest('"month" must be a month such as 2026-11.') from error


@inspection.get("/explain")
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


@inspection.post("/explain")
def explain_question() -> Response:
    """{"Principal", "Action", "Key", ...}: how it would be decided now. Nothing is done."""
    try:
        ruling = answer(simulator(), Question.of(body_of(*MEMBERS)))
    except Unanswerable as error:
        raise BadRequest(str(error)) from error
    return jsonify(explain_ruling(ruling))
